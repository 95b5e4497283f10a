"""A small residual net: 5x5x32, a block of 32, 3x3x64, a block of 64, 3x3x128.

Source: this project's ladder, after He et al., "Deep residual learning" (2016).
Deviations: two blocks; four_convs_affine's recipe.
"""

import keras
from keras import layers

PARAMETERS = 188_490

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.008},
    "batch_size": 128,
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

CLAIMS = []


def build(input_shape, num_classes):
    images = keras.Input(input_shape)
    x = layers.Conv2D(32, 5)(images)
    x = layers.MaxPooling2D(2)(x)
    x = residual_block(normed(x), 32)
    x = layers.Conv2D(64, 3)(x)
    x = layers.MaxPooling2D(2)(x)
    x = residual_block(normed(x), 64)
    x = layers.Conv2D(128, 3)(x)
    x = layers.GlobalMaxPooling2D()(normed(x))
    return keras.Model(images, layers.Dense(num_classes, activation="softmax")(x))


def residual_block(x, channels):
    """Return ReLU(x + F(x)), F being two convolutions (He et al., 2016, figure 2)."""
    y = normed(layers.Conv2D(channels, 3, padding="same")(x))
    y = layers.Conv2D(channels, 3, padding="same")(y)
    y = layers.BatchNormalization()(y)
    return layers.ReLU()(layers.Add()([x, y]))


def normed(x):
    return layers.ReLU()(layers.BatchNormalization()(x))
