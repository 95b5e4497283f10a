"""Four convolutions of 24, 40, 40 and 88 channels: under 60,000 parameters.

Source: this project's ladder: four_convs_affine, narrower; its recipe was not searched for.
Deviations: none; twelve epochs instead of five.
"""

import keras
from keras import layers

PARAMETERS = 57_010

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.008},
    "batch_size": 128,
    "epochs": 12,
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

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(24, 5),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(40, 3),
            layers.ReLU(),
            layers.Conv2D(40, 3),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(88, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
