"""What every architecture promises, whoever wrote it."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ninetynine.building import build_model
from ninetynine.catalog import discover
from ninetynine.training.counting import weights_hash

USER_NET = Path(__file__).parents[1] / "support" / "examples" / "user_net.py"
CATALOG = discover([USER_NET])

pytestmark = pytest.mark.parametrize("architecture", CATALOG.values(), ids=list(CATALOG))


def seeded_model(architecture, input_shape, num_classes):
    import keras

    keras.utils.set_random_seed(1)
    return build_model(architecture, input_shape, num_classes)


@cache
def stated_model(name):
    """The model that the file's parameters are of, built once for all tests that look at it."""
    return seeded_model(CATALOG[name], (28, 28, 1), 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("input_shape", "num_classes"),
    [((28, 28, 1), 10), pytest.param((28, 28, 3), 7, marks=pytest.mark.exhaustive)],
)
def test_gives_one_probability_per_class(architecture, input_shape, num_classes):
    if num_classes == 10:
        model = stated_model(architecture.name)
    else:
        model = seeded_model(architecture, input_shape, num_classes)
    images = np.random.default_rng(0).random((3, *input_shape), dtype=np.float32)
    probabilities = np.asarray(model(images))
    assert probabilities.shape == (3, num_classes)
    assert np.all(probabilities >= 0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_has_the_parameters_it_states(architecture):
    assert architecture.parameters in (None, stated_model(architecture.name).count_params())


@pytest.mark.slow
def test_one_seed_gives_one_set_of_weights(architecture):
    again = seeded_model(architecture, (28, 28, 1), 10)
    assert weights_hash(again) == weights_hash(stated_model(architecture.name))


def test_says_what_it_is_and_where_it_comes_from(architecture):
    assert architecture.summary.endswith(".")
    assert len(architecture.summary) <= 100
    assert architecture.source
    assert architecture.deviations


def test_is_short_and_never_imports_the_engine(architecture):
    assert architecture.path.read_text().count("\n") < 80
    assert not any(name.startswith("bench") for name in architecture.source_files)
    assert "bench" not in architecture.path.read_text()


@pytest.mark.slow
def test_comes_uncompiled(architecture):
    assert not stated_model(architecture.name).compiled
