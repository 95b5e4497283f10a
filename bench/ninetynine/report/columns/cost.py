"""Columns on what a row costs: size, training, answering, memory, and where the seconds went."""

from collections.abc import Callable
from functools import partial

from ninetynine.board import Board, Row
from ninetynine.board.training_time import median, training_flops
from ninetynine.records import Timing
from ninetynine.report import formatting
from ninetynine.report.columns import Column, column_of_found

_OWN_CORES = "Median over the runs that had their cores to themselves"


def _train_seconds(row: Row) -> float | None:
    return row.time.train_seconds_median if row.time else None


def _peak_memory_bytes(row: Row) -> float | None:
    return median(record.peak_memory_bytes for record in row.records)


def _flops(board: Board, row: Row) -> float | None:
    return training_flops(row.records[0], board.records_by_key) if row.records else None


def _timing(
    key: str,
    heading: str,
    help: str,
    of: Callable[[Timing], float | None],
    write: Callable[[float | None], str] = formatting.three_digits,
    field: str | None = None,
    order: str = "up",
) -> Column:
    """Return the column of the median of a timing's field."""
    return column_of_found(
        lambda board, row: row.time.median(of) if row.time else None,
        lambda found: (found,),
        write,
        (field or key,),
        key=key,
        heading=heading,
        help=f"{help}. {_OWN_CORES}.",
        order=order,
    )


def _milliseconds(seconds: float | None) -> str:
    return formatting.three_digits(None if seconds is None else 1000 * seconds)


def _mebibytes(size: float | None) -> str:
    return formatting.number(None if size is None else size / 2**20, 0)


def _stated_seconds(row: Row) -> float | None:
    return median(record.context.stated_train_seconds for record in row.records)


def _rate(images_per_second: float | None) -> str:
    return formatting.number(images_per_second, 0)


_shown = partial(Column, table="cost")

COLUMNS = (
    _shown(
        key="parameters",
        heading="Parameters",
        help="Numbers that the model consists of.",
        fields=("parameters",),
        values=lambda board, row: (row.parameters,),
        write=lambda board, row: formatting.number(row.parameters, 0),
    ),
    _shown(
        key="multiply_adds",
        heading="Multiply-adds per image",
        help="Multiplications with addition for one image.",
        fields=("multiply_adds_per_image",),
        values=lambda board, row: (row.multiply_adds,),
        write=lambda board, row: formatting.magnitude(row.multiply_adds),
    ),
    _shown(
        key="train_seconds",
        weight=2,
        heading="Train seconds",
        help=f"{_OWN_CORES}, without evaluation and compiling.",
        fields=("train_seconds_median",),
        values=lambda board, row: (_train_seconds(row),),
        write=lambda board, row: formatting.three_digits(_train_seconds(row)),
    ),
    Column(
        key="stated_train_seconds",
        heading="Stated seconds",
        help="Training seconds of one run as they were told with an import; compared with nothing.",
        fields=("stated_train_seconds",),
        values=lambda board, row: (_stated_seconds(row),),
        write=lambda board, row: formatting.three_digits(_stated_seconds(row)),
    ),
    Column(
        key="runs_timed",
        weight=0,
        heading="Runs timed",
        help="Runs that had their cores to themselves, on one machine.",
        fields=("train_seconds_runs", "machine_fingerprint", "hardware"),
        values=lambda board, row: (
            (row.time.runs, row.time.fingerprint, row.time.hardware)
            if row.time
            else (0, None, None)
        ),
        write=lambda board, row: str(row.time.runs) if row.time else formatting.BLANK,
        table="cost",
    ),
    _timing(
        "train_cpu_seconds",
        "CPU seconds",
        "CPU time of the training",
        lambda t: t.train_cpu_seconds,
    ),
    Column(
        key="training_flops",
        heading="Training FLOPs",
        help="2 × 3 × multiply-adds × training images × epochs; augmentation is not counted.",
        fields=("training_flops",),
        values=lambda board, row: (_flops(board, row),),
        write=lambda board, row: formatting.magnitude(_flops(board, row)),
    ),
    Column(
        key="peak_memory",
        heading="Peak memory, MiB",
        help="Median over the runs of the largest resident set while a cell was trained.",
        fields=("peak_memory_bytes",),
        values=lambda board, row: (_peak_memory_bytes(row),),
        write=lambda board, row: _mebibytes(_peak_memory_bytes(row)),
    ),
    Column(
        key="latency",
        heading="Latency, ms",
        help=f"To answer one image. {_OWN_CORES}.",
        fields=("latency_seconds",),
        values=lambda board, row: (row.time.latency_seconds if row.time else None,),
        write=lambda board, row: _milliseconds(row.time.latency_seconds if row.time else None),
    ),
    _timing(
        "latency_p95",
        "Latency p95, ms",
        "95th percentile of answering one image",
        lambda t: t.latency_p95_seconds,
        _milliseconds,
        "latency_p95_seconds",
    ),
    _timing(
        "latency_p99",
        "Latency p99, ms",
        "99th percentile of answering one image",
        lambda t: t.latency_p99_seconds,
        _milliseconds,
        "latency_p99_seconds",
    ),
    _timing(
        "throughput_128",
        "Images/s in 128s",
        "Images per second, answered in batches of 128",
        lambda t: t.throughput_128,
        _rate,
        "throughput_128_images_per_second",
        "down",
    ),
    _timing(
        "throughput_1000",
        "Images/s in 1,000s",
        "Images per second, answered in batches of 1,000",
        lambda t: t.throughput_1000,
        _rate,
        "throughput_1000_images_per_second",
        "down",
    ),
    _timing("import_seconds", "Import, s", "Importing the backend", lambda t: t.import_seconds),
    _timing("data_seconds", "Data, s", "Loading the data", lambda t: t.data_seconds),
    _timing("build_seconds", "Build, s", "Building the model", lambda t: t.build_seconds),
    _timing("compile_seconds", "Compile, s", "Tracing and compiling", lambda t: t.compile_seconds),
    _timing("evaluate_seconds", "Evaluate, s", "Evaluating", lambda t: t.evaluate_seconds),
)
