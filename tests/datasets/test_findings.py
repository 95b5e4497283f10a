"""What looks wrong with data is said in one line each; of data as they should be, nothing."""

import json
import os
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from complaints import complaint
from dataset_builders import CLASSES, ordinary, save
from ninetynine import datasets
from ninetynine.datasets.checks import build_dataset
from ninetynine.datasets.duplicates import hash_images

WHERE = "some/mine.npz"


def dataset(changed: dict[str, Any] | None = None, **made: Any) -> datasets.Dataset:
    """An ordinary dataset, some of its arrays replaced."""
    return build_dataset("mine", ordinary(**made) | (changed or {}), WHERE, None)


def said(data: datasets.Dataset) -> list[str]:
    """The messages of a dataset's findings, each checked to be one line that names the file."""
    found = datasets.findings(data)
    for finding in found:
        assert finding.level == "warning"  # errors are raised before there is a dataset
        assert finding.message.startswith(f"{WHERE}: ")
        assert finding.message.isprintable()
        assert "; expected" in finding.message or "validation_split" in finding.message
    return [finding.message.removeprefix(f"{WHERE}: ") for finding in found]


def refusal(changed: dict[str, Any]) -> str:
    message = complaint(dataset, changed)
    assert message.startswith(WHERE)
    return message


def labels(*counts: int) -> np.ndarray:
    """Labels with so many of each class, in a mixed order."""
    together = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(1).permutation(together)


# Nothing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"floats": True},
        {"shape": (8, 8, 3)},
        {"shape": (8, 8, 4)},
        {"shape": (4, 4, 4)},
        {"shape": (3, 3, 3)},
        {"shape": (1, 28, 1)},  # a short series
        {"shape": (1, 2000, 12)},  # twelve long ones
        {"shape": (3, 3, 103)},  # patches of a hyperspectral image
        {"shape": (8, 8, 8)},
        {"shape": (7, 7, 32)},  # features of another network
        {"shape": (9, 5, 1)},
        {"train": 100_000, "shape": (1, 8)},
        {"test": 100},
    ],
    ids=str,
)
def test_nothing_is_said_of_ordinary_data(made: dict[str, Any]) -> None:
    assert said(dataset(**made)) == []


@pytest.mark.parametrize("name", ["digits", "digits-fold-2-of-7"])
def test_nothing_is_said_of_the_digits(name: str) -> None:
    assert datasets.findings(datasets.load(name)) == ()


@pytest.mark.slow
@pytest.mark.skipif(
    not Path(os.environ.get("BENCH_DATA_DIR", ""), "mnist.npz").is_file(),
    reason="BENCH_DATA_DIR names no folder with the real mnist.npz",
)
def test_nothing_is_said_of_mnist_within_a_second_and_few_megabytes() -> None:
    mnist = datasets.load("mnist")
    start = time.process_time()
    assert datasets.findings(mnist) == ()
    assert time.process_time() - start < 1
    tracemalloc.start()
    datasets.findings(mnist)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_volumes_are_told_from_images_of_many_channels() -> None:
    (line,) = said(dataset(shape=(28, 28, 28)))
    assert line.startswith("images are 28 high and 28 wide with 28 channels, which may be volumes")


# Pixels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1, 255])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_training_images_of_one_value_are_refused(value: int, dtype: Any) -> None:
    flat = np.full((240, 8, 8), min(value, 1) if dtype is np.float32 else value, dtype)
    test = ordinary(floats=dtype is np.float32)["x_test"]
    message = refusal({"x_train": flat, "x_test": test})
    assert f"every pixel of the 240 training images is {flat[0, 0, 0]:g}" in message
    assert ("save them as float32" in message) == (value == 0)


def test_test_images_of_one_value_are_said() -> None:
    found = said(dataset({"x_test": np.zeros((120, 8, 8), np.uint8)}))
    assert found[0].startswith("every pixel of the 120 test images is 0")
    assert any("119 of 120 test images are an earlier one again" in line for line in found)


