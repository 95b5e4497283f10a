"""A verb is a file: what the help says of it, and what becomes of one that is none."""

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
