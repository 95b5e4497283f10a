"""What a timing of one architecture holds: plain numbers between measuring and reporting."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Samples:
    """Seconds of repeated measurements of one thing."""

    name: str  # "train_step", "latency_1", "throughput_128", "throughput_1000"
    batch_size: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Speed:
    """What was measured of one architecture; rates are images per second."""

    architecture: str
    parameters: int
    multiply_adds: int | None
    samples: tuple[Samples, ...]
    peak_memory_bytes: int
    training_gflops: float | None  # achieved, in GFLOP/s
    share_of_peak: float | None  # of the matrix-product peak
    exclusive: bool

    def of(self, name: str) -> Samples:
        """Return the samples called ``name``."""
        return next(samples for samples in self.samples if samples.name == name)