def test_one_pixel_that_differs_is_enough() -> None:
    images = np.zeros((240, 8, 8), np.uint8)
    images[-1, -1, -1] = 255
    assert not any("every pixel" in line for line in said(dataset({"x_train": images})))


def test_bytes_that_were_divided_by_255_are_said() -> None:
    arrays = ordinary()
    arrays["x_train"] = (arrays["x_train"] / 255).astype(np.uint8)
    arrays["x_train"][:, 0, 0] = np.arange(240) % 2  # 255 became 1
    (line,) = (line for line in said(dataset(arrays)) if "pixels" in line)
    assert line.startswith("the training images' pixels reach 1 of 255: all are 0 or 1; expected")


def test_two_colors_over_the_whole_range_are_not() -> None:
    arrays = {n: a if n[0] == "y" else a // 128 * 255 for n, a in ordinary().items()}
    assert said(dataset(arrays)) == []
    floats = {n: a if n[0] == "y" else (a / 255).astype(np.float32) for n, a in arrays.items()}
    assert said(dataset(floats)) == []


@pytest.mark.parametrize(
    ("scale", "dtype", "expected"),
    [
        (16 / 255, np.uint8, "reach 16 of 255; expected uint8 that fill 0..255 (save images / M"),
        (1 / 255**2, np.float32, "of 1; expected floats that fill 0 to 1 (divided by 255 twice?"),
        (16 / 255**2, np.float32, "of 1; expected floats that fill 0 to 1 (divide by what"),
    ],
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_pixels_that_fill_little_of_their_range_are_said(
    scale: float, dtype: Any, expected: str, part: str
) -> None:
    images = np.round(ordinary()[f"x_{part}"] * scale, 9).astype(dtype)
    floats = dtype is np.float32
    (line,) = said(dataset({f"x_{part}": images}, floats=floats))
    assert f"the {part}{'ing' if part == 'train' else ''} images' pixels reach" in line
    assert expected in line


@pytest.mark.parametrize(("highest", "caught"), [(63, True), (64, False), (90, False)])
def test_dark_pixels_are_said_from_a_quarter_of_the_range_down(highest: int, caught: bool) -> None:
    arrays = ordinary()
    arrays["x_train"] = np.minimum(arrays["x_train"], highest)
    assert bool(said(dataset(arrays))) == caught


def test_a_few_dark_test_images_are_no_finding() -> None:
    few = {"x_test": ordinary()["x_test"][:10] // 8, "y_test": ordinary()["y_test"][:10]}
    assert not any("pixels" in line for line in said(dataset(few)))


# Layout ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["train", "test", "val"])
@pytest.mark.parametrize("floats", [False, True])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (4, 32, 32), (3, 20, 60), (1, 5, 5)])
def test_channels_first_is_refused(shape: tuple[int, ...], floats: bool, part: str) -> None:
    arrays = ordinary(shape=(*shape[1:], shape[0]), floats=floats)
    arrays |= {"x_val": arrays["x_test"], "y_val": arrays["y_test"]}
    arrays[f"x_{part}"] = np.moveaxis(arrays[f"x_{part}"], -1, 1)
    message = refusal(arrays)
    assert f"x_{part} is {arrays['x_train'].dtype} {arrays[f'x_{part}'].shape}" in message
    assert "channels-first" in message
    assert "save numpy.moveaxis(images, 1, -1)" in message


def test_many_channels_first_are_said() -> None:
    (line,) = said(dataset(shape=(6, 16, 16)))
    assert "which may be channels-first" in line


def test_images_along_the_last_axis_are_refused() -> None:
    arrays = ordinary(shape=(8, 8, 3))
    arrays["x_train"] = np.moveaxis(arrays["x_train"], 0, -1)
    assert "expected the images along the first axis" in refusal(arrays)


@pytest.mark.parametrize(
    ("columns", "remedy"), [(784, "save images.reshape(-1, 28, 28)"), (30, "none of them 0")]
)
def test_rows_of_pixels_are_refused(columns: int, remedy: str) -> None:
    message = refusal({"x_train": np.ones((240, columns), np.uint8)})
    assert f"x_train is uint8 (240, {columns}); expected" in message
    assert remedy in message


# Ranges ------------------------------------------------------------------------------------------


def spread(low: float, high: float, dtype: Any = np.float64) -> np.ndarray:
    return np.linspace(low, high, 240 * 64).reshape(240, 8, 8).astype(dtype)


@pytest.mark.parametrize(
    ("images", "remedy"),
    [
        (spread(-1, 1), "range -1 to 1: save (images + 1) / 2"),
        (spread(-1, 0.88), "range -1 to 1: save (images + 1) / 2"),
        (spread(-0.5, 0.5), "add it again, 0.5"),
        (spread(-0.13, 0.87), "a mean was subtracted"),
        (spread(-2.1, 2.6), "standardized"),
        (spread(-0.42, 2.82), "standardized"),
        (spread(-128, 127), "save (images + 128) / 255"),
        (spread(-1000, 3000), "lowest and highest possible value"),
        (spread(0, 255), "divide by 255, or save uint8"),
        (spread(0, 254, np.float16), "divide by 255, or save uint8"),
        (spread(0, 16), "such as 16 in 0 to 16"),
        (spread(0, 65_535), "divide by 65535"),
        (spread(0, 1e6), "highest value that a pixel can have"),
        (spread(-0.02, 1.01), "numpy.clip(images, 0, 1)"),
        (spread(0, 1.0001), "numpy.clip(images, 0, 1)"),
        (spread(0, 255, np.int64), "save images.astype(numpy.uint8)"),
        (spread(0, 16, np.int32), "save images / M"),
        (spread(0, 1.9, np.int8), "save images / M"),
        (spread(-128, 127, np.int8), "astype(int) + 128"),
        (spread(0, 65_535, np.uint16), "divide by 65535"),
        (spread(-1, 1) > 0, "save images.astype(numpy.uint8) * 255"),
    ],
)
@pytest.mark.parametrize("name", ["x_train", "x_test"])
def test_another_range_is_refused_with_a_remedy_that_fits(
    images: np.ndarray, remedy: str, name: str
) -> None:
    message = refusal(
        {name: images[: len(ordinary()[name])]}
        if name == "x_train"
        else {"x_train": ordinary(floats=True)["x_train"], name: images[1::2]}
    )
    assert f"{WHERE}: {name} " in message
    assert remedy in message
    assert message.count("divide by 255") == ("divide by 255" in remedy)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x_train", "x_test", "x_val"])
def test_values_that_are_no_numbers_are_counted_and_placed(name: str, value: float) -> None:
    arrays = ordinary(floats=True)
    arrays |= {"x_val": arrays["x_test"].copy(), "y_val": arrays["y_test"]}
    arrays[name][7, 2, 3:5] = arrays[name][9, 0, 0] = value
    message = refusal(arrays)
    assert f"{name} holds NaN or infinite values (3 of {arrays[name].size:,}, in 2 of " in message
    assert "the first at index 7" in message


# Classes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"y_train": np.full(240, 3)}, "one class only, 3 in all 240 labels"),
        ({"y_train": labels(60, 60, 60, 60) + 1}, "y_train goes from 1 to 4"),
        ({"y_train": labels(60, 0, 90, 90)}, "no training image has label 1"),
        ({"y_train": labels(60, 60, 60, 60) - 1}, "the first is -1 at index"),
        ({"y_test": labels(30, 30, 30, 30) + 1}, "y_test has labels outside the classes 0..3"),
        ({"y_train": labels(80, 80, 80)}, "y_test has labels outside the classes 0..2 (30 of 120)"),
        ({"y_train": np.arange(240) % 4 / 1}, "save labels.astype(int)"),
        ({"y_train": np.arange(240) % 4 / 2}, "(an integer dtype) or text"),
        ({"y_train": np.arange(240) % 2 == 0}, "save labels.astype(int)"),
    ],
)
def test_labels_that_cannot_be_are_refused(changed: dict[str, Any], expected: str) -> None:
    assert expected in refusal(changed)


