"""The five tutorials: optimizer, arguments of ``fit``, and layers between input and output."""

import keras
from keras import layers


def build(tutorial):
    """Return the compiled model of ``tutorial``, "t1" to "t5"."""
    optimizer, _, hidden = TUTORIALS[tutorial]
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), *hidden(), layers.Dense(10, activation="softmax")]
    )
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


def fit_arguments(tutorial, x_test, y_test):
    """Return what ``fit`` is given besides the training arrays; T3 watches the test set."""
    arguments = dict(TUTORIALS[tutorial][1])
    if arguments.pop("watches_test", False):
        arguments["validation_data"] = (x_test, y_test)
    return arguments


def _convolution(filters):
    return layers.Conv2D(filters, (3, 3), activation="relu")


def _pool():
    return layers.MaxPooling2D((2, 2))


def _dense(units):
    return layers.Dense(units, activation="relu")


def _t1():
    return [_convolution(32), _pool(), _convolution(64), _pool(), layers.Flatten(),
            layers.Dropout(0.5)]  # fmt: skip


def _t2():
    return [layers.Flatten(), _dense(512)]


def _t3():
    return [_convolution(32), _convolution(32), _pool(), layers.Dropout(0.25), layers.Flatten(),
            _dense(128), layers.Dropout(0.5)]  # fmt: skip


def _t4():
    return [_convolution(32), _convolution(64), _pool(), layers.Flatten(), _dense(128), _dense(128)]


TUTORIALS = {
    "t1": ("adam", {"batch_size": 128, "epochs": 3, "validation_split": 0.1}, _t1),
    "t2": ("rmsprop", {"batch_size": 128, "epochs": 5}, _t2),
    "t3": ("adam", {"batch_size": 128, "epochs": 10, "watches_test": True}, _t3),
    "t4": ("adam", {"batch_size": 256, "epochs": 5, "validation_split": 0.2}, _t4),
    "t5": ("rmsprop", {"batch_size": 128, "epochs": 5}, _t2),
}
