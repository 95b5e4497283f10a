"""From an architecture file to a checked Keras model.

The first module on the way from a name to a training that runs an architecture's code.  Keras is
imported inside the functions only.
"""

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import ModuleType
from typing import Any

from ninetynine.architecture import Architecture
from ninetynine.blame import advice, last_line
from ninetynine.errors import UserError, printable
from ninetynine.places import BUILT_IN, import_folders, own_module

BuildFunction = Callable[..., Any]  # ((height, width, channels), classes, **arguments)
# Methods that say how a model is trained and what it is scored by.
_TRAINING_METHODS = ("train_step", "compute_loss", "compute_metrics", "fit", "test_step")
_RAISED = re.compile(r"^\s*(\w*(?:Error|Exception|Exit|Interrupt)): ", re.MULTILINE)
_CALLING = re.compile(r"Exception encountered when calling \S+\.?")
_LARGEST_TRIED = 128  # pixels on a side, where a model cannot be built for small images
STATED_FOR = ((28, 28, 1), 10)  # the images and classes that PARAMETERS is stated for


def load_build_function(architecture: Architecture) -> BuildFunction:
    """Import the architecture's module and return its ``build``.

    Raises UserError on one line where the module raises, with the cause kept.
    """
    if architecture.trains_itself:
        raise UserError(
            f"{architecture.name} is {architecture.place}: it trains by itself, and there is no "
            "Keras model to build"
        )
    import keras  # noqa: F401  (first, so that no file next to a user's file can shadow a part of it)

    with _siblings_importable(architecture), _user_code(architecture, "importing it"):
        build: BuildFunction = _import(architecture).build
    return build


def call_train(architecture: Architecture, data: Any, seed: int) -> Any:
    """Return what the architecture's ``train`` returns for ``data`` and ``seed``.

    Raises UserError on one line where its module cannot be imported; what ``train`` raises comes
    through.
    """
    with _siblings_importable(architecture):
        with _user_code(architecture, "importing it"):
            train = _import(architecture).train
        return train(data, seed, **architecture.arguments)


def build_model(
    architecture: Architecture,
    input_shape: tuple[int, int, int],
    num_classes: int,
    one_unit: bool = False,
) -> Any:
    """Return the architecture's uncompiled ``keras.Model`` for images of ``input_shape``.

    ``input_shape`` is (height, width, channels); the model maps float32 (n, height, width,
    channels) to (n, num_classes), or of two classes, with ``one_unit``, to (n, 1) as well: the
    probability of the second one.  Raises UserError where ``build`` raises, returns something
    else, or the number of parameters is not the one the file states.
    """
    build = load_build_function(architecture)
    given = "".join(f", {key}={value!r}" for key, value in architecture.arguments.items())
    call = f"build({input_shape}, {num_classes}{given})"
    elsewhere = partial(_buildable, architecture, build, input_shape, num_classes)
    with _siblings_importable(architecture), _user_code(architecture, call, elsewhere):
        model = build(input_shape, num_classes, **architecture.arguments)
    _check_is_model(architecture, call, model)
    if not hasattr(model, "output_shape"):
        if getattr(model, "compiled", False):
            raise UserError(
                f"{architecture.path}: {type(model).__name__} is compiled and knows no shape; call "
                "super().__init__(inputs, outputs) in it, as functional models do"
            )
        _check_trains_as_keras_does(architecture, model)
        using = f"using the model from {call}"
        with _siblings_importable(architecture), _user_code(architecture, using, elsewhere):
            model = _made_functional(model, input_shape)
    of_two = num_classes == 2 and getattr(model, "output_shape", None) == (None, 1)
    if of_two and not one_unit:
        raise UserError(
            f"{architecture.path}: {call} returned a model with one output for two classes; its "
            'loss is to be one of each output by itself: write "loss": "binary_crossentropy" in '
            "RECIPE, or end the model in num_classes outputs"
        )
    classes = 1 if of_two else num_classes
    _check_shapes(architecture, call, model, (None, *input_shape), (None, classes))
    if (input_shape, num_classes) == STATED_FOR:
        _check_parameters(architecture, int(model.count_params()))
    return model


