"""Hands that stand together show in the order of images; an order by chance shows nothing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ninetynine.datasets import load
from run_helpers import load_script

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "studies" / "mnist" / "order_of_writers.py"
PAGE = REPOSITORY / "results" / "tuning" / "order_of_writers.md"


@pytest.fixture(scope="module")
def script():
    return load_script(SCRIPT)


def bars(slants):
    """Upright bars of 20 rows, sheared by ``slants`` (columns a row)."""
    images = np.zeros((len(slants), 28, 28, 1), np.uint8)
    for image, slant in zip(images, slants, strict=True):
        for row in range(4, 24):
            column = round(13 + slant * (row - 13.5))
            image[row, column : column + 3] = 255
    return images


def test_writers_whose_digits_stand_together_resemble_their_neighbours(script):
    rng = np.random.default_rng(0)
    by_writer = np.repeat(rng.uniform(-0.4, 0.4, 40), 50)  # fifty digits each, one after another
    labels = np.zeros(2000, np.int64)
    together = script.hands(bars(by_writer), labels)
    mixed = script.hands(bars(rng.permutation(by_writer)), labels)
    assert script.resemblance(together, 1)[0] > 0.9
    assert abs(script.resemblance(together, 1000)[0]) < 0.5
    assert abs(script.resemblance(mixed, 1)[0]) < 0.1


def test_two_writers_in_turn_resemble_the_image_after_the_next(script):
    features = script.hands(bars(np.resize([-0.3, 0.3], 100)), np.zeros(100, np.int64))
    assert script.resemblance(features, 1)[0] == pytest.approx(-1, abs=0.01)
    assert script.resemblance(features, 2)[0] == pytest.approx(1, abs=0.01)


def test_what_a_digit_looks_like_is_no_hand(script):
    labels = np.repeat([0, 1], 500)  # all of one digit lean left, all of the other lean right
    slants = np.where(labels == 0, -0.3, 0.3) + np.random.default_rng(1).uniform(-0.05, 0.05, 1000)
    assert abs(script.resemblance(script.hands(bars(slants), labels), 1)[0]) < 0.2


@pytest.mark.slow
def test_without_mnist_the_script_says_so_in_one_line(tmp_path):
    command = [sys.executable, SCRIPT, "--results", tmp_path / "results"]
    (tmp_path / "keras.py").write_text("raise OSError('no network here')")  # its loader's
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "BENCH_DATA_DIR": str(tmp_path),
        "KERAS_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("order_of_writers: ")


@pytest.mark.exhaustive
@pytest.mark.real_mnist
@pytest.mark.slow
def test_the_page_is_what_the_images_show(script):
    folder = os.environ.get("BENCH_DATA_DIR", "")
    if not Path(folder, "mnist.npz").is_file():
        pytest.skip("BENCH_DATA_DIR names no folder with mnist.npz")
    dataset = load("mnist", Path(folder))
    features = script.hands(dataset.train_images, dataset.train_labels)
    found = [f"{one:.2f}" for one in script.resemblance(features, 2)]
    assert f"| 2 | training | {' | '.join(found)} |" in PAGE.read_text()
