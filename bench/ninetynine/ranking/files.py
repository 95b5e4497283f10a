"""Files of answers: tables (CSV, JSON lines, Parquet), and the logs of other tools."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninetynine.arrays import check_file
from ninetynine.errors import UserError
from ninetynine.ranking import logs
from ninetynine.ranking.answers import Columns, numbers_of

_SWE_BENCH = "SWE-bench"
_LOGS = ("samples_*.jsonl", "*.eval", "results.json")  # what is looked for in a folder
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_EXPECTED = "a table of answers (.csv, .tsv, .jsonl, .parquet), or a log (.eval, .json, .jsonl)"


def read_columns(paths: Sequence[str | Path], metric: str | None = None) -> Columns:
    """Return the columns of a table, or of several files together.

    ``NAME=FILE`` names the model of a log; a folder stands for the logs below it.  Several logs of
    a model and dataset are its runs, each with a seed of its own.  Raises UserError where a file is
    neither a table nor a log.
    """
    parts = [_read(file, metric) for path in paths for file in _files_in(str(path))]
    if metric is not None and not any(isinstance(part, list) for part in parts):
        raise UserError("--metric: chooses among a log's metrics; these are tables of answers")
    if len(parts) == 1 and not isinstance(parts[0], list):
        return parts[0]
    return _joined(", ".join(Path(str(path)).name for path in paths[:3]), parts)


def _files_in(given: str) -> list[str]:
    folder = Path(given)
    if not folder.is_dir():
        return [given]
    found = sorted(str(file) for pattern in _LOGS for file in folder.rglob(pattern))
    if not found:
        raise UserError(f"{given}: no log below this folder ({', '.join(_LOGS)}); name the files")
    return found


def _read(given: str, metric: str | None) -> "Columns | list[logs.Row]":
    name, sign, rest = given.partition("=")
    named = bool(sign) and not Path(given).exists()
    path, model = (Path(rest), name) if named else (Path(given), None)
    check_file(path, _EXPECTED)
    kind = path.suffix.lower()
    try:
        if kind == ".eval":
            return list(logs.inspect_zip_rows(path, model, metric))
        if kind in (".csv", ".tsv"):
            return _table(path, _csv(path), model)
        if kind == ".parquet":
            return _table(path, _parquet(path), model)
        if kind in (".jsonl", ".ndjson"):
            return _json_lines(path, model, metric)
        if kind == ".json":
            return _json(path, model, metric)
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error}); expected {_EXPECTED}") from error
    how = "; save the sheet as CSV" if kind in (".xlsx", ".xls", ".ods") else ""
    raise UserError(f"{path}: expected {_EXPECTED}{how}")


def _table(path: Path, found: Mapping[str, list[Any]], model: str | None) -> Columns:
    """Return a table's columns; ``model`` is the name that all of its answers are given."""
    if model is None:
        return Columns.of(found, str(path))
    if any(str(name).strip().lower() == "model" for name in found):
        raise UserError(
            f"{path}: has a column model, and {model}= names another; expected one of them"
        )
    longest = max(map(len, found.values()), default=0)
    return Columns.of({**found, "model": [model] * longest}, str(path))


def _csv(path: Path) -> Mapping[str, list[Any]]:
    with io.StringIO(_text(path), newline="") as file:
        first = file.readline()
        if first.lower().startswith("sep="):  # a spreadsheet's own line
            delimiter = first.rstrip("\r\n")[4:5] or ","
        else:
            file.seek(0)
            delimiter = max("\t;,", key=first.count)
        rows = [row for row in csv.reader(file, delimiter=delimiter, strict=True) if any(row)]
    if not rows:
        raise UserError(f"{path}: is empty; expected {_EXPECTED}")
    heading, *body = rows
    for number, row in enumerate(body, 2):
        if len(row) != len(heading):
            raise UserError(
                f"{path}: line {number} has {len(row)} columns, the heading {len(heading)}"
            )
    names = Counter(name.strip().lower() for name in heading)
    if (twice := next((name for name, n in names.items() if name and n > 1), None)) is not None:
        raise UserError(f"{path}: {names[twice]} columns {twice!r}; expected one")
    found = {name: [row[place] for row in body] for place, name in enumerate(heading)}
    for name in found if delimiter != "," else ():
        if name.strip().lower() in ("correct", "score"):
            found[name] = [_with_point(value) for value in found[name]]
    return found


def _with_point(value: str) -> str:
    """Return a number with a decimal comma, which other delimiters leave room for, with a point."""
    return value.replace(",", ".") if _DECIMAL_COMMA.fullmatch(value.strip()) else value


def _text(path: Path) -> str:
    """Return what a file of text holds: UTF-8, UTF-16 that says so, or as spreadsheets save it."""
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in content:
            raise
        return content.decode("cp1252", errors="replace")


