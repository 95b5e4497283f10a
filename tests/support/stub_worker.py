"""A worker without TensorFlow: the real process, protocol and task loop around a made-up training.

``keras`` is a module with nothing but a Model of the right shapes, so an architecture's own code
runs as ever; the "training" takes STUB_EPOCH_SECONDS an epoch and draws its predictions from the
cell's seed.
"""

import os
import sys
import time
import types
from types import SimpleNamespace

import numpy as np
from ninetynine import datasets
from ninetynine.building import build_model
from ninetynine.recipe import Recipe
from ninetynine.records import Context, Epoch, Predictions
from ninetynine.workers import worker
from record_builders import make_record

EPOCH_SECONDS = float(os.environ.get("STUB_EPOCH_SECONDS", "0"))


class Model:
    input_shape = (None, 28, 28, 1)
    output_shape = (None, 10)

    def count_params(self):
        return 7_850


class Diverged(Exception):
    pass


def train_cell(cell, architecture, dataset, cores, import_seconds, data_seconds, on_epoch, warn):
    build_model(architecture, dataset.train_images.shape[1:], dataset.num_classes)
    identity = cell.identity
    recipe = Recipe.from_canonical(identity.recipe)
    if recipe.optimizer_arguments.get("learning_rate") == 1000:
        raise Diverged("the loss is nan in epoch 1 of 1")
    for number in range(1, int(recipe.epochs) + 1):
        time.sleep(EPOCH_SECONDS)
        on_epoch(Epoch(epoch=number, loss=0.1, accuracy=0.9), int(recipe.epochs))
    random = np.random.default_rng([identity.seed, len(identity.architecture)])
    labels = dataset.test_labels.astype(np.uint16)
    rows = random.dirichlet(np.ones(dataset.num_classes), len(labels))
    predictions = Predictions(rows.astype(np.float16), labels)
    changes = {
        "key": cell.key,
        "cell": identity,
        "test_fingerprint": datasets.fingerprint_of_test_part(dataset),
        "context": Context(
            suite=cell.suite,
            variant=cell.variant,
            suite_version="0.1.0",
            started_at="2026-01-01T00:00:00+00:00",
        ),
    }
    record = make_record(accuracy=float(predictions.correct.mean())).model_copy(update=changes)
    return SimpleNamespace(record=record, predictions=predictions, model=None)


def save_model(model, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a model")


def make_module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)


if __name__ == "__main__":
    make_module("keras", Model=Model)
    make_module(
        "ninetynine.training.cell", Diverged=Diverged, save_model=save_model, train_cell=train_cell
    )
    worker.main(sys.argv[1:])
