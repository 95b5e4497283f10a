"""What is at fault is what is blamed: not the architecture's file for what lies around it."""

import json

import pytest
from complaints import complaint
from ninetynine.blame import advice
from ninetynine.building import build_model
from ninetynine.catalog import discover
from ninetynine.errors import UserError, outside_fault
from ninetynine.training.setup import thread_environment

HEAD = """import keras
from keras import layers

RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 1}
"""
DEFINE = "def build(input_shape, num_classes):\n    "
STACK = DEFINE + "return keras.Sequential([{}, layers.Flatten(), layers.Dense({})])\n"
MEND = "mend the file (-v shows the traceback)"
INPUT = "keras.Input(input_shape)"


@pytest.fixture
def blamed(tmp_path, monkeypatch):
    """Return what is said of a file with this text, built for images of ``shape``."""
    monkeypatch.chdir(tmp_path)

    def build(text, shape=(8, 8, 1)):
        path = tmp_path / "net.py"
        path.write_text(HEAD + text)
        return complaint(build_model, discover([path])["net"], shape, 10)

    return build


def stack(*before, classes="num_classes"):
    return STACK.format(", ".join(before), classes)


SMALL = "these images (8 x 8) are too small for it, "


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "shape", "said"),
    [
        (stack(INPUT, *["layers.MaxPooling2D(2)"] * 4), (8, 8, 1), SMALL + "16 x 16 are not"),
        (stack(INPUT, *["layers.Conv2D(2, 5)"] * 4), (8, 8, 3), SMALL + "32 x 32 are not"),
        (
            DEFINE + "return keras.applications.MobileNetV2(input_shape, weights=None)",
            (8, 8, 3),
            SMALL + "32 x 32 are not",
        ),
        (
            stack(INPUT, "layers.Reshape((28, 28, 1))"),
            (8, 8, 1),
            "it works for images of shape (28, 28, 1) and not for these of (8, 8, 1)",
        ),
        (
            stack(INPUT).replace("return", "assert input_shape[-1] == 3; return"),
            (40, 40, 1),
            "it works for images of shape (40, 40, 3) and not for these of (40, 40, 1)",
        ),
        (stack("keras.Input((28, 28, 1))"), (8, 8, 1), "that of these images: use input_shape in"),
        (stack(INPUT, classes=7), (8, 8, 1), "of the data: use num_classes in build()"),
        (stack(INPUT, "layers.Dense(-1)"), (8, 8, 1), MEND),
        (DEFINE + "return build(input_shape, num_classes)", (8, 8, 1), MEND),
    ],
)
def test_images_that_a_model_is_not_made_for_are_named(blamed, text, shape, said):
    assert said in blamed(text, shape)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("open('mean.npy')\n", "'mean.npy' cannot be opened: put it there"),
        ("open('.')\n", "'.' cannot be opened"),
        ("import no_such_lib\n", "no_such_lib is not installed here: install it, or put no_such"),
        ("import keras.gone\n", "the installed keras has no such module"),
        ("from keras.layers import Gone\n", MEND),
        ("layers.Gone\n", "the installed keras.layers has no such name"),
        ("open('/dev/full', 'w').write('x' * 99_999)\n", "the disk is full"),
        ("raise MemoryError\n", "memory ran out"),
        ("import numpy\nnumpy.zeros(2**45)\n", "memory ran out"),
        ("import urllib.request as u\nu.urlopen('http://127.0.0.1:9')\n", "the network is at"),
        ("keras.utils.get_file('x.bin', 'http://127.0.0.1:9/x')\n", "the network is at fault"),
        ("raise ValueError('no')\n", MEND),
    ],
)
def test_what_lies_around_the_file_is_told_with_its_remedy(blamed, text, said):
    line = blamed(text + stack(INPUT))
    assert line.startswith("net.py: line ")
    assert said in line
    assert (MEND in line) == (said == MEND)


@pytest.mark.slow
@pytest.mark.parametrize(
    "importing", ["from blocks import head", "head = __import__('blocks').head"]
)
def test_a_helper_beside_the_file_is_named_with_its_line(blamed, tmp_path, importing):
    (tmp_path / "blocks.py").write_text("def head(size):\n    return size / 0\n")
    line = blamed(f"{importing}\n{DEFINE}return head(3)\n")
    assert line.startswith("blocks.py: line 2: build((8, 8, 1), 10) raised ZeroDivisionError")


@pytest.mark.slow
def test_a_package_that_cannot_be_imported_is_named(blamed, tmp_path, monkeypatch):
    installed = tmp_path / "lib" / "site-packages"
    for name, code in {"halved": "1 / 0", "garbled": "def"}.items():
        (installed / name).mkdir(parents=True)
        (installed / name / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(str(installed))
    for name in ("halved", "garbled"):
        line = blamed(f"import {name}\n" + stack(INPUT))
        assert f"the installed package {name} cannot be imported: install it anew" in line


@pytest.mark.slow
def test_a_suites_arguments_are_blamed_where_the_file_works_without_them(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(
        HEAD + stack(INPUT, "layers.Dense(units)").replace("classes):", "classes, units=3):")
    )
    net = discover([path])["net"]
    wide = net.varied("wide", net.recipe, {"units": "many"}, "a test")
    said = "it works without arguments: correct those of a variant of net in the command"
    assert said in complaint(build_model, wide, (8, 8, 1), 10)
    path.write_text(path.read_text().replace("Flatten", "Flaten"))
    assert "correct those" not in complaint(build_model, wide, (8, 8, 1), 10)


class ResourceExhaustedError(Exception):
    """Called as TensorFlow's is."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ResourceExhaustedError("OOM when allocating"), "memory ran out"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory"), "memory ran out"),
        (ConnectionResetError(), "the network"),
        (TimeoutError(), "the network"),
        (PermissionError(13, "Permission denied", "/root/x"), "'/root/x' cannot be opened"),
        (ValueError("no"), ""),
        (KeyError("x"), ""),
        (OSError("no"), ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_fault_is_found_wherever_in_the_chain_it_is(error, said):
    assert outside_fault(error).startswith(said)
    assert bool(outside_fault(error)) == bool(said)
    wrapped = RuntimeError("no weights")
    wrapped.__cause__ = error
    assert outside_fault(wrapped) == outside_fault(error) == advice(wrapped)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"floatx": "float99"}, "floatx is 'float99'"),
        ({"epsilon": 1}, "epsilon is 1"),
        ({"image_data_format": "first"}, "image_data_format is 'first'"),
        ([1], "expected a table"),
        ({"floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first"}, None),
        ({}, None),
    ],
)
def test_a_keras_json_that_keras_stops_at_is_named(tmp_path, monkeypatch, content, said):
    path = tmp_path / "keras.json"
    path.write_text(json.dumps(content))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if said is None:
        thread_environment("tensorflow", 1, "cpu")
        return
    with pytest.raises(UserError, match=said) as refused:
        thread_environment("tensorflow", 1, "cpu")
    assert str(path) in str(refused.value)
