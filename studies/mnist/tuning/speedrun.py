"""5x5x24, pool, 3x3x32, pool, dense 256: a small network for the shortest trainings.

Source: a candidate of this project's own search.
"""

import keras
from keras import layers

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9},
    "batch_size": 256,
    "epochs": 1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
}


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(24, 5),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(32, 3),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
