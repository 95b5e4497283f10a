"""Values of a table, of whatever type a file or a frame has: as texts, and as numbers."""

import math
import unicodedata
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import UserError, one_line, shown

_RIGHT = dict.fromkeys(("true", "t", "yes", "y", "right", "correct"), 1.0)
_RIGHT |= dict.fromkeys(("pass", "passed", "wahr", "ja"), 1.0)
_RIGHT |= dict.fromkeys(("false", "f", "no", "n", "wrong", "incorrect"), 0.0)
_RIGHT |= dict.fromkeys(("fail", "failed", "falsch", "nein"), 0.0)


def is_missing(value: Any) -> bool:
    """Return whether a cell is empty: None, no text, NaN, or what pandas has in place of them."""
    if value is None or isinstance(value, str):
        return not (value or "").strip()
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA says neither yes nor no
        return True
    except ValueError:  # an array
        return False


def texts(values: Sequence[Any], name: str, where: str) -> tuple[NDArray[np.intp], list[str]]:
    """Return the texts in a column, in their order of appearance, and the number of each row's.

    Numbers that are whole have no decimals; letters that look alike are alike (NFC), and what is
    shown as a name is on one line.  Raises UserError where a value is missing, or none of these.
    """
    seen: dict[Any, int] = {}  # of values as they are: a text is made once, however often it is
    codes: dict[str, int] = {}
    found = np.empty(len(values), dtype=np.intp)
    for row, value in enumerate(values):
        key: Any = value if isinstance(value, str) else (type(value), value)
        if isinstance(value, tuple) or not isinstance(value, Hashable):
            key = None  # never seen: `_text` refuses it
        code = seen.get(key)
        if code is None:
            text = _text(value, name, f"{where}: row {row + 1}")
            code = seen[key] = codes.setdefault(text, len(codes))
        found[row] = code
    return found, list(codes)


def _text(value: Any, name: str, where: str) -> str:
    if is_missing(value):
        raise UserError(f"{where}: no {name}; expected a text or a number")
    if not isinstance(value, Hashable) or isinstance(value, bytes | tuple):
        raise UserError(f"{where}: {name} is {shown(value)}; expected a text or a number")
    text = str(value).strip()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        text = str(int(value))
    text = unicodedata.normalize("NFC", text)
    return text if name == "item" else one_line(text)


def numbers(values: Sequence[Any], is_right: bool) -> tuple[NDArray[np.float64], int | None]:
    """Return the values as numbers, right and wrong as 1 and 0, and the first row that is none."""
    seen: dict[str, float | None] = {}  # of texts, of which there are few
    found = np.empty(len(values))
    for row, value in enumerate(values):
        if isinstance(value, str):
            if value not in seen:
                seen[value] = _number(value, is_right)
            number = seen[value]
        else:
            number = _number(value, is_right)
        if number is None:
            return found, row
        found[row] = number
    return found, None


def _number(value: Any, is_right: bool) -> float | None:
    if is_right and (known := _RIGHT.get(str(value).strip().lower())) is not None:
        return known
    if is_missing(value) or (isinstance(value, str) and "_" in value):  # 1_0 is Python's own
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if is_right:
        return number if number in (0.0, 1.0) else None
    return number if math.isfinite(number) else None
