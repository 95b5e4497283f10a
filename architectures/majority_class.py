"""Majority class: the same answer for every image, the score of knowing only the label counts.

Source: a baseline of this suite; no publication is reproduced.
Deviations: none. The pixels are multiplied by zero, so only the output's bias learns, and
training moves the probabilities to the shares of the classes in the training labels.
"""

import keras
from keras import layers

PARAMETERS = 20

# Only the bias has a gradient, probabilities minus shares, of curvature about 0.1 for ten classes:
# every step at rate 1.0 takes a tenth of what is left. On 60,000 images ten epochs are 150 such
# steps, and the large batch keeps the last ones from swapping the two largest classes.
RECIPE = {
    "optimizer": {"name": "sgd", "learning_rate": 1.0},
    "batch_size": 4096,
    "epochs": 10,
}

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.GlobalAveragePooling2D(),
            layers.Rescaling(0.0),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
