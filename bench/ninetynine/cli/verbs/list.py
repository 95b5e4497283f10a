"""List architectures, datasets or suites."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from ninetynine.cli import options
from ninetynine.errors import UserError, nearest

_KINDS = ("architectures", "datasets", "suites", "columns", "measures")


@click.command("list")
@click.argument("kind", default="architectures", metavar=f"[{'|'.join(_KINDS)}]")
@options.architecture_files
@options.as_json
@options.verbose
def command(kind: str, architecture_files: tuple[Path, ...], as_json: bool) -> None:
    """List architectures (with parameters, source, published claims), datasets, suites, columns,
    measures."""
    if kind not in _KINDS:
        raise UserError(f"nothing to list is called {kind!r}{nearest(kind, _KINDS)}")
    rows = _architectures(architecture_files) if kind == "architectures" else _ROWS[kind]()
    if as_json:
        options.print_json(rows)
        return
    shown = [
        {k.replace("_", " "): _cell(v) for k, v in row.items() if k not in _ONLY_IN_JSON}
        for row in rows
    ]
    click.echo(tabulate(shown, headers="keys", tablefmt="simple", maxcolwidths=34, intfmt=","))


# Too long for a table; `bench show` and --json have them.
_ONLY_IN_JSON = ("path", "fingerprint", "recipe", "arguments", "origin", "ensembles")


def _architectures(files: tuple[Path, ...]) -> list[dict[str, Any]]:
    from ninetynine import suite

    return [
        {
            "name": found.name,
            "variant_of": found.base or None,
            "parameters": found.parameters,
            "summary": found.summary,
            "source": found.source,
            "claims": [claim.model_dump() for claim in found.claims],
            "origin": found.origin,
            "path": str(found.path),
            "recipe": {} if found.trains_itself else found.recipe.canonical(),
            "arguments": dict(found.arguments),
        }
        for found in suite.discover(files).values()
    ]


def _datasets() -> list[dict[str, Any]]:
    from ninetynine.datasets import known

    return [
        {
            "name": info.name,
            "description": info.description,
            "classes": info.num_classes,
            "train": info.train_length,
            "test": info.test_length,
            "licence": info.license,
            "source": info.source,
            "fingerprint": info.fingerprint,
            "origin": info.origin,
        }
        for info in known().values()
    ]


def _suites() -> list[dict[str, Any]]:
    from ninetynine import suite

    rows = []
    for name in suite.built_in():
        found = suite.load(name)
        rows.append(
            {
                "name": name,
                "description": found.description,
                "dataset": found.dataset,
                "architectures": list(found.architectures),
                "seeds": list(found.seeds),
                "ensembles": [ensemble.name for ensemble in found.ensembles],
                "path": str(found.path),
                "recipe": found.recipe,
            }
        )
    return rows


def _described(module: str) -> list[dict[str, Any]]:
    return [dict(row) for row in import_module(module).describe()]


_ROWS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "datasets": _datasets,
    "suites": _suites,
    "columns": partial(_described, "ninetynine.report.columns"),
    "measures": partial(_described, "ninetynine.measures"),
}


def _cell(value: Any) -> Any:
    """Return ``value`` as a table shows it: claims a line each, lists on one line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "\n".join(_claim(claim) for claim in value)
    if isinstance(value, list):
        is_run = len(value) > 2 and value == list(range(len(value)))
        return f"{value[0]}-{value[-1]}" if is_run else ", ".join(map(str, value))
    return value


def _claim(claim: dict[str, Any]) -> str:
    from ninetynine.report import formatting

    metric, value, digits = claim["metric"], claim["value"], claim["digits"]
    if metric.endswith("accuracy"):
        shown = f"{formatting.percent(value, digits - 2)}%"
    else:
        shown = formatting.number(value, digits)
    return f"{claim['id']} {metric.replace('_', ' ')} {shown}"
