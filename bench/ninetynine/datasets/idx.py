"""Reads the IDX files in which MNIST and Fashion-MNIST are distributed, gzipped or not."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ninetynine.errors import UserError

# The two magic numbers of LeCun's format: unsigned bytes (0x08) in three dimensions and in one.
IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801
_GZIP_START = b"\x1f\x8b"


def read_idx(path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """Return the array of one IDX file: uint8, (n, rows, columns) for images and (n,) for labels.

    The format is a big-endian magic number whose last byte counts the dimensions, each length as a
    big-endian 32-bit integer, then the bytes in C order. Raises UserError if the file cannot be
    read, its magic number is not ``magic``, or it is longer or shorter than its header says.
    """
    data = _read_bytes(path)
    dimensions = magic & 0xFF
    header_bytes = 4 * (1 + dimensions)
    if len(data) < header_bytes:
        raise UserError(f"{path}: truncated IDX file: {len(data)} bytes, header {header_bytes}")
    found_magic, *shape = struct.unpack(f">{1 + dimensions}I", data[:header_bytes])
    if found_magic != magic:
        raise UserError(
            f"{path}: wrong IDX magic number 0x{found_magic:08x}; expected 0x{magic:08x} "
            f"({'images' if magic == IMAGES_MAGIC else 'labels'})"
        )
    if len(data) - header_bytes != math.prod(shape):
        raise UserError(
            f"{path}: wrong IDX length: {len(data) - header_bytes} bytes of data where the header "
            f"says {'x'.join(map(str, shape))} = {math.prod(shape)}; copy or download it again"
        )
    return np.frombuffer(data, np.uint8, offset=header_bytes).reshape(shape)


def _read_bytes(path: Path) -> bytes:
    """Return the file's bytes, unzipped if they are gzipped whatever the name says."""
    try:
        data = path.read_bytes()
        # Some browsers unzip what they download and keep the .gz name, so the name proves nothing.
        return gzip.decompress(data) if data.startswith(_GZIP_START) else data
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(
            f"{path}: truncated or damaged gzip ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
