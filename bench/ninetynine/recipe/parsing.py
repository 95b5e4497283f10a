"""Plain data, checked once: a complaint is one line that says what was found and expected."""

from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ninetynine.errors import UserError, nearest

Model = TypeVar("Model", bound=BaseModel)


def unset(value: object) -> object:
    """Return ``value``, None for "none": TOML has no null, so a suite unsets a key by the word."""
    return None if value == "none" else value


class Strict(BaseModel):
    """Plain data that is checked as it is: nothing converted, nothing unknown, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def number(default: float, low: float, high: float, description: str) -> Any:
    """Return a field for a number from ``low`` to ``high``."""
    return Field(default, ge=low, le=high, description=description)


# Pydantic's context for what a record holds: it may name what is not installed here.
STORED = {"stored": True}


def parse(
    model: type[Model], data: object, where: str, noun: str, context: dict[str, Any] | None = None
) -> Model:
    """Return ``data`` as ``model``; raise UserError with its first complaint on one line."""
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        complaints = error.errors(include_url=False)
    # An unknown key first: a misspelt "epochs" is missing too, but that is not what to mend.
    complaints.sort(key=lambda complaint: complaint["type"] != "extra_forbidden")
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    raise UserError(f"{where}: {_complaint(model, complaints[0], noun)}{more}")


def _complaint(model: type[BaseModel], error: ErrorDetails, noun: str) -> str:
    path = [str(piece) for piece in error["loc"]]
    name = f"{noun} key {'.'.join(path)!r}"
    fields = _fields_at(model, path)
    fields_above = {**model.model_fields, **fields}  # an item of a list has no name of its own
    field = next((fields_above[p] for p in reversed(path) if p in fields_above), None)
    expected = (field.description or "") if field is not None else ""
    match error["type"]:
        case "extra_forbidden":
            return f"unknown {name}{nearest(path[-1], fields)}"
        case "missing":
            return f"{name} is missing; expected {expected}"
        case "value_error":
            return f"{name}: {error['ctx']['error']}" if path else str(error["ctx"]["error"])
        case _ if not path:
            return f"{error['input']!r} is no {noun}; expected a table of keys and values"
        case _:
            return f"{name} is {error['input']!r}; expected {expected}"


def _fields_at(model: type[BaseModel], path: list[str]) -> dict[str, Any]:
    """Return the fields of the table that the last piece of ``path`` is in."""
    for piece in path[:-1]:
        found = model.model_fields.get(piece)
        kinds = (found.annotation, *get_args(found.annotation)) if found is not None else ()
        inner = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        if not inner:
            break
        model = inner[0]
    return model.model_fields


def plain(value: Any) -> Any:
    """Return ``value`` with sorted keys and with 1.0 as 1: equal data must hash equally."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def in_words(value: Any) -> str:
    """Return a recipe's value in words, a table as ``adam(learning_rate=0.01)``."""
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return " then ".join(map(in_words, value))
    if not isinstance(value, dict):
        return str(value)
    rest = [f"{key}={item}" for key, item in value.items() if key != "name"]
    name = str(value.get("name", ""))
    return f"{name}({', '.join(rest)})" if rest else name
