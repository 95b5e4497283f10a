"""Time training steps, latency and throughput on this machine."""

import json
from pathlib import Path

import click

import ninetynine
from ninetynine import catalog, machine, suite
from ninetynine.backends import package_versions
from ninetynine.cells import Device, Precision, untrained
from ninetynine.cli import options
from ninetynine.suite import Suite
from ninetynine.training.setup import pin, prepare_backend, start_backend_here


@click.command("time")
@click.argument("pattern", default="*")
@click.option(
    "--threads", type=options.WHOLE, help="Threads, each on a core of its own [default: all cores]."
)
@click.option(
    "--output",
    type=options.FILE,
    metavar="FILE.json",
    help="Also write pytest-benchmark's JSON, for its compare and for CI trackers.",
)
@options.compute
@options.architecture_files
@options.variants_of
@options.as_json
@options.verbose
def command(
    pattern: str,
    threads: int | None,
    output: Path | None,
    backend: str | None,
    precision: Precision,
    device: Device | None,
    architecture_files: tuple[Path, ...],
    of_suite: Suite | None,
    as_json: bool,
) -> None:
    """Time the architectures that match PATTERN: step, latency, throughput, memory, GFLOP/s."""
    chosen = catalog.matching(suite.discover(architecture_files, of_suite), pattern)
    backend, device = backend or machine.default_backend(), device or "cpu"
    threads = threads or len(machine.available_cores())
    cores = machine.cores_of(0, 1, threads)
    identity = untrained(  # the conditions of the measurement, of no architecture in particular
        backend=backend,
        packages=package_versions(backend),
        precision=precision,
        threads=threads,
        device=device,
        deterministic=True,
    )
    machine.check_computing([identity], options.warn)
    pin(cores)
    start_backend_here(backend, threads, device)
    prepare_backend(identity)

    from ninetynine.report.timings import pytest_benchmark_json, table
    from ninetynine.training.clocks import matrix_product_peak, measure_speed

    peak = matrix_product_peak()
    speeds = []
    for architecture in chosen:
        click.echo(f"timing {architecture.name}", err=True)
        speeds.append(measure_speed(architecture, backend, cores, peak))
    document = pytest_benchmark_json(
        speeds,
        machine.describe(identity, cores),
        *machine.commit_of(Path(ninetynine.__file__).parents[2]),
    )
    if output is not None:
        options.write_text(output, json.dumps(document, indent=1) + "\n", "--output")
    options.answer(as_json, document, [table(speeds, peak)])
