"""One hidden layer of 512: the dense network that introduces Keras.

Source: T2, a Keras digit notebook (TensorFlow backend, Keras 2 era), and T5, an annotated
dense-network notebook (Keras 2.10.0). Model and recipe are the same in both.
Deviations: none in the model or the recipe.
"""

import keras
from keras import layers

PARAMETERS = 407_050

RECIPE = {
    "optimizer": "rmsprop",
    "batch_size": 128,
    "epochs": 5,
}

CLAIMS = [
    {
        "id": "T2",
        "metric": "test_accuracy",
        "value": 0.9799,
        "digits": 4,
        "dataset": "mnist",
        "source": "Keras digit notebook",
    },
    {
        "id": "T2",
        "metric": "train_accuracy",
        "value": 0.9889,
        "digits": 4,
        "dataset": "mnist",
        "source": "Keras digit notebook",
        "note": "blames overfitting for the difference from the test accuracy",
    },
    {
        "id": "T5",
        "metric": "test_accuracy",
        "value": 0.98230,
        "digits": 5,
        "dataset": "mnist",
        "source": "annotated dense-network notebook",
    },
    {
        "id": "T5",
        "metric": "train_accuracy",
        "value": 0.989,
        "digits": 3,
        "dataset": "mnist",
        "source": "annotated dense-network notebook",
    },
]


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
