"""four_convs_longest behind a layer that sets digits upright, and makes them equally wide if asked.

Source: this project's ladder. Slant from second moments, as LeCun et al. (1998, "Gradient-Based
Learning Applied to Document Recognition", III) set digits upright; networks of other widths to vote
with, as Ciresan, Meier and Schmidhuber (2012, arXiv:1202.2745) have them.
Deviations: none; over four_convs_longest: the layer.
"""

import keras
from keras import layers
from ninetynine.architectures._deslanting import Deslanting

PARAMETERS = 132_170

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.006},
    "batch_size": 64,
    "epochs": 18,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
    "augmentation": {
        "shift_pixels": 2,
        "rotation_degrees": 10,
        "scale_fraction": 0.1,
        "shear_fraction": 0.1,
        "elastic_pixels": 0.7,
    },
    "test_time_shifts": 1,
}

CLAIMS = []


def build(input_shape, num_classes, width=None):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            Deslanting(width),
            layers.Conv2D(32, 5),
            layers.MaxPooling2D(2),
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
