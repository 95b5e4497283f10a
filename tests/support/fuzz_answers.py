"""Small tables of answers and logs of other tools, for ``fuzz_readers.py`` to break."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ninetynine.ranking import rank_files

MODELS = ("one", "other")


def _rows() -> list[dict[str, Any]]:
    return [
        {"model": m, "item": f"q{i}", "seed": s, "group": i // 3, "score": (i * (k + 2)) % 5 / 4}
        for k, m in enumerate(MODELS)
        for s in range(2)
        for i in range(9)
    ]


def _table(separator: str) -> bytes:
    rows = _rows()
    lines = [rows[0].keys(), *(row.values() for row in rows)]
    return "\n".join(separator.join(map(str, line)) for line in lines).encode()


def _lm_eval() -> bytes:
    samples = [
        {"doc_id": i, "filtered_resps": ["A"], "filter": name, "metrics": ["acc"], "acc": i % 2}
        for name in ("strict", "flexible")
        for i in range(6)
    ]
    return "\n".join(map(json.dumps, samples)).encode()


def _inspect() -> dict[str, Any]:
    samples = [
        {"id": i, "epoch": e, "scores": {"match": {"value": "CIPN"[(i + e) % 4]}}}
        for i in range(6)
        for e in (1, 2)
    ]
    return {"version": 2, "eval": {"task": "t", "model": "m"}, "samples": samples}


def _eval(compression: int) -> bytes:
    log = _inspect()
    samples = log.pop("samples")
    with zipfile.ZipFile(content := io.BytesIO(), "w", compression) as archive:
        archive.writestr("header.json", json.dumps(log))
        for sample in samples:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, json.dumps(sample))
    return content.getvalue()


def _parquet() -> bytes:
    pq.write_table(pa.Table.from_pylist(_rows()), content := io.BytesIO())
    return content.getvalue()


def _reports() -> list[bytes]:
    ids = [f"a__b-{i}" for i in range(6)]
    found: list[Any] = [
        {"resolved_ids": ids[:3], "unresolved_ids": ids[3:], "error_ids": []},
        {"resolved": ids[:3], "no_logs": ids[3:], "no_generation": []},
        {item: {"patch_exists": True, "resolved": n % 2 == 0} for n, item in enumerate(ids)},
    ]
    return [json.dumps(one).encode() for one in found]


def readers(reader: Callable[..., Any]) -> list[Any]:
    """Return a ``reader`` of each kind of file, which is ranked beside a whole one."""
    rows, log = _rows(), _inspect()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    objects = "\n".join(map(json.dumps, rows)).encode()
    tables = (json.dumps(rows).encode(), json.dumps(columns).encode())

    def read(ending: str, whole: bytes) -> Callable[[Path, bytes], str]:
        def read_answers(place: Path, data: bytes) -> str:
            (place / f"broken{ending}").write_bytes(data)
            (place / f"whole{ending}").write_bytes(whole)
            is_log = ending in (
                ".json",
                ".eval",
                ".report.json",
            )  # of one model, whose name is given
            named = f"{'other=' if is_log else ''}{place / 'whole'}{ending}"
            found = rank_files([place / f"broken{ending}", named])
            found.sentences()
            found.render("csv")
            return "read"

        return read_answers

    def of(ending: str, *samples: bytes, is_json: bool = False) -> Any:
        name = "answers in lines" if ending == ".jsonl" else f"answers {ending}"
        return reader(name, read(ending, samples[0]), samples, is_json=is_json)

    evals = (_eval(zipfile.ZIP_STORED), _eval(zipfile.ZIP_DEFLATED))
    return [
        of(".csv", _table(","), _table(";"), _table("\t")),
        of(".parquet", _parquet()),
        of(".jsonl", objects, _lm_eval()),
        of(".json", json.dumps(log).encode(), is_json=True),
        of(".report.json", *_reports(), is_json=True),
        of(" of tables.json", *tables),
        of(".eval", *evals),
    ]
