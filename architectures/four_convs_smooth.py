"""four_convs_norm with smoothed labels.

Source: this project's ladder; its recipe was chosen on folds of the training set (studies/mnist).
Deviations: none; over four_convs_norm: label smoothing 0.1 (Szegedy et al., 2016).
"""

import keras
from keras import layers

PARAMETERS = 132_298

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.008},
    "batch_size": 128,
    "epochs": 5,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
}

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, 5),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(64, 3),
            layers.ReLU(),
            layers.Conv2D(64, 3),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(128, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
