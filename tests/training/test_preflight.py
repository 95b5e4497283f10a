"""What a model is not that its recipe takes it for is told before its first step."""

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.building import in_one_line
from ninetynine.catalog import discover
from ninetynine.errors import UserError
from ninetynine.training.model import compiled_model, finish_optimizer
from ninetynine.training.preflight import examine

pytestmark = pytest.mark.slow

SHAPE, CLASSES = (8, 8, 1), 3
FILE = '''"""A net.

Source: written for the tests.
"""

import keras
from keras import layers

RECIPE = {{"optimizer": {optimizer}, "batch_size": 8, "epochs": 1}}
PROLOGUE = None
{prologue}


def build(input_shape, num_classes):
    {body}
'''
STACK = (
    "return keras.Sequential([keras.Input(input_shape), {before}layers.Flatten(), "
    'layers.Dense(num_classes, activation="{activation}")])'
)


def body(activation="softmax", before=""):
    return STACK.format(activation=activation, before=before)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((16, *SHAPE), dtype=np.float32)


@pytest.fixture
def architecture(tmp_path):
    def write(body, prologue="", optimizer='"adam"'):
        path = tmp_path / "net.py"
        path.write_text(FILE.format(body=body, prologue=prologue, optimizer=optimizer))
        return discover([path])["net"]

    return write


def warnings_of(architecture, images, precision="float32"):
    import keras

    keras.config.set_dtype_policy(precision)
    try:
        model = compiled_model(architecture, architecture.recipe, SHAPE, CLASSES, 1, precision)
        return examine(architecture, model, images, architecture.recipe.scale)
    finally:
        keras.config.set_dtype_policy("float32")


def test_an_ordinary_model_gives_no_word_in_any_precision(architecture, images):
    for precision in ("float32", "mixed_bfloat16"):
        assert warnings_of(architecture(body()), images, precision) == []


OWN_STEP = """
class Net(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.dense = layers.Dense(classes, activation="softmax")

    def call(self, images):
        return self.dense(layers.Flatten()(images))

    def {method}(self, *given, **named):
        raise RuntimeError
"""
SOFTMAX = 'layers.Dense(num_classes, activation="softmax")(layers.Flatten()(images))'
REFUSED = {
    "logits": (body("linear"), "", "outputs are no probabilities"),
    "sigmoid": (body("sigmoid"), "", "outputs are no probabilities"),
    "log softmax": (body("log_softmax"), "", "outputs are no probabilities"),
    "relu": (body("relu"), "", "outputs are no probabilities"),
    "one unit": (body("sigmoid").replace("num_classes", "1"), "", "output shape (None, 1)"),
    "a dictionary": (
        f"images = keras.Input(input_shape); return keras.Model(images, {{'a': {SOFTMAX}}})",
        "",
        "several or named outputs",
    ),
    "two outputs": (
        f"images = keras.Input(input_shape); y = {SOFTMAX}; return keras.Model(images, [y, y])",
        "",
        "several or named outputs",
    ),
    "compiled": (
        body().replace("return", "m =") + "; m.compile(loss='mse'); return m",
        "",
        "build() compiles its model",
    ),
    "policy": (
        "keras.config.set_dtype_policy('mixed_bfloat16'); " + body(),
        "",
        "computes in bfloat16, the cell in float32",
    ),
    "dtype of a layer": (
        body(before="layers.Conv2D(2, 3, dtype='float16'), "),
        "",
        "computes in float16, the cell in float32",
    ),
    "train_step": ("return Net(num_classes)", OWN_STEP.format(method="train_step"), "a train_step"),
    "compute_loss": (
        "return Net(num_classes)",
        OWN_STEP.format(method="compute_loss"),
        "a compute_loss of its own",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_give_another_number_than_the_recipe_says_is_refused(kind, architecture, images):
    build, prologue, said = REFUSED[kind]
    with pytest.raises(UserError) as refused:
        warnings_of(architecture(build, prologue), images)
    assert said in str(refused.value)
    assert "net.py" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("layers.Rescaling(1 / 255), ", "pixels are scaled twice"),
        ("layers.Rescaling(1 / 255), layers.Dropout(0.1), ", "pixels are scaled twice"),
        ("layers.Lambda(lambda x: x / 255.0), ", "pixels are scaled twice"),
        ("layers.Normalization(), ", "was not adapted"),
    ],
)
def test_what_may_be_meant_is_warned_of(before, said, architecture, images):
    (line,) = warnings_of(architecture(body(before=before)), images)
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "before",
    [
        "layers.Rescaling(2.0, offset=-1.0), ",
        "layers.Normalization(mean=0.5, variance=0.1), ",
        "layers.RandomRotation(0.1), ",
    ],
)
def test_what_many_models_do_gives_no_word(before, architecture, images):
    assert warnings_of(architecture(body(before=before)), images) == []


def test_a_functional_subclass_with_a_train_step_is_used_as_it_is(architecture, images):
    prologue = OWN_STEP.format(method="train_step").split("    def __init__")[0] + (
        "    def train_step(self, data):\n        return {'loss': 7.0}\n"
    )
    build = f"images = keras.Input(input_shape); return Net(images, {SOFTMAX})"
    found = architecture(build, prologue)
    model = compiled_model(found, found.recipe, SHAPE, CLASSES, 1)
    assert model.train_step(None) == {"loss": 7.0}


