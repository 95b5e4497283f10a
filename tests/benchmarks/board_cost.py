"""What a large board costs: seconds and memory for 10,000 records, and for twice and half.

``python tests/benchmarks/board_cost.py`` writes synthetic records (10,000 test images each) into a
temporary folder, builds the board from the files, and prints a table; ``--output FILE`` keeps it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parent.parent))

from record_builders import write_run

from bench.leaderboard import build_boards
from bench.records import RecordStore

SIZES = ((50, 100), (100, 50), (100, 100), (200, 100), (100, 200))
IMAGES = 10_000


def write_board(folder: Path, models: int, seeds: int) -> None:
    """Write ``models`` x ``seeds`` records whose accuracies lie between 0.97 and 0.999."""
    store = RecordStore(folder)
    random = np.random.default_rng(0)
    for model in range(models):
        errors = int(np.interp(model, (0, models), (10, 300)))
        for seed in range(seeds):
            wrong = random.choice(IMAGES, size=errors + random.poisson(5), replace=False)
            write_run(store, f"model_{model:03}", seed, wrong=wrong, images=IMAGES)


def measure(folder: Path) -> None:
    """Build the board and print seconds and peak memory as JSON; for a process of its own."""
    started, cpu = time.perf_counter(), time.process_time()
    boards = build_boards(RecordStore(folder), {})
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    numbers = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_memory_bytes": peak}
    print(json.dumps({**numbers, "rows": len(boards[0].rows)}))


def main() -> None:
    """Measure every size, smallest first, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    rows = []
    for models, seeds in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            write_board(Path(folder), models, seeds)
            command = [sys.executable, __file__, "--measure", folder]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = json.loads(output)
        gibibytes = found["peak_memory_bytes"] / 2**30
        rows.append([models, seeds, models * seeds, found["seconds"], gibibytes])
        print(rows[-1], file=sys.stderr, flush=True)
    headers = ["models", "seeds", "records", "seconds", "peak GiB"]
    table = tabulate(rows, headers, tablefmt="github", floatfmt=".2f")
    title = (
        f"# The cost of a board\n\nSynthetic records over {IMAGES:,} test images, "
        "read from their files and ranked.\n"
    )
    text = f"{title}\n{table}\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
