"""What other evaluation tools write: lm-evaluation-harness, Inspect, SWE-bench.

Each reader makes rows of a file: one dict a row, with the names of a table's columns.
"""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError, nearest

Row = dict[str, Any]

# lm-evaluation-harness names them so, and a run's results with the same time.
_SAMPLES = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?")
# What a line of samples holds beside its metrics.
_NO_METRIC = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter"}
_NO_METRIC |= {"metrics", "doc_hash", "prompt_hash", "target_hash"}
# Inspect's letters, as its `value_to_float` takes them.
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_LARGEST_LOG = 4 * 2**30  # bytes, unpacked
_SWE_BENCH_LISTS = (
    *("resolved_ids", "unresolved_ids", "submitted_ids", "completed_ids", "error_ids"),
    *("empty_patch_ids", "incomplete_ids"),
)
_SWE_BENCH_RESULTS = ("resolved", "no_generation", "no_logs", "generated", "with_logs", "applied")


def is_lm_eval(line: Any) -> bool:
    """Return whether a line of JSON is a sample of lm-evaluation-harness."""
    return isinstance(line, dict) and "doc_id" in line and "filtered_resps" in line


def lm_eval_rows(
    path: Path, lines: Sequence[Mapping[str, Any]], name: str | None, metric: str | None
) -> Iterator[Row]:
    """Yield the rows of ``samples_TASK_TIME.jsonl``, which lies in a folder called as its model.

    Of several filters the first in the file counts, unless ``metric`` is ``METRIC,FILTER``.
    """
    called = _SAMPLES.fullmatch(path.stem)
    wanted, _, filter_ = (metric or "").partition(",")
    filters = list(dict.fromkeys(str(line.get("filter", "none")) for line in lines))
    if filter_ and filter_ not in filters:
        raise UserError(f"{path}: no filter is called {filter_!r}{nearest(filter_, filters)}")
    taken = [line for line in lines if str(line.get("filter", "none")) == (filter_ or filters[0])]
    model = name or path.resolve().parent.name.replace("__", "/", 1)
    for line in taken:
        told = line.get("metrics")
        known = told if isinstance(told, list) else [key for key in line if key not in _NO_METRIC]
        numeric = [key for key in known if isinstance(line.get(key), int | float)]
        chosen = wanted or (numeric[0] if numeric else "")
        if chosen not in numeric:
            raise UserError(
                f"{path}: item {line['doc_id']} has no number called {chosen!r}"
                f"{nearest(chosen, numeric)}; expected a metric that is one of an item (--metric)"
            )
        yield {
            "model": model,
            "item": line["doc_id"],
            "score": float(line[chosen]),
            "dataset": called["task"] if called else path.stem,
        }


def inspect_zip_rows(path: Path, name: str | None, metric: str | None) -> Iterator[Row]:
    """Yield the rows of an ``.eval`` log, a zip of JSON files."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if sum(info.file_size for info in archive.infolist()) > _LARGEST_LOG:
                raise UserError(f"{path}: unpacks to more than 4 GiB; expected an Inspect log")
            heads = ("header.json", "_journal/start.json", "start.json")
            head = next((head for head in heads if head in names), None)
            if head is None:
                raise UserError(f"{path}: no header.json in it; expected an Inspect log (.eval)")
            whole = next((s for s in ("summaries.json", "summary.json") if s in names), None)
            if whole is not None:
                samples = json.loads(archive.read(whole))
            else:
                parts = sorted(n for n in names if re.fullmatch(r"samples/[^/]+\.json", n))
                samples = [json.loads(archive.read(part)) for part in parts]
            log = {**json.loads(archive.read(head)), "samples": samples}
    except (zipfile.BadZipFile, NotImplementedError, json.JSONDecodeError, OSError) as error:
        raise UserError(
            f"{path}: not a log that can be read ({error}); expected an Inspect log, or write it "
            "as JSON: inspect log convert --to json"
        ) from error
    yield from inspect_rows(path, log, name, metric)


def inspect_rows(
    path: Path, log: Mapping[str, Any], name: str | None, metric: str | None
) -> Iterator[Row]:
    """Yield the rows of an Inspect log; an epoch is a seed.

    ``metric`` is a scorer's name, or ``SCORER,KEY`` where it gives several values.
    """
    scorer, _, key = (metric or "").partition(",")
    told = log.get("eval")
    spec: Mapping[str, Any] = told if isinstance(told, dict) else {}
    samples = log.get("samples")
    if not isinstance(samples, list) or not all(isinstance(s, dict) for s in samples):
        raise UserError(f"{path}: has no samples; expected an Inspect log with samples in it")
    for sample in samples:
        scores = sample.get("scores") or {}
        if not isinstance(scores, dict) or not scores:
            continue  # it ended with an error: the item is missing for this model
        chosen = scorer or next(iter(scores))
        if chosen not in scores:
            raise UserError(
                f"{path}: no scorer is called {chosen!r}{nearest(chosen, map(str, scores))}"
            )
        score = scores[chosen]
        value = score.get("value") if isinstance(score, dict) else score
        yield {
            "model": name or spec.get("model") or path.stem,
            "item": sample.get("id"),
            "score": _inspect_value(path, chosen, key, value),
            "seed": sample.get("epoch", 1),
            "dataset": spec.get("task") or path.stem,
        }


def _inspect_value(path: Path, scorer: str, key: str, value: Any) -> Any:
    if isinstance(value, dict):
        if key not in value:
            raise UserError(
                f"{path}: scorer {scorer!r} gives several values{nearest(key, map(str, value))}; "
                f"expected one of them: --metric {scorer},KEY"
            )
        value = value[key]
    if isinstance(value, str):
        known = _LETTERS.get(value, _WORDS.get(value.lower()))
        return value if known is None else known
    return value


def is_swe_bench(content: Any) -> bool:
    """Return whether JSON is a report or a list of results of SWE-bench."""
    return isinstance(content, dict) and (
        isinstance(content.get("resolved_ids"), list) or isinstance(content.get("resolved"), list)
    )


def swe_bench_rows(path: Path, content: Mapping[str, Any], name: str | None) -> Iterator[Row]:
    """Yield the rows of a report ``MODEL.RUN.json``, or of a ``results.json`` of the leaderboard.

    An item that is in a list, and not among those resolved, is wrong.  The items' groups are their
    repositories.
    """
    is_report = isinstance(content.get("resolved_ids"), list)
    lists = _SWE_BENCH_LISTS if is_report else _SWE_BENCH_RESULTS
    resolved = set(content["resolved_ids" if is_report else "resolved"])
    found = dict.fromkeys(item for key in lists for item in _items(path, content, key))
    folder = path.resolve().parent
    folder = folder.parent if folder.name == "results" else folder
    own = path.name.partition(".")[0].replace("__", "/", 1) if is_report else folder.name
    for item in found:
        yield {
            "model": name or own,
            "item": item,
            "score": float(item in resolved),
            "group": item.rpartition("-")[0] or item,
            "dataset": "SWE-bench",
        }


def _items(path: Path, content: Mapping[str, Any], key: str) -> Iterable[str]:
    listed = content.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise UserError(f"{path}: {key!r} is no list of instances; expected a SWE-bench report")
    return listed