def test_few_test_images_are_said() -> None:
    arrays = ordinary()
    one = arrays | {"x_test": arrays["x_test"][:1], "y_test": arrays["y_test"][:1]}
    (line,) = said(dataset(one))
    assert line.startswith("there is one test image: an answer more is 100 percentage points")
    (line,) = said(dataset(test=40))
    assert line.startswith("there are 40 test images: an answer more is 2.5 percentage points")


def test_test_images_of_one_class_are_said() -> None:
    (line,) = said(dataset({"y_test": np.full(120, 2)}))
    assert line.startswith("all 120 test images are of class 2;")


def test_a_class_without_test_images_is_said() -> None:
    (line,) = said(dataset({"y_test": labels(60, 60, 0, 0)}))
    assert line.startswith("class 2, class 3 have no test image;")
    names = np.array(["bird", "cat", "dog", "ox"])
    texts = {"y_train": names[labels(60, 60, 60, 60)], "y_test": names[labels(40, 40, 0, 40)]}
    (line,) = said(dataset(texts))
    assert line.startswith("class 2 (dog) has no test image;")


def test_a_class_that_is_called_as_missing_labels_are_or_as_another_is_said() -> None:
    names = np.array(["bird", "cat", "dog", "nan"])
    found = {"y_train": names[labels(60, 60, 60, 60)], "y_test": names[labels(30, 30, 30, 30)]}
    (line,) = said(dataset(found))
    assert line.startswith("class 3 (nan), of 90 of the images, is called as labels are that no")
    for names in (["Cat", "bird", "cat", "dog"], ["cafe\u0301", "bird", "caf\u00e9", "dog"]):
        texts = np.array(names)
        found = {"y_train": texts[labels(60, 60, 60, 60)], "y_test": texts[labels(30, 30, 30, 30)]}
        (line,) = said(dataset(found))
        assert "are called alike but for large and small letters, or how accents are stored" in line


