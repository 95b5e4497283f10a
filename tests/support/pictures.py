"""Small folders of pictures, made on the fly."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog", "fox")


def draw(path: Path, label: int, number: int, size: tuple[int, int] = (12, 10), **how: Any) -> Path:
    """Write a picture (height, width) in which the class's color is bright and noise differs."""
    pixels = np.random.default_rng([label, number]).integers(0, 90, (*size, 3), dtype=np.uint8)
    pixels[..., label] += 150
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **how)
    return path


def write_folder(root: Path, train: int = 5, test: int = 2, **how: Any) -> Path:
    """Write ``root``/train and ``root``/test with so many PNG pictures of each class."""
    for part, count in (("train", train), ("test", test)):
        for label, name in enumerate(CLASSES):
            for number in range(count):
                path = root / part / name / f"{number}.png"
                draw(path, label, number + (part == "test") * 100, **how)
    return root


def write_table(root: Path, lines: list[str], name: str = "pictures.csv") -> Path:
    """Write six pictures and a table of them; ``lines`` are its own."""
    for number in range(6):
        draw(root / f"{number}.png", number % 3, number)
    path = root / name
    path.write_text("\n".join(lines) + "\n")
    return path
