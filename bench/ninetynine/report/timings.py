"""Speeds as a table, and in the JSON that pytest-benchmark and CI trackers read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from tabulate import tabulate

from ninetynine.records import Machine, Samples, Speed
from ninetynine.report.formatting import three_digits

_PYTEST_BENCHMARK_VERSION = "5.1.0"  # whose storage format this is


def table(speeds: Sequence[Speed], peak_gflops: float) -> str:
    """Return the table that ``bench time`` prints."""
    rows = [_row(speed) for speed in speeds]
    headers = ["model", "step ms", "step/s", "p50 ms", "p95", "p99", "img/s @128", "@1000",
               "peak MiB", "GFLOP/s", "of peak"]  # fmt: skip
    text: str = tabulate(rows, headers, tablefmt="simple", disable_numparse=True, stralign="right")
    lines = [
        text,
        "",
        "step: one training step at the recipe's batch size, median; p50, p95, p99: answering one "
        "image;",
        "img/s: answering in batches of 128 and 1,000. GFLOP/s counts 6 per multiply-add and image "
        "trained on;",
        f"the peak is a {2048} x {2048} matrix product here: {peak_gflops:,.0f} GFLOP/s.",
    ]
    if not all(speed.exclusive for speed in speeds):
        names = ", ".join(speed.architecture for speed in speeds if not speed.exclusive)
        lines.append(f"Not alone on their cores, so do not compare these: {names}.")
    return "\n".join(lines)


def pytest_benchmark_json(
    speeds: Sequence[Speed], machine: Machine, commit: str | None, dirty: bool | None
) -> dict[str, Any]:
    """Return the speeds as a document of pytest-benchmark's storage format."""
    return {
        "machine_info": {
            "node": "",
            "processor": machine.cpu_model,
            "machine": machine.operating_system,
            "python_version": machine.python,
            "cpu": {"brand_raw": machine.cpu_model, "count": machine.cores_available},
            "fingerprint": machine.fingerprint,
        },
        "commit_info": {
            "id": commit or "unversioned",
            "time": None,
            "author_time": None,
            "dirty": bool(dirty),
            "project": "ninetynine",
            "branch": "(unknown)",
        },
        "benchmarks": [_benchmark(s, samples) for s in speeds for samples in s.samples],
        "datetime": datetime.now(UTC).isoformat(),
        "version": _PYTEST_BENCHMARK_VERSION,
    }


def _row(speed: Speed) -> list[str]:
    step = float(np.median(speed.of("train_step").seconds))
    p50, p95, p99 = np.percentile(speed.of("latency_1").seconds, [50, 95, 99])
    batches = [speed.of(name) for name in ("throughput_128", "throughput_1000")]
    return [
        speed.architecture,
        three_digits(1e3 * step),
        three_digits(1 / step),
        *(three_digits(1e3 * float(p)) for p in (p50, p95, p99)),
        *(f"{found.batch_size / float(np.median(found.seconds)):,.0f}" for found in batches),
        f"{speed.peak_memory_bytes / 2**20:,.0f}",
        three_digits(speed.training_gflops),
        "" if speed.share_of_peak is None else f"{speed.share_of_peak:.0%}",
    ]


def _benchmark(speed: Speed, samples: Samples) -> dict[str, Any]:
    name = f"{samples.name}[{speed.architecture}]"
    extra: dict[str, Any] = {"batch_size": samples.batch_size}
    for field in ("parameters", "multiply_adds", "peak_memory_bytes", "exclusive"):
        extra[field] = getattr(speed, field)
    if samples.name == "train_step":
        extra |= {"training_gflops": speed.training_gflops, "share_of_peak": speed.share_of_peak}
    return {
        "group": samples.name,
        "name": name,
        "fullname": f"bench time::{name}",
        "params": {"architecture": speed.architecture},
        "param": speed.architecture,
        "extra_info": extra,
        "options": {
            "disable_gc": False,
            "timer": "perf_counter",
            "min_rounds": len(samples.seconds),
            "max_time": 0.0,
            "min_time": 0.0,
            "warmup": True,
        },
        "stats": _stats(np.array(samples.seconds)),
    }


def _stats(seconds: "np.ndarray[Any, np.dtype[np.float64]]") -> dict[str, Any]:
    q1, median, q3 = (float(value) for value in np.percentile(seconds, [25, 50, 75]))
    spread, mean = q3 - q1, float(seconds.mean())
    deviation = float(seconds.std(ddof=1)) if len(seconds) > 1 else 0.0
    inside = seconds[(seconds >= q1 - 1.5 * spread) & (seconds <= q3 + 1.5 * spread)]
    far = int((np.abs(seconds - mean) > deviation).sum())
    return {
        "min": float(seconds.min()),
        "max": float(seconds.max()),
        "mean": mean,
        "stddev": deviation,
        "rounds": len(seconds),
        "median": median,
        "iqr": spread,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": len(seconds) - len(inside),
        "stddev_outliers": far,
        "outliers": f"{far};{len(seconds) - len(inside)}",
        "ld15iqr": float(inside.min()),
        "hd15iqr": float(inside.max()),
        "ops": 1 / mean,
        "total": float(seconds.sum()),
        "data": [float(value) for value in seconds],
        "iterations": 1,
    }
