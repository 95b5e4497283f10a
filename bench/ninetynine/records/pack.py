"""Packs: records with their predictions in one Parquet file, a row a record.

Everything is exact but probabilities (`ninetynine.records.quantization`); an ensemble whose members
are in the pack has none of its own.  A record in a pack is the record that unpacking it writes: its
``predictions_sha256`` is of that file.  Each row has two checksums: ``record_sha256`` over the
record, and ``arrays_sha256`` over its labels, predicted classes and codes.
"""

import hashlib
import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ninetynine.errors import one_line
from ninetynine.records.flat import columns, unflatten
from ninetynine.records.quantization import (
    FORMULA,
    dequantize,
    mean_probabilities,
    predicting,
)
from ninetynine.records.reading import (
    LARGEST_PREDICTIONS,
    Predictions,
    Problem,
    Unreadable,
    check_predictions,
    record_of,
)
from ninetynine.records.schema import FIRST_WITH_CHECKSUM, Record, checksum_of

NOTES = {
    "ninetynine_pack": "1",
    "probabilities": FORMULA,
    "labels": "Each set of test labels stands once, in the first row that has its labels_sha256.",
    "json": "recipe, arguments, inputs and packages are JSON.",
}
ARRAYS = {
    "labels_sha256": "string",
    "labels": "list<uint16>",
    "predicted_classes": "list<uint16>",
    "probability_codes": "binary",
    "arrays_sha256": "string",
}
_INDEX = ["key", "predictions_sha256", "architecture", "dataset", "seed", "labels_sha256"]
_MOST_ROWS = 1_000_000
_LARGEST_GROUP = 4 * LARGEST_PREDICTIONS
_ENCODINGS = {"PLAIN", "RLE", "BIT_PACKED"}  # with these what is decoded is as large as stated
_GROUPS_KEPT = 8


@dataclass(frozen=True)
class Place:
    """Where a record is in a pack, and what is known of it without reading it."""

    group: int
    row: int  # of the group
    predictions_sha256: str | None
    run: tuple[str, str, int]  # architecture, dataset, seed


def open_pack(path: Path) -> "Pack | Problem":
    """Return the pack in ``path``, or the Problem that says in one line why it is none."""
    try:
        return Pack(path)
    except Unreadable as reason:
        return Problem(path, str(reason))


