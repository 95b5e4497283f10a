"""What a later run of the same cells is held to: weights' hashes and seconds of training, as CSV.

python studies/mnist/gpu_hashes.py studies/mnist/gpu > studies/mnist/gpu/earlier.csv
"""

import argparse
import csv
import sys
from pathlib import Path

from ninetynine.records import RecordStore

COLUMNS = (
    *("architecture", "precision", "together", "seed", "loop_revision"),
    *("weights_hash", "train_seconds"),
)


def main() -> None:
    """Print a line for each record of a training."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(COLUMNS)
    found = []
    for record in RecordStore(parser.parse_args().folder).read_records()[0]:
        cell = record.cell
        row = (cell.architecture, cell.precision, cell.at_once, cell.seed, cell.loop_revision)
        if record.model is not None and record.timing is not None:
            found.append((*row, record.model.weights_hash, f"{record.timing.train_seconds:.5f}"))
    lines.writerows(sorted(found))


if __name__ == "__main__":
    main()
