"""T3, David Schmudde, "Convolutional Neural Networks: MNIST classification with Keras" (2018).

python t3.py SEED [PREDICTIONS.npy]
"""

import sys
import time

import keras
from common import finish, load_data
from keras import layers

keras.utils.set_random_seed(int(sys.argv[1]))

(x_train, y_train), (x_test, y_test) = load_data()
x_train = x_train.reshape(60000, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(10000, 28, 28, 1).astype("float32") / 255
y_train = keras.utils.to_categorical(y_train, 10)
y_test = keras.utils.to_categorical(y_test, 10)

model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, (3, 3), activation="relu"),
        layers.Conv2D(32, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

started = time.perf_counter()
model.fit(x_train, y_train, batch_size=128, epochs=10, validation_data=(x_test, y_test))
train_seconds = time.perf_counter() - started

loss, accuracy = model.evaluate(x_test, y_test)
finish(model, x_test, loss, accuracy, train_seconds)
