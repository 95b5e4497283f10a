"""A user's mistake: one line that says what, where and what to do."""

import difflib
import re
from collections.abc import Iterable

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


class UserError(Exception):
    """Something the user can mend; the command prints it on one line and exits with 2."""

    exit_code = 2


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


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what ``name`` may have meant: ``"; did you mean 'x'?"``, or all choices."""
    choices = sorted(known)
    within = [choice for choice in choices if name and name.lower() in choice.lower()]
    # A misspelling keeps most letters; below 0.5 the "nearest" name is a guess that misleads.
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    if close or within:
        return f"; did you mean {(close or within)[0]!r}?"
    return f"; choose from: {', '.join(choices)}" if choices else ""
