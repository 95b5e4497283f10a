"""Grids: rows that vary one model, as tables with lists in them or as a name with values in it.

A list in a table makes a row for each of its values, several lists one for each combination.  A row
is called by what varies, ``wide_net[learning_rate=0.01,units=512]``: keys in alphabetical order,
numbers as short as they can be, text bare where nothing else reads like it.  The same text asks for
rows: ``wide_net[optimizer=sgd,adam,units=256,512]`` are four, since a piece without ``=`` is one
more value of the key before it.
"""

import copy
import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ninetynine.errors import UserError
from ninetynine.recipe import plain, vocabulary

_NAME_AND_VALUES = re.compile(r"([\w.+-]+)\[(.*=.*)\]")
_KEY_AND_VALUE = re.compile(r"\s*([A-Za-z_]\w*)\s*=(.*)")
_MOST_ROWS = 10_000
_BARE = re.compile(r"[^\s\[\]{}\"'#,=]+")


@dataclass(frozen=True)
class GridRow:
    """One row of a grid: its name, and the tables with the values that it has of their lists."""

    name: str
    recipe: dict[str, Any]
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """The rows that a text such as ``net[learning_rate=0.1,0.01]`` asks for."""

    base: str
    values: dict[str, list[Any]]  # at least one of each key

    def rows(self) -> list[GridRow]:
        """Return a row for each combination; a key that no recipe has is an argument of build."""
        _check_number(self.values.values(), self.base)
        rows, words = [], vocabulary()
        for combination in product(*self.values.values()):
            found = dict(zip(self.values, combination, strict=True))
            recipe = {key: value for key, value in found.items() if key in words}
            arguments = {key: value for key, value in found.items() if key not in words}
            rows.append(GridRow(row_name(self.base, found), recipe, arguments))
        return rows

    def chosen_from(self, names: Iterable[str]) -> list[str]:
        """Return those of ``names`` that are rows of the grid with values that are asked for.

        A key that is not asked for may have any value.  Empty where some value has no row.
        """
        wanted = {key: {_text(value) for value in values} for key, values in self.values.items()}
        found: dict[str, dict[str, set[str]]] = {}
        for name in names:
            row = asked(name)
            if row is not None and row.base == self.base:
                texts = {key: {_text(value) for value in row.values[key]} for key in row.values}
                if all(texts.get(key, set()) & values for key, values in wanted.items()):
                    found[name] = texts
        seen = {key: {text for row in found.values() for text in row[key]} for key in wanted}
        return list(found) if seen == wanted else []


def asked(text: str) -> Asked | None:
    """Return the rows that ``text`` asks for; None where it is no name with values in brackets.

    Raises UserError where what stands in the brackets cannot be read.
    """
    found = _NAME_AND_VALUES.fullmatch(text.strip())
    if found is None:
        return None
    values: dict[str, list[Any]] = {}
    key = ""
    for piece in pieces(found[2], text):
        begins = _KEY_AND_VALUE.fullmatch(piece)
        if begins:
            key, piece = begins[1], begins[2]
            if key in values:
                raise UserError(f"{text}: {key} is there twice; write {key}=one,another")
        if not key or not piece.strip():
            raise UserError(f"{text}: expected key=value, and further values after commas")
        values.setdefault(key, []).append(_value(piece.strip(), f"{text}: {key}"))
    return Asked(found[1], values)


def expand(
    name: str, recipe: Mapping[str, Any], arguments: Mapping[str, Any], where: str
) -> list[GridRow]:
    """Return a row for each combination of the lists in the two tables; empty without lists.

    Lists in the tables of a recipe count, lists in an argument's value do not: an argument that
    is a list itself stands in one more list.  Raises UserError where a list is empty or two keys
    would be called the same.
    """
    leaves = [*_lists("recipe", recipe), *_lists("arguments", arguments)]
    keys = [key for key, _, _ in leaves]
    if len(set(keys)) < len(keys):
        double = next(key for key in keys if keys.count(key) > 1)
        raise UserError(f"{where}: the grid has two keys that are called {double!r}; vary one")
    for key, _, values in leaves:
        if not values:
            raise UserError(f"{where}: {key} is an empty list; expected a value for each row")
    _check_number([values for _, _, values in leaves], where)
    rows: list[GridRow] = []
    for combination in product(*(values for _, _, values in leaves)):
        tables = copy.deepcopy({"recipe": dict(recipe), "arguments": dict(arguments)})
        for (_, path, _), value in zip(leaves, combination, strict=True):
            _set(tables, path, value)
        named = row_name(name, dict(zip(keys, combination, strict=True)))
        if any(row.name == named for row in rows):
            raise UserError(
                f"{where}: two rows of the grid are called {named}; vary what differs by its own "
                "key, such as learning_rate = [0.1, 0.01]"
            )
        rows.append(GridRow(named, tables["recipe"], tables["arguments"]))
    return rows if leaves else []


