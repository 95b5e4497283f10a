"""four_late_norm with three votes: of all of the third map, of its maxima, of the last one's.

Source: Byerly, Kalganova and Dear, "No Routing Needed Between Capsules" (arXiv:2001.09136), whose
network has branches, too, each with a vote.
"""

import keras
from keras import layers

RECIPE = {
    "optimizer": {"name": "adam", "learning_rate": 0.006},
    "batch_size": 64,
    "epochs": 10,
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
    image = keras.Input(input_shape)
    x = layers.Conv2D(32, 5)(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(64, 3)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(64, 3)(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.BatchNormalization()(x)
    third = layers.ReLU()(x)
    x = layers.Conv2D(128, 3)(third)
    x = layers.BatchNormalization()(x)
    last = layers.ReLU()(x)
    votes = layers.Add()(
        [
            layers.Dense(num_classes)(layers.Flatten()(third)),
            layers.Dense(num_classes)(layers.GlobalMaxPooling2D()(third)),
            layers.Dense(num_classes)(layers.GlobalMaxPooling2D()(last)),
        ]
    )
    return keras.Model(image, layers.Softmax()(votes))
