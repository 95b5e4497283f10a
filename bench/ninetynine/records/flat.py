"""A record as one flat row: what a table of records has as its columns.

The columns follow from the schema, so that a field that it gains is a column, too.
"""

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from ninetynine.records.schema import Record

Kind = Literal["string", "int64", "double", "bool", "json"]
_PREFIXES = {name: f"{name}_" for name in ("machine", "failure", "history", "together")}
_KINDS: dict[Any, Kind] = {str: "string", int: "int64", float: "double", bool: "bool"}


@dataclass(frozen=True)
class Column:
    """One value of a record, a list of them, or (``each``) one of each entry of a list of tables.

    ``path`` leads to it; what is of kind "json" is kept as the JSON text of a table.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind
    is_list: bool
    each: bool
    may_lack: bool  # has a value of its own where none is given
    later: bool  # older tables of records lack it


@cache
def columns() -> tuple[Column, ...]:
    """Return the columns of a record in the order of its schema."""
    return tuple(_columns(Record, (), "", False))


@cache
def _tables() -> tuple[tuple[str, ...], ...]:
    """Return the paths of all tables of a record, the inner ones first."""
    found = {c.path[:i] for c in columns() if not c.each for i in range(1, len(c.path))}
    return tuple(sorted(found, key=lambda path: (-len(path), path)))


def _columns(
    table: type[BaseModel], path: tuple[str, ...], prefix: str, each: bool
) -> Iterator[Column]:
    for name, field in table.model_fields.items():
        kind = _plain(field.annotation)
        inner = _plain(get_args(kind)[0]) if get_origin(kind) is list else None
        part = kind if inner is None else inner
        here = (*path, name)
        if isinstance(part, type) and issubclass(part, BaseModel):
            below = f"{name}_" if path == ("scores",) else _PREFIXES.get(name, "")
            yield from _columns(part, here, below, inner is not None)
        else:
            found = "json" if get_origin(part) is dict else _KINDS.get(part, "string")
            may_lack = not field.is_required() and field.default is not None
            later = name in getattr(table, "LATER", ()) or here[:2] == ("cell", "together")
            yield Column(prefix + name, here, found, inner is not None, each, may_lack, later)


def _plain(annotation: Any) -> Any:
    """Return a type without its constraints, and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        (only,) = (part for part in get_args(annotation) if part is not type(None))
        return _plain(only)
    return annotation


def flatten(record: Record) -> dict[str, Any]:
    """Return the values of ``record`` by the names of the columns; None where there is none."""
    content = json.loads(record.model_dump_json())
    return {column.name: _value(content, column) for column in columns()}


def _value(content: Any, column: Column) -> Any:
    *tables, name = column.path
    for table in tables:
        content = content.get(table)
        if content is None:
            return None
    if column.each:
        values = [entry[name] for entry in content]
        return None if set(values) <= {None} else values
    value = content.get(name)
    if column.is_list:
        return value or None
    return json.dumps(value) if column.kind == "json" and value is not None else value


def unflatten(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the record that was flattened to ``row``, as JSON has it.

    Raises ValueError and RecursionError for what was no record.
    """
    content: dict[str, Any] = {}
    for column in columns():
        value = row.get(column.name)
        if column.each:
            entries = content.setdefault(column.path[0], [{} for _ in value or []])
            values = value or [None] * len(entries)
            for entry, item in zip(entries, values, strict=True):
                entry[column.path[1]] = item
        elif value is None and column.may_lack:
            continue
        else:
            read = json.loads(value) if value and column.kind == "json" else value
            _set(content, column.path, read)
    for *above, name in _tables():
        holder = content
        for table in above:
            holder = holder[table]
        if all(value is None for value in holder[name].values()):
            holder[name] = None  # nothing of this table is known: it was not there
    return content


def _set(content: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *tables, name = path
    for table in tables:
        content = content.setdefault(table, {})
    content[name] = value