class Pack:
    """The records of the file ``path``.  Raises Unreadable where it is no pack."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _opened(path)
        self._recent: dict[tuple[int, bool], list[dict[str, Any]]] = {}
        self._places: dict[str, Place] = {}
        self._labels: dict[str | None, Place] = {}
        for group in range(self._file.num_row_groups):
            try:
                rows = self._read(group, _INDEX)
            except Unreadable:
                continue  # told when its records are read
            for number, row in enumerate(rows):
                run = row["architecture"], row["dataset"], row["seed"]
                place = Place(group, number, row["predictions_sha256"], run)
                self._places.setdefault(row["key"], place)
                self._labels.setdefault(row["labels_sha256"], place)

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield the records in their order, and what cannot be used, in place of its row."""
        first = 1
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            try:
                rows = self._rows(group)
            except Unreadable as reason:
                yield Problem(self.path, f"rows {first} to {first + size - 1}: {reason}")
                rows = []
            for number, row in enumerate(rows):
                yield self._found(row, Place(group, number, None, ("", "", 0)), first + number)
            first += size

    def __contains__(self, record: Record) -> bool:
        place = self._places.get(record.key)
        return place is not None and place.predictions_sha256 == record.predictions_sha256

    def keys(self) -> list[str]:
        """Return the keys of the records."""
        return list(self._places)

    def find(self, key: str) -> Record | Problem | None:
        """Return the record of ``key``, the problem with its row, or None for no row."""
        place = self._places.get(key)
        if place is None:
            return None
        try:
            return self._found(self._rows(place.group)[place.row], place, None)
        except Unreadable as reason:
            return Problem(self.path, str(reason))

    def of_run(self, architecture: str, dataset: str, seed: int) -> Iterator[Record]:
        """Yield the records of one seed of an architecture on a dataset."""
        for key, place in self._places.items():
            if place.run == (architecture, dataset, seed):
                found = self.find(key)
                if isinstance(found, Record):
                    yield found

    def _found(self, row: dict[str, Any], place: Place, number: int | None) -> Record | Problem:
        try:
            known = self._places.get(row["key"])
            if known is None or (known.group, known.row) != (place.group, place.row):
                raise Unreadable("its key is that of an earlier row")
            return _record(row)
        except Unreadable as reason:
            which = f"row {number}" if number else f"key {place.run}"
            return Problem(self.path, one_line(f"{which}: {reason}")[:500])

    def predictions(self, record: Record) -> Predictions | None:
        """Return the predictions of ``record``; None where the pack has none of it.

        Raises Unreadable where they cannot be used.
        """
        place = self._places[record.key]
        row = self._rows(place.group, arrays=True)[place.row]
        if row["predicted_classes"] is None:
            return None
        labels = self._labels_of(row)
        predicted = _array(row["predicted_classes"], len(labels), "predicted_classes")
        codes = row["probability_codes"]
        if row["arrays_sha256"] != arrays_sha256(labels, predicted, codes):
            raise Unreadable("its arrays_sha256 is not that of its predictions (damaged?)")
        if codes is None:
            probabilities = predicting(self._mean(record), predicted)
        else:
            probabilities = dequantize(predicted, _codes(codes, predicted))
        found = Predictions(probabilities, labels)
        check_predictions(found, record)
        return found

    def _mean(self, ensemble: Record) -> NDArray[np.float64]:
        found = []
        for key in ensemble.members:
            member = self.find(key)
            if not isinstance(member, Record) or member.members:
                raise Unreadable(f"its member {key:.16} cannot be read")
            predictions = self.predictions(member)
            if predictions is None:
                raise Unreadable(f"its member {key:.16} has no predictions")
            found.append(predictions.probabilities)
        if len({probabilities.shape for probabilities in found}) > 1:
            raise Unreadable("its members differ in images or classes")
        return mean_probabilities(found)

    def _labels_of(self, row: dict[str, Any]) -> NDArray[np.uint16]:
        place = self._labels[row["labels_sha256"]]
        labels = _array(self._rows(place.group, arrays=True)[place.row]["labels"], None, "labels")
        if hashlib.sha256(labels.astype("<u2").tobytes()).hexdigest() != row["labels_sha256"]:
            raise Unreadable("its labels_sha256 is not that of its labels (damaged?)")
        return labels

    def _rows(self, group: int, arrays: bool = False) -> list[dict[str, Any]]:
        """Return the rows of ``group``: their records, or their arrays."""
        if (group, arrays) not in self._recent:
            names = list(ARRAYS) if arrays else [column.name for column in columns()]
            found = self._read(group, names)
            while len(self._recent) >= 2 * _GROUPS_KEPT:
                self._recent.pop(next(iter(self._recent)))
            self._recent[group, arrays] = found
        return self._recent[group, arrays]

    def _read(self, group: int, names: Sequence[str]) -> list[dict[str, Any]]:
        try:
            table = self._file.read_row_group(group, columns=list(names), use_threads=False)
            lists = {name: _values(table.column(name)) for name in names if name in ARRAYS}
            rest = table.drop_columns(list(lists)).to_pydict()
        except Exception as error:  # Arrow raises many kinds for broken bytes
            raise Unreadable(f"cannot be read ({type(error).__name__}: {error})") from error
        every = lists | rest
        return [
            dict(zip(every, values, strict=True)) for values in zip(*every.values(), strict=True)
        ]


def arrays_sha256(
    labels: NDArray[np.uint16], predicted: NDArray[np.uint16], codes: bytes | None
) -> str:
    """Return the checksum of a row's arrays: labels and classes as little-endian uint16."""
    content = labels.astype("<u2").tobytes() + predicted.astype("<u2").tobytes()
    return hashlib.sha256(content + (codes or b"")).hexdigest()


