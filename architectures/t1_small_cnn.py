"""Two convolutions and a dropout: the small Keras convnet.

Source: T1, the tutorial "MNIST with Keras" (Number Representations & States).
Deviations: none in the model or the recipe.
"""

import keras
from keras import layers

PARAMETERS = 34_826

RECIPE = {
    "optimizer": "adam",
    "batch_size": 128,
    "epochs": 3,
    "validation_split": 0.1,
}

# The tutorial prints test loss and accuracy when it runs; its text gives no figure.
CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
