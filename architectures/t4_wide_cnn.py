"""Two convolutions, one pool and two hidden dense layers, without dropout.

Source: T4, the notebook "MNIST digit classification using Convolutional Neural Networks".
Deviations: images are channels-last only; the notebook also has a branch for channels-first.
"""

import keras
from keras import layers

PARAMETERS = 1_216_394

RECIPE = {
    "optimizer": "adam",
    "batch_size": 256,
    "epochs": 5,
    "validation_split": 0.2,
}

CLAIMS = [
    {
        "id": "T4",
        "metric": "test_accuracy",
        "value": 0.988,
        "digits": 3,
        "dataset": "mnist",
        "source": "MNIST digit classification using Convolutional Neural Networks",
    },
    {
        "id": "T4",
        "metric": "test_loss",
        "value": 0.03675,
        "digits": 5,
        "dataset": "mnist",
        "source": "MNIST digit classification using Convolutional Neural Networks",
    },
]


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
