import sys
from pathlib import Path

import pytest
from complaints import complaint
from ninetynine.building import build_model, load_build_function
from ninetynine.catalog import discover
from ninetynine.errors import UserError
from ninetynine.training.counting import count_multiply_adds, weights_hash

pytestmark = pytest.mark.slow

IMAGES = (28, 28, 1)
HEAD = """import keras
from keras import layers
RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 1}
"""


@pytest.fixture
def architecture(tmp_path):
    """Return a function that writes NAME.py and returns the architecture in it."""

    def write(text, name="net", folder=tmp_path):
        path = Path(folder, f"{name}.py")
        path.write_text(HEAD + text)
        return discover([path])[name]

    return write


def complaint_of(architecture):
    return complaint(build_model, architecture, IMAGES, 10)


def sequential(*layers):
    return (
        "def build(input_shape, num_classes):\n"
        f"    return keras.Sequential([{', '.join(layers)}])\n"
    )


def test_module_that_raises_is_one_line_with_its_cause(architecture):
    broken = architecture("import no_such_package\ndef build(a, b): ...")
    with pytest.raises(UserError, match=r"^net\.py: line 4: importing it raised Mod") as error:
        load_build_function(broken)
    assert isinstance(error.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("old", "new"), [("architectures", "ninetynine.architectures"), ("bench", "ninetynine")]
)
def test_an_import_by_a_package_s_old_name_is_told_with_the_new_one(architecture, old, new):
    importing = architecture(f"from {old}.no_such_module import build")
    assert complaint(load_build_function, importing).endswith(f"; the package is called {new} now")


def test_module_that_exits_does_not_end_the_run(architecture):
    assert "raised SystemExit: 3" in complaint_of(
        architecture("raise SystemExit(3)\ndef build(): 0")
    )


def test_build_that_raises_names_the_users_line_not_keras(architecture):
    broken = architecture("def build(input_shape, num_classes):\n    return layers.Dense(-1)")
    message = complaint_of(broken)
    assert message.startswith("net.py: line 5: build((28, 28, 1), 10) raised ValueError: ")


def test_build_with_other_arguments_is_named(architecture):
    assert "raised TypeError: build() takes 0" in complaint_of(
        architecture("def build(): return 1")
    )


def test_a_variants_arguments_are_given_to_build(architecture):
    net = architecture(
        "def build(input_shape, num_classes, units=3):\n"
        "    return keras.Sequential([keras.Input(input_shape), layers.Flatten(),\n"
        "        layers.Dense(units), layers.Dense(num_classes)])\n"
        "PARAMETERS = 2_395\n"
    )
    assert build_model(net, IMAGES, 10).count_params() == 2_395
    wide = net.varied("wide", net.recipe, {"units": 4}, "a test")
    assert build_model(wide, IMAGES, 10).count_params() == 785 * 4 + 50
    broken = net.varied("broken", net.recipe, {"units": "many"}, "a test")
    assert "build((28, 28, 1), 10, units='many') raised" in complaint_of(broken)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("def build(a, b): pass", "returned None; does it end in return?; expected a keras.Model"),
        ("def build(a, b): return 3", "returned a value of type int; expected a keras.Model"),
        (
            sequential("keras.Input(input_shape)", "layers.Flatten()", "layers.Dense(7)"),
            "output shape (None, 7); expected (None, 10)",
        ),
        (
            sequential("keras.Input(input_shape)", "layers.Dense(num_classes)"),
            "output shape (None, 28, 28, 10); expected (None, 10)",
        ),
        (
            sequential("keras.Input((784,))", "layers.Dense(num_classes)"),
            "input shape (None, 784); expected (None, 28, 28, 1)",
        ),
    ],
)
def test_what_is_no_classifier_of_these_images_is_refused(architecture, text, part):
    assert part in complaint_of(architecture(text))


def test_other_number_of_parameters_than_stated_is_refused(architecture):
    text = sequential("keras.Input(input_shape)", "layers.Flatten()", "layers.Dense(num_classes)")
    wrong = architecture("PARAMETERS = 7_840\n" + text)
    assert "has 7,850 parameters, the file states PARAMETERS = 7_840" in complaint_of(wrong)
    assert build_model(wrong, (28, 28, 3), 10).count_params() == 23_530


