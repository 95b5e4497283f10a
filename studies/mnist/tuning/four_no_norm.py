"""5x5x32, pool, two 3x3x64, pool, 3x3x128, global max pool, without batch norm.

Source: a candidate of this project's own search.
"""

import keras
from keras import layers

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.002},
    "batch_size": 128,
    "epochs": 5,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
}


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, 5),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(64, 3),
            layers.ReLU(),
            layers.Conv2D(64, 3),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(128, 3),
            layers.ReLU(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
