"""speedrun_lenet for two epochs.

Source: this project's ladder, after LeNet-5 (LeCun, Bottou, Bengio and Haffner, "Gradient-based
learning applied to document recognition", 1998); its recipe was chosen on folds of the training
set (studies/mnist).
Deviations: none; over speedrun_lenet: the length.
"""

import keras
from keras import layers

PARAMETERS = 292_330

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "batch_size": 128,
    "epochs": 2,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
    "augmentation": {"shift_pixels": 1},
}

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(16, 5),
            layers.MaxPooling2D(2),
            layers.ReLU(),
            layers.Conv2D(64, 5),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(256),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
