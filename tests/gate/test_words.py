"""What a check says, excuses and writes: names, other data, lost files, any text and encoding."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from gate_builders import open_fake_trainer
from ninetynine import cli
from ninetynine.gate import Terms, request
from ninetynine.gate.baseline import load_baseline
from ninetynine.gate.checking import gone
from ninetynine.gate.manifest import MANIFEST
from ninetynine.gate.verdict import CheckResult
from ninetynine.records import RecordStore
from ninetynine.report.formats import markdown, table
from ninetynine.report.gate import section
from ninetynine.report.gate_machine import annotations, junit_xml
from record_builders import write_run
from run_helpers import BENCH, write_architecture, write_dataset, write_suite

UPDATE = ["--baseline", "base", "--seeds", "3", "--reason", "first"]
CHECK = ["check", "--baseline", "base", "--fresh"]


def make_up_training(patch):
    """Have each seed of each architecture get the same result every time."""
    made_up = open_fake_trainer(lambda name, seed: 0.98 - seed / 1000, images=360)
    patch.setattr(request, "open_trainer", made_up)
    patch.setattr("ninetynine.request.ResolvedRun.load_dataset", lambda self: None)
    patch.setattr(request, "keep_groups", lambda dataset, store: None)


@pytest.fixture
def made_up(monkeypatch):
    """Training is made up."""
    make_up_training(monkeypatch)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """The folder of ``project``, which each test gets a copy of."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("tiny", "wide"):
        write_architecture(folder, name)
    write_suite(folder / "gate.toml", ["tiny", "wide"], "digits")
    files = ["--architecture", "tiny.py", "--architecture", "wide.py"]
    with pytest.MonkeyPatch.context() as patch:
        make_up_training(patch)
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            cli.main(["baseline", "update", "gate.toml", *files, *UPDATE])
    assert ended.value.code == 0
    return folder


@pytest.fixture
def project(bench, made_up, made_once, tmp_path):
    """A baseline of two architectures, ``tiny`` and ``wide``, each in a file of its own."""
    return Path(shutil.copytree(made_once, tmp_path, dirs_exist_ok=True))


def flat(text):
    return " ".join(text.split())


# --- what is excused --------------------------------------------------------------------------


@pytest.fixture
def two_gone(project):
    """Of four architectures in the baseline, two are gone from suite and disk."""
    store = RecordStore(project / "base")
    for name in ("old", "older"):
        for record in store.read_all()[0]:
            if record.cell.architecture == "tiny":
                cell = record.cell.model_copy(update={"architecture": name})
                copied = record.model_copy(update={"cell": cell, "key": cell.key})
                store.write(copied, store.predictions(record))
    return project


@pytest.mark.slow
@pytest.mark.parametrize(
    ("excuse", "expected"),
    [
        ([], 4),
        (["--allow-gone"], 0),
        (["--allow-gone", "old"], 4),
        (["--allow-gone", "old", "older"], 0),
        (["--allow-gone", "old", "--allow-gone", "older"], 0),
        (["--allow-gone=old", "--allow-gone=older"], 0),
        (["--allow-gone", "--allow-new"], 0),
        (["--allow-gone", "tiny"], 4),
    ],
)
def test_only_what_is_named_is_excused_and_without_a_name_all(bench, two_gone, excuse, expected):
    code, out, err = bench(*CHECK, *excuse, "--json")
    assert code == expected, err
    verdicts = {v["architecture"]: v for v in json.loads(out)["verdicts"]}
    assert verdicts["tiny"]["identical"]
    assert "--allow-gone older" in verdicts["older"]["reason"]
    assert verdicts["old"]["excused"] == (expected == 0 or "old" in excuse)


def test_a_suite_after_a_bare_excuse_is_still_the_suite(bench, two_gone):
    files = ["--architecture", "tiny.py", "--architecture", "wide.py"]
    code, _, err = bench("check", "--baseline", "base", *files, "--allow-gone", "gate.toml")
    assert code == 0, err


@pytest.mark.parametrize(
    ("excuse", "words"),
    [
        (["--allow-gone", "odl"], "'odl': the baseline has no such architecture; did you mean"),
        (["--allow-gone", "old", "nothing"], "'nothing': the baseline has no such architecture"),
        (["--allow-new", "tinny"], "this check has no such architecture; did you mean 'tiny'?"),
    ],
)
def test_a_name_that_excuses_nothing_is_a_mistake(bench, refuse, two_gone, excuse, words):
    assert words in refuse(*CHECK, *excuse)


