"""A worker without TensorFlow: the real process, protocol and task loop around a made-up training.

``keras`` is a module with nothing but a Model of the right shapes, so an architecture's own code
runs as ever; the "training" takes STUB_EPOCH_SECONDS an epoch and draws its predictions from the
cell's seed, and from what the architecture called its model, if anything.
"""

import os
import sys
import time
import types
from types import SimpleNamespace

import numpy as np
from ninetynine import datasets
from ninetynine.building import build_model
from ninetynine.cells import canonical_hash
from ninetynine.errors import TrainingFailed
from ninetynine.recipe import Recipe
from ninetynine.records import Context, Epoch, Predictions
from ninetynine.training.setup import noting_inputs
from ninetynine.workers import worker
from record_builders import make_record

EPOCH_SECONDS = float(os.environ.get("STUB_EPOCH_SECONDS", "0"))


class Model:
    name = ""
    input_shape = (None, 28, 28, 1)
    output_shape = (None, 10)

    def count_params(self):
        return 7_850


class Diverged(TrainingFailed):
    kind = "diverged"


def train_cell(
    cell, architecture, dataset, cores, import_seconds, data_seconds, on_epoch, warn, on_inputs
):
    with noting_inputs(architecture) as inputs:
        model = build_model(architecture, dataset.train_images.shape[1:], dataset.num_classes)
    on_inputs(inputs)
    identity = cell.identity.reading(inputs)
    recipe = Recipe.from_canonical(identity.recipe)
    if recipe.optimizer.arguments.get("learning_rate") == 1000:
        raise Diverged("the loss is nan in epoch 1 of 1")
    for number in range(1, int(recipe.epochs) + 1):
        time.sleep(EPOCH_SECONDS)
        on_epoch(Epoch(epoch=number, loss=0.1, accuracy=0.9), int(recipe.epochs))
    named = list(model.name.encode())
    random = np.random.default_rng([identity.seed, len(identity.architecture), *named])
    labels = dataset.test_labels.astype(np.uint16)
    rows = random.dirichlet(np.ones(dataset.num_classes), len(labels))
    predictions = Predictions(rows.astype(np.float16), labels)
    changes = {
        "key": identity.key,
        "cell": identity,
        "test_fingerprint": datasets.fingerprint_of_test_part(dataset),
        "context": Context(
            suite=cell.suite,
            variant=cell.variant,
            suite_version="0.1.0",
            started_at="2026-01-01T00:00:00+00:00",
        ),
    }
    made = make_record(accuracy=float(predictions.correct.mean()))
    changes["model"] = made.model.model_copy(update={"built_hash": hash_of(model, cell)})
    record = made.model_copy(update=changes)
    return SimpleNamespace(record=record, predictions=predictions, model=None)


def train_together(cells, architecture, *more):
    """Train ``cells`` as if at once; seed 13 diverges."""
    with noting_inputs(architecture) as inputs:
        build_model(architecture, more[0].train_images.shape[1:], more[0].num_classes)
    more[-1](inputs)
    return [
        SimpleNamespace(cell=cell, record=None, predictions=None, diverged="the loss is nan")
        if cell.identity.seed == 13
        else SimpleNamespace(
            cell=cell, load=lambda: None, **vars(train_cell(cell, architecture, *more))
        )
        for cell in cells
    ]


def build_cell(cell, architecture, dataset):
    shape, classes = dataset.train_images.shape[1:], dataset.num_classes
    return hash_of(build_model(architecture, shape, classes), cell)


def hash_of(model, cell):
    seed = 0 if model.name == "alike for all seeds" else cell.identity.seed
    return canonical_hash([model.name, seed])


def save_model(model, path, drawn_on_dark):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a model")


def make_module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)


if __name__ == "__main__":
    make_module("keras", Model=Model)
    make_module(
        "ninetynine.training.cell",
        build_cell=build_cell,
        save_model=save_model,
        train_cell=train_cell,
    )
    make_module("ninetynine.training.together", train_together=train_together)
    worker.main(sys.argv[1:])