def test_a_class_without_training_images_is_said_where_it_is_not_refused() -> None:
    known = build_dataset("mine", ordinary() | {"y_train": labels(120, 0, 60, 60)}, WHERE, CLASSES)
    (line,) = said(known)
    assert line.startswith("class 1 has 30 test images and no training image")


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        ((60, 60, 60, 60), (110, 4, 3, 3), "class 0 has 91.7% of the test images"),
        ((1, 79, 60, 100), (30, 30, 30, 30), "class 3 has 100 training images and class 0 1;"),
        ((2, 79, 60, 99), (30, 30, 30, 30), None),
        ((24, 24, 24, 168), (12, 12, 12, 84), None),  # 70%
    ],
)
def test_extreme_imbalance_is_said(
    train: tuple[int, ...], test: tuple[int, ...], expected: str | None
) -> None:
    found = said(dataset({"y_train": labels(*train), "y_test": labels(*test)}))
    assert [line[: len(expected or "")] for line in found] == ([expected] if expected else [])


def test_training_images_in_the_order_of_their_classes_are_said() -> None:
    in_order = np.sort(ordinary()["y_train"])
    (line,) = said(dataset({"y_train": in_order}))
    assert line.startswith("the training images are sorted by class")
    in_order[[0, -1]] = in_order[[-1, 0]]
    assert said(dataset({"y_train": in_order})) == []


# Duplicates --------------------------------------------------------------------------------------


def test_test_images_that_are_training_images_are_counted() -> None:
    arrays = ordinary()
    arrays["x_test"] = np.concatenate([arrays["x_train"][200:236], arrays["x_test"][36:]])
    (line,) = said(dataset(arrays))
    assert line.startswith(
        "36 of 120 test images are training images too (the first: test image 0 is training image "
        "200); expected none"
    )


