"""A picture from a file is answered by a kept model as the test images were."""

import numpy as np
import pytest
from ninetynine.building import build_model
from ninetynine.catalog import discover
from ninetynine.training.cell import save_model
from ninetynine.training.predictions import classify, shifted
from PIL import Image
from record_builders import make_record

pytestmark = pytest.mark.slow

SHAPE = (28, 28, 1)
FIVE_PLACES = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]


@pytest.mark.parametrize(("shifts", "places"), [(0, FIVE_PLACES[:1]), (1, FIVE_PLACES)])
def test_a_picture_is_answered_at_every_place_that_the_recipe_asks_for(tmp_path, shifts, places):
    architecture = discover()["t2_dense"]
    model = build_model(architecture, SHAPE, 10)
    save_model(model, tmp_path / "model.keras")
    digit = np.zeros(SHAPE, np.uint8)
    digit[5:20, 8:15] = np.random.default_rng(0).integers(1, 255, (15, 7, 1))
    Image.fromarray(digit[..., 0]).save(tmp_path / "digit.png")
    recipe = architecture.recipe.override({"test_time_shifts": shifts}, "test").canonical()
    record = make_record("t2_dense", recipe=recipe)

    found, _ = classify(architecture, record, tmp_path / "model.keras", tmp_path / "digit.png")
    inputs = np.concatenate([shifted(digit[np.newaxis], *place) for place in places]) / 255
    expected = model.predict(inputs.astype(np.float32), verbose=0).mean(axis=0)
    assert found == pytest.approx(expected.tolist(), abs=1e-6)
