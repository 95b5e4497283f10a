"""A small network that is trained between other runs, to tell how fast the machine is just then.

Source: written for the time gate; it stands in no table.
Deviations: none.
"""

RECIPE = {"optimizer": "adam", "batch_size": 128, "epochs": 2}


def build(input_shape: tuple[int, ...], num_classes: int) -> object:
    """Return two convolutions and a dense layer."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
