"""MNIST from $BENCH_DATA_DIR if it is set, else by Keras: pixels 0 to 1, labels one-hot."""

import os
from pathlib import Path

import keras
import numpy as np
from benchopt import BaseDataset


class Dataset(BaseDataset):
    name = "mnist"
    requirements = ("pip::tensorflow",)

    def get_data(self):
        (x_train, y_train), (x_test, y_test) = _load()
        return {
            "x_train": x_train[..., None].astype("float32") / 255,
            "y_train": keras.utils.to_categorical(y_train, 10),
            "x_test": x_test[..., None].astype("float32") / 255,
            "y_test": keras.utils.to_categorical(y_test, 10),
        }


def _load():
    if "BENCH_DATA_DIR" not in os.environ:
        return keras.datasets.mnist.load_data()
    with np.load(Path(os.environ["BENCH_DATA_DIR"]) / "mnist.npz") as arrays:
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
