"""A verb is a file: what the help says of it, and what becomes of one that is none."""

import subprocess
import sys
from pathlib import Path

import click
import ninetynine.cli.verbs
import pytest
from ninetynine.errors import Interrupted

VERBS = sorted(
    path.stem.removesuffix("_")
    for path in Path(ninetynine.cli.verbs.__file__).parent.glob("*.py")
    if not path.stem.startswith("_")
)


def verb(name, text):
    """What ``plug_in`` installs: a distribution with one verb."""
    module = f"plug_{name}"
    return {"ninetynine.verbs": {name: module}}, {f"{module}.py": text}, "plug"


def test_the_help_lists_every_verb_with_the_first_line_of_its_file(bench):
    code, out, _ = bench("--help")
    listed = dict(
        line.split(maxsplit=1) for line in out.partition("Verbs:\n")[2].splitlines() if line
    )
    assert code == 0
    assert sorted(listed) == VERBS
    assert listed["import"] == "Put predictions made elsewhere on the board."
    assert all(text.endswith(".") for text in listed.values())


def test_every_verb_has_help_of_its_own(bench):
    for verb in VERBS:
        code, out, _ = bench(verb, "--help")
        assert code == 0
        assert out.startswith(f"Usage: bench {verb} ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 / 0", "importing plug_broken raised ZeroDivisionError: division by zero"),
        ("command = print", "plug_broken is no verb, it has no click command called `command`"),
    ],
)
def test_a_verb_of_another_package_that_is_none_names_the_package(bench, plug_in, text, says):
    plug_in(*verb("broken", f'"""Break."""\n{text}\n'))
    code, _, err = bench("broken")
    assert code == 2
    (line,) = err.splitlines()
    assert line == f"bench: entry point of plug: {says}; mend or uninstall the distribution"
    assert "broken" in bench("--help")[1]  # where nothing is imported


def test_a_verb_that_is_called_like_another_is_told_by_the_help(bench, plug_in):
    plug_in(*verb("run", '"""Run something else."""\n'))
    code, _, err = bench("--help")
    assert code == 2
    assert "two verbs are called 'run': ninetynine.cli.verbs.run (built in) and plug_run" in err
    assert bench("run", "--help")[0] == 0  # the one that was there goes on


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        (KeyboardInterrupt(), "bench: interrupted\n"),
        (
            Interrupted("3 runs are kept in there"),
            "bench: interrupted: 3 runs are kept in there; run the same command again to go on\n",
        ),
    ],
)
def test_ctrl_c_is_one_line_and_exit_code_130(bench, monkeypatch, raised, line):
    @click.command("list")
    def command():
        raise raised

    monkeypatch.setattr("ninetynine.cli.verbs.list.command", command)
    code, out, err = bench("list")
    assert (code, out, err) == (130, "", line)


@pytest.mark.parametrize("form", [["--dataset", ""], ["--dataset="]], ids=["apart", "joined"])
@pytest.mark.parametrize("verb", [["run"], ["check"], ["baseline", "update"]], ids=" ".join)
def test_an_empty_value_is_no_value_left_out(refuse, verb, form):
    """As of a shell's variable that is not set: the default would be trained instead."""
    line = refuse(*verb, *form, "--jobs", "1")
    assert line.startswith("bench: --dataset is given an empty text")


def test_an_empty_text_after_a_flag_is_not_the_flags(bench):
    assert "is given an empty text" not in bench("list", "--json", "")[2]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["list", "suites"], ["list", "suitse"]])
def test_a_full_disk_behind_standard_output_is_one_line(capfd, arguments):
    with open("/dev/full", "w") as full:
        ended = command_with(arguments, stdout=full)
    assert ended.returncode == 2
    assert len(capfd.readouterr().err.splitlines()) == 1


@pytest.mark.slow
def test_a_full_disk_behind_both_outputs_is_exit_code_2():
    with open("/dev/full", "w") as full:
        assert command_with(["list", "suites"], stdout=full, stderr=full).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "code", "closed"),
    [
        ("suites", 0, ">&-"),
        ("suitse", 2, "2>&-"),
        ("suites", 0, "<&- >&- 2>&-"),
        ("suitse", 2, "<&- >&- 2>&-"),
    ],
)
def test_closed_streams_change_no_exit_code(word, code, closed):
    """Python's own 1 would say that a cell failed, or accuracy regressed."""
    line = f'exec "$0" -m ninetynine list {word} {closed}'
    ended = subprocess.run(["sh", "-c", line, sys.executable], capture_output=True, check=False)
    assert ended.returncode == code
    assert b"Traceback" not in ended.stderr


def command_with(arguments, **streams):
    return subprocess.run([sys.executable, "-m", "ninetynine", *arguments], check=False, **streams)


@pytest.mark.parametrize("given", ["nan", "inf", "1e300", "0"])
@pytest.mark.parametrize("asked", [["run", "--timeout"], ["check", "--baseline=b", "--alpha"]])
def test_what_is_no_finite_number_is_refused(refuse, asked, given):
    """NaN compares with none: a time limit of it would never end."""
    line = refuse(*asked, given)
    assert line.startswith(f"bench: Invalid value for '{asked[-1]}': ")
    assert "is not in the range " in line


def test_only_may_be_given_again(bench):
    """The last one alone would train, or guard, less than what was asked for."""
    only = ["--only", "t2_dense", "--only", "majority_class"]
    code, out, _ = bench("run", "quick", "--seeds", "1", "--dry-run", "--results", "no", *only)
    assert code == 0
    assert "2 cells to train" in out


@pytest.mark.parametrize("verb", [["report"], ["plot", "seeds", "--output", "x.svg"], ["pack"]])
def test_a_folder_beside_or_inside_that_of_the_records_is_no_empty_board(
    refuse, tmp_path, monkeypatch, verb
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/records/net").mkdir(parents=True)
    (tmp_path / "new").mkdir()
    packs = ["--into", "x.parquet"] if verb == ["pack"] else []
    for place in ("results/records", "results/records/net", "."):
        option = [place] if packs else ["--results", place]
        line = refuse(*verb, *option, *packs)
        assert "neither a folder records nor a pack in it; did you mean " in line
        assert line.endswith("results?")
    assert refuse(*verb, *(["new"] if packs else ["--results", "new"]), *packs).endswith(
        "bench run"
    )
