"""Two convolutions before the only pool, with two dropouts.

Source: T3, David Schmudde, "Convolutional Neural Networks: MNIST classification with Keras",
22 March 2018.
Deviations: none in the model or the recipe; as published, it watches the test set while training.
"""

import keras
from keras import layers

PARAMETERS = 600_810

RECIPE = {
    "optimizer": "adam",
    "batch_size": 128,
    "epochs": 10,
    "validation_data": "test",
}

CLAIMS = [
    {
        "id": "T3",
        "metric": "test_accuracy",
        "value": 0.9906,
        "digits": 4,
        "dataset": "mnist",
        "source": "David Schmudde, Convolutional Neural Networks: MNIST classification with Keras",
        "note": "for 10 minutes of training",
    },
]


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