def test_new_architectures_are_excused_by_name(bench, project):
    for name in ("newer", "newest"):
        write_architecture(project, name)
    write_suite(project / "gate.toml", ["tiny", "newer", "newest"], "digits")
    files = [f"--architecture={name}.py" for name in ("tiny", "newer", "newest")]
    check = ["check", "gate.toml", *files, "--baseline", "base", "--allow-gone", "wide"]
    code, out, _ = bench(*check, "--allow-new", "newest", "--json")
    assert code == 4
    found = {v["architecture"]: v for v in json.loads(out)["verdicts"]}
    assert (found["newest"]["excused"], found["newer"]["excused"]) == (True, False)
    assert "--allow-new newer" in found["newer"]["reason"]
    assert bench(*check, "--allow-new", "newest", "newer")[0] == 0


def test_a_file_that_was_not_given_or_is_not_there_is_said_before_the_excuse(bench, project):
    code, out, _ = bench("check", "gate.toml", "--baseline", "base", "--json")
    assert code == 4
    reasons = {v["architecture"]: v["reason"] for v in json.loads(out)["verdicts"]}
    for name, reason in reasons.items():
        words = f"give what it came from: --architecture {name}.py; or --allow-gone {name}"
        assert words in reason
    assert bench("check", "gate.toml", "--baseline", "base", "--allow-gone")[0] == 4
    (project / "wide.py").unlink()
    code, out, _ = bench(*CHECK, "--json")
    assert code == 4
    (lost,) = [v for v in json.loads(out)["verdicts"] if v["architecture"] == "wide"]
    assert (
        "restore what it came from: --architecture wide.py; or --allow-gone wide" in lost["reason"]
    )


# --- training data under the same test part ---------------------------------------------------


@pytest.fixture
def data(bench, stub, tmp_path):
    """A baseline on data of its own; returns a function that changes an array of them."""
    write_architecture(tmp_path, "tiny")
    write_dataset(tmp_path / "own.npz")
    # By its whole path: the worker may have been started elsewhere.
    write_suite(tmp_path / "gate.toml", ["tiny"], tmp_path / "own.npz")
    arguments = ["gate.toml", "--architecture", "tiny.py", "--jobs", "1"]
    code, _, err = bench("baseline", "update", *arguments, *UPDATE)
    assert code == 0, err

    def change(name):
        with np.load(tmp_path / "own.npz") as file:
            arrays = dict(file)
        arrays[name][0] = (arrays[name][0] + 1) % 10
        np.savez(tmp_path / "own.npz", **arrays)

    return change


def test_changed_training_data_are_compared_on_the_same_test_images_when_allowed(bench, data):
    data("x_train")
    code, out, _ = bench(*CHECK)
    assert code == 4
    assert "the test images are the same (--allow-data-change compares anyway)" in flat(out)
    code, out, err = bench(*CHECK, "--allow-data-change", "--json")
    assert code == 0, err  # the stub's answers do not depend on the data
    (verdict,) = json.loads(out)["verdicts"]
    assert [change for change in verdict["changes"] if "the training data: own" in change]


@pytest.mark.parametrize("array", ["x_test", "y_test"])
def test_a_changed_test_part_is_never_compared_and_no_option_is_suggested(bench, data, array):
    data(array)
    for more in ([], ["--allow-data-change"]):
        code, out, _ = bench(*CHECK, *more)
        assert code == 4
        assert "the test images too" in flat(out)
        assert "--allow-data-change" not in out


def test_a_baseline_that_cannot_show_its_test_part_says_so(bench, data, tmp_path):
    for path in (tmp_path / "base").glob("records/*/*.json"):
        content = json.loads(path.read_text())
        assert len(content.pop("test_fingerprint")) == len(content.pop("record_sha256")) == 64
        path.write_text(json.dumps({**content, "schema_version": 3}))
    data("x_train")
    code, out, _ = bench(*CHECK)
    assert code == 4
    assert "--allow-data-change" not in out
    code, out, _ = bench(*CHECK, "--allow-data-change")
    assert code == 4
    assert "cannot show that the test images are the same: update it with bench" in flat(out)


# --- what a baseline lost ---------------------------------------------------------------------


def files_of(folder, name, suffix):
    return sorted((folder / "base" / "records" / name).glob(f"*.{suffix}"))


def remove_pairs(project, seeds):
    for record in load_baseline(project / "base").records["wide"]:
        if record.cell.seed in seeds:
            RecordStore(project / "base").remove(record)