def test_a_look_at_a_model_moves_nothing(architecture, images):
    """Also where a layer draws numbers whenever it is called."""
    import keras

    prologue = (
        "class Noisy(layers.Dropout):\n"
        "    def call(self, inputs, training=False):\n"
        "        return super().call(inputs, training=True)\n"
    )
    found = architecture(body(before="Noisy(0.5), layers.BatchNormalization(), "), prologue)
    keras.utils.set_random_seed(0)
    model = compiled_model(found, found.recipe, SHAPE, CLASSES, 1)
    before = values_of(model)
    examine(found, model, images, "unit")
    assert values_of(model) == before
    model(images)
    assert values_of(model) != before


def values_of(model):
    import keras

    return [keras.ops.convert_to_numpy(variable).tobytes() for variable in model.variables]


def test_a_moving_average_of_the_weights_is_what_fit_gives(architecture, images):
    import keras
    from ninetynine.backends.tensorflow import TensorFlowLoop

    optimizer = '{"name": "sgd", "learning_rate": 0.5, "use_ema": True, "ema_momentum": 0.5}'
    found = architecture(body(), optimizer=optimizer)
    labels = np.arange(16) % CLASSES
    weights = []
    for fitted in (True, False):
        keras.utils.set_random_seed(3)
        model = compiled_model(found, found.recipe, SHAPE, CLASSES, 2)
        if fitted:
            targets = np.eye(CLASSES, dtype=np.float32)[labels]
            model.fit(images, targets, batch_size=8, epochs=1, shuffle=False, verbose=0)
        else:
            loop = TensorFlowLoop(model, images, labels, 8, "unit")
            loop.compile()
            loop.run_epoch(np.arange(16, dtype=np.int32))
            last = model.get_weights()
            finish_optimizer(model)
            assert not np.array_equal(last[0], model.get_weights()[0])
        weights.append(model.get_weights())
    for ours, theirs in zip(*weights, strict=True):
        assert np.allclose(ours, theirs, atol=1e-6)


def test_an_error_of_traced_code_is_told_by_its_cause():
    text = (
        "in user code:\n\n    File \"/x.py\", line 3, in call\n        raise ValueError('no')\n\n"
        "    TypeError: Exception encountered when calling Late.call().\n\n"
        "    \x1b[1mshape mismatch\x1b[0m \x00\n    second line\n\n"
        "    Arguments received by Late.call():\n      • x=1\n"
    )
    assert in_one_line(ValueError(text)) == "TypeError: shape mismatch second line"
    assert in_one_line(KeyError("a")) == "KeyError: 'a'"
    assert in_one_line(ValueError()) == "ValueError"


def test_doctor_tells_findings_and_exits_by_the_gravest(bench, tmp_path, architecture):
    asked = "doctor", tmp_path / "net.py"
    architecture("keras.utils.set_random_seed(42); " + body())
    code, out, _ = bench(*asked)
    assert code == 0
    assert out.startswith("warning: ")
    assert "do not depend on the seed" in out
    architecture("import os; keras.utils.set_random_seed(int.from_bytes(os.urandom(4))); " + body())
    assert "built twice after one seed, it has other weights" in bench(*asked)[1]
    drawn = "layers.Dense(np.random.randint(2, 99)), "
    architecture(body(before=drawn), "import numpy as np")  # by its seed: other models, no doubt
    assert bench(*asked)[1].endswith("nothing to say against it, on digits\n")
    architecture(body("linear"))
    code, out, _ = bench("doctor", tmp_path / "net.py")
    assert code == 1
    assert out.startswith("error: ")
    architecture(body())
    assert bench("doctor", tmp_path / "net.py")[:2] == (
        0,
        f"{tmp_path / 'net.py'}: nothing to say against it, on digits\n",
    )


def test_a_model_that_trains_nothing_is_told(architecture, images):
    frozen = body().replace("return ", "model = ") + "; model.trainable = False; return model"
    found = architecture(frozen)
    model = compiled_model(found, found.recipe, SHAPE, CLASSES, 2)
    (line,) = examine(found, model, images, "unit")
    assert line == (
        f"{found.path}: none of its weights is trained: training changes nothing; "
        "set trainable = True"
    )


def test_doctor_tells_what_a_call_of_the_model_raises(bench, tmp_path, architecture):
    """Where it is built without a word: the call that looks at its answers is a later one."""
    prologue = (
        "class Late(layers.Layer):\n"
        "    calls = 0\n"
        "    def call(self, inputs):\n"
        "        Late.calls += 1\n"
        "        if Late.calls > 2:\n"
        "            raise {}\n"
        "        return inputs\n"
    )
    for raised, remedy in (("ValueError('no')", ""), ("MemoryError()", "; memory ran out")):
        architecture(body(before="Late(), "), prologue.format(raised))
        code, out, _ = bench("doctor", tmp_path / "net.py")
        assert code == 1
        kind = raised.partition("(")[0]
        assert out.startswith(f"error: {tmp_path / 'net.py'}: using the model raised {kind}")
        assert remedy in out


def test_digits_have_no_findings_of_their_own():
    assert datasets.findings(datasets.load("digits")) == ()