def _parquet(path: Path) -> Mapping[str, list[Any]]:
    import pyarrow.parquet as pq  # only where there is a file of it: a tenth of a second
    from pyarrow import ArrowException

    try:
        table = pq.read_table(path)
    except (ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file that can be read ({error})") from error
    return {name: table[name].to_pylist() for name in table.column_names}


def _json_lines(path: Path, model: str | None, metric: str | None) -> "Columns | list[logs.Row]":
    with path.open(encoding="utf-8-sig") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    if not lines:
        raise UserError(f"{path}: is empty; expected {_EXPECTED}")
    if all(map(logs.is_lm_eval, lines)):
        return list(logs.lm_eval_rows(path, lines, model, metric))
    return _of_objects(path, lines, model)


def _json(path: Path, model: str | None, metric: str | None) -> "Columns | list[logs.Row]":
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    if logs.is_swe_bench(content):
        return list(logs.swe_bench_rows(path, content, model))
    if isinstance(content, dict) and "eval" in content:
        return list(logs.inspect_rows(path, content, model, metric))
    if isinstance(content, list) and content:
        return _of_objects(path, content, model)
    if isinstance(content, dict) and all(isinstance(v, list) for v in content.values()):
        return _table(path, content, model)
    raise UserError(f"{path}: neither answers nor a log; expected {_EXPECTED}")


def _of_objects(path: Path, lines: Sequence[Any], model: str | None) -> Columns:
    if not all(isinstance(line, dict) for line in lines):
        raise UserError(f"{path}: holds JSON that is no object; expected one for each answer")
    names = dict.fromkeys(key for line in lines for key in line)
    return _table(path, {name: [line.get(name) for line in lines] for name in names}, model)


def _joined(where: str, parts: Iterable["Columns | list[logs.Row]"]) -> Columns:
    """Return one table of several: runs that are in files of their own get seeds of their own.

    A run goes on in another file where that has the same seed, or none, and none of its items.
    """
    rows: list[logs.Row] = []
    runs: dict[tuple[Any, Any], list[_SeenRun]] = {}  # of a model and dataset, so far
    for part in parts:
        found = part if isinstance(part, list) else _rows_of(part)
        if not found:
            raise UserError(f"{where}: a log without a scored sample; expected answers in each")
        of_run: dict[tuple[Any, Any, Any], list[logs.Row]] = {}
        for row in found:
            key = row["model"], row.get("dataset"), row.get("seed")
            of_run.setdefault(key, []).append(row)
        before = {key: list(known) for key, known in runs.items()}
        for (model, dataset, label), own in of_run.items():
            items, known = {str(row["item"]) for row in own}, runs.setdefault((model, dataset), [])
            run = next(
                (r for r in before.get((model, dataset), ()) if r.goes_on(dataset, label, items)),
                None,
            )
            if run is None:
                run = _SeenRun(len(known), label, set())
                known.append(run)
            run.items.update(items)
            rows += [{**row, "seed": run.seed} for row in own]
    taken = {
        (model, run.seed): run.items
        for (model, dataset), known in runs.items()
        for run in known
        if dataset == _SWE_BENCH
    }
    notes = _fill_swe_bench(rows, taken)
    several = [f"{model} ({len(known)})" for (model, _), known in runs.items() if len(known) > 1]
    counts = Counter(map(len, runs.values()))
    if several and len(counts) > 1:
        notes.append(f"several runs of a model count as its seeds: {', '.join(several)}")
    names = dict.fromkeys(key for row in rows for key in row)
    lacking = [name for name in ("group", "dataset") if any(name not in row for row in rows)]
    table = {name: [row[name] for row in rows] for name in names if name not in lacking}
    found_columns = Columns.of(table, where)
    found_columns.notes += notes
    return found_columns


@dataclass
class _SeenRun:
    """A run of a model that files have told of so far: its seed, as named there, and its items."""

    seed: int
    label: Any
    items: set[str]

    def goes_on(self, dataset: Any, label: Any, items: set[str]) -> bool:
        return dataset != _SWE_BENCH and self.label == label and self.items.isdisjoint(items)


def _rows_of(columns: Columns) -> list[logs.Row]:
    names = ("model", "item", "seed", "group", "dataset")
    known = {name: getattr(columns, name) for name in names if getattr(columns, name) is not None}
    known["score"] = numbers_of(columns).tolist()
    return [dict(zip(known, values, strict=True)) for values in zip(*known.values(), strict=True)]


def _fill_swe_bench(rows: list[logs.Row], runs: Mapping[Any, set[Any]]) -> list[str]:
    """Add what a result leaves out: an instance that is in no list of a run is not resolved."""
    every = {item: None for taken in runs.values() for item in sorted(taken)}
    added = 0
    for (model, seed), taken in runs.items():
        for item in every:
            if item not in taken:
                added += 1
                group = item.rpartition("-")[0] or item
                rows.append(
                    {"model": model, "item": item, "score": 0.0, "seed": seed}
                    | {"group": group, "dataset": _SWE_BENCH}
                )
    if not added:
        return []
    return [
        f"{added:,} answers that a result does not list count as not resolved; the items are the "
        f"{len(every):,} instances that some result lists"
    ]