@pytest.mark.parametrize("floats", [False, True])
def test_a_test_set_taken_from_the_training_set_is_said(floats: bool) -> None:
    arrays = ordinary(floats=floats)
    picked = np.random.default_rng(2).permutation(240)[:120]
    arrays |= {"x_test": arrays["x_train"][picked], "y_test": arrays["y_train"][picked]}
    (line,) = said(dataset(arrays))
    assert line.startswith("120 of 120 test images are training images too (the first: ")


def test_the_same_image_with_another_label_is_said() -> None:
    arrays = ordinary()
    arrays["x_test"][:8] = arrays["x_train"][:8]
    arrays["y_test"][:8] = [1, 1, 2, 3, 0, 1, 3, 3]  # given 0, 1, 2, 3, 0, 1, 2, 3
    (line,) = said(dataset(arrays))
    assert "8 of 120" in line
    assert "), 2 of them with another label; expected" in line


def test_one_pixel_off_is_no_duplicate() -> None:
    arrays = ordinary()
    arrays["x_test"] = arrays["x_train"][:120].copy()
    arrays["x_test"][:, 0, 0] ^= 1
    assert said(dataset(arrays)) == []


def test_identical_parts_are_said_once() -> None:
    arrays = ordinary()
    (line,) = said(dataset({"x_test": arrays["x_train"], "y_test": arrays["y_train"]}))
    assert line.startswith("the test images are the training images, all 240 in the same order;")
    other = np.roll(arrays["y_train"], 1)
    (line,) = said(dataset({"x_test": arrays["x_train"], "y_test": other}))
    assert "in the same order, 240 of them with another label;" in line


def test_repeated_test_images_are_said() -> None:
    arrays = ordinary()
    arrays["x_test"][50:53] = arrays["x_test"][10]
    (line,) = said(dataset(arrays))
    assert line.startswith(
        "3 of 120 test images are an earlier one again (the first: test image 50 is test image 10)"
    )


@pytest.mark.parametrize(("repeats", "caught"), [(2, False), (3, True)])
def test_repeated_training_images_are_said_from_one_in_a_hundred(
    repeats: int, caught: bool
) -> None:
    arrays = ordinary()
    arrays["x_train"][-repeats:] = arrays["x_train"][0]
    assert bool(said(dataset(arrays))) == caught


def test_hashes_do_not_depend_on_blocks_or_the_order_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = dataset(shape=(5, 6, 3)).train_images
    expected = hash_images(images)
    assert len(set(expected.tolist())) == len(images)
    assert np.array_equal(hash_images(np.asfortranarray(images)), expected)
    monkeypatch.setattr("ninetynine.blocks._BLOCK_BYTES", 1000)
    assert np.array_equal(hash_images(images), expected)


# The validation part -----------------------------------------------------------------------------


def with_validation(**changed: Any) -> dict[str, np.ndarray]:
    arrays = ordinary(test=180)
    parts = {name: arrays[name][:120] for name in ("x_test", "y_test")}
    parts |= {"x_val": arrays["x_test"][120:], "y_val": arrays["y_test"][120:]}
    return arrays | parts | changed


def test_a_validation_part_is_said_not_to_be_used() -> None:
    (line,) = said(dataset(with_validation()))
    assert line.startswith("the 60 validation images are not used")


@pytest.mark.parametrize(("part", "other"), [("test", "validation"), ("validation", "training")])
def test_validation_images_in_another_part_are_said(part: str, other: str) -> None:
    arrays = with_validation()
    if part == "test":
        arrays["x_test"][:5] = arrays["x_val"][5:10]
    else:
        arrays["x_val"][:5] = arrays["x_train"][5:10]
    line, _ = said(dataset(arrays))
    count = {"test": 120, "validation": 60}[part]
    assert line.startswith(f"5 of {count} {part} images are {other} images too (the first: {part} ")