def _import(architecture: Architecture) -> ModuleType:
    if architecture.module is not None:
        return importlib.import_module(architecture.module)
    if "." in (module_name := own_module(architecture.path)):  # it may import relatively
        return importlib.import_module(module_name)
    # A private name: a user's file may be called like an installed package.
    place = hashlib.sha256(str(architecture.path).encode()).hexdigest()[:8]
    name = f"_architecture_{architecture.path.stem}_{place}"
    spec = importlib.util.spec_from_file_location(name, architecture.path)
    if spec is None or spec.loader is None:
        raise UserError(f"{architecture.path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _siblings_importable(architecture: Architecture) -> Iterator[None]:
    """Let a user's file import the files next to it, as it could when run as a script.

    Afterwards they are forgotten, so that two files in two folders may each have their helper.
    """
    if architecture.module is not None:
        yield
        return
    places = import_folders(architecture.path)
    folders = [str(folder) for folder in places]
    siblings = {
        path.relative_to(folder).parts[0].removesuffix(".py")
        for path in architecture.source_paths
        if path != architecture.path
        for folder in places
        if path.is_relative_to(folder)
    }
    siblings -= {BUILT_IN.partition(".")[0]}
    hidden = _forget(siblings)
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            with suppress(ValueError):  # the user's code may have taken it out
                sys.path.remove(folder)
        _forget(siblings)
        sys.modules.update(hidden)


def _forget(names: set[str]) -> dict[str, ModuleType]:
    """Take the modules called ``names``, and those inside them, out of ``sys.modules``."""
    found = [module for module in sys.modules if module.partition(".")[0] in names]
    return {module: sys.modules.pop(module) for module in found}


@contextmanager
def _user_code(
    architecture: Architecture, doing: str, elsewhere: Callable[[], str] = str
) -> Iterator[None]:
    """Turn what the architecture's code raises into a UserError that says what is at fault.

    ``elsewhere`` says with what else the same code works, "" where it does not.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:  # what ends a program, too: SystemExit, and a user's own kinds
        remedy = advice(error) or elsewhere() or "mend the file (-v shows the traceback)"
        raise UserError(
            f"{last_line(architecture, error)}: {doing} raised {in_one_line(error)}; {remedy}"
        ) from error


def in_one_line(error: BaseException) -> str:
    """Return an error's type and message as one line of printable text.

    TensorFlow puts the frames of traced code before the message, and Keras the arguments of a
    layer after it; what went wrong stands between them.
    """
    text = printable(str(error)).partition("Arguments received by ")[0]
    kind = type(error).__name__
    if text.lstrip().startswith("in user code:"):
        raised = list(_RAISED.finditer(text))
        if raised:
            kind, text = raised[-1][1], text[raised[-1].end() :]
    text = _CALLING.sub("", text)
    return f"{kind}: {' '.join(text.split())[:300]}".rstrip(": ")


def _buildable(
    architecture: Architecture,
    build: BuildFunction,
    input_shape: tuple[int, int, int],
    num_classes: int,
) -> str:
    """Say with what other arguments or images ``build`` works, which raised; "" where with none."""

    def works(shape: tuple[int, int, int], arguments: Mapping[str, Any]) -> bool:
        try:
            model = build(shape, num_classes, **arguments)
            return hasattr(model, "output_shape") or bool(_made_functional(model, shape))
        except KeyboardInterrupt:
            raise
        except BaseException:  # whatever the file raises
            return False

    given = architecture.arguments
    if given and works(input_shape, {}):
        return f"it works without arguments: correct those of {architecture.place}"
    height, width, channels = input_shape
    size = f"{height} x {width}"
    for times in (2, 4, 8):
        larger = (times * height, times * width, channels)
        if max(larger) <= _LARGEST_TRIED and works(larger, given):
            return (
                f"these images ({size}) are too small for it, {larger[0]} x {larger[1]} are not: "
                "take larger images or another model"
            )
    for shape in ((height, width, 3), (height, width, 1), STATED_FOR[0], (32, 32, 3)):
        if shape != input_shape and works(shape, given):
            return (
                f"it works for images of shape {shape} and not for these of {input_shape}: use "
                "input_shape in build(), or take such images"
            )
    return ""


def _check_is_model(architecture: Architecture, call: str, model: object) -> None:
    import keras

    if not isinstance(model, keras.Model):
        kind = f"a value of type {type(model).__name__}"
        found = "None; does it end in return?" if model is None else kind
        raise UserError(f"{architecture.path}: {call} returned {found}; expected a keras.Model")


def _made_functional(model: Any, input_shape: tuple[int, int, int]) -> Any:
    """Return a model around one that would know its shapes only when used."""
    import keras

    images = keras.Input(input_shape)
    return keras.Model(images, model(images))


def _check_trains_as_keras_does(architecture: Architecture, model: Any) -> None:
    """Raise UserError for a subclassed model whose own way to train would be lost."""
    import keras

    for name in _TRAINING_METHODS:
        if getattr(type(model), name, None) is not getattr(keras.Model, name, None):
            raise UserError(
                f"{architecture.path}: {type(model).__name__} has a {name} of its own, which would "
                "not be used; call super().__init__(inputs, outputs) in it, as a functional model "
                "does, and it will be"
            )


def _check_shapes(
    architecture: Architecture,
    call: str,
    model: Any,
    expected_input: tuple[int | None, ...],
    expected_output: tuple[int | None, ...],
) -> None:
    if isinstance(getattr(model, "output", None), dict | list | tuple):
        raise UserError(
            f"{architecture.path}: {call} returned a model with several or named outputs; expected "
            f"one tensor of shape {expected_output}, one probability per class"
        )
    found_input, found_output = model.input_shape, model.output_shape
    if not _fits(found_input, expected_input):
        raise UserError(
            f"{architecture.path}: {call} returned a model with input shape {found_input}; "
            f"expected {expected_input}, that of these images: use input_shape in build()"
        )
    if found_output != expected_output:
        raise UserError(
            f"{architecture.path}: {call} returned a model with output shape {found_output}; "
            f"expected {expected_output}, one probability per class of the data: use num_classes "
            "in build()"
        )


def _fits(found: object, expected: tuple[int | None, ...]) -> bool:
    if not isinstance(found, tuple) or len(found) != len(expected):
        return False
    return all(size in (None, wanted) for size, wanted in zip(found, expected, strict=True))


def _check_parameters(architecture: Architecture, parameters: int) -> None:
    if architecture.parameters not in (None, parameters):
        raise UserError(
            f"{architecture.path}: the model has {parameters:,} parameters, the file states "
            f"PARAMETERS = {architecture.parameters:_}; correct one of them"
        )