def row_name(base: str, values: Mapping[str, Any]) -> str:
    """Return the name of the row of ``base`` with ``values``."""
    return f"{base}[{','.join(f'{key}={_text(values[key])}' for key in sorted(values))}]"


def check_plain(value: object, where: str) -> None:
    """Raise UserError for what JSON cannot hold as it is."""
    if isinstance(value, dict):
        for key, item in value.items():
            check_plain(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            check_plain(item, where)
    elif not isinstance(value, str | bool | int) and not (
        isinstance(value, float) and math.isfinite(value)
    ):
        raise UserError(f"{where} is {value}; expected numbers, text, true, false, lists or tables")


def _check_number(values: Iterable[Sequence[Any]], where: str) -> None:
    number = math.prod(map(len, values))
    if number > _MOST_ROWS:
        raise UserError(f"{where}: the grid has {number:,} rows, more than {_MOST_ROWS:,}")


def _lists(table: str, content: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Yield the name, the path and the values of each list."""
    for key, value in content.items():
        if isinstance(value, list) and not _is_one_value(table, key, value):
            yield key, (table, key), value
        elif table == "recipe" and isinstance(value, dict):
            for inner, item in value.items():
                if isinstance(item, list):  # an optimizer's name is the optimizer
                    yield key if inner == "name" else inner, (table, key, inner), item


def _is_one_value(table: str, key: str, value: list[Any]) -> bool:
    """Return whether a list is a recipe's phases, which are a list themselves."""
    return table == "recipe" and key == "phases" and not any(isinstance(v, list) for v in value)


def _set(tables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        tables = tables[key]
    tables[path[-1]] = value


def _text(value: Any, bare: bool = True) -> str:
    """Return a value as it stands in a row's name; a table with a name is called by it.

    Text inside lists and tables is not ``bare``, so that they are TOML's.
    """
    if isinstance(value, dict):
        if isinstance(value.get("name"), str):
            return _text(value["name"], bare)
        return f"{{{','.join(f'{key}={_text(item, False)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(_text(item, False) for item in value)}]"
    if bare and isinstance(value, str) and _BARE.fullmatch(value) and not _is_toml(value):
        return value
    return json.dumps(plain(value), ensure_ascii=False)


def _value(text: str, where: str) -> Any:
    """Return the value that is written as ``text``, as TOML has it, or bare text."""
    if _is_toml(text):
        value = plain(tomllib.loads(f"value = {text}")["value"])
        if isinstance(value, dict) and "name" in value:
            raise UserError(f"{where} is a table with a name; write its keys one by one")
        return value
    if not _BARE.fullmatch(text):
        raise UserError(f'{where} is {text}; expected a number, text or "quoted text"')
    return text


def _is_toml(text: str) -> bool:
    """Return whether ``text`` is a number, a quoted text, true, false, a list or a table."""
    try:
        check_plain(tomllib.loads(f"value = {text}")["value"], text)
    except (ValueError, RecursionError, UserError):  # also digits or brackets beyond all measure
        return False
    return True


def pieces(text: str, whole: str) -> list[str]:
    """Return what stands between the commas of ``text`` that are in no quotes and no brackets."""
    pieces, depth, quote = [""], 0, ""
    for before, character in zip(f" {text}", text, strict=False):
        if quote:
            quote = "" if character == quote and before != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        if character == "," and not depth and not quote:
            pieces.append("")
        else:
            pieces[-1] += character
    if depth or quote:
        raise UserError(f"{whole}: its brackets or quotes do not close")
    return pieces
