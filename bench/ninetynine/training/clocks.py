"""Clocks: of a cell's phases, of its predictions, and of one architecture's speed by itself.

Beside them what a timing is worth nothing without: the peak memory, and whether the run had its
cores to itself.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.architecture import Architecture
from ninetynine.backends import StepLoop, get_backend
from ninetynine.blocks import take
from ninetynine.energy import Meter
from ninetynine.gpu import Card
from ninetynine.records import Samples, Speed
from ninetynine.training.counting import count_multiply_adds
from ninetynine.training.model import compiled_model
from ninetynine.training.predictions import ShiftAverage
from ninetynine.training.standard import scale_of

_JIFFIES_PER_SECOND = 100.0  # USER_HZ, what /proc/stat counts in on every Linux
# /proc/stat counts in steps of 10 ms, and the kernel's own housekeeping takes a little.
_TOLERATED_SHARE = 0.03
_TOLERATED_SECONDS = 0.1

# A forward pass takes one product per weight and position, its backward pass two more (for the
# weights and for the inputs; the first layer needs none for its inputs, which is not deducted),
# and a multiply-add is two floating-point operations.
TRAINING_FLOPS_PER_MULTIPLY_ADD = 6
_SHAPE, _CLASSES = (28, 28, 1), 10
_PRODUCT_SIZE = 2048
_MOST_VALUES = 2**25  # of float32, in a batch whose prediction is timed


class Clock:
    """Adds up wall and CPU seconds over the intervals it runs; other processes' CPU time too.

    With a ``meter`` also the energy that it counts; of a GPU, whether others compute on it.
    """

    def __init__(self, cores: list[int], meter: Meter | None = None) -> None:
        self._cores, self._meter = cores, meter
        self._joules: float | None = 0.0
        self._card_shared = False
        self._machine_busy_seconds: float | None = 0.0
        self.wall_seconds = 0.0
        self.cpu_seconds = 0.0
        self._busy_seconds: float | None = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time spent inside the ``with`` block."""
        joules = self._meter.counting() if self._meter is not None else None
        machine = busy_seconds()
        busy, cpu, wall = busy_seconds(self._cores), time.process_time(), time.perf_counter()
        yield
        self.wall_seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu
        self._busy_seconds = _longer(self._busy_seconds, busy, busy_seconds(self._cores))
        self._machine_busy_seconds = _longer(self._machine_busy_seconds, machine, busy_seconds())
        if joules is not None:
            taken = joules()
            known = taken is not None and self._joules is not None
            self._joules = (self._joules or 0) + (taken or 0) if known else None
        if isinstance(self._meter, Card):
            self._card_shared |= self._meter.others() != 0

    def fields(self, together: int = 1) -> dict[str, Any]:
        """Return the timing fields on training, each the share of one of ``together`` seeds."""
        return {
            "train_seconds": self.wall_seconds / together,
            "train_cpu_seconds": self.cpu_seconds / together,
            "train_joules": None if self.joules is None else self.joules / together,
            **self.shares(),
        }

    def shares(self) -> dict[str, Any]:
        """Return the timing fields on what else ran at the same time."""
        return {
            "other_cpu_share": self.other_cpu_share,
            "elsewhere_cpu_share": self.elsewhere_cpu_share,
            "exclusive": self.exclusive,
        }

    @property
    def other_cpu_share(self) -> float | None:
        """Return the share of our cores' time that others used, or None where it is unknown."""
        if self._busy_seconds is None or not self.wall_seconds:
            return None
        others = max(0.0, self._busy_seconds - self.cpu_seconds)
        return others / (self.wall_seconds * max(1, len(self._cores)))

    @property
    def elsewhere_cpu_share(self) -> float | None:
        """Return how busy the machine's other cores were; None where unknown, or there is none.

        They share caches and memory with ours, and so part of our speed.
        """
        others = (os.cpu_count() or 1) - max(1, len(self._cores))
        if self._machine_busy_seconds is None or self._busy_seconds is None:
            return None
        if others < 1 or not self.wall_seconds:
            return None
        busy = self._machine_busy_seconds - self._busy_seconds
        return min(1.0, max(0.0, busy / (self.wall_seconds * others)))

    @property
    def joules(self) -> float | None:
        """Return the energy of the GPU; of the processors, where nobody else computed on them."""
        others = (self._machine_busy_seconds or 0.0) - self.cpu_seconds
        alone = isinstance(self._meter, Card) or self._is_little(others, os.cpu_count() or 1)
        return self._joules if alone and self._joules else None

    @property
    def exclusive(self) -> bool:
        """Return whether the cores, and the card, were ours alone, as far as can be told."""
        share = self.other_cpu_share
        if share is None:
            return False
        cores = max(1, len(self._cores))
        return self._is_little(share * self.wall_seconds * cores, cores) and not self._card_shared

    def _is_little(self, others_seconds: float, cores: int) -> bool:
        share = _TOLERATED_SHARE * self.wall_seconds * cores
        return others_seconds <= max(share, _TOLERATED_SECONDS)


