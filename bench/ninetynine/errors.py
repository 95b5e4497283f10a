"""A user's mistake: one line that says what, where and what to do."""

import difflib
import errno
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

# What a terminal would obey: an escape sequence (ECMA-48), whole or cut off.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colors, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # titles, links
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Other control characters, what turns the direction of writing, and what XML 1.0 or UTF-8 lacks.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_SHOWN = 40  # characters of a value
_PART, _ALIKE = 2, 0.75  # letters of a name's part; the share of letters a misspelling keeps
_TURNED = 3  # letters of a name of which two may have changed places
_MOST_CHOICES, _NEAREST = 20, 5  # that an error names; of more, the nearest


class UserError(Exception):
    """Something the user can mend; the command prints it on one line and exits with 2."""

    exit_code = 2


class TrainingFailed(Exception):
    """Why a cell has no numbers; ``words`` are what its code said last."""

    kind: Literal["diverged", "error"] = "error"

    def __init__(self, reason: str, words: str = "") -> None:
        super().__init__(reason)
        self.words = words


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what is kept; whoever does not catch it is interrupted as ever."""

    def __init__(self, kept: str) -> None:
        super().__init__(f"interrupted: {kept}; run the same command again to go on")


def printable(text: str) -> str:
    """Return ``text`` without what a terminal obeys and what XML cannot hold; lines stay."""
    return _UNPRINTABLE.sub("", _LINE_END.sub("\n", _ESCAPE.sub("", text)))


def one_line(text: str) -> str:
    """Return ``text`` printable and on one line."""
    return " ".join(printable(text).split())


def shown(value: object) -> str:
    """Return a user's value as messages quote it: in ASCII, and not at any length."""
    text = str(value)
    return ascii(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what ``name`` may have meant: ``"; did you mean 'x'?"``, or all choices.

    Of many choices, those that are most like it are named.
    """
    choices, lower = sorted(known), name.lower()
    # A part of a name is meant where it begins a word of it; fewer letters are in many.
    begins = re.compile(rf"(?:^|[^a-z0-9]){re.escape(lower)}")
    within = [c for c in choices if len(name) >= _PART and begins.search(c.lower())]
    # A misspelling keeps most letters, or changes their places; of fewer, the "nearest" name is a
    # guess that misleads: "entries" has four of the letters of "targets", in their order.
    called = {choice.lower(): choice for choice in reversed(choices)}
    turned = [c for c in called if len(c) >= _TURNED and sorted(c) == sorted(lower)]
    alike = [*turned, *difflib.get_close_matches(lower, called, cutoff=_ALIKE)]
    close = [called[choice] for choice in alike]
    if close or within:
        return f"; did you mean {(close or within)[0]!r}?"
    if name and len(choices) > _MOST_CHOICES:
        few = difflib.get_close_matches(name, choices, n=_NEAREST, cutoff=0.0)
        return f"; the nearest of {len(choices)} are: {', '.join(few)}"
    return f"; choose from: {', '.join(choices)}" if choices else ""


_MEMORY = {"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"}
_NETWORK = {"ConnectionError", "HTTPError", "SSLError", "TimeoutError", "URLError", "gaierror"}


def outside_fault(error: BaseException) -> str:
    """Return what is at fault, and what to do, where that is not the code that raised ``error``.

    That is the network, the memory, the disk, or a file that the code opens; "" for all else.
    """
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        if found := _outside_fault(one):
            return found
        seen.append(one)
        one = one.__cause__ or one.__context__
    return ""


def is_disk_full(error: OSError) -> bool:
    """Return whether there is no space left, or none that this user may take."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _outside_fault(error: BaseException) -> str:
    kinds, text = {kind.__name__ for kind in type(error).__mro__}, str(error)
    if kinds & _MEMORY or "RESOURCE_EXHAUSTED" in text:
        return "memory ran out: ask for fewer --jobs, or take a smaller model or batch_size"
    if kinds & _NETWORK or text.startswith("URL fetch failure"):
        return "the network is at fault: connect this machine, or put there what is downloaded"
    if not isinstance(error, OSError):
        return ""
    if is_disk_full(error):
        return "the disk is full: free some of it and run the command again"
    if error.filename is None and not isinstance(error, FileNotFoundError):
        return ""
    name = "a file that it opens" if error.filename is None else f"{str(error.filename)!r}"
    absolute = error.filename is not None and Path(str(error.filename)).is_absolute()
    where = "" if absolute else f" (relative paths count from {Path.cwd()})"
    return f"{name} cannot be opened: put it there, or correct its path or rights{where}"