LOSSES = {
    "seeds 1 of wide on digits": lambda project: remove_pairs(project, [1]),
    "seeds 0, 2 of wide on digits": lambda project: remove_pairs(project, [0, 2]),
    "all its runs of wide on digits": lambda project: remove_pairs(project, [0, 1, 2]),
    ".npz: the file is missing": lambda project: files_of(project, "wide", "npz")[1].unlink(),
    "not the predictions that its record": lambda project: files_of(project, "wide", "npz")[
        1
    ].write_bytes(b"PK"),
    "not a whole JSON file": lambda project: files_of(project, "wide", "json")[1].write_text("{"),
}


@pytest.mark.slow
@pytest.mark.parametrize("words", LOSSES)
@pytest.mark.parametrize("verb", [["check", "--only", "tiny"], ["baseline", "show"]])
def test_a_baseline_that_lost_a_file_is_a_mistake_that_says_how_to_restore_it(
    refuse, project, words, verb
):
    LOSSES[words](project)
    line = refuse(*verb, "--baseline", "base")
    assert words in line
    assert "git checkout -- base" in line
    assert "bench baseline update" in line


def test_an_update_restores_what_was_lost(bench, project):
    remove_pairs(project, [1])
    assert bench("baseline", "update", *UPDATE)[0] == 0
    assert bench(*CHECK)[0] == 0


def test_half_a_record_is_noticed_without_a_manifest_too(refuse, project):
    (project / "base" / MANIFEST).unlink()
    remove_pairs(project, [1])  # nothing is left that could tell
    files_of(project, "wide", "json")[0].unlink()
    line = refuse("check", "gate.toml", "--architecture=tiny.py", "--baseline", "base")
    assert ".json: the file is missing" in line


# --- what --only took -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("i", "bench: --only 'i' takes: tiny, wide\n"),
        ("w*", "bench: --only 'w*' takes: wide\n"),
        ("tiny", ""),
    ],
)
def test_a_check_says_what_a_part_of_a_name_takes(bench, project, only, said):
    code, out, err = bench(*CHECK, "--only", only, "--json")
    assert code == 0
    assert json.loads(out)["exit_code"] == 0
    assert err == said


@pytest.mark.parametrize(
    ("only", "took"), [("net", None), ("ne", "net, net_wide"), ("net[batch_size=16,32]", None)]
)
def test_a_run_says_it_too_and_an_exact_name_wins(bench, tmp_path, only, took):
    for name in ("net", "net_wide"):
        write_architecture(tmp_path, name)
    write_suite(tmp_path / "s.toml", ["net", "net_wide"], "digits")
    files = ["--architecture", "net.py", "--architecture", "net_wide.py"]
    code, _, err = bench("run", "s.toml", *files, "--only", only, "--dry-run", "--json")
    assert code == 0, err
    assert ("takes" in err) == (took is not None)
    if took is not None:
        assert f"bench: --only {only!r} takes: {took}\n" in err


# --- any text, anywhere -----------------------------------------------------------------------

LAST_WORDS = {
    "colored": "\x1b[31mFATAL: licence server not reached\x1b[0m",
    "cursor": "\x1b[2J\x1b[1;1HFATAL: licence server not reached\x1b[?25l",
    "title": "\x1b]0;x\x07FATAL: \x1b]8;;file://x\x1b\\licence\x1b]8;;\x1b\\ server not reached",
    "c1": "\x9b31mFATAL: licence server not reached\x9d0;title\x9c",
    "control": "FATAL: \x00\x01licence\x08 server\x7f not reached\ufffe\uffff",
    "overwriting": "something else\rFATAL: licence server not reached",
    "cdata": "FATAL: licence server not reached ]]> &amp; <b>|x|</b> `code` ~~no~~ &lt;",
    "cut off": "FATAL: licence server not reached\x1b[38;5",
}


FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def last_words(name):
    """Code that makes a worker exit with these words."""
    said = LAST_WORDS[name].encode("utf-8", "surrogatepass")
    return f"sys.stderr.buffer.write({said!r}); sys.stderr.flush(); os._exit(3)"


