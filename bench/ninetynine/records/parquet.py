"""The Parquet side of packs: columns, and reading a stranger's file with sizes known beforehand.

Before the footer, which says where everything is, a pack has a seal: eight letters, and the SHA-256
of what follows.  Parquet readers go by the footer and do not see it.  Arrow ends the process for
some damaged footers, so none is given to it that is not as it was written.
"""

import hashlib
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ninetynine.records.flat import columns
from ninetynine.records.quantization import FORMULA
from ninetynine.records.reading import LARGEST_PREDICTIONS, Unreadable

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
_SEAL = b"99packs1"
_END = 8  # bytes: the footer's length, and a mark
_LARGEST_FOOTER = 64 * 2**20
_MOST_ROWS = 1_000_000
_LARGEST_GROUP = 4 * LARGEST_PREDICTIONS
_ENCODINGS = {"PLAIN", "RLE", "BIT_PACKED"}  # with these what is decoded is as large as stated


def arrow_schema() -> Any:
    """Return the columns of a pack and their types."""
    import pyarrow as pa  # only where there is a pack: a tenth of a second

    types = {"json": pa.string(), "list<uint16>": pa.list_(pa.uint16())}
    fields = []
    for column in columns():
        kind = types.get(column.kind) or pa.type_for_alias(column.kind)
        fields.append((column.name, pa.list_(kind) if column.is_list or column.each else kind))
    fields += [(name, types.get(kind) or pa.type_for_alias(kind)) for name, kind in ARRAYS.items()]
    return pa.schema(fields)


def open_parquet(path: Path) -> Any:
    """Return the Parquet file in ``path``; raise Unreadable where it is none of a pack."""
    import pyarrow.parquet as pq

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("not a regular file")
        _check_seal(path)
        file = pq.ParquetFile(path, memory_map=False, page_checksum_verification=True)
        _check_columns(file.schema_arrow)
        _check_sizes(file.metadata)
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error})") from error
    except Exception as error:  # Arrow raises many kinds for broken bytes
        raise Unreadable(f"not a whole Parquet file ({type(error).__name__})") from error
    return file


def sealed(content: bytes) -> bytes:
    """Return the Parquet file ``content`` with a seal."""
    start = len(content) - _END - int.from_bytes(content[-_END:-4], "little")
    footer = content[start:]
    return content[:start] + _SEAL + hashlib.sha256(footer).digest() + footer


def _check_seal(path: Path) -> None:
    """Raise Unreadable where the footer of ``path`` is not as `sealed` left it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END))
        end = file.read()
        length = int.from_bytes(end[:4], "little") + _END
        start = size - length - len(_SEAL) - hashlib.sha256().digest_size
        if len(end) < _END or not end.endswith(b"PAR1"):
            raise Unreadable("not a whole Parquet file (cut off?)")
        if start < 0 or length > _LARGEST_FOOTER:
            raise Unreadable("not a whole Parquet file (damaged?)")
        file.seek(start)
        seal, found = file.read(len(_SEAL)), file.read(hashlib.sha256().digest_size)
        if seal != _SEAL:
            raise Unreadable("no pack: a Parquet file that bench pack did not write, or damaged")
        if hashlib.sha256(file.read(length)).digest() != found:
            raise Unreadable("its footer is not as it was written (damaged?)")


def read_rows(file: Any, group: int, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a group as dictionaries; what is a list of numbers stays Arrow's array.

    Raises Unreadable where they are damaged.
    """
    try:
        there = set(file.schema_arrow.names)  # an older pack lacks what records had not yet
        table = file.read_row_group(
            group, columns=[name for name in names if name in there], use_threads=False
        )
        lacking = [None] * table.num_rows
        found = {
            name: _cells(table.column(name), name in ARRAYS) if name in there else lacking
            for name in names
        }
    except Exception as error:
        raise Unreadable(f"cannot be read ({type(error).__name__}: {error})") from error
    return [dict(zip(names, row, strict=True)) for row in zip(*found.values(), strict=True)]


def _cells(column: Any, is_array: bool) -> list[Any]:
    if not is_array or not hasattr(column.type, "value_type"):
        values: list[Any] = column.to_pylist()
        return values
    return [cell.values if cell.is_valid else None for cell in column]


def _check_columns(schema: Any) -> None:
    later = {column.name for column in columns() if column.later}
    for field in arrow_schema():
        if field.name not in schema.names:
            if field.name in later:
                continue
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