def _longer(so_far: float | None, before: float | None, after: float | None) -> float | None:
    """Return seconds with those of a further interval added, None where any is unknown."""
    if so_far is None or before is None or after is None:
        return None
    return so_far + after - before


def repeated_seconds(call: Callable[[], object], rounds: int, warm_up: int) -> NDArray[np.float64]:
    """Return the wall seconds of each of ``rounds`` calls, float64 (rounds,), after a warm-up."""
    for _ in range(warm_up):
        call()
    seconds = np.empty(rounds)
    for index in range(rounds):
        started = time.perf_counter()
        call()
        seconds[index] = time.perf_counter() - started
    return seconds


def busy_seconds(cores: list[int] | None = None) -> float | None:
    """Return the seconds that ``cores`` have been busy (or stolen) since boot; None off Linux.

    Without ``cores``, those of all cores together.
    """
    names = {"cpu"} if cores is None else {f"cpu{core}" for core in cores}
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    total = 0.0
    for line in lines:
        name, *counts = line.split()
        if name in names:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, counts[:8])
            total += user + nice + system + irq + softirq + steal
    return total / _JIFFIES_PER_SECOND


def reset_peak_memory() -> None:
    """Start counting the process's peak memory anew (Linux; elsewhere it stays cumulative)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_bytes() -> int:
    """Return the largest resident set since the last reset, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return largest_resident_bytes(resource.RUSAGE_SELF)


