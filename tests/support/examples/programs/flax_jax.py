"""A dense network in Flax, on JAX."""

import argparse
import json
from pathlib import Path

import jax
import numpy as np
import optax
from flax import linen as nn

EPOCHS, BATCH = 10, 32


class Dense(nn.Module):
    """One hidden layer."""

    classes: int

    @nn.compact
    def __call__(self, images):
        """Return logits (n, classes) for images (n, pixels)."""
        return nn.Dense(self.classes)(nn.relu(nn.Dense(64)(images)))


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()

data = np.load(options.data)
x_train = data["x_train"].reshape(len(data["x_train"]), -1).astype("float32") / 255
x_test = data["x_test"].reshape(len(data["x_test"]), -1).astype("float32") / 255
y_train = data["y_train"].astype("int32")
model, optimizer = Dense(int(data["num_classes"])), optax.adam(0.003)
weights = model.init(jax.random.key(options.seed), x_train[:1])
state, order = optimizer.init(weights), np.random.default_rng(options.seed)


@jax.jit
def step(weights, state, images, labels):
    """Return the weights and the optimizer's state after one batch."""

    def loss(weights):
        logits = model.apply(weights, images)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, state = optimizer.update(jax.grad(loss)(weights), state)
    return optax.apply_updates(weights, updates), state


for epoch in range(1, EPOCHS + 1):
    shuffled = order.permutation(len(x_train))
    for batch in np.array_split(shuffled, len(x_train) // BATCH):
        weights, state = step(weights, state, x_train[batch], y_train[batch])
    accuracy = (model.apply(weights, x_train).argmax(1) == y_train).mean()
    print(f"epoch {epoch}/{EPOCHS} accuracy {accuracy:.4f}")
np.save(options.out / "predictions.npy", jax.nn.softmax(model.apply(weights, x_test)))
parameters = sum(array.size for array in jax.tree.leaves(weights))
(options.out / "facts.json").write_text(json.dumps({"parameters": parameters}))
