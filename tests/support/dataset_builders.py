"""Arrays of a small dataset that nothing is wrong with, to change one thing in, and its file."""

from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 4


def ordinary(
    train: int = 240, test: int = 120, shape: tuple[int, ...] = (8, 8), floats: bool = False
) -> dict[str, np.ndarray]:
    """Four arrays: images that differ, uint8 over 0..255 or floats over 0..1, classes mixed."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (train + test, *shape), dtype=np.uint8)
    labels = np.arange(train + test) % CLASSES
    if floats:
        images = (images / 255).astype(np.float32)
    return {
        "x_train": images[:train],
        "y_train": labels[:train],
        "x_test": images[train:],
        "y_test": labels[train:],
    }


def save(folder: Path, arrays: dict[str, Any], name: str = "mine") -> Path:
    """Write ``arrays`` to an .npz in ``folder`` and return its path."""
    path = folder / f"{name}.npz"
    np.savez(path, **arrays)
    return path
