"""The ``bench`` command: thin verbs, each in its own file and imported only when it is called."""

import importlib
import os
import sys
import traceback

import click

from ninetynine.errors import UserError, nearest

# verb -> (module under ninetynine.cli, its one-line help); the help stands here so that
# ``bench --help`` need not import a single verb.
_VERBS = {
    "run": ("run", "Train what is missing of a suite and print the comparison table."),
    "report": ("report", "Print the comparison table from records alone."),
    "plot": ("plot", "Draw a picture of the board for a paper: SVG, PNG or PDF."),
    "compare": ("compare", "Compare two models: difference, interval, verdict."),
    "plan": ("plan", "Say how many seeds would show a difference."),
    "import": ("importing", "Put predictions made elsewhere on the board."),
    "merge": ("merge", "Put records from several machines on one board."),
    "check": ("check", "Say whether accuracy is no worse than a baseline's."),
    "baseline": ("baseline", "Make or show the baseline that check compares with."),
    "time": ("timing", "Time training steps, latency and throughput on this machine."),
    "list": ("listing", "List architectures, datasets or suites."),
    "show": ("show", "Show one architecture: model, recipe, claims, deviations."),
    "data": ("data", "Describe a dataset, or draw a grid of its images."),
    "predict": ("predict", "Classify one image with a trained model."),
    "verify": ("verify", "Train recorded cells again and compare their weights bit by bit."),
    "explain": ("explain", "Say which cells would run or be reused, and why."),
}


_FAULT = 70  # EX_SOFTWARE of sysexits.h


class _LazyVerbs(click.Group):
    """A group that imports a verb's module when the verb is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            raise UserError(f"no verb is called {name!r}{nearest(name, _VERBS)} (see bench --help)")
        module = importlib.import_module(f"ninetynine.cli.{_VERBS[name][0]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, text) for verb, (_, text) in _VERBS.items()])


@click.group(cls=_LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ninetynine", prog_name="bench")
def bench() -> None:
    """Train Keras image classifiers under fixed seeds and compare them honestly.

    Start with `bench run`: every model on a small embedded dataset, in about a minute.
    Exit codes: 0 done, 1 a cell failed, 2 a mistake in what was asked (one line says which),
    70 a fault of the suite itself; bench check has more, see its help.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a user's mistake is one line on standard error and exit code 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = bench.main(arguments, prog_name="bench", standalone_mode=False)
    except UserError as error:
        _fail(str(error), error.exit_code, error if _wants_traceback(arguments) else None)
    except click.UsageError as error:
        _fail(f"{error.format_message()} (see {_help_of(error)})", 2)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception:
        # A fault of ours.  Not Python's own 1, which says "a cell failed" or "regressed".
        traceback.print_exc()
        sys.exit(_FAULT)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int, error: UserError | None = None) -> None:
    if error is not None:
        traceback.print_exception(error.__cause__ or error)
    print(f"bench: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def _wants_traceback(arguments: list[str]) -> bool:
    return "-v" in arguments or "--verbose" in arguments


def _help_of(error: click.UsageError) -> str:
    return f"{error.ctx.command_path} --help" if error.ctx is not None else "bench --help"
