"""How much faster two nodes are than one: the same suite on Ray clusters of one-core nodes.

``python benchmarks/ray_speedup.py`` starts clusters on this machine's loopback, runs the
suite on each, and prints a table; ``--output FILE`` keeps it.  It needs as many idle cores as the
largest cluster has nodes.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from ninetynine.machine import available_cores
from ninetynine.records import RecordStore
from ray_cluster import LoopbackCluster

NODES = (1, 2)


def measure(nodes: int, suite: list[str]) -> tuple[float, int, float]:
    """Return wall seconds of ``suite`` on ``nodes`` nodes, its cells, and their training seconds.

    The clock runs from the command to its table: connecting, sending and imports are in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        cluster = LoopbackCluster(Path(folder), nodes)
        try:
            results = Path(folder) / "results"
            command = [sys.executable, "-m", "ninetynine", "run", *suite, "--results", str(results)]
            started = time.perf_counter()
            subprocess.run(
                [*command, "--executor", "ray", "--address", cluster.address],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds = time.perf_counter() - started
        finally:
            cluster.shutdown()
        records, _ = RecordStore(results).read_all()
    return seconds, len(records), sum(r.timing.train_seconds for r in records if r.timing)


def main() -> None:
    """Measure each size of cluster and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("suite", nargs="*", default=["quick"], help="as for bench run")
    parser.add_argument("--output", type=Path)
    arguments, more = parser.parse_known_args()
    suite = [*arguments.suite, *more]
    rows: list[list[float]] = []
    for nodes in NODES:
        seconds, cells, train_seconds = measure(nodes, suite)
        first = rows[0][2] if rows else seconds
        rows.append([nodes, cells, seconds, train_seconds, first / seconds])
        print(rows[-1], file=sys.stderr, flush=True)
    headers = ["nodes", "cells", "wall seconds", "training seconds", "speed-up"]
    table = tabulate(rows, headers, tablefmt="github", floatfmt=("d", "d", ".1f", ".1f", ".2f"))
    title = (
        f"# From one node to two\n\n`bench run {' '.join(suite)} --executor ray` on Ray clusters "
        f"of one-core nodes, all on one machine ({platform.machine()}, {len(available_cores())} "
        f"of {os.cpu_count()} cores), from the command to its table.\n"
    )
    text = f"{title}\n{table}\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
