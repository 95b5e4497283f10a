"""Boards as people read them: right numbers, escaped names, the same bytes every time."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from ninetynine.board import Spread, build_boards
from ninetynine.cells import Together
from ninetynine.records import RecordStore
from ninetynine.report import Report, formatting, render
from ninetynine.report.formats.markdown import escape
from ninetynine.statistics import Interval, RankInterval
from record_builders import (
    draw_wrong,
    make_architecture,
    make_claim,
    make_failed,
    make_identity,
    write_run,
)

RECIPE = make_identity().recipe
NASTY = r"a|b_c*`<script>alert(1)</script> $100% & [x](y) \end{tabular}"


TEXT_FORMATS = ("table", "markdown", "csv", "latex", "json")


def render_store(store, format, **options):
    return render(Report(store, {}, **options), format)


def results_readme(store, catalog):
    return render(Report(store, catalog), "readme")


@pytest.fixture(scope="module")
def board_store(tmp_path_factory):
    """Two models far apart, and a third like the second; tests only read it."""
    store = RecordStore(tmp_path_factory.mktemp("board"))
    write_board(store)
    return store


@pytest.fixture
def own_board_store(board_store, tmp_path):
    """A copy of it, to write to."""
    return RecordStore(shutil.copytree(board_store.directory, tmp_path / "board"))


def write_board(store):
    """Two models far apart, and a third like the second."""
    for name, rate in (("best", 0.01), ("next", 0.05), ("also", 0.05)):
        for seed in range(5):
            wrong = draw_wrong(rate, 10 * len(name) + seed + (name == "also"), 10_000)
            write_run(store, name, seed, wrong=wrong, images=10_000, parameters=1_216_394)


def table_lines(markdown):
    return [line for line in markdown.splitlines() if line.startswith("|")]


# --- numbers as text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formatting.percent(0.9823, 2), "98.23"),
        (formatting.percent(None, 2), ""),
        (formatting.percent_spread(Spread(0.9823, 0.0005, 10), 2), "98.23 ± 0.05"),
        (formatting.percent_spread(Spread(0.9823, None, 1), 2), "98.23"),
        (formatting.percent_interval(Interval(0.9812, 0.9834), 1), "98.1–98.3"),
        (formatting.percent_interval(Interval(-0.0012, 0.0034), 2), "−0.12 to 0.34"),
        (formatting.number(-0.001, 2), "0.00"),
        (formatting.number(1234567.0, 0), "1,234,567"),
        (formatting.magnitude(5_984_000), "5.98 M"),
        (formatting.magnitude(40), "40"),
        (formatting.three_digits(7.123), "7.12"),
        (formatting.three_digits(1204.4), "1,204"),
        (formatting.three_digits(0.0), "0.00"),
        (formatting.ranks(RankInterval(2, 4)), "2–4"),
        (formatting.ranks(RankInterval(2, 2)), "2"),
        (formatting.p_value(0.00004), "< 0.001"),
        (formatting.count(1, "run"), "1 run"),
        (formatting.count(1200, "run"), "1,200 runs"),
    ],
)
def test_numbers_are_written_as_people_read_them(written, expected):
    assert written == expected


@pytest.mark.parametrize(("images", "decimals"), [(360, 1), (10_000, 2), (100_000, 3), (None, 2)])
def test_percentages_have_the_decimals_that_one_image_shows_in(images, decimals):
    assert formatting.percent_decimals(images) == decimals


# --- every format


@pytest.mark.parametrize("format", TEXT_FORMATS)
def test_every_format_ends_in_a_newline_and_names_every_row(board_store, format):
    output = render_store(board_store, format)
    assert output.endswith("\n")
    for name in ("best", "next", "also"):
        assert name in output


@pytest.mark.parametrize("format", ["markdown", "latex", "table", "json"])
def test_unreadable_records_are_named(store, format):
    write_run(store)
    (store.folder / "net" / "broken.json").write_text("{")
    output = " ".join(render_store(store, format).split())
    assert "broken.json" in output
    assert "not a whole JSON file" in output


@pytest.mark.parametrize("format", ["markdown", "latex", "table"])
def test_a_failed_row_shows_its_count_and_reason(store, format):
    write_run(store, seed=0)
    store.write(make_failed(seed=1, reason="no result after 60 s"), None)
    output = " ".join(render_store(store, format).split())
    assert "1 of 2" in output
    assert "1 finished of 2, 1 failed: seed 1 (timeout): no result after 60 s" in output


@pytest.mark.parametrize("format", TEXT_FORMATS)
def test_a_board_of_failures_and_no_board_at_all_are_reported(store, format):
    render_store(store, format)
    store.write(make_failed("broken_net", reason="the loss is nan"), None)
    output = render_store(store, format)
    assert "broken" in output
    assert "the loss is nan" in output


def test_a_row_that_watches_the_test_set_is_marked(store):
    write_run(store, "one", recipe={**RECIPE, "validation_data": "test"})
    write_run(store, "two")
    output = render_store(store, "markdown")
    assert "`one`†" in output
    assert "`two`†" not in output
    assert "† watches the test set while training" in output


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes_in_any_process(own_board_store, monkeypatch):
    (own_board_store.folder / "best" / "broken.json").write_text("{")
    script = (
        "import sys; from pathlib import Path; from ninetynine.records import RecordStore;"
        "from ninetynine.report import Report, render;"
        f"report = Report(RecordStore(Path({str(own_board_store.directory)!r})), {{}});"
        f"[print(render(report, name)) for name in {(*TEXT_FORMATS, 'readme')!r}];"
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'scipy.stats'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    there = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8", "COLUMNS": "40"},
        capture_output=True,
        check=True,
    ).stdout
    monkeypatch.setenv("COLUMNS", "300")  # the seed of this process's hashes is another, too
    report = Report(RecordStore(own_board_store.directory), {})
    here = "".join(f"{render(report, name)}\n" for name in (*TEXT_FORMATS, "readme"))
    assert there.decode("utf-8") == here


# --- Markdown


def test_markdown_tables_keep_their_columns_whatever_a_model_is_called(store):
    write_run(store, NASTY)
    output = render_store(store, "markdown")
    for header, _, row in zip(*[iter(table_lines(output))] * 3, strict=True):
        unescaped = re.compile(r"(?<!\\)\|")
        assert len(unescaped.findall(row)) == len(unescaped.findall(header))
    outside_code = re.sub(r"`[^`]*`", "", output)
    assert not re.search(r"(?<!\\)<script", outside_code)


def test_markdown_escapes_markup_and_leaves_words_alone():
    assert escape("t3_deep_cnn 5 < 6 | *x* [y] a\nb") == r"t3_deep_cnn 5 \< 6 \| \*x\* \[y\] a b"


# --- LaTeX


def test_latex_escapes_its_specials(store):
    write_run(store, NASTY)
    output = render_store(store, "latex")
    row = next(line for line in output.splitlines() if "script" in line and line.endswith(r"\\"))
    assert r"a\textbar{}b\_c" in row
    assert r"\$100\% \& {[}x{]}(y) \textbackslash{}end\{tabular\}" in row
    assert output.count(r"\begin{tabular}") == output.count(r"\end{tabular}")


def test_latex_rows_have_as_many_cells_as_their_table_has_columns(board_store):
    columns = None
    for line in render_store(board_store, "latex").splitlines():
        if found := re.match(r"\\begin\{tabular\}\{(\w+)\}", line):
            columns = len(found[1])
        elif line.endswith(r"\\"):
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1


# --- terminal


def test_the_terminal_table_fits_120_columns_even_with_long_names(own_board_store):
    write_run(
        own_board_store, "a_name_that_is_much_longer_than_any_table_would_like_it_to_be_really", 0
    )
    for line in render_store(own_board_store, "table").splitlines():
        assert len(line) <= 120


def test_the_terminal_draws_a_rule_where_a_group_ends(board_store):
    lines = render_store(board_store, "table").splitlines()
    rows = {
        name: next(i for i, x in enumerate(lines) if f" {name} " in x)
        for name in ("best", "next", "also")
    }
    upper, lower = sorted((rows["next"], rows["also"]))
    assert lower == upper + 1  # one group
    assert upper == rows["best"] + 2  # two groups


def test_colour_comes_only_when_asked_for(board_store):
    assert "\x1b[" not in render_store(board_store, "table")
    assert "\x1b[32m" in render_store(board_store, "table", color=True)


def test_names_that_are_cut_in_the_terminal_still_differ(store):
    for precision in ("float32", "mixed_bfloat16"):
        for seeds in (range(10), range(20)):
            together = Together(seeds=list(seeds), convolutions="products")
            write_run(store, "a_small_network_of_parts", precision=precision, together=together)
    text = render(Report(store, {}), "table")
    table = text[text.index("Accuracy") : text.index("Test accuracy and loss")]
    names = re.findall(r"a\S*….*?\]", table)
    assert len(names) == len(set(names)) == 4


def test_a_narrow_column_stays_where_a_wide_one_has_no_room():
    from ninetynine.report.document import Heading, Section, Table, name
    from ninetynine.report.formats.table import render_sections

    headings = ("wide", "number", "verdict")
    columns = (
        name("Model"),
        *(Heading(h, weight=w) for h, w in zip(headings, (1, 0, 2), strict=True)),
    )
    table = Table("Claims", columns, (("net", "w" * 48, "1", "as expected"),))
    text = render_sections([Section("mnist", "two runs.", (table,), ())], width=60)
    assert "number" in text
    assert "verdict" in text
    assert "Left out, since 60 columns have no room for it: wide." in text


def test_markup_in_a_name_stays_text_in_the_terminal(store):
    write_run(store, "[red]x[/red]")
    assert "[red]x[/red]" in render_store(store, "table")


# --- for programs


def test_csv_holds_plain_numbers_at_full_precision(board_store):
    (board,) = build_boards(board_store, {})
    lines = list(csv.DictReader(io.StringIO(render_store(board_store, "csv"))))
    assert [float(line["test_accuracy_mean"]) for line in lines] == [
        row.accuracy.mean for row in board.rows
    ]
    assert lines[0]["parameters"] == "1216394"
    assert lines[0]["train_seconds_median"] == "10.0"


def test_json_holds_every_row_and_note(own_board_store):
    own_board_store.write(make_failed("bad"), None)
    content = json.loads(render_store(own_board_store, "json"))
    (board,) = content["boards"]
    assert [row["name"] for row in board["rows"]][-1] == "bad"
    assert board["rows"][0]["recipe"] == RECIPE
    assert board["rows"][0]["seeds"] == [0, 1, 2, 3, 4]
    assert board["rows"][-1]["failed"][0]["kind"] == "timeout"
    assert board["rows"][-1]["test_accuracy_mean"] is None
    assert any("bad: 0 finished of 1" in note for note in board["notes"])


# --- the results folder's README


def write_claimed(store):
    for seed in range(5):
        wrong = range(200 + 10 * (seed - 2))  # 98.20, 98.10, 98.00, 97.90, 97.80
        write_run(store, "net", seed, wrong=wrong, images=10_000)
    claims = [
        make_claim(0.9799, 4, id="T2"),
        make_claim(0.98230, 5, id="T5"),
        make_claim(0.95, 3, id="T9"),
    ]
    return {"net": make_architecture("net", RECIPE, claims)}


def test_the_readme_says_how_each_figure_looks(store):
    catalog = write_claimed(store)
    readme = results_readme(store, catalog)
    assert (
        "- **97.99%** (T2, `net`) is **as expected**. Five seeds of the same recipe end between "
        "97.80% and 98.20%, 98.00% on average; one more run would end between 97.41% and 98.59%"
    ) in readme
    assert "**98.23%** (T5, `net`) is **as expected**" in readme
    assert "**95.0%** (T9, `net`) is **not reproduced" in readme
    assert readme.index("97.99%") < readme.index("98.23%") < readme.index("### Accuracy")


def test_the_readme_says_what_the_seed_alone_does_to_one_recipe(store):
    catalog = write_claimed(store)
    catalog["net"] = make_architecture(
        "net", RECIPE, [make_claim(0.9799, 4, id="T2"), make_claim(0.98230, 5, id="T5")]
    )
    # Of the ten pairs of seeds, 0.1 points apart each, three are 0.24 points or more apart.
    assert (
        "T2 and T5 are one model with one recipe, published 0.24 points apart. Of all pairs among "
        "our 5 seeds, 30% are at least as far apart, the farthest 0.40 points."
    ) in results_readme(store, catalog)


def test_the_readme_says_how_far_the_best_published_figure_is(store):
    write_run(store, wrong=range(57), images=10_000)
    readme = results_readme(store, {})
    assert "`net` leaves 57.0 errors and has gone 51% of the way from 99.06% to 99.79%" in readme


def test_the_readme_of_an_empty_folder_says_so(store):
    readme = results_readme(store, {})
    assert "No run of a recipe with a published figure is recorded yet." in readme


def test_the_readme_names_files_below_its_own_folder(store):
    write_run(store)
    (store.folder / "net" / "broken.json").write_text("{")
    readme = results_readme(store, {})
    assert "- records/net/broken.json: not a whole JSON file" in readme
    assert str(store.directory) not in readme


def test_a_pair_that_only_the_correction_keeps_together_is_not_called_settled():
    from ninetynine.board import Undecided
    from ninetynine.report.tables import _would_decide
    from ninetynine.statistics import compare

    random = np.random.default_rng(0)
    good, bad = random.random((3, 1000)) < 0.99, random.random((3, 1000)) < 0.90
    for planned_alpha in (None, 1e-12):
        found = compare(good, bad, planned_alpha=planned_alpha)
        assert found.verdict == "better"
        assert _would_decide(Undecided("a", "b", found)).startswith("different as a pair")
