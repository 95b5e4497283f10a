"""Files of kilobytes that unpack to gigabytes, and calls that may take little memory."""

import json
import struct
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path

import numpy as np

BLOCK, SMALL_BLOCK = 2**24, 2**16
GIGABYTES = 3 * 2**30


def deflated(size: int, start: bytes = b"") -> bytes:
    """Raw deflate of ``start`` and zeros, ``size`` bytes together, packed as copies of blocks."""
    blocks, more = divmod(size - len(start), BLOCK)
    small, rest = divmod(more, SMALL_BLOCK)
    packed = _packed(start + bytes(rest)) + _packed_zeros(SMALL_BLOCK) * small
    return packed + _packed_zeros(BLOCK) * blocks + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def _packed(content: bytes) -> bytes:
    """Raw deflate of ``content`` that another may follow."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)


@cache
def _packed_zeros(size: int) -> bytes:
    return _packed(bytes(size))


def gzipped(size: int, start: bytes) -> bytes:
    """A gzip of ``start`` and about ``size`` zeros, whose checksum is wrong."""
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + deflated(size, start) + bytes(8)


def header(shape: tuple[int, ...], dtype: str = "|u1", length: int | None = None) -> bytes:
    """The start of an .npy; ``length`` is that of its header, if it is to say another."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    if length is not None:
        return b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + text
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def write_zip(path: Path, members: dict[str, tuple[bytes, int, int]]) -> Path:
    """Write a zip of members that are packed already: (bytes, unpacked size, method).

    The checksums of small ones are right.
    """
    local, central = b"", b""
    for name, (content, size, method) in members.items():
        small = zlib.decompressobj(-15).decompress(content, size) if size < 10_000 else b""
        crc = zlib.crc32(small)
        sizes = crc, len(content), size
        facts = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0, *sizes, len(name), 0)
        place = struct.pack("<HHHII", 0, 0, 0, 0, len(local))
        central += b"PK\1\2" + struct.pack("<H", 20) + facts + place + name.encode()
        local += b"PK\3\4" + facts + name.encode() + content
    count = len(members)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(central), len(local), 0)
    path.write_bytes(local + central + b"PK\5\6" + end)
    return path


def array_member(shape: tuple[int, ...], method: int = 8) -> tuple[bytes, int, int]:
    """A member that is an array of zeros, uint8."""
    start = header(shape)
    size = len(start) + int(np.prod(shape, dtype=object))
    return deflated(size, start), size, method


# Imports once and answers in forks, since the imports take longer than all that is tried.
_SERVER = """
import json, os, resource, sys, traceback
from pathlib import Path
import numpy as np
from ninetynine import datasets
from ninetynine.datasets.files import *
from ninetynine.errors import UserError
from ninetynine.external import read_runs
digits = datasets.load('digits')
for line in sys.stdin:
    code, arguments, more = json.loads(line)
    source, target = os.pipe()
    if os.fork() == 0:
        os.close(source)
        sys.argv[1:], path = arguments, Path(arguments[0])
        pages = int(open('/proc/self/statm').read().split()[0])
        most = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        try:
            exec(code)
        except UserError as error:
            os.write(target, str(error).encode())
        except BaseException as error:
            os.write(target, ('not refused:\\n' + traceback.format_exc()).encode())
        os._exit(0)
    os.close(target)
    with os.fdopen(source, 'rb') as told:
        print(json.dumps(told.read().decode()), flush=True)
    os.wait()
"""


@cache
def _server() -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _SERVER]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end_server() -> None:
    """End the process that answered, if there is one."""
    if _server.cache_info().currsize:
        _server().communicate()
        _server.cache_clear()


def refusal_in_little_memory(code: str, *arguments: object, more: int = 400 * 2**20) -> str:
    """The UserError of ``code`` in a process that may take ``more`` bytes after its imports."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    print(json.dumps([code, [*map(str, arguments)], more]), file=server.stdin, flush=True)
    (line,) = str(json.loads(server.stdout.readline())).splitlines()
    return line
