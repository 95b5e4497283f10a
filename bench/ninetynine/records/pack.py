"""Packs: records with their predictions in one Parquet file, a row a record.

Everything is exact but probabilities (`ninetynine.records.quantization`); an ensemble whose members
are in the pack has none of its own.  A record in a pack is the record that unpacking it writes: its
``predictions_sha256`` is of that file.  Each row has two checksums: ``record_sha256`` over the
record, and ``arrays_sha256`` over its labels, predicted classes and codes.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import one_line
from ninetynine.records.flat import columns, unflatten
from ninetynine.records.parquet import ARRAYS, open_parquet, read_rows
from ninetynine.records.quantization import dequantize, mean_probabilities, predicting
from ninetynine.records.reading import (
    LARGEST_PREDICTIONS,
    Predictions,
    Problem,
    Unreadable,
    check_predictions,
    contradiction,
    validated,
)
from ninetynine.records.schema import FIRST_WITH_CHECKSUM, Record, checksum_of

SUFFIX = ".parquet"
_INDEX = ["key", "predictions_sha256", "architecture", "dataset", "seed", "labels_sha256"]
_KEPT = 8  # groups of rows


@dataclass(frozen=True)
class Place:
    """Where a record is in a pack, and what is known of it without reading it."""

    group: int
    row: int  # of the group
    predictions_sha256: str | None
    run: tuple[str, str, int]  # architecture, dataset, seed


class PackedPredictions(Predictions):
    """Predictions whose probabilities are unpacked when they are asked for."""

    def __init__(
        self,
        labels: NDArray[np.uint16],
        predicted: NDArray[np.uint16],
        classes: int,
        source: "NDArray[np.uint8] | list[PackedPredictions]",  # codes, or an ensemble's members
    ) -> None:
        known = {"labels": labels, "correct": predicted == labels}
        vars(self).update(known, predicted=predicted, classes=classes, _source=source)

    predicted: NDArray[np.uint16]
    classes: int
    _source: "NDArray[np.uint8] | list[PackedPredictions]"

    @cached_property
    def probabilities(self) -> NDArray[np.float16]:
        if isinstance(self._source, list):
            mean = mean_probabilities([member.probabilities for member in self._source])
            return predicting(mean, self.predicted)
        return dequantize(self.predicted, self._source)

    @property
    def nbytes(self) -> int:
        return 2 * len(self.labels) * (self.classes + 1)


class Pack:
    """The records of the file ``path``.  Raises Unreadable where it is no pack."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_parquet(path)
        self._recent: dict[tuple[int, bool], list[dict[str, Any]]] = {}
        self._predictions: WeakValueDictionary[str, PackedPredictions] = WeakValueDictionary()
        self.places: dict[str, Place] = {}
        self._labels: dict[str | None, Place] = {}
        for group in range(self._file.num_row_groups):
            try:
                rows = read_rows(self._file, group, _INDEX)
            except Unreadable:
                continue  # told when its records are read
            for number, row in enumerate(rows):
                run = row["architecture"], row["dataset"], row["seed"]
                place = Place(group, number, row["predictions_sha256"], run)
                self.places.setdefault(row["key"], place)
                self._labels.setdefault(row["labels_sha256"], place)

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield the records in their order, and what cannot be used, in place of its row."""
        first = 1
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            try:
                rows = self._rows(group)
            except Unreadable as reason:
                yield self._problem(f"rows {first} to {first + size - 1}", reason)
                rows = []
            for number, row in enumerate(rows):
                place = self.places.get(row["key"])
                if place is None or (place.group, place.row) != (group, number):
                    yield self._problem(f"row {first + number}", "its key is an earlier row's")
                else:
                    yield self._record(row, f"row {first + number}")
            first += size

    def find(self, key: str) -> Record | Problem | None:
        """Return the record of ``key``, the problem with its row, or None for no row."""
        place = self.places.get(key)
        if place is None:
            return None
        try:
            return self._record(self._rows(place.group)[place.row], f"key {key:.16}")
        except Unreadable as reason:
            return self._problem(f"key {key:.16}", reason)

    def check(self, record: Record) -> Predictions | Problem | None:
        """Return the predictions of ``record``, the problem with them, or None for none."""
        which = f"key {record.key:.16}"
        try:
            found = self._read_predictions(record)
        except Unreadable as reason:
            return self._problem(f"predictions of {which}", reason)
        try:
            if found is not None:
                check_predictions(found, record)
        except Unreadable as reason:
            return contradiction(self.path, f"{which}: {reason}")
        return found

    def _record(self, row: dict[str, Any], which: str) -> Record | Problem:
        try:
            return _record(row)
        except Unreadable as reason:
            return self._problem(which, reason)

    def _problem(self, which: str, reason: object) -> Problem:
        return Problem(self.path, one_line(f"{which}: {reason}")[:500])

    def _read_predictions(self, record: Record) -> PackedPredictions | None:
        place = self.places[record.key]
        row = self._rows(place.group, arrays=True)[place.row]
        if row["predicted_classes"] is None:
            return None
        found = self._predictions.get(record.key)
        if found is not None:
            return found
        labels = self._labels_of(row)
        predicted = _numbers(row["predicted_classes"], "predicted_classes")
        codes = row["probability_codes"]
        if row["arrays_sha256"] != arrays_sha256(labels, predicted, codes):
            raise Unreadable("its arrays_sha256 is not that of its predictions (damaged?)")
        source = self._members_of(record) if codes is None else np.frombuffer(codes, np.uint8)
        found = _checked(labels, predicted, source)
        self._predictions[record.key] = found
        return found

    def _members_of(self, ensemble: Record) -> list[PackedPredictions]:
        found = []
        for key in ensemble.members:
            member = self.find(key)
            predictions = (
                self._read_predictions(member)
                if isinstance(member, Record) and not member.members
                else None
            )
            if predictions is None:
                raise Unreadable(f"its member {key:.16} cannot be read")
            found.append(predictions)
        return found

    def _labels_of(self, row: dict[str, Any]) -> NDArray[np.uint16]:
        place = self._labels[row["labels_sha256"]]
        labels = _numbers(self._rows(place.group, arrays=True)[place.row]["labels"], "labels")
        if hashlib.sha256(labels.astype("<u2").tobytes()).hexdigest() != row["labels_sha256"]:
            raise Unreadable("its labels_sha256 is not that of its labels (damaged?)")
        return labels

    def _rows(self, group: int, arrays: bool = False) -> list[dict[str, Any]]:
        """Return the rows of ``group``: their records, or their arrays."""
        if (group, arrays) not in self._recent:
            names = list(ARRAYS) if arrays else [column.name for column in columns()]
            found = read_rows(self._file, group, names)
            while len(self._recent) >= 2 * _KEPT:
                self._recent.pop(next(iter(self._recent)))
            self._recent[group, arrays] = found
        return self._recent[group, arrays]


class Packs:
    """The packs of a folder of results, or the one that ``directory`` is, opened when asked."""

    def __init__(self, directory: Path, without: Collection[Path] = ()) -> None:
        self._directory, self._without = directory, {path.resolve() for path in without}

    @cached_property
    def opened(self) -> list[Pack | Problem]:
        """Each pack, or what is wrong with it."""
        there = self._directory
        alone = there.suffix == SUFFIX and there.exists() and not there.is_dir()
        found = [there] if alone else sorted(there.glob(f"*{SUFFIX}"))
        return [open_pack(path) for path in found if path.resolve() not in self._without]

    def __iter__(self) -> Iterator[Pack]:
        return (pack for pack in self.opened if isinstance(pack, Pack))

    def of(self, record: Record) -> Pack | None:
        """Return the pack that ``record`` was read from; None for one in a file of its own."""
        for pack in self:
            place = pack.places.get(record.key)
            if place is not None and place.predictions_sha256 == record.predictions_sha256:
                return pack
        return None

    def paths(self) -> dict[str, Path]:
        """Return the packs with records by the keys of these."""
        return {key: pack.path for pack in self for key in pack.places}

    def find(self, key: str) -> Record | Problem | None:
        """Return the record of ``key``, else the problem with it, or None."""
        tried = [pack.find(key) for pack in self]
        record = next((found for found in tried if isinstance(found, Record)), None)
        return record or next((found for found in tried if found is not None), None)

    def of_run(self, architecture: str, dataset: str, seed: int) -> Iterator[Record]:
        """Yield the records of one seed of an architecture on a dataset."""
        for pack in self:
            for key, place in pack.places.items():
                found = pack.find(key) if place.run == (architecture, dataset, seed) else None
                if isinstance(found, Record):
                    yield found

    def read(self, known: Collection[str]) -> list[Record | Problem]:
        """Return what is in the packs, each record once and without those of ``known`` keys."""
        keys = set(known)
        found: list[Record | Problem] = []
        for pack in self.opened:
            for item in [pack] if isinstance(pack, Problem) else pack:
                if isinstance(item, Problem):
                    found.append(item)
                elif item.key not in keys:
                    keys.add(item.key)
                    found.append(item)
        return found


def open_pack(path: Path) -> Pack | Problem:
    """Return the pack in ``path``, or the Problem that says in one line why it is none."""
    try:
        return Pack(path)
    except Unreadable as reason:
        return Problem(path, one_line(str(reason))[:500])


def arrays_sha256(
    labels: NDArray[np.uint16], predicted: NDArray[np.uint16], codes: bytes | None
) -> str:
    """Return the checksum of a row's arrays: labels and classes as little-endian uint16."""
    content = labels.astype("<u2").tobytes() + predicted.astype("<u2").tobytes()
    return hashlib.sha256(content + (codes or b"")).hexdigest()