@pytest.mark.exhaustive
def test_whatever_a_worker_printed_is_readable_in_every_output(bench, stub, tmp_path):
    """A check of architectures of which each has its worker exit with its last words."""
    files = {name: f"net_{number}" for number, name in enumerate(LAST_WORDS)}
    given = ["gate.toml", "--baseline", "base", "--jobs", "1"]
    for name in files.values():
        given += ["--architecture", write_architecture(tmp_path, name)]
    write_suite(tmp_path / "gate.toml", [*files.values()], "digits")
    assert bench("baseline", "update", *given, "--seeds", "2", "--reason", "x")[0] == 0
    for words, name in files.items():
        write_architecture(tmp_path, name, last_words(words))
    code, out, err = bench("check", *given, "--fresh", "--junit", "j.xml", "--markdown", "m.md")
    assert code == 5
    told, markdown = "FATAL: licence server not reached", (tmp_path / "m.md").read_text()
    errors = [*ElementTree.fromstring((tmp_path / "j.xml").read_bytes()).iter("error")]
    assert len(errors) == len(files)
    for text in [flat(out), markdown, err]:
        assert text.count(told) >= len(files)
        assert not FORBIDDEN.search(text)
    for error in errors:
        for text in (error.get("message"), error.text):
            assert told in text
            assert not FORBIDDEN.search(text)
    assert any("]]> &amp; <b>|x|</b> `code` ~~no~~ &lt;" in error.text for error in errors)
    assert r"\]\]\> \&amp; \<b\>\|x\|\</b\> \`code\` \~~no\~~ \&lt;" in markdown


