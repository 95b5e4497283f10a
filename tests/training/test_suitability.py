"""What a recipe or a measure asks of data that they have not is told before the first worker."""

from types import SimpleNamespace

import numpy as np
import pytest
from complaints import complaint
from dataset_builders import ordinary
from ninetynine import datasets, measures
from ninetynine.cells import Cell
from ninetynine.datasets.checks import build_dataset
from ninetynine.recipe import parse_recipe
from ninetynine.training.suitability import check_cells, facts_of
from record_builders import make_identity

FACTS = facts_of(datasets.info_of("digits"))


def cells(*names, **words):
    recipe = parse_recipe({"optimizer": "adam", "batch_size": 32, "epochs": 1, **words}, "net.py")
    identities = [
        make_identity(name, seed, recipe=recipe.canonical()) for name in names for seed in (0, 1)
    ]
    return [Cell(identity=one, suite="mine", variant="published") for one in identities]


def gives(measure, facts):
    measures.check_gives(measures.find(measure), facts.num_classes, facts.test_labels, facts.name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"class_weight": {"cat": 2}}, "class_weight names the class 'cat', which digits has not"),
        ({"validation_data": "validation"}, "digits has no validation part"),
        ({"epochs": 1e-9}, "epochs is 1e-09, and the last epoch's share of 1,437 training images"),
        ({"epochs": 2.0001}, "images is less than one; write 2"),
        ({"validation_split": 0.9999}, "1437 training images cannot be split"),
        ({"augmentation": {"hue_degrees": 10}}, "need images of three channels, these have 1"),
        ({"augmentation": {"cutout_pixels": 29}}, "cutout_pixels is 29, and of images of 28x28"),
        (
            {"loss": {"name": "categorical_focal_crossentropy", "alpha": [1, 2]}},
            "'alpha' has 2 numbers for 10 classes",
        ),
    ],
)
def test_what_the_data_lack_is_told_once_with_the_row(words, said):
    found = complaint(check_cells, cells("net", **words), FACTS)
    assert found.startswith("net: ")
    assert found.count(said) == 1


def test_rows_of_one_recipe_are_told_together_and_mistakes_in_one_line():
    words = {"validation_data": "validation", "augmentation": {"hue_degrees": 10}}
    found = complaint(check_cells, cells("one", "two", **words), FACTS)
    assert found.count("one, two: ") == 2
    assert "\n" not in found


@pytest.mark.parametrize("measure", ["top_10", "recall_10", "precision_10"])
def test_a_measure_that_the_classes_do_not_give_is_told(measure):
    found = complaint(gives, measure, FACTS)
    assert found.startswith("digits has no ")


@pytest.mark.parametrize("measure", ["top_9", "recall_9", "precision_9", "roc_auc", "log_loss"])
def test_a_measure_that_they_give_is_not(measure):
    gives(measure, FACTS)


def test_a_class_without_test_images_has_no_recall():
    arrays = ordinary()
    arrays["y_test"] = np.where(arrays["y_test"] == 1, 0, arrays["y_test"])
    dataset = build_dataset("mine", arrays, "mine.npz", None)
    found = complaint(gives, "recall_1", facts_of(dataset))
    assert found == "mine has no recall of class 1: there is no test image of this class"


def test_data_that_have_what_is_asked_for_are_taken():
    words = {"class_weight": {"3": 2}, "validation_split": 0.1}
    check_cells(cells("net", **words, augmentation={"cutout_pixels": 28}), FACTS)
    check_cells([], SimpleNamespace())