def record_sha256(record: Record) -> str:
    """Return the checksum of ``record`` in a pack, where older versions have one, too."""
    if record.schema_version < FIRST_WITH_CHECKSUM:
        record = record.model_copy(update={"record_sha256": None})
    return checksum_of(json.loads(record.model_dump_json()))


def _record(row: dict[str, Any]) -> Record:
    signed = (row["schema_version"] or 0) >= FIRST_WITH_CHECKSUM
    try:
        record = validated(unflatten(row if signed else row | {"record_sha256": None}))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not a valid record ({type(error).__name__})") from error
    if record_sha256(record) != row["record_sha256"]:
        raise Unreadable("its record_sha256 is not that of its content (damaged, edited by hand?)")
    return record


def _numbers(cell: Any, name: str) -> NDArray[np.uint16]:
    if cell is None or cell.null_count or not len(cell):
        raise Unreadable(f"it has no {name}")
    buffer = cell.buffers()[1]  # its own to_numpy would import pandas
    return np.frombuffer(buffer, np.uint16, count=len(cell), offset=2 * cell.offset)


def _checked(
    labels: NDArray[np.uint16],
    predicted: NDArray[np.uint16],
    source: NDArray[np.uint8] | list[PackedPredictions],
) -> PackedPredictions:
    if isinstance(source, list):
        kinds = {(len(member.labels), member.classes) for member in source}
        images, classes = kinds.pop() if len(kinds) == 1 else (0, 0)
    else:
        images, classes = len(predicted), source.size // len(predicted) + 1
    fits = len(labels) == len(predicted) == images and max(labels.max(), predicted.max()) < classes
    if not fits or (not isinstance(source, list) and source.size != images * (classes - 1)):
        raise Unreadable("its labels, predicted_classes and probability_codes do not fit")
    if 2 * images * classes > LARGEST_PREDICTIONS:
        raise Unreadable(f"predictions of more than {LARGEST_PREDICTIONS:,} bytes")
    if not isinstance(source, list):
        source = source.reshape(images, classes - 1)
    return PackedPredictions(labels, predicted, classes, source)
