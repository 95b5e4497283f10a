"""Four 7x7 convolutions without padding or pooling, batch norm after the last two.

Source: An, Lee, Park, Yang and So, "An Ensemble of Simple Convolutional Neural Network Models for
MNIST Digit Recognition" (arXiv:2008.10400), whose M7 has more channels and batch norm throughout.
"""

import keras
from keras import layers

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.004},
    "batch_size": 64,
    "epochs": 5,
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
            layers.Conv2D(32, 7),
            layers.ReLU(),
            layers.Conv2D(64, 7),
            layers.ReLU(),
            layers.Conv2D(64, 7),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(128, 7),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
