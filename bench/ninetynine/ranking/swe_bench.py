"""What SWE-bench writes: a report of a run, the leaderboard's lists, or a report of each instance.

Each reader makes rows of a file, as those of `logs` do.  The items' groups are their repositories.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError
from ninetynine.ranking.logs import Row

DATASET = "SWE-bench"
_LISTS = (
    *("resolved_ids", "unresolved_ids", "submitted_ids", "completed_ids", "error_ids"),
    *("empty_patch_ids", "incomplete_ids"),
)
_RESULTS = ("resolved", "no_generation", "no_logs", "generated", "with_logs", "applied")


def is_report(content: Any) -> bool:
    """Return whether JSON is a report or a list of results."""
    return isinstance(content, dict) and (
        isinstance(content.get("resolved_ids"), list) or isinstance(content.get("resolved"), list)
    )


def report_rows(path: Path, content: Mapping[str, Any], name: str | None) -> Iterator[Row]:
    """Yield the rows of a report ``MODEL.RUN.json``, or of a ``results.json`` of the leaderboard.

    An item that is in a list, and not among those resolved, is wrong.
    """
    is_of_run = isinstance(content.get("resolved_ids"), list)
    found = dict.fromkeys(
        item for key in (_LISTS if is_of_run else _RESULTS) for item in _items(path, content, key)
    )
    resolved = set(content["resolved_ids" if is_of_run else "resolved"])
    # A model's name may have dots (gpt-4.1), and so it ends at the last one.
    own = path.stem.rpartition(".")[0] or path.stem
    model = name or (own.replace("__", "/", 1) if is_of_run else _folder(path).name)
    for item in found:
        yield row_of(model, item, item in resolved)


def is_of_instances(content: Any) -> bool:
    """Return whether JSON says of each instance by its name whether it is resolved."""
    if not isinstance(content, dict) or not content:
        return False
    told = content.values()
    return all(isinstance(one, dict) and isinstance(one.get("resolved"), bool) for one in told)


def instance_rows(path: Path, content: Mapping[str, Any], name: str | None) -> Iterator[Row]:
    """Yield the rows of ``RUN/MODEL/INSTANCE/report.json``, or of a ``per_instance_details.json``.

    The files of a run are one run of the model: its name is their label.
    """
    if path.name != "report.json":
        model, run = _folder(path).name, None
    else:
        folder = path.resolve().parent.parent  # in the leaderboard's repository it is called logs
        folder = folder.parent if folder.name == "logs" else folder
        model, run = folder.name.replace("__", "/", 1), folder.parent.name
    for item, told in content.items():
        row = row_of(name or model, item, told["resolved"])
        yield row if run is None else {**row, "seed": run}


def row_of(model: str, item: str, resolved: bool) -> Row:
    """Return the row of an answer."""
    return {
        "model": model,
        "item": item,
        "score": float(resolved),
        "group": _group_of(item),
        "dataset": DATASET,
    }


def _group_of(item: str) -> str:
    """Return the repository of an instance ``OWNER__REPOSITORY-NUMBER``."""
    return item.rpartition("-")[0] or item


def _folder(path: Path) -> Path:
    """Return the folder that is called as its model."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "results" else folder


def _items(path: Path, content: Mapping[str, Any], key: str) -> Iterable[str]:
    listed = content.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise UserError(f"{path}: {key!r} is no list of instances; expected a SWE-bench report")
    return listed
