"""What a large board costs: seconds and memory for 10,000 records, and for twice and half.

``python benchmarks/board_cost.py`` writes synthetic records (10,000 test images each) into a
temporary folder, builds the board from the files, and prints a table; ``--output FILE`` keeps it.
"""

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from ninetynine.board import build_boards
from ninetynine.records import RecordStore
from ninetynine.records.schema import with_checksum
from record_builders import make_record, write_run

SIZES = ((50, 100), (100, 50), (100, 100), (200, 100), (100, 200))
IMAGES = 10_000
LEVELS, VARIANTS = 20, 10


def write_board(folder: Path, models: int, seeds: int) -> None:
    """Write ``models`` x ``seeds`` records whose accuracies lie between 0.97 and 0.999.

    Their predictions are copies from a pool: making 10,000 of them would take longer than the
    board does, and reading a copy costs what reading an original costs.
    """
    store = RecordStore(folder)
    pool = make_pool(folder / "pool")
    for model in range(models):
        variants = pool[model * LEVELS // models]
        for seed in range(seeds):
            content, accuracy = variants[seed % VARIANTS]
            digest = hashlib.sha256(content).hexdigest()
            record = make_record(f"model_{model:03}", seed, accuracy=accuracy)
            record = with_checksum(record.model_copy(update={"predictions_sha256": digest}))
            path = store.path_of(record)
            path.parent.mkdir(parents=True, exist_ok=True)
            store.predictions_path(record).write_bytes(content)
            path.write_text(record.model_dump_json())


def make_pool(folder: Path) -> list[list[tuple[bytes, float]]]:
    """Return for each level of accuracy some predictions as file contents, and their accuracy."""
    store = RecordStore(folder)
    random = np.random.default_rng(0)
    pool = []
    for errors in np.linspace(10, 300, LEVELS).astype(int):
        variants = []
        for variant in range(VARIANTS):
            wrong = random.choice(IMAGES, size=errors + random.poisson(5), replace=False)
            record = write_run(store, f"level_{errors}", variant, wrong=wrong, images=IMAGES)
            content = store.predictions_path(record).read_bytes()
            variants.append((content, record.scores.test.accuracy))
        pool.append(variants)
    shutil.rmtree(folder)
    return pool


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
