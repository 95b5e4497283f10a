"""What the installed Keras offers, read from its source: to import it would take seconds.

A recipe names an optimizer by its module, ``schedule_free_adamw``, a schedule or a loss by its
class in snake case, ``exponential_decay``.  Where no Keras is found, nothing is known, and names
are checked when Keras is there.
"""

import ast
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Area = Literal["optimizers", "optimizers.schedules", "losses"]
REQUIRED = object()  # the default of an argument that has none


@dataclass(frozen=True)
class Offer:
    """A class of Keras: where it is, and its arguments with their defaults, in their order."""

    module: str
    class_name: str
    arguments: Mapping[str, Any]


@cache
def offers(area: Area) -> Mapping[str, Offer]:
    """Return word -> what Keras offers in ``area``; empty where no Keras is found."""
    root = _keras()
    if root is None:
        return {}
    found: dict[str, Offer] = {}
    for node in ast.parse((root / area.replace(".", "/") / "__init__.py").read_text()).body:
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("keras.src."):
            continue
        module = str(node.module)
        source = _text(root / f"{module.removeprefix('keras.').replace('.', '/')}.py")
        for name in (alias.name for alias in node.names if alias.name[0].isupper()):
            arguments = _arguments(source, name)
            if arguments is not None:
                word = module.rpartition(".")[2] if area == "optimizers" else _snake_case(name)
                found.setdefault(word, Offer(f"keras.{area}", name, arguments))
    return found


@cache
def _keras() -> Path | None:
    try:
        spec = importlib.util.find_spec("keras")
    except (ImportError, ValueError):
        return None
    folders = spec.submodule_search_locations if spec is not None else None
    root = Path(next(iter(folders))) if folders else None
    return root if root is not None and (root / "optimizers/__init__.py").is_file() else None


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _arguments(source: str, class_name: str) -> dict[str, Any] | None:
    """Return the arguments of a class's ``__init__``, which alone are parsed of its file."""
    start = re.search(rf"^class {class_name}\b", source, re.MULTILINE)
    if start is None:
        return None
    end = re.compile(r"^class ", re.MULTILINE).search(source, start.end())
    inside = source[start.start() : end.start() if end else None]
    written = re.search(r"^    def __init__\((.*?)\):\n", inside, re.DOTALL | re.MULTILINE)
    if written is None:
        return None
    (function,) = ast.parse(f"def f({written[1]}): pass").body
    assert isinstance(function, ast.FunctionDef)
    names = [argument.arg for argument in function.args.args[1:]]
    defaults = [_value(default) for default in function.args.defaults]
    return dict(zip(names, [REQUIRED] * (len(names) - len(defaults)) + defaults, strict=True))


def _value(default: ast.expr) -> Any:
    try:
        return ast.literal_eval(default)
    except ValueError:
        return None


def _snake_case(name: str) -> str:
    parts = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parts).lower()
