"""5x5x64, pool, 3x3x128 twice, pool, 3x3x256, global max pool; batch norm after the last two.

Source: a candidate of this project's own search.
"""

import keras
from keras import layers

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.006},
    "batch_size": 64,
    "epochs": 10,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
    "augmentation": {
        "shift_pixels": 2,
        "rotation_degrees": 10,
        "scale_fraction": 0.1,
        "shear_fraction": 0.1,
        "elastic_pixels": 0.7,
    },
}


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(64, 5),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(128, 3),
            layers.ReLU(),
            layers.Conv2D(128, 3),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(256, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
