"""Files of answers: tables (CSV, JSON lines, Parquet), and the logs of other tools."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ninetynine.arrays import check_file
from ninetynine.errors import UserError
from ninetynine.ranking import logs
from ninetynine.ranking.answers import Columns

_LOGS = ("samples_*.jsonl", "*.eval", "results.json")  # what is looked for in a folder
_EXPECTED = "a table of answers (.csv, .tsv, .jsonl, .parquet), or a log (.eval, .json, .jsonl)"


def read_columns(paths: Sequence[str | Path], metric: str | None = None) -> Columns:
    """Return the columns of a table, or of several files together.

    ``NAME=FILE`` names the model of a log; a folder stands for the logs below it.  Several logs of
    a model and dataset are its runs, each with a seed of its own.  Raises UserError where a file is
    neither a table nor a log.
    """
    parts = [_read(file, metric) for path in paths for file in _files_in(str(path))]
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
            return Columns.of(_csv(path), str(path))
        if kind == ".parquet":
            return Columns.of(_parquet(path), str(path))
        if kind in (".jsonl", ".ndjson"):
            return _json_lines(path, model, metric)
        if kind == ".json":
            return _json(path, model, metric)
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error}); expected {_EXPECTED}") from error
    raise UserError(f"{path}: expected {_EXPECTED}")


def _csv(path: Path) -> Mapping[str, list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max("\t;,", key=first.count)
        rows = [row for row in csv.reader(file, delimiter=delimiter, strict=True) if row]
    if not rows:
        raise UserError(f"{path}: is empty; expected {_EXPECTED}")
    heading, *body = rows
    for number, row in enumerate(body, 2):
        if len(row) != len(heading):
            raise UserError(
                f"{path}: line {number} has {len(row)} columns, the heading {len(heading)}"
            )
    return {name: [row[place] for row in body] for place, name in enumerate(heading)}


def _parquet(path: Path) -> Mapping[str, list[Any]]:
    import pyarrow.parquet as pq  # only where there is a file of it: a tenth of a second
    from pyarrow import ArrowException

    try:
        table = pq.read_table(path)
    except (ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file that can be read ({error})") from error
    return {name: table[name].to_pylist() for name in table.column_names}


def _json_lines(path: Path, model: str | None, metric: str | None) -> "Columns | list[logs.Row]":
    with path.open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    if not lines:
        raise UserError(f"{path}: is empty; expected {_EXPECTED}")
    if all(map(logs.is_lm_eval, lines)):
        return list(logs.lm_eval_rows(path, lines, model, metric))
    return _of_objects(path, lines)


def _json(path: Path, model: str | None, metric: str | None) -> "Columns | list[logs.Row]":
    content = json.loads(path.read_text(encoding="utf-8"))
    if logs.is_swe_bench(content):
        return list(logs.swe_bench_rows(path, content, model))
    if isinstance(content, dict) and "eval" in content:
        return list(logs.inspect_rows(path, content, model, metric))
    if isinstance(content, list) and content:
        return _of_objects(path, content)
    if isinstance(content, dict) and all(isinstance(v, list) for v in content.values()):
        return Columns.of(content, str(path))
    raise UserError(f"{path}: neither answers nor a log; expected {_EXPECTED}")


def _of_objects(path: Path, lines: Sequence[Any]) -> Columns:
    if not all(isinstance(line, dict) for line in lines):
        raise UserError(f"{path}: holds JSON that is no object; expected one for each answer")
    names = dict.fromkeys(key for line in lines for key in line)
    return Columns.of({name: [line.get(name) for line in lines] for name in names}, str(path))


def _joined(where: str, parts: Iterable["Columns | list[logs.Row]"]) -> Columns:
    """Return one table of several: runs that are in files of their own get seeds of their own."""
    rows: list[logs.Row] = []
    runs: dict[tuple[Any, Any], int] = {}  # of a model and dataset, so far
    swe_bench: dict[Any, set[Any]] = {}
    for part in parts:
        found = part if isinstance(part, list) else _rows_of(part)
        if not found:
            raise UserError(f"{where}: a log without a scored sample; expected answers in each")
        seeds: dict[tuple[Any, Any], dict[Any, int]] = {}
        for row in found:
            key = row["model"], row.get("dataset")
            own = seeds.setdefault(key, {})
            seed = own.setdefault(row.get("seed"), runs.get(key, 0) + len(own))
            rows.append({**row, "seed": seed})
        for key, own in seeds.items():
            runs[key] = runs.get(key, 0) + len(own)
            if key[1] == "SWE-bench":
                taken = {row["item"] for row in found if row["model"] == key[0]}
                swe_bench.setdefault((key[0], runs[key]), set()).update(taken)
    notes = _fill_swe_bench(rows, swe_bench)
    several = [f"{model} ({n})" for (model, _), n in runs.items() if n > 1]
    counts = Counter(runs.values())
    if several and len(counts) > 1:
        notes.append(f"several runs of a model count as its seeds: {', '.join(several)}")
    names = dict.fromkeys(key for row in rows for key in row)
    lacking = [name for name in ("group", "dataset") if any(name not in row for row in rows)]
    table = {name: [row[name] for row in rows] for name in names if name not in lacking}
    found_columns = Columns.of(table, where)
    found_columns.notes += notes
    return found_columns


def _rows_of(columns: Columns) -> list[logs.Row]:
    names = ("model", "item", "score", "seed", "group", "dataset")
    known = {name: getattr(columns, name) for name in names if getattr(columns, name) is not None}
    return [dict(zip(known, values, strict=True)) for values in zip(*known.values(), strict=True)]


def _fill_swe_bench(rows: list[logs.Row], runs: Mapping[Any, set[Any]]) -> list[str]:
    """Add what a result leaves out: an instance that is in no list of a run is not resolved."""
    every = {item: None for taken in runs.values() for item in sorted(taken)}
    added = 0
    for (model, number), taken in runs.items():
        for item in every:
            if item not in taken:
                added += 1
                group = item.rpartition("-")[0] or item
                rows.append(
                    {"model": model, "item": item, "score": 0.0, "seed": number - 1}
                    | {"group": group, "dataset": "SWE-bench"}
                )
    if not added:
        return []
    return [
        f"{added:,} answers that a result does not list count as not resolved; the items are the "
        f"{len(every):,} instances that some result lists"
    ]