def largest_resident_bytes(who: int) -> int:
    """Return the largest resident set there ever was of ``who``, as `resource` names them."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others KiB
    return resource.getrusage(who).ru_maxrss * unit


def prediction_speed(average: ShiftAverage, images: NDArray[Any]) -> dict[str, Any]:
    """Return the timing fields on predicting: latency of one image, images per second in batches.

    A test set smaller than a batch leaves that batch's field out, and images so large that one
    would take more than 128 MiB, too.
    """
    fitting = min(len(images), _MOST_VALUES // math.prod(images.shape[1:]))
    batches = [(batch, rounds) for batch, rounds in ((128, 10), (1000, 3)) if batch <= fitting]
    # In memory, wherever they lie.
    images = take(images, np.arange(max([1, *(batch for batch, _ in batches)])))
    one = repeated_seconds(lambda: average.predict(images[:1], 1), rounds=100, warm_up=5)
    p50, p95, p99 = np.percentile(one, [50, 95, 99]).tolist()
    fields = {"latency_seconds": p50, "latency_p95_seconds": p95, "latency_p99_seconds": p99}
    for batch, rounds in batches:
        seconds = _batch_seconds(average, images[:batch], rounds)
        fields[f"throughput_{batch}"] = batch / float(np.median(seconds))
    return fields


def _batch_seconds(average: ShiftAverage, images: NDArray[Any], rounds: int) -> NDArray[np.float64]:
    return repeated_seconds(lambda: average.predict(images, len(images)), rounds, warm_up=1)


def matrix_product_peak() -> float:
    """Return this backend's best rate for a 2048 x 2048 product at its precision, in GFLOP/s."""
    from keras import config, ops

    dtype = config.dtype_policy().compute_dtype
    generator = np.random.default_rng(0)
    values = generator.standard_normal((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype=np.float32)
    matrix = ops.cast(ops.convert_to_tensor(values), dtype)

    def multiply() -> None:
        # One element is enough to wait for the whole product.
        ops.convert_to_numpy(ops.cast(ops.matmul(matrix, matrix)[0, 0], "float32"))

    seconds = repeated_seconds(multiply, rounds=12, warm_up=3)
    return 2 * _PRODUCT_SIZE**3 / float(seconds.min()) / 1e9


def measure_speed(
    architecture: Architecture, backend: str, cores: list[int], peak_gflops: float, rounds: int = 7
) -> Speed:
    """Return the speed of ``architecture`` on 28 x 28 images of ten classes, in this process.

    The images are random: time does not depend on what is in the pixels.  Every clock is read
    after the result has reached the host, and the first calls, which compile, are not counted.
    """
    reset_peak_memory()
    recipe = architecture.recipe
    model = compiled_model(architecture, recipe, _SHAPE, _CLASSES, steps=1000)
    batch = recipe.batch_size
    images = np.random.default_rng(0).integers(0, 256, (max(batch * 8, 1000), *_SHAPE), np.uint8)
    labels = np.arange(len(images), dtype=np.int64) % _CLASSES
    loop = get_backend(backend).loop(model, images, labels, batch, scale_of(recipe, images))
    loop.compile()
    clock = Clock(cores)
    with clock.running():
        step = _train_step(loop, batch, rounds)
        samples = (
            Samples("train_step", batch, step),
            Samples("latency_1", 1, _predict(loop, images[:1], 1, rounds=200)),
            Samples("throughput_128", 128, _predict(loop, images[:128], 128, rounds=20)),
            Samples("throughput_1000", 1000, _predict(loop, images[:1000], 1000, rounds)),
        )
    multiply_adds = count_multiply_adds(model)
    gflops = None
    if multiply_adds:
        flops = TRAINING_FLOPS_PER_MULTIPLY_ADD * multiply_adds * batch
        gflops = flops / float(np.median(step)) / 1e9
    return Speed(
        architecture=architecture.name,
        parameters=int(model.count_params()),
        multiply_adds=multiply_adds,
        samples=samples,
        peak_memory_bytes=peak_memory_bytes(),
        training_gflops=gflops,
        share_of_peak=gflops / peak_gflops if gflops else None,
        exclusive=clock.exclusive,
    )


def _train_step(loop: StepLoop, batch: int, rounds: int) -> tuple[float, ...]:
    """Return seconds per step: each a mean over enough steps to fill a third of a second."""
    steps = 4
    order = np.tile(np.arange(batch, dtype=np.int32), steps)
    loop.run_epoch(order)  # compiles, and warms the caches
    (seconds,) = repeated_seconds(lambda: loop.run_epoch(order), rounds=1, warm_up=0)
    steps = max(4, min(2000, round(steps * 0.33 / max(seconds, 1e-6))))
    order = np.tile(np.arange(batch, dtype=np.int32), steps)
    times = repeated_seconds(lambda: loop.run_epoch(order), rounds, warm_up=1)
    return tuple((times / steps).tolist())


def _predict(loop: StepLoop, images: Any, batch: int, rounds: int) -> tuple[float, ...]:
    times = repeated_seconds(lambda: loop.predict(images, batch), rounds, warm_up=5)
    return tuple(times.tolist())
