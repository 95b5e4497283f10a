"""The ``bench`` command: thin verbs, each in its own file and imported only when it is called.

A verb is a file in ``cli/verbs``, or a module that another package names as an entry point of the
group ``ninetynine.verbs``: a docstring whose first line is its help, and a click ``command``.
"""

import codecs
import io
import itertools
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from ninetynine.errors import UserError, is_disk_full, one_line, outside_fault
from ninetynine.registry import Plugin, Registry

_VERBS = Registry("verb", "ninetynine.cli.verbs", "ninetynine.verbs")
# How the help orders them; verbs that are not named here follow by name.
_ORDER = (
    *("run", "report", "plot", "compare", "plan", "rank", "import", "merge", "pack", "unpack"),
    *("check", "baseline", "time", "list", "show", "data", "predict", "verify", "explain"),
    *("doctor", "clean"),
)

# Every verb inherits these.
_SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True}
_FAULT = 70  # EX_SOFTWARE of sysexits.h
_BROKEN_PIPE = 141  # what a shell reports of a program that SIGPIPE ended
# What stands for a character that the encoding of a terminal or a file lacks.
_PLAIN = str.maketrans({"−": "-", "–": "-", "─": "-", "±": "+/-", "→": "->", "×": "x", "…": "..."})


class _LazyVerbs(click.Group):
    """A group that imports a verb's module when the verb is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_in_order())

    def get_command(self, context: click.Context, name: str) -> click.Command:
        found = _VERBS.find(name)
        command = getattr(found.load(), "command", None)
        if not isinstance(command, click.Command):
            raise UserError(
                f"{found.origin}: {found.module} is no verb, it has no click command called "
                "`command`; mend or uninstall the distribution"
            )
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(context, arguments)
        if command is not None:
            _refuse_empty_values(command, rest)
        return name, command, rest

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.summary()) for name, verb in _in_order().items()])

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        with _closed_pipe_as_exit_code():
            return super().parse_args(context, arguments)

    def invoke(self, context: click.Context) -> Any:
        try:
            with _closed_pipe_as_exit_code():
                return super().invoke(context)
        except KeyboardInterrupt as interruption:  # click would drop what it says
            raise _Stopped(str(interruption) or "interrupted") from None


@contextmanager
def _closed_pipe_as_exit_code() -> Iterator[None]:
    """End as SIGPIPE would; click exits with 1, which says "a cell failed" or "regressed"."""
    try:
        yield
    except BrokenPipeError:
        raise click.exceptions.Exit(_BROKEN_PIPE) from None


class _Stopped(UserError):
    """Ctrl-C; the line says what is kept, where something is."""

    exit_code = 130


def _refuse_empty_values(command: click.Command, arguments: list[str]) -> None:
    """Raise UserError for ``--option ""``: a shell's variable that is not set, never a choice.

    Taken as not given, it would train or judge something else than what was meant.
    """
    takes_value = _options_with_values(command)
    for option, value in itertools.pairwise([*arguments, "--"]):
        word, equals, same = option.partition("=")
        if word in takes_value and not (same if equals else value):
            raise UserError(
                f"{word} is given an empty text (a variable that is not set?); "
                f"give a value, or leave {word} out"
            )


def _options_with_values(command: click.Command) -> set[str]:
    own = (option for option in command.params if isinstance(option, click.Option))
    words = {word for option in own if not option.is_flag for word in option.opts}
    if isinstance(command, click.Group):
        return words.union(*map(_options_with_values, command.commands.values()))
    return words


def _in_order() -> dict[str, Plugin]:
    """Return the verbs as the help lists them."""
    found = _VERBS.entries()
    known = {name: found[name] for name in _ORDER if name in found}
    return known | {name: found[name] for name in sorted(found.keys() - known.keys())}


@click.group(cls=_LazyVerbs, context_settings=_SETTINGS)
@click.version_option(package_name="ninetynine", prog_name="bench")
def bench() -> None:
    """Train Keras image classifiers under fixed seeds and compare them honestly.

    Start with `bench run`: every model on a small embedded dataset, in about a minute.
    Exit codes: 0 done, 1 a cell failed, 2 a mistake in what was asked (one line says which),
    70 a fault of the suite itself; bench check has more, see its help.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a user's mistake is one line on standard error and exit code 2."""
    _open_closed_streams()
    _write_whatever_the_encoding()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        code = _BROKEN_PIPE
    _let_go_of_closed_pipes()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        code = bench.main(arguments, prog_name="bench", standalone_mode=False)
    except UserError as error:
        return _fail(
            str(error), error.exit_code, error if {"-v", "--verbose"} & {*arguments} else None
        )
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "bench"
        return _fail(f"{error.format_message()} (see {where} --help)", 2)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", 130)
    except BrokenPipeError:
        raise
    except OSError as error:
        if not is_disk_full(error):
            return _fault()
        return _fail(f"nothing more can be written: {outside_fault(error)}", 2)
    except Exception:
        return _fault()
    return code if isinstance(code, int) else 0


def _fault() -> int:
    """Show what went wrong in the suite itself, inside ``except``, and return its exit code."""
    traceback.print_exc()
    return _FAULT  # not Python's own 1, which says "a cell failed" or "regressed"


def _open_closed_streams() -> None:
    """Have what is closed (``>&-``, a daemon's) go nowhere.

    A record's file must not be opened as standard error, which TensorFlow writes to.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8"))


def _write_whatever_the_encoding() -> None:
    """Let standard streams write a replacement for what their encoding lacks, and never raise."""
    codecs.register_error("ninetynine.plain", _in_plain_characters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ninetynine.plain")


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    """Return what is written instead: plain signs, else JSON's escapes, so that JSON stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    units = text.encode("utf-16-be", "surrogatepass")
    pairs = (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in pairs), error.end


def _let_go_of_closed_pipes() -> None:
    """Have Python's last flush go nowhere where nobody reads; it would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # a full disk was told before
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _fail(message: str, code: int, error: UserError | None = None) -> int:
    if error is not None:
        traceback.print_exception(error.__cause__ or error)
    with suppress(OSError):  # where nobody can be told, the code still says it
        print(f"bench: {one_line(message)}", file=sys.stderr, flush=True)
    return code
