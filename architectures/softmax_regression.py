"""Softmax regression: one linear layer on the pixels, the simplest model that looks at them.

Source: a baseline of this suite; no publication is reproduced.
Deviations: none.
"""

import keras
from keras import layers

PARAMETERS = 7_850

# The common recipe of the `controlled` suite, chosen before any run and not tuned: what this
# baseline is compared with is trained the same way there.
RECIPE = {
    "optimizer": "adam",
    "batch_size": 128,
    "epochs": 10,
}

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
