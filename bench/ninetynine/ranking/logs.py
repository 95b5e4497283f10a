"""What other evaluation tools write: lm-evaluation-harness and Inspect.

Each reader makes rows of a file: one dict a row, with the names of a table's columns.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError, nearest

Row = dict[str, Any]

# lm-evaluation-harness names them so, and a run's results with the same time.
_SAMPLES = re.compile(r"samples_(?P<task>.+?)(?:_(?P<time>\d{4}-\d\d-\d\dT[\d.:-]+))?")
# What a line of samples holds beside its metrics.
_NO_METRIC = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter"}
_NO_METRIC |= {"metrics", "doc_hash", "prompt_hash", "target_hash"}
# Of these it says itself that less is better; of others the results beside the samples do.
_LOWER_IS_BETTER = {"perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte"}
_LOWER_IS_BETTER |= {
    "brier_score",
    "ter",
    "wer",
    "cer",
    "loss",
    "likelihood_diff",
    "pct_stereotype",
}
# Inspect's letters, as its `value_to_float` takes them.
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
# A zip that is damaged, cut off, locked, or packed as this Python cannot unpack.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
_LARGEST_LOG = 4 * 2**30  # bytes, unpacked


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
    lower = _LOWER_IS_BETTER | _told_lower(path, called)
    for line in taken:
        told = line.get("metrics")
        known = told if isinstance(told, list) else [key for key in line if key not in _NO_METRIC]
        numeric = [key for key in known if isinstance(line.get(key), int | float)]
        if not numeric:
            raise UserError(
                f"{path}: item {line['doc_id']} has no metric that is a number; expected one that "
                "each item has, such as acc (perplexities are of all items together)"
            )
        chosen = wanted or numeric[0]
        if chosen not in numeric:
            raise UserError(
                f"{path}: item {line['doc_id']} has no number called {chosen!r}"
                f"{nearest(chosen, numeric)}; expected a metric that is one of an item (--metric)"
            )
        if chosen in lower:
            raise UserError(
                f"{path}: of {chosen} less is better, and rank takes more for better; choose "
                "another --metric, or rank a table of these scores with their sign changed"
            )
        yield {
            "model": model,
            "item": line["doc_id"],
            "score": float(line[chosen]),
            # A file that is called otherwise says its task or its model, and who can tell which.
            **({} if name and not called else {"dataset": called["task"] if called else path.stem}),
        }


def _told_lower(path: Path, called: "re.Match[str] | None") -> set[str]:
    """Return the metrics of which the run's results, beside the samples, say that less is better.

    They are called as the samples are, with the same time.
    """
    if called is None or called["time"] is None:
        return set()
    try:
        results = json.loads(path.with_name(f"results_{called['time']}.json").read_bytes())
        told = results["higher_is_better"][called["task"]]
        return {str(name) for name, higher in told.items() if higher is False}
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return set()  # older versions do not tell


def inspect_zip_rows(path: Path, name: str | None, metric: str | None) -> Iterator[Row]:
    """Yield the rows of an ``.eval`` log, a zip of JSON files."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            members, there = archive.infolist(), path.stat().st_size
            if sum(info.file_size for info in members) > _LARGEST_LOG:
                raise UserError(f"{path}: unpacks to more than 4 GiB; expected an Inspect log")
            # What is packed is taken into memory as large as the file says that it is.
            if sum(info.compress_size for info in members) > there:
                raise zipfile.BadZipFile("it says that it is larger than it is")
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
            told = json.loads(archive.read(head))
            log = {**(told if isinstance(told, dict) else {}), "samples": samples}
    except (*_UNREADABLE, ValueError, RecursionError, OSError) as error:
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
        value = _inspect_value(path, chosen, key, value)
        if value is None or value != value:
            continue  # unscored, as it says itself
        yield {
            "model": name or spec.get("model") or path.stem,
            "item": sample.get("id"),
            "score": value,
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