# Said where --------------------------------------------------------------------------------------


def test_an_error_that_was_not_raised_comes_first_and_is_one() -> None:
    data = dataset()
    flat = replace(data, train_images=np.zeros_like(data.train_images), where="")
    first, *others = datasets.findings(flat)
    assert first.level == "error"
    assert first.message.startswith("mine: every pixel of the 240 training images is 0")
    assert {finding.level for finding in others} == {"warning"}


def test_bench_data_lists_the_findings(bench: Any, tmp_path: Path) -> None:
    path = save(tmp_path, with_validation(y_test=np.full(120, 1)))
    code, out, err = bench("data", path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    at = lines.index("findings:")
    assert lines[at + 1].startswith(f"  warning: {path}: all 120 test images are of class 1")
    assert lines[at + 2].startswith(f"  warning: {path}: the 60 validation images are not used")
    found = json.loads(bench("data", path, "--json")[1])["findings"]
    assert [f"  {finding['level']}: {finding['message']}" for finding in found] == lines[at + 1 :]


@pytest.mark.slow
def test_bench_data_says_that_there_are_none(bench: Any) -> None:
    assert bench("data", "digits")[1].endswith("findings: none\n")
    assert json.loads(bench("data", "digits", "--json")[1])["findings"] == []


COLOR = ordinary(shape=(9, 8, 3))
CHANNELS = {n: np.moveaxis(a, -1, 1) if n[0] == "x" else a for n, a in COLOR.items()}
GRAY = ordinary(shape=(28, 28, 1))
REFUSED = {
    "color, channels-first": (CHANNELS, "(240, 3, 9, 8), which looks channels-first"),
    "gray, channels-first": (
        {n: np.moveaxis(a, -1, 1) if n[0] == "x" else a for n, a in GRAY.items()},
        "x_train is uint8 (240, 1, 28, 28), which looks channels-first",
    ),
    "one part, channels-first": (
        GRAY | {"x_test": np.moveaxis(GRAY["x_test"], -1, 1)},
        "x_test is uint8 (120, 1, 28, 28), which looks channels-first",
    ),
    "divided": (
        {n: a // 255 // 2 if n[0] == "x" else a for n, a in GRAY.items()},
        "every pixel of the 240 training images is 0",
    ),
    "-1 to 1": (
        {n: a / 127.5 - 1 if n[0] == "x" else a for n, a in GRAY.items()},
        "these look like the range -1 to 1: save (images + 1) / 2",
    ),
}
READ = {
    "MedMNIST": {
        name.replace("x_", "").replace("y_", "") + ("_images" if name[0] == "x" else "_labels"): a
        for name, a in with_validation().items()
    },
    "a validation part": with_validation(),
    "labels in a column": {
        n: a[:, np.newaxis] if n[0] == "y" else a for n, a in with_validation().items()
    },
}


@pytest.mark.parametrize("verb", [("data",), ("run", "quick", "--dry-run", "--dataset")])
@pytest.mark.parametrize("kind", REFUSED)
def test_commands_blame_the_file_in_one_line(
    bench: Any, tmp_path: Path, verb: Any, kind: str
) -> None:
    arrays, expected = REFUSED[kind]
    path = save(tmp_path, arrays)
    code, _, err = bench(*verb, path)
    assert code == 2
    assert err.startswith(f"bench: {path}: ")
    assert expected in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("kind", READ)
def test_a_run_takes_data_by_the_names_that_others_save_and_says_what_it_leaves(
    bench: Any, tmp_path: Path, kind: str
) -> None:
    path = save(tmp_path, READ[kind])
    given = ("--only", "softmax", "--seeds", 1, "--dry-run", "--results", tmp_path / "results")
    code, out, err = bench("run", "quick", *given, "--dataset", path)
    assert code == 0
    assert "1 cells to train" in out
    assert f"{path}: the 60 validation images are not used" in err
