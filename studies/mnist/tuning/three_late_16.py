"""5x5x16, pool, 3x3x48, pool, 3x3x96, batch norm after the second and third, global max pool.

Source: a candidate of this project's own search.
"""

import keras
from keras import layers

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "batch_size": 128,
    "epochs": 8,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
    "augmentation": {
        "shift_pixels": 2,
        "rotation_degrees": 10,
        "scale_fraction": 0.1,
        "shear_fraction": 0.1,
    },
}


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(16, 5),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(48, 3),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(96, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
