"""T2, the Keras digit notebook that `t2_dense` reproduces, as a plain script.

One hidden layer of 512, RMSprop with Keras's defaults, batches of 128, 5 epochs of all training
images, pixels in [0, 1], labels one-hot. Nothing here knows of the harness but the three options
and the files at the end.
"""

import argparse
import json
import time
from pathlib import Path

import keras
import numpy as np

EPOCHS = 5

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()

keras.utils.set_random_seed(options.seed)
data = np.load(options.data)
num_classes = int(data["num_classes"])
x_train = data["x_train"].astype("float32") / 255
y_train = keras.utils.to_categorical(data["y_train"], num_classes)
x_test = data["x_test"].astype("float32") / 255

model = keras.Sequential(
    [
        keras.Input(x_train.shape[1:]),
        keras.layers.Flatten(),
        keras.layers.Dense(512, activation="relu"),
        keras.layers.Dense(num_classes, activation="softmax"),
    ]
)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
tell = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: print(
        f"epoch {epoch + 1}/{EPOCHS} accuracy {logs['accuracy']:.4f}", flush=True
    )
)
started = time.perf_counter()
fit = model.fit(x_train, y_train, batch_size=128, epochs=EPOCHS, verbose=0, callbacks=[tell])
seconds = time.perf_counter() - started

np.save(options.out / "predictions.npy", model.predict(x_test, batch_size=1000, verbose=0))
history = [
    {"loss": loss, "accuracy": accuracy}
    for loss, accuracy in zip(fit.history["loss"], fit.history["accuracy"], strict=True)
]
(options.out / "history.json").write_text(json.dumps(history))
facts = {"parameters": model.count_params(), "train_seconds": seconds}
(options.out / "facts.json").write_text(json.dumps(facts))
