"""How much memory a data set takes that is larger than it: written, trained on, and watched.

    python benchmarks/large_set_memory.py --gib 3 --limit-gib 1.5

A folder of ``.npy`` files is written, block by block, and `bench run` trains a softmax layer on it
for one epoch.  Summed over the command and all that it starts is the proportional set size (PSS):
a page that several processes map counts once, and pages of the mapped file count as long as they
are held.  Exits with 1 where the peak is over the limit.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

GIB, SHAPE, TEST_IMAGES, CLASSES, BLOCK = 2**30, (64, 64, 3), 1000, 10, 4096
ARCHITECTURE = '''"""A softmax layer on every fourth pixel."""

import keras
from keras import layers

RECIPE = {"optimizer": "sgd", "batch_size": 256, "epochs": 1}


def build(input_shape, num_classes):
    images = keras.Input(input_shape)
    small = layers.Flatten()(layers.AveragePooling2D(4)(images))
    return keras.Model(images, layers.Dense(num_classes, activation="softmax")(small))
'''


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=3.0, help="of training images")
    parser.add_argument("--limit-gib", type=float, default=1.5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_set(folder / "large", round(options.gib * GIB / np.prod(SHAPE)))
        (folder / "pooled.py").write_text(ARCHITECTURE)
        command = [sys.executable, "-m", "ninetynine", "run", "--dataset", str(folder / "large")]
        command += ["--architecture", str(folder / "pooled.py"), "--only", "pooled", "--seeds", "1"]
        command += ["--jobs", "1", "--threads", "1", "--results", str(folder / "results")]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, proportional_bytes(process.pid))
            time.sleep(0.1)
        seconds = time.perf_counter() - started
    over = peak > options.limit_gib * GIB
    print(
        f"{options.gib:g} GiB of images: {peak / GIB:.2f} GiB at the peak, "
        f"{'over' if over else 'within'} {options.limit_gib:g} GiB; {seconds:.0f} s"
    )
    return 1 if over or process.returncode else 0


def write_set(folder: Path, images: int) -> None:
    """Write ``images`` training images of noise, each brighter by its class, and a test part."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for part, count in (("train", images), ("test", TEST_IMAGES)):
        labels = generator.integers(0, CLASSES, count)
        array = np.lib.format.open_memmap(
            folder / f"x_{part}.npy", mode="w+", dtype=np.uint8, shape=(count, *SHAPE)
        )
        for start in range(0, count, BLOCK):
            some = labels[start : start + BLOCK]
            noise = generator.integers(0, 128, (len(some), *SHAPE), dtype=np.uint8)
            array[start : start + BLOCK] = noise + (some[:, None, None, None] * 12).astype(np.uint8)
        array.flush()
        del array
        np.save(folder / f"y_{part}.npy", labels)


def proportional_bytes(pid: int) -> int:
    """Return the proportional set size of a process and its descendants."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error, OSError):
                total += process.memory_full_info().pss
    return total


if __name__ == "__main__":
    sys.exit(main())