def _opened(path: Path) -> Any:
    """Return the Parquet file in ``path``, whose sizes and columns are as a pack's."""
    import pyarrow.parquet as pq  # only where there is a pack: a tenth of a second

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("not a regular file")
        file = pq.ParquetFile(path, memory_map=False, page_checksum_verification=True)
        _check_columns(file.schema_arrow)
        _check_sizes(file.metadata)
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error})") from error
    except Exception as error:
        raise Unreadable(f"not a whole Parquet file ({type(error).__name__})") from error
    return file


def _check_columns(schema: Any) -> None:
    wanted = arrow_schema()
    for field in wanted:
        if field.name not in schema.names:
            raise Unreadable(f"no pack of records: it has no column {field.name}")
        found = schema.field(field.name).type
        if found != field.type:
            raise Unreadable(f"no pack of records: {field.name} is {found}, not {field.type}")


def _check_sizes(metadata: Any) -> None:
    """Raise Unreadable where the file says that it unpacks to more than is read."""
    if not 0 <= metadata.num_rows <= _MOST_ROWS:
        raise Unreadable(f"{metadata.num_rows:,} rows, more than the {_MOST_ROWS:,} that are read")
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        parts = [group.column(i) for i in range(group.num_columns)]
        sizes = [part.total_uncompressed_size for part in parts]
        if min(sizes) < 0 or sum(sizes) > _LARGEST_GROUP:
            raise Unreadable(f"a row group of more than {_LARGEST_GROUP:,} bytes")
        for part, size in zip(parts, sizes, strict=True):
            if not set(part.encodings) <= _ENCODINGS:
                raise Unreadable(f"{part.path_in_schema} is encoded as bench pack does not do it")
            if not 0 <= part.num_values <= group.num_rows + size:
                raise Unreadable(f"{part.path_in_schema} has more values than it has room for")


def arrow_schema() -> Any:
    """Return the columns of a pack and their types."""
    import pyarrow as pa

    types = {"json": pa.string(), "list<uint16>": pa.list_(pa.uint16())}
    fields = []
    for column in columns():
        kind = types.get(column.kind) or pa.type_for_alias(column.kind)
        fields.append((column.name, pa.list_(kind) if column.is_list or column.each else kind))
    fields += [(name, types.get(kind) or pa.type_for_alias(kind)) for name, kind in ARRAYS.items()]
    return pa.schema(fields, metadata=NOTES)


def _record(row: dict[str, Any]) -> Record:
    """Return the record in ``row``, checked as one that is read from a file."""
    version = row["schema_version"] or 0
    unsigned = version < FIRST_WITH_CHECKSUM  # in a file: here every row is signed
    try:
        record = unflatten(row | {"record_sha256": None} if unsigned else row)
        content = json.loads(record.model_dump_json())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Unreadable(f"not a valid record ({where}: {first['msg']})") from error
    except (ValueError, RecursionError, TypeError) as error:
        raise Unreadable(f"not a valid record ({type(error).__name__})") from error
    if checksum_of(content) != row["record_sha256"]:
        raise Unreadable("its record_sha256 is not that of its content (damaged, edited by hand?)")
    return record_of(content)


def _values(column: Any) -> list[Any]:
    """Return the cells of ``column``: text and bytes as they are, lists as arrays of NumPy."""
    return [
        None if not cell.is_valid else cell.values if hasattr(cell, "values") else cell.as_py()
        for cell in column
    ]


def _array(cell: Any, length: int | None, name: str) -> NDArray[np.uint16]:
    if cell is None or cell.null_count or not len(cell) or length not in (None, len(cell)):
        raise Unreadable(f"its {name} are not as many as its labels")
    found: NDArray[np.uint16] = cell.to_numpy()
    return found


def _codes(content: bytes, predicted: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the codes (m, classes - 1) in ``content``, for the predicted classes (m,)."""
    others, odd = divmod(len(content), len(predicted))
    if odd or predicted.max() > others:
        raise Unreadable("its probability_codes do not fit its predicted_classes")
    if 2 * len(predicted) * (others + 1) > LARGEST_PREDICTIONS:
        raise Unreadable(f"predictions of more than {LARGEST_PREDICTIONS:,} bytes")
    return np.frombuffer(content, np.uint8).reshape(len(predicted), others)
