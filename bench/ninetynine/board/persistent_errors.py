"""What is left to win: which test images a row's runs get wrong, always or by chance."""

from dataclasses import dataclass

import numpy as np

from ninetynine import datasets
from ninetynine.statistics import Summary


@dataclass(frozen=True)
class PersistentErrors:
    """A row's wrong images; but for ``runs`` and ``per_run``, counts of test images.

    Runs that vote win the images that chance loses, and hardly those that at least half of the
    runs get wrong: with many voters a vote by head errs on just these (Condorcet's theorem, image
    by image), and a vote by probabilities on about as many.
    """

    runs: int  # with predictions
    per_run: float  # mean number of images wrong in a run
    ever: int  # wrong in at least one run
    mostly: int  # wrong in at least half of the runs
    always: int  # wrong in every run
    doubtful: int | None  # of ``mostly``, with a doubtful label; None where nobody judged them


def persistent_errors(summary: Summary, dataset: str) -> PersistentErrors:
    """Return what the runs summed up in ``summary`` get wrong of the test images of ``dataset``."""
    # Counts again, because a share of seeds such as 1/3 is not exact.
    right = np.rint(summary.image_accuracy * summary.n_seeds).astype(np.int64)
    wrong = summary.n_seeds - right
    mostly = 2 * wrong >= summary.n_seeds
    known = list(datasets.doubtful_test_images(dataset, summary.n_images))
    return PersistentErrors(
        runs=summary.n_seeds,
        per_run=(1 - summary.mean) * summary.n_images,
        ever=int((wrong > 0).sum()),
        mostly=int(mostly.sum()),
        always=int((right == 0).sum()),
        doubtful=int(mostly[known].sum()) if known else None,
    )
