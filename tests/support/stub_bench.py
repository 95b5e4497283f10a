"""The ``bench`` command with workers that need no TensorFlow (see ``stub_worker.py``)."""

from pathlib import Path

import ninetynine.machine
from ninetynine.cli import main
from ninetynine.workers import process
from run_helpers import cores_in_turn

if __name__ == "__main__":
    process.WORKER = (str(Path(__file__).with_name("stub_worker.py")),)
    ninetynine.machine._UNKNOWN_WORKER_BYTES = 2**20
    ninetynine.machine.available_cores = cores_in_turn
    main()
