"""LeNet-5's plan, wider: 5x5x32, pool, 5x5x64, pool, dense 256, with batch norm.

Source: this project's ladder, after LeNet-5 (LeCun, Bottou, Bengio and Haffner, "Gradient-based
learning applied to document recognition", 1998); its recipe was chosen on folds of the training
set (studies/mnist).
Deviations: ReLU, max pools, batch norm and one dense layer of 256 for two of 120 and 84.
"""

import keras
from keras import layers

PARAMETERS = 318_346

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.008},
    "batch_size": 128,
    "epochs": 17,
    "label_smoothing": 0.1,
    "schedule": {"name": "linear", "warmup_fraction": 0.2},
    "augmentation": {"shift_pixels": 2},
    "test_time_shifts": 1,
}

CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, 5),
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