def test_hostile_names_are_inert_in_every_form_of_the_answer():
    name = "net\x1b[31m\x00 | <b>\n]]>\ufffe\ud800"
    verdicts = (gone(name, Terms()), gone(f"{name} 2", Terms(allow_gone=True)))
    result = CheckResult(name, name, name, Terms(), verdicts, reason=name, notes=(name,))
    (case, _) = ElementTree.fromstring(junit_xml(result)).iter("testcase")
    assert case.get("name") == "net | <b> ]]>"
    texts = [format.render_sections([section(result)]) for format in (markdown, table)]
    for text in [*texts, *annotations(result)]:
        assert not FORBIDDEN.search(text)
        assert "net | " in text.replace("\\|", "|")
    rows = [line for line in texts[0].splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<b>" not in re.sub(r"`[^`]*`", "", texts[0])


def test_names_and_reasons_of_a_baseline_are_as_inert(bench, project):
    path = project / "base" / MANIFEST
    content = json.loads(path.read_text())
    content["updates"][-1]["reason"] = "\x1b[31mred\x1b[0m \x00| <script>\n\nnext"
    path.write_text(json.dumps(content))
    code, out, _ = bench(*CHECK, "--junit", "j.xml", "--markdown", "m.md")
    assert code == 0
    ElementTree.parse(project / "j.xml")
    markdown = (project / "m.md").read_text()
    for text in (out, markdown, bench("baseline", "show", "--baseline", "base")[1]):
        assert not FORBIDDEN.search(text)
        assert "red" in text
    assert r"red \| \<script\> next" in markdown


# --- any encoding -----------------------------------------------------------------------------


# Runs commands in forks of one process, whose start takes longer than all else: each with its
# arguments, the encoding of its output (as PYTHONIOENCODING would have it), and where that goes:
# to a file, or to a pipe that nobody reads.  Prints how each ended.
IN_FORKS = """
import json, os, sys
import ninetynine.cli.verbs.check, ninetynine.cli.verbs.report
from ninetynine.cli import main

def begin(encoding, out, err):
    closed, nobody = os.pipe()
    os.close(closed)
    for stream, to, errors in ((sys.stdout, out, "strict"), (sys.stderr, err, "backslashreplace")):
        place = os.open(to, os.O_WRONLY | os.O_CREAT) if to else nobody
        os.dup2(place, stream.fileno())
        stream.reconfigure(encoding=encoding, errors=errors)

for arguments, encoding, out, err in json.loads(sys.argv[1]):
    if os.fork() == 0:
        begin(encoding, out, err)
        sys.exit(main(arguments))
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
# The same where training is made up.
MADE_UP = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1] / "support")!r})
from gate_builders import open_fake_trainer
from ninetynine.gate import request
request.open_trainer = open_fake_trainer(lambda name, seed: 0.98 - seed / 1000, images=360)
"""


def in_forks(folder, *commands, before=""):
    """Run each of (arguments, encoding, stdout, stderr); return the exit codes."""
    script = [sys.executable, "-c", before + IN_FORKS, json.dumps(commands)]
    buffered = {name: v for name, v in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(script, cwd=folder, env=buffered, capture_output=True, text=True)
    assert not done.stderr
    return [int(line) for line in done.stdout.split()]


ENCODINGS = ["cp437", "ascii", "utf-16"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_exit_codes_survive_every_encoding_and_a_closed_pipe(project):
    # What no such encoding has: a reason in Greek, with an arrow and an emoji.
    path = project / "base" / MANIFEST
    path.write_text(path.read_text().replace(': "first"', ': "λ → µ 🎯"'), encoding="utf-8")
    more = ["--json", "--markdown", "m.md", "--junit", "j.xml"]
    as_json = [([*CHECK, *more], each, f"{each}.out", f"{each}.err") for each in ENCODINGS]
    others = [(CHECK, "ascii", "plain.out", "plain.err"), (CHECK, "utf-8", "", "piped.err")]
    codes = in_forks(project, *as_json, *others, before=MADE_UP)
    said = [path.read_bytes() for path in project.glob("*.err")]
    assert codes == [0] * 5, said
    assert not any("Traceback" in text.decode(errors="replace") for text in said)
    assert (project / "piped.err").read_bytes() == b""
    for encoding in ENCODINGS:
        text = (project / f"{encoding}.out").read_bytes()
        answer = json.loads(text.decode("utf-8" if encoding == "ascii" else encoding))
        assert answer["exit_code"] == 0
    (project / "j.xml").read_text(encoding="utf-8")
    assert "λ → µ 🎯" in (project / "m.md").read_text(encoding="utf-8")


VERBS = [
    (["report", "--results", "made"], 0),
    (["compare", "t2_dense", "t1_small_cnn", "--results", "made"], 0),
    (["plan"], 2),
    (["list", "columns"], 0),
    (["explain", "protocol"], 2),
    (["no_such_verb_−"], 2),
    (["report", "--results", "weißes_−_λ"], 2),
]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_verb_answers_in_a_code_page_as_in_utf_8(tmp_path):
    for seed in range(2):
        for name, missed in (("t2_dense", 30), ("t1_small_cnn", 10)):
            write_run(RecordStore(tmp_path / "made"), name, seed, wrong=range(missed + seed))
    commands = [
        (verb, "cp1252", f"{number}.out", f"{number}.err") for number, (verb, _) in enumerate(VERBS)
    ]
    codes = in_forks(tmp_path, *commands)
    said = [(tmp_path / f"{number}.err").read_text("cp1252") for number in range(len(VERBS))]
    assert codes == [code for _, code in VERBS], said
    assert not any("Traceback" in text for text in said)
    for number, (_, code) in enumerate(VERBS):
        assert bool((tmp_path / f"{number}.out").read_text("cp1252")) == (code == 0)


@pytest.mark.slow
def test_a_closed_pipe_ends_any_other_verb_as_sigpipe_would_and_a_mistake_as_ever(tmp_path):
    verbs = [["list", "columns"], ["--help"], ["run", "--help"]]
    commands = [(verb, "utf-8", "", str(tmp_path / "err")) for verb in verbs]
    mistake = (["check", "--baseline", "nowhere"], "utf-8", "", "")
    assert in_forks(tmp_path, *commands, mistake) == [141] * 3 + [2]
    assert (tmp_path / "err").read_bytes() == b""


def into_closed_pipe(*command):
    """Run ``command`` with nobody at the other end of its output; return how it ended."""
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {name: v for name, v in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=buffered)
    os.close(writing)
    assert not done.stderr
    return done.returncode


@pytest.mark.slow
def test_a_command_in_a_process_of_its_own_ends_so_too():
    assert into_closed_pipe(*BENCH, "list", "columns") == 141


@pytest.mark.slow
def test_what_a_verb_printed_and_nobody_read_does_not_change_its_exit_code():
    script = "from ninetynine import cli; cli._run = lambda given: print('x') or 3; cli.main([])"
    assert into_closed_pipe(sys.executable, "-c", script) == 3


# --- README -----------------------------------------------------------------------------------


def test_the_lines_of_the_readme_exit_with_0_on_unchanged_code(bench, made_up):
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = text.partition("## Guard accuracy in CI")[2].partition("```sh\n")[2].partition("```")[0]
    lines = [line.partition("#")[0] for line in block.splitlines()]
    assert [line.split()[:2] for line in lines] == [["bench", "baseline"], ["bench", "check"]]
    for line in lines:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
        code, out, err = bench(*words[1:])
        assert code == 0, out + err
    assert "identical" in out