def test_model_without_input_layer_and_subclassed_model_are_made_whole(architecture):
    lazy = architecture(sequential("layers.Flatten()", "layers.Dense(num_classes)"))
    own = architecture(
        "class Net(keras.Model):\n"
        "    def __init__(self, n):\n"
        "        super().__init__()\n"
        "        self.flatten, self.dense = layers.Flatten(), layers.Dense(n)\n"
        "    def call(self, x):\n"
        "        return self.dense(self.flatten(x))\n"
        "def build(input_shape, num_classes):\n"
        "    return Net(num_classes)\n",
        name="own",
    )
    for model in (build_model(lazy, IMAGES, 10), build_model(own, IMAGES, 10)):
        assert model.output_shape == (None, 10)
        assert model.count_params() == 7_850


def test_two_users_files_may_each_have_a_helper_of_one_name(architecture, tmp_path):
    text = "from sizes import UNITS\n" + sequential(
        "keras.Input(input_shape)", "layers.Flatten()", "layers.Dense(UNITS)"
    )
    for name, units in (("one", 10), ("two", 9)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sizes.py").write_text(f"UNITS = {units}")
    one = architecture(text, name="net_one", folder=tmp_path / "one")
    two = architecture(text, name="net_two", folder=tmp_path / "two")
    path = list(sys.path)
    assert build_model(one, IMAGES, 10).output_shape == (None, 10)
    assert build_model(two, IMAGES, 9).output_shape == (None, 9)
    assert "sizes" not in sys.modules
    assert sys.path == path


@pytest.mark.parametrize(
    ("name", "multiply_adds"),
    [
        # By hand: output positions x kernel weights, layer by layer.
        ("t1_small_cnn", 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 1_600 * 10),
        ("t2_dense", 784 * 512 + 512 * 10),
        ("t3_deep_cnn", 26 * 26 * 9 * 32 + 24 * 24 * 9 * 32 * 32 + 4_608 * 128 + 128 * 10),
        (
            "t4_wide_cnn",
            26 * 26 * 9 * 32 + 24 * 24 * 9 * 32 * 64 + 9_216 * 128 + 128 * 128 + 128 * 10,
        ),
        ("softmax_regression", 784 * 10),
    ],
)
def test_multiply_adds_of_the_tutorials(name, multiply_adds):
    assert count_multiply_adds(build_model(discover()[name], IMAGES, 10)) == multiply_adds


def counted(*stack):
    import keras

    return count_multiply_adds(keras.Sequential([keras.Input((8, 8, 3)), *stack]))


def test_multiply_adds_of_other_layers():
    import keras
    from keras import layers

    assert counted(layers.DepthwiseConv2D(3, depth_multiplier=2)) == 36 * 9 * 3 * 2
    assert counted(layers.SeparableConv2D(5, 3)) == 36 * (9 * 3 + 3 * 5)
    assert counted(layers.Conv2D(6, 3, groups=3, strides=2, padding="same")) == 16 * 9 * 1 * 6
    assert counted(layers.BatchNormalization(), layers.PReLU(), layers.ReLU()) == 0
    assert counted(layers.Dense(5)) == 64 * 3 * 5
    assert counted(keras.Sequential([layers.Conv2D(4, 1), layers.Dense(2)])) == 64 * (12 + 8)


def test_multiply_adds_that_cannot_be_told_are_none():
    import keras
    from keras import layers

    assert counted(layers.Conv2DTranspose(2, 3)) is None
    for shared in (layers.Conv2D(3, 1), keras.Sequential([layers.Conv2D(3, 1)])):
        assert counted(shared, layers.ReLU()) == 64 * 9
    for shared in (layers.Conv2D(3, 1), keras.Sequential([layers.Conv2D(3, 1)])):
        images = keras.Input((8, 8, 3))
        assert count_multiply_adds(keras.Model(images, shared(shared(images)))) is None
    anysize = keras.Input((None, None, 3))
    assert count_multiply_adds(keras.Model(anysize, layers.Conv2D(3, 1)(anysize))) is None


def test_weights_hash_sees_every_bit_and_the_order():
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(2)])
    first, bias, second, other = model.get_weights()
    original = weights_hash(model)
    model.set_weights([second, other, first, bias])
    assert weights_hash(model) != original
    model.set_weights([first, bias, second, other])
    assert weights_hash(model) == original
    model.set_weights([np.nextafter(first, np.float32(9)), bias, second, other])
    assert weights_hash(model) != original
