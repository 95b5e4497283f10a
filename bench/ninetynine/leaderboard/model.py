"""What a leaderboard is made of: plain numbers; formatting lives in :mod:`ninetynine.report`.

Accuracies are shares of 1, losses are nats, durations are seconds.
"""

from dataclasses import dataclass

from ninetynine.leaderboard.rows import Failed, RowIdentity
from ninetynine.statistics import ClaimPlacement, Comparison, Interval


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1 in the denominator) over n seeds."""

    mean: float
    sd: float | None  # None for one seed
    n: int


@dataclass(frozen=True)
class Timed:
    """Training time on one machine fingerprint, from runs that had their cores to themselves."""

    train_seconds_median: float
    runs: int
    fingerprint: str
    hardware: str
    latency_seconds: float | None = None  # to answer one image: mean of the runs' medians


@dataclass(frozen=True)
class Row:
    """One model under one recipe: what its seeds came to.  None where there is no such number."""

    name: str
    identity: RowIdentity
    seeds: tuple[int, ...]  # finished
    failed: tuple[Failed, ...]
    threads: tuple[int, ...]
    parameters: int | None
    multiply_adds: int | None  # per image
    accuracy: Spread | None
    these_images: Interval | None  # chance: seeds
    digits_like_these: Interval | None  # chance: seeds and images
    rank: tuple[int, int] | None  # best and worst that it may have; 1 is first
    band: str  # letters; two models share one exactly when they cannot be told apart
    loss: Spread | None
    train_accuracy: Spread | None
    train_test_gap: float | None  # a share of 1: train minus test accuracy
    timed: Timed | None
    notes: tuple[str, ...]

    @property
    def errors_per_10000(self) -> float | None:
        """Return the mean number of wrong answers among 10,000 images."""
        return None if self.accuracy is None else (1.0 - self.accuracy.mean) * 10_000

    @property
    def tried(self) -> int:
        """Return how many seeds were run, finished or failed."""
        return len(self.seeds) + len(self.failed)


@dataclass(frozen=True)
class ClaimRow:
    """A published figure against our seeds of the same recipe, in the metric's own unit."""

    row: str
    id: str
    metric: str
    published: float
    digits: int  # decimals that were published
    ours: Spread
    values: tuple[float, ...]  # one per seed
    placement: ClaimPlacement
    source: str
    note: str


@dataclass(frozen=True)
class WayRow:
    """How far a model has come from 99.06% to 99.79% on MNIST."""

    row: str
    errors: float  # mean, of the test images
    share: float  # of the way; negative below 99.06%
    clean: Spread | None  # accuracy on the images without a doubtful label
    difference: Interval  # our accuracy less 99.79%, as two unpaired samples of images
    p_value: float  # of the same comparison


@dataclass(frozen=True)
class Undecided:
    """Two rows that follow each other on the board and cannot be told apart."""

    upper: str
    lower: str
    comparison: Comparison


@dataclass(frozen=True)
class Board:
    """Rows that may be compared: one test set, one protocol version, one variant of recipes."""

    dataset: str
    dataset_fingerprint: str
    protocol_version: int
    variant: str  # "published", or the suite whose recipe holds for every row
    labels_hash: str | None  # set where the test labels set this board apart from another
    images: int | None  # in the test set; None where no row has predictions
    clean_images: int | None  # without a doubtful label; None where nobody judged the labels
    rows: tuple[Row, ...]  # the best mean first, rows without numbers last
    claims: tuple[ClaimRow, ...]
    way: tuple[WayRow, ...]
    undecided: tuple[Undecided, ...]
    notes: tuple[str, ...]
