"""Writing packs: the records of a store as one Parquet file, the same bytes for the same content.

Like rows lie together, since these compress best, and few make a row group, so that one record's
predictions are read without all others.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import UserError
from ninetynine.records.files import write_atomically
from ninetynine.records.flat import flatten
from ninetynine.records.pack import arrays_sha256, open_pack, record_sha256
from ninetynine.records.parquet import NOTES, arrow_schema, sealed
from ninetynine.records.quantization import dequantize, mean_probabilities, predicting, quantize
from ninetynine.records.reading import Predictions, Problem, encode
from ninetynine.records.schema import Record
from ninetynine.records.store import RecordStore

_ROWS = 16  # of a row group
_LEVEL = 19  # of zstd: a pack is written once and read often


@dataclass
class Packed:
    """What was packed, and what could not be."""

    path: Path
    records: list[Record] = field(default_factory=list)
    ensembles: int = 0  # of them, whose probabilities are those of their members
    problems: list[Problem] = field(default_factory=list)


def write_pack(store: RecordStore, path: Path, dataset: str | None = None) -> Packed:
    """Write the records of ``store``, or those on ``dataset``, to the pack ``path``.

    Nothing of the store is changed.  A pack that is there is replaced.  Raises UserError where it
    holds what the store lacks, where ``path`` is something else, or where it cannot be written.
    """
    records, problems = store.read_all(whole=True)
    records = [record for record in records if dataset in (None, record.cell.dataset)]
    if not records:
        where = f" on dataset {dataset!r}" if dataset else ""
        raise UserError(f"{store.directory}: no records{where} to pack")
    if path.suffix != ".parquet":
        raise UserError(f"--into {path}: a pack's name ends in .parquet")
    _check_replaceable(path, {record.key for record in records}, store)
    packed = Packed(path, sorted(records, key=_order), problems=problems)
    content = _Writer(store, packed).content()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise UserError(f"--into {path}: cannot be written ({error.strerror or error})") from error
    return packed


def _order(record: Record) -> tuple[str, str, str, str, int, str]:
    cell = record.cell
    kind = cell.dataset, cell.dataset_fingerprint, cell.architecture, record.context.variant
    return (*kind, cell.seed, record.key)


def _check_replaceable(path: Path, keys: set[str], store: RecordStore) -> None:
    if not path.exists():
        return
    there = open_pack(path)
    if isinstance(there, Problem):
        raise UserError(f"--into {path} is there and cannot be replaced: {there.reason}")
    lost = there.places.keys() - keys
    if lost:
        raise UserError(
            f"--into {path} has {len(lost)} records that are not packed now; choose another name, "
            f"or take them in first: bench unpack {path} --into {store.directory}"
        )


class _Writer:
    """Makes the rows of a pack, in the order of its records."""

    def __init__(self, store: RecordStore, packed: Packed) -> None:
        self._store, self._packed = store, packed
        self._by_key = {record.key: record for record in packed.records}
        self._labels: set[str] = set()  # that stand in a row already

    def content(self) -> bytes:
        """Return the bytes of the Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema, target, records = arrow_schema(), io.BytesIO(), self._packed.records
        options: dict[str, Any] = {"compression": "zstd", "compression_level": _LEVEL}
        options |= {"use_dictionary": False, "write_statistics": False, "store_schema": False}
        with pq.ParquetWriter(target, schema, write_page_checksum=True, **options) as writer:
            for start in range(0, len(records), _ROWS):
                rows = [self._row(record) for record in records[start : start + _ROWS]]
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            writer.add_key_value_metadata(NOTES)
        return sealed(target.getvalue())

    def _row(self, record: Record) -> dict[str, Any]:
        predictions = self._store.predictions(record)
        arrays: Mapping[str, Any] = {}
        if predictions is not None:
            arrays, unpacked = self._arrays(record, predictions)
            digest = hashlib.sha256(encode(unpacked)).hexdigest()
            record = record.model_copy(update={"predictions_sha256": digest})
        return {**flatten(record), "record_sha256": record_sha256(record), **arrays}

    def _arrays(
        self, record: Record, predictions: Predictions
    ) -> tuple[Mapping[str, Any], Predictions]:
        predicted, codes = quantize(predictions.probabilities)
        mean = self._mean(record)
        found = dequantize(predicted, codes) if mean is None else predicting(mean, predicted)
        if mean is not None and not _alike(found, predictions.probabilities):
            mean, found = None, dequantize(predicted, codes)  # other members, of the same keys
        kept = codes.tobytes() if mean is None else None
        self._packed.ensembles += mean is not None
        labels = predictions.labels
        digest = hashlib.sha256(labels.astype("<u2").tobytes()).hexdigest()
        columns = {
            "labels_sha256": digest,
            "labels": None if digest in self._labels else labels,
            "predicted_classes": predicted,
            "probability_codes": kept,
            "arrays_sha256": arrays_sha256(labels, predicted, kept),
        }
        self._labels.add(digest)
        return columns, Predictions(found, labels)

    def _mean(self, record: Record) -> NDArray[np.float64] | None:
        """Return the mean of an ensemble's members as the pack has them; None if it lacks one."""
        found = []
        for key in record.members:
            member = self._by_key.get(key)
            predictions = self._store.predictions(member) if member else None
            if member is None or member.members or predictions is None:
                return None
            found.append(dequantize(*quantize(predictions.probabilities)))
        alike = len({probabilities.shape for probabilities in found}) == 1
        return mean_probabilities(found) if alike else None


def _alike(one: NDArray[np.float16], other: NDArray[np.float16]) -> bool:
    """Return whether two can be the same ensemble's, read from what was quantized and what not."""
    return one.shape == other.shape and bool(
        np.allclose(one.astype(np.float32), other.astype(np.float32), rtol=0.25, atol=0.01)
    )
