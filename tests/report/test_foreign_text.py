"""Records come from other people: whatever text they hold, it is inert in every output."""

import csv
import io
import re
import xml.etree.ElementTree as ET

import pytest
from ninetynine.board import build_boards
from ninetynine.records import RecordStore
from ninetynine.report import Report, format_names, render
from picture_builders import KINDS, draw
from record_builders import make_failed, make_predictions, make_record

pytestmark = pytest.mark.slow

HOSTILE = {
    "escape": "net\x1b]0;PWNED\x07\x1b[2Jx",
    "c1": "net\x9b31mred\x9dlink\x9c",
    "bidi": "net\u202egnp.exe\u2066x\u2069",
    "controls": "net\x00\x08\x0b\x0c\x1f\x7f",
    "carriage return": "net\rbench: all passed",
    "line separators": "net\u2028second\u0085third",
    "no characters": "net\ufffe\uffff",
    "formula": "=cmd|' /C calc'!A0",
    "at formula": "@SUM(1+1)*cmd|' /C calc'!A0",
    "markup": "<script>alert(1)</script>&amp;]]><!--",
    "markdown": "](javascript:x) `code` | cell ![x](y) <b>",
    "latex": r"\input{/etc/passwd} $x$ % & # _ ^ ~",
    "workflow": "net\n::error::pwned",
}
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
RUNNABLE = set(format_names()) - {"ladder"}


def write_runs(store, text):
    """Write records whose every free text is ``text``, their dataset's name, too."""
    context = {"suite": text, "note": text, "suite_version": text, "warnings": [text]}
    for name in (text, "other"):
        for seed in range(3):
            record = make_record(name, seed, accuracy=0.96, context=context, dataset=text)
            store.write(record, make_predictions(range(seed, 8 + seed), 200))
    store.write(make_failed(text, 9, kind="error", reason=text, dataset=text), None)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A store with a board of each text."""
    store = RecordStore(tmp_path_factory.mktemp("results"))
    for text in HOSTILE.values():
        write_runs(store, text)
    return store


@pytest.fixture(scope="module")
def boards(hostile):
    return build_boards(hostile, {}, sums=True)


@pytest.mark.parametrize("name", sorted(RUNNABLE))
def test_no_format_has_a_control_character_of_theirs(hostile, boards, name):
    text = render(Report(hostile, {}, given=boards), name)
    assert not CONTROL.search(text.replace("\t", " "))
    assert text.count("other") >= len(HOSTILE)
    if name == "html":
        assert "<script>alert" not in text
        assert 'javascript:x"' not in text


def test_no_cell_of_csv_is_a_formula(hostile, boards):
    rows = list(csv.DictReader(io.StringIO(render(Report(hostile, {}, given=boards), "csv"))))
    assert len(rows) == 2 * len(HOSTILE)
    for value in (value for row in rows for value in row.values() if not is_number(value)):
        assert not value.startswith(("=", "+", "-", "@", "\t", "\r")), value


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", KINDS)
def test_pictures_are_well_formed(boards, name, tmp_path):
    for board in boards:
        draw(name, board, tmp_path / "drawn.svg")
        text = (tmp_path / "drawn.svg").read_text()
        ET.fromstring(text)
        assert not CONTROL.search(text), board.dataset


def check_is_inert(said):
    assert not CONTROL.search(said)
    assert "::error::pwned" not in [line.strip() for line in said.splitlines()]


@pytest.mark.parametrize("verb", [["compare", "nothing", "other"], ["report"]])
def test_what_a_command_says_of_them_stays_on_its_line(bench, hostile, verb):
    _, out, err = bench(*verb, "--results", hostile.directory)
    check_is_inert(out + err)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_comparison_with_one_stays_on_its_lines(bench, store, text):
    write_runs(store, text)
    _, out, err = bench("compare", text, "other", "--results", store.directory)
    check_is_inert(out + err)
