"""Files of answers: tables (CSV, JSON lines, Parquet), and the logs of other tools."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ninetynine.arrays import check_file
from ninetynine.errors import UserError, one_line
from ninetynine.ranking import logs, swe_bench
from ninetynine.ranking.answers import NEEDED, OPTIONAL, Columns
from ninetynine.ranking.joining import joined

# What is looked for in a folder; the second where there is none of the first.
_LOGS = ("samples_*.jsonl", "*.eval", "results.json")
_OF_INSTANCES = ("per_instance_details.json", "report.json")
_KNOWN = (*NEEDED, *OPTIONAL, "correct", "score")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_EXPECTED = "a table of answers (.csv, .tsv, .jsonl, .parquet), or a log (.eval, .json, .jsonl)"


def read_columns(paths: Sequence[str | Path], metric: str | None = None) -> Columns:
    """Return the columns of a table, or of several files together.

    ``NAME=FILE`` names the model of a log; a folder stands for the logs below it.  Several logs of
    a model and dataset are its runs, each with a seed of its own.  Raises UserError where a file is
    neither a table nor a log.
    """
    files = [file for path in paths for file in _files_in(str(path))]
    _refuse_twice(files)
    parts = [_read(file, metric) for file in files]
    for file, part in zip(files, parts, strict=True):
        if not part:
            raise UserError(f"{file}: holds no scored sample; expected answers in each log")
    if metric is not None and not any(isinstance(part, list) for part in parts):
        raise UserError("--metric: chooses among a log's metrics; these are tables of answers")
    if len(parts) == 1 and not isinstance(parts[0], list):
        return parts[0]
    return joined(dict(zip(files, parts, strict=True)))


def _files_in(given: str) -> list[str]:
    folder = Path(given)
    if not folder.is_dir():
        return [given]
    for patterns in (_LOGS, *((pattern,) for pattern in _OF_INSTANCES)):
        found = sorted(str(file) for pattern in patterns for file in folder.rglob(pattern))
        if found:
            return found
    looked_for = ", ".join((*_LOGS, *_OF_INSTANCES))
    raise UserError(f"{given}: no log below this folder ({looked_for}); name the files")


def _named(given: str) -> tuple[Path, str | None]:
    """Return the file that ``FILE`` or ``NAME=FILE`` names, and the name."""
    name, sign, rest = given.partition("=")
    named = bool(sign) and not Path(given).exists()
    return (Path(rest), name) if named else (Path(given), None)


def _refuse_twice(files: Iterable[str]) -> None:
    """Raise UserError where a file is given twice, which would be two runs that agree."""
    counts = Counter((path.resolve(), model) for path, model in map(_named, files))
    for (path, _), count in counts.items():
        if count > 1:
            raise UserError(
                f"{path}: given {count} times; expected once, since each file of a model is a run"
            )


def _read(given: str, metric: str | None) -> "Columns | list[logs.Row]":
    path, model = _named(given)
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
    except (ValueError, RecursionError, csv.Error) as error:  # JSON's own errors are ValueErrors
        told = one_line(str(error))
        raise UserError(f"{path}: cannot be read ({told}); expected {_EXPECTED}") from error
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
            delimiter = max("\t;,|", key=first.count)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        skipped = 1 if first.lower().startswith("sep=") else 0
        numbered = [(reader.line_num + skipped, row) for row in reader if any(row)]
    if not numbered:
        raise UserError(f"{path}: is empty; expected {_EXPECTED}")
    heading, body = numbered[0][1], [row for _, row in numbered[1:]]
    for line, row in numbered:
        if len(row) != len(heading):
            raise UserError(
                f"{path}: line {line} has {len(row)} columns, the heading {len(heading)}"
            )
    names = Counter(name.strip().lower() for name in heading)
    if (twice := next((name for name in _KNOWN if names[name] > 1), None)) is not None:
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
        text = content.decode("utf-16")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise UserError(f"{path}: holds zero bytes; expected text in UTF-8, or UTF-16 that says so")
    return text


def _parquet(path: Path) -> Mapping[str, list[Any]]:
    import pyarrow.parquet as pq  # only where there is a file of it: a tenth of a second
    from pyarrow import ArrowException

    try:
        table = pq.read_table(path)
    except (ArrowException, OSError) as error:
        raise UserError(
            f"{path}: not a Parquet file that can be read ({one_line(str(error))})"
        ) from error
    return {name: table[name].to_pylist() for name in table.column_names}


def _json_lines(path: Path, model: str | None, metric: str | None) -> "Columns | list[logs.Row]":
    text = _text(path)
    if text.lstrip().startswith("["):  # as lm-evaluation-harness wrote samples until 0.4.2
        lines = json.loads(text)
    else:
        lines = [_of_line(path, n, line) for n, line in enumerate(text.split("\n"), 1)]
        lines = [line for line in lines if line is not None]
    if not lines:
        raise UserError(f"{path}: is empty; expected {_EXPECTED}")
    return _of_list(path, lines, model, metric)


def _of_line(path: Path, number: int, line: str) -> Any:
    """Return what a line holds, None where it is blank."""
    try:
        return json.loads(line) if line.strip() else None
    except ValueError as error:
        told = error.msg if isinstance(error, json.JSONDecodeError) else error
        raise UserError(
            f"{path}: line {number} is no JSON ({told}); expected an object on each line"
        ) from error


def _json(path: Path, model: str | None, metric: str | None) -> "Columns | list[logs.Row]":
    content = json.loads(_text(path))
    if swe_bench.is_report(content):
        return list(swe_bench.report_rows(path, content, model))
    if swe_bench.is_of_instances(content):
        return list(swe_bench.instance_rows(path, content, model))
    if isinstance(content, dict) and "eval" in content:
        return list(logs.inspect_rows(path, content, model, metric))
    if isinstance(content, list) and content:
        return _of_list(path, content, model, metric)
    if isinstance(content, dict) and all(isinstance(v, list) for v in content.values()):
        return _table(path, content, model)
    if _is_of_pandas(content):
        rows = next(iter(content.values()))
        return _table(path, {k: [v.get(row) for row in rows] for k, v in content.items()}, model)
    raise UserError(f"{path}: neither answers nor a log; expected {_EXPECTED}")


def _is_of_pandas(content: Any) -> bool:
    """Return whether JSON is what ``DataFrame.to_json`` writes: of each column the rows."""
    known = isinstance(content, dict) and {"item", "correct", "score"} & content.keys()
    return bool(known) and all(isinstance(column, dict) for column in content.values())


def _of_list(
    path: Path, lines: Sequence[Any], model: str | None, metric: str | None
) -> "Columns | list[logs.Row]":
    if all(map(logs.is_lm_eval, lines)):
        return list(logs.lm_eval_rows(path, lines, model, metric))
    return _of_objects(path, lines, model)


def _of_objects(path: Path, lines: Sequence[Any], model: str | None) -> Columns:
    if not all(isinstance(line, dict) for line in lines):
        raise UserError(f"{path}: holds JSON that is no object; expected one for each answer")
    names = dict.fromkeys(key for line in lines for key in line)
    return _table(path, {name: [line.get(name) for line in lines] for name in names}, model)
