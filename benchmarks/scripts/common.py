"""What the five plain scripts share: MNIST as Keras hands it out, and one line of results."""

import json
import os
import sys
import time
from pathlib import Path

import keras
import numpy as np


def load_data():
    """Return what ``keras.datasets.mnist.load_data`` does, from $BENCH_DATA_DIR if it is set."""
    if "BENCH_DATA_DIR" not in os.environ:
        return keras.datasets.mnist.load_data()
    with np.load(Path(os.environ["BENCH_DATA_DIR"]) / "mnist.npz") as arrays:
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def finish(model, x_test, loss, accuracy, train_seconds):
    """Print the results as one line of JSON; save (10000, 10) probabilities if argv names a file.

    Saving is for the comparison of accuracies and no part of the script's work: what it takes is
    printed too, to be taken off.
    """
    started, cpu = time.perf_counter(), time.process_time()
    if len(sys.argv) > 2:
        np.save(sys.argv[2], model.predict(x_test, verbose=0))
    results = {
        "test_loss": loss,
        "test_accuracy": accuracy,
        "train_seconds": train_seconds,
        "saving_seconds": time.perf_counter() - started,
        "saving_cpu_seconds": time.process_time() - cpu,
    }
    print("\n" + json.dumps(results))
