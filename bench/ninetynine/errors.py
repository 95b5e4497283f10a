"""A user's mistake: one line that says what, where and what to do."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend; the command prints it on one line and exits with 2."""

    exit_code = 2


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what is kept; whoever does not catch it is interrupted as ever."""

    def __init__(self, kept: str) -> None:
        super().__init__(f"interrupted: {kept}; run the same command again to go on")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what ``name`` may have meant: ``"; did you mean 'x'?"``, or all choices."""
    choices = sorted(known)
    within = [choice for choice in choices if name and name.lower() in choice.lower()]
    # A misspelling keeps most letters; below 0.5 the "nearest" name is a guess that misleads.
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    if close or within:
        return f"; did you mean {(close or within)[0]!r}?"
    return f"; choose from: {', '.join(choices)}" if choices else ""
