"""Every architecture trains on every installed backend; none in the catalogue is left out."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.backends import BACKENDS, get_backend, package_versions
from ninetynine.catalog import discover
from ninetynine.cells import DEFAULT_BACKEND
from ninetynine.errors import UserError
from ninetynine.executors.local import LocalExecutor
from ninetynine.machine import available_cores
from ninetynine.request import make_tasks
from ninetynine.suite import Setting, Suite, make_cells
from ninetynine.workers import process
from ninetynine.workers.events import Event, Failed, Finished, Refused

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]
USER_NET = Path(__file__).parents[1] / "support" / "examples" / "user_net.py"
CATALOG = discover([USER_NET])
# Two steps an epoch, and as many images in every part: JAX compiles for each number of them anew.
# (That a smaller last batch is trained on is tested beside the loops.)
TRAIN_IMAGES, TEST_IMAGES, BATCH_SIZE = 32, 32, 16


def is_installed(backend):
    try:
        return bool(package_versions(backend))
    except UserError:
        return False


NAMES = tuple(BACKENDS.entries())  # those of other packages, too
INSTALLED = tuple(name for name in NAMES if is_installed(name))
# Where there are two others, TensorFlow's models are compared by what the catalogue says alone.
COMPARED = INSTALLED if len(INSTALLED) < 3 else tuple(n for n in INSTALLED if n != DEFAULT_BACKEND)
every_architecture = pytest.mark.parametrize("name", CATALOG)
every_backend = pytest.mark.parametrize(
    "backend",
    [
        pytest.param(b, marks=pytest.mark.skipif(b not in INSTALLED, reason=f"{b} not installed"))
        for b in NAMES
    ],
)


@pytest.fixture(scope="module")
def train(request, tmp_path_factory):
    """Return a function from a backend to the last event of every architecture asked for, by name.

    A process has one backend, so workers of its own train them all, once: two, since the other
    files of the backends take less time than this one.
    """
    parameters = [getattr(item, "callspec", None) for item in request.session.items]
    asked = {found.params.get("name") for found in parameters if found is not None}
    names = [name for name in CATALOG if name in asked]
    digits = datasets.load("digits")
    path = tmp_path_factory.mktemp("data") / "few.npz"
    np.savez(
        path,
        x_train=digits.train_images[:TRAIN_IMAGES],
        y_train=digits.train_labels[:TRAIN_IMAGES],
        x_test=digits.test_images[:TEST_IMAGES],
        y_test=digits.test_labels[:TEST_IMAGES],
    )

    @cache
    def train(backend) -> dict[str, Event]:
        cells = [cell for name in names for cell in cells_of(name, backend, path)]
        tasks = make_tasks(cells, str(path), architecture_files=[USER_NET])
        with pytest.MonkeyPatch.context() as patch:
            # TensorFlow, which each fork would start anew, in one process: nothing is to be kept
            # from another cell.
            if backend == "tensorflow":
                patch.setattr(process, "forks", lambda backend, device: False)
                patch.setattr(process.WorkerProcess, "fits", lambda worker, *cell: worker.alive)
            jobs = 1 if backend == "tensorflow" else min(2, len(available_cores()))
            events = list(LocalExecutor(jobs).run(tasks))
        ends = [event for event in events if isinstance(event, Finished | Failed | Refused)]
        return {event.task.cell.identity.architecture: event for event in ends}

    return train


def cells_of(name, backend, dataset):
    """The architecture's own recipe, cut to a few steps.

    An augmentation is compiled for the first architecture that has it: it depends on none.
    """
    own = CATALOG[name].recipe
    recipe = {"batch_size": BATCH_SIZE, "epochs": max(4, own.average_epochs)}
    if any(CATALOG[first].recipe.augmentation == own.augmentation for first in before(name)):
        recipe["augmentation"] = None
    suite = Suite("test", Path("test.toml"), "", str(dataset), (name,), (0,), recipe)
    return make_cells(suite, CATALOG, [name], Setting(backend=backend))


def before(name):
    """The architectures that come before ``name`` in the catalogue."""
    return [*CATALOG][: [*CATALOG].index(name)]


def finished(event):
    assert isinstance(event, Finished), getattr(event, "message", getattr(event, "failure", event))
    return event


def test_tensorflow_is_always_among_the_backends():
    assert "tensorflow" in INSTALLED


@every_backend
@every_architecture
def test_trains_to_a_finite_loss_that_has_fallen(train, backend, name):
    record = finished(train(backend)[name]).record
    assert record.status == "finished"
    assert record.cell.backend == backend
    losses = [epoch.loss for epoch in record.history]
    assert all(map(math.isfinite, [*losses, record.scores.test.loss]))
    assert min(losses[1:]) < losses[0], losses


@every_backend
@every_architecture
def test_gives_every_test_image_probabilities_that_sum_to_one(train, backend, name):
    predictions = finished(train(backend)[name]).predictions
    assert predictions.probabilities.shape == (TEST_IMAGES, 10)
    sums = predictions.probabilities.astype(np.float64).sum(axis=1)
    np.testing.assert_allclose(sums, 1, atol=10 * 2**-8)  # small ones are stored with three bits


@every_backend
@every_architecture
def test_has_the_parameters_that_the_catalogue_says(train, backend, name):
    said = CATALOG[name].parameters
    if said is None:
        pytest.skip("the catalogue says nothing of it")
    assert finished(train(backend)[name]).record.model.parameters == said


@pytest.mark.skipif(len(COMPARED) < 2, reason="one backend is installed")
@every_architecture
def test_is_the_same_model_on_every_backend(train, name):
    models = [finished(train(backend)[name]).record.model for backend in COMPARED]
    assert len({(model.parameters, model.multiply_adds) for model in models}) == 1
    on_keras = {get_backend(backend).keras_backend for backend in COMPARED}
    assert len({model.weights_hash for model in models}) >= len(on_keras)  # none stood in
