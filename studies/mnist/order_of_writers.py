"""Whether MNIST's images stand in the order of their writers: do neighbors resemble each other?

``python studies/mnist/order_of_writers.py`` measures slant, stroke width and ink of every training
and test image, takes each digit's mean away, and correlates the rest with that of the image some
places further on.  In an order by chance all correlations are 0 but for their noise; a writer's
hand, where his digits stand together, shows.  It writes ``results/tuning/order_of_writers.md``.
The images come from BENCH_DATA_DIR or Keras, as everywhere.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from ninetynine import datasets
from ninetynine.datasets import Images, Labels
from ninetynine.errors import UserError
from numpy.typing import NDArray

PLACES = (1, 2, 3, 4, 10, 11, 50, 51, 100, 200, 1000)

FloatArray = NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and print it.  Raises UserError where MNIST is not at hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    dataset = datasets.load("mnist")
    parts = {
        "training": (dataset.train_images, dataset.train_labels),
        "test": (dataset.test_images, dataset.test_labels),
    }
    text = "\n".join([_HEAD, *_lines(parts)]) + "\n"
    folder = options.results / "tuning"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "order_of_writers.md").write_text(text)
    print(text)
    return 0


_HEAD = """# The order of MNIST's images

How much an image resembles, in its hand and not in its digit, the one some places further on:
correlations of slant, stroke width and ink, each without its digit's mean. Written by
`python studies/mnist/order_of_writers.py`.

| Places on | Images | Slant | Stroke width | Ink |
| --: | --- | --: | --: | --: |"""


def hands(images: Images, labels: Labels) -> FloatArray:
    """Return slant, stroke width and ink of ``images``, (n, height, width, 1), as float64 (n, 3).

    Each has its digit's mean taken away and a standard deviation of 1, or 0 where all are equal.
    Slant is the shear that the second moments show; stroke width is ink over the length of its
    outline.
    """
    ink = images.reshape(len(images), *images.shape[1:3]).astype(np.float64) / 255
    rows, columns = np.mgrid[: ink.shape[1], : ink.shape[2]]
    mass = ink.sum((1, 2))
    down = rows - ((ink * rows).sum((1, 2)) / mass)[:, None, None]
    right = columns - ((ink * columns).sum((1, 2)) / mass)[:, None, None]
    slant = (ink * down * right).sum((1, 2)) / (ink * down**2).sum((1, 2))
    outline = np.abs(np.diff(ink, axis=1)).sum((1, 2)) + np.abs(np.diff(ink, axis=2)).sum((1, 2))
    features = np.stack([slant, mass / outline, mass], axis=1)
    for label in np.unique(labels):
        features[labels == label] -= features[labels == label].mean(axis=0)
    spread = features.std(axis=0)
    return np.asarray(features / np.where(spread > 0, spread, 1))


def resemblance(features: FloatArray, places: int) -> FloatArray:
    """Return the correlation of each feature (n, k) with itself ``places`` images on: (k,)."""
    return np.asarray((features[:-places] * features[places:]).mean(axis=0))


def _lines(parts: dict[str, tuple[Images, Labels]]) -> Iterator[str]:
    for name, (images, labels) in parts.items():
        features = hands(images, labels)
        for places in PLACES:
            found = " | ".join(f"{one:.2f}" for one in resemblance(features, places))
            yield f"| {places} | {name} | {found} |"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"order_of_writers: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
