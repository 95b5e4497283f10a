"""A small convolutional network for the shortest training that reaches the tutorials' 99.06%.

Source: this project's speedrun; its recipe was chosen on folds of the training set
(studies/mnist).
Deviations: none; it sees 42,000 of the 60,000 training images, each once.
"""

import keras
from keras import layers

PARAMETERS = 108_874

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.014, "beta_1": 0.7, "beta_2": 0.9},
    "batch_size": 128,
    "epochs": 0.7,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
}

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(16, 5),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(32, 3),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
