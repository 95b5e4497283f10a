"""A picture from a file: as its model expects it, or refused in one line before memory is taken."""

import os
import struct
import zlib

import numpy as np
import pytest
from ninetynine.datasets.decoding import drawn_on_dark
from ninetynine.errors import UserError
from ninetynine.training.predictions import read_picture
from PIL import Image

GREY, COLOR = (28, 28, 1), (32, 32, 3)


def png_of(width, height):
    """Return a PNG whose header promises so many pixels, and that has none."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (png_of(60_000, 60_000), "decompression bomb"),
        (png_of(12_000, 12_000), "144,000,000 pixels; at most 100,000,000"),
        (png_of(28, 28), "not a picture that can be read"),
        (b"no picture", "not a picture that can be read"),
        (b"", "not a picture that can be read"),
        (b"\x89PNG\r\n\x1a\n", "not a picture that can be read"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(tmp_path, recwarn, content, reason):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=reason) as refused:
        read_picture(path, GREY)
    assert str(path) in str(refused.value)
    assert not recwarn.list


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="not a regular file"):
        read_picture(tmp_path / "pipe.png", GREY)


@pytest.mark.parametrize("ground", [0, 255])
@pytest.mark.parametrize("drawn", [True, False, None])
def test_ink_is_bright_for_models_of_bright_ink_and_it_is_said(tmp_path, ground, drawn):
    picture = np.full((28, 28), ground, np.uint8)
    picture[10:18, 10:18] = 255 - ground
    Image.fromarray(picture).save(tmp_path / "digit.png")
    found, done = read_picture(tmp_path / "digit.png", GREY, drawn)
    inverted = ground == 255 and drawn is not False
    assert (found[..., 0] == (255 - picture if inverted else picture)).all()
    assert done.startswith("inverted: its ground is light") == inverted


def test_drawings_on_dark_are_told_from_photographs_and_ink_on_paper():
    generator = np.random.default_rng(0)
    photographs = generator.integers(0, 256, (50, 1, 1, 1), np.uint8).repeat(8, 1).repeat(8, 2)
    drawings = np.zeros((50, 8, 8, 1), np.uint8)
    drawings[:, 2:6, 2:6] = 255
    drawings[0] = 255  # one that fills its image
    assert drawn_on_dark(drawings)
    assert drawn_on_dark((drawings / 255).astype(np.float32))
    assert not drawn_on_dark(255 - drawings)
    assert not drawn_on_dark(photographs)


def test_a_photograph_against_a_light_sky_stays_as_it_is(tmp_path):
    picture = np.full((*COLOR[:2], 3), (250, 240, 230), np.uint8)
    Image.fromarray(picture).save(tmp_path / "sky.png")
    found, done = read_picture(tmp_path / "sky.png", COLOR, True)
    assert (found == picture).all()
    assert not done
