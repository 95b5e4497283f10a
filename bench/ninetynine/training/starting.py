"""What a training starts from and goes through: weights of a file, an owner's compile, phases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.architecture import Architecture
from ninetynine.backends import Images, StepLoop
from ninetynine.building import in_one_line
from ninetynine.errors import UserError
from ninetynine.recipe import Phase, Recipe, hash_of_file


def load_initial_weights(
    model: Any, architecture: Architecture, recipe: Recipe, path: Path | None
) -> None:
    """Give ``model`` the weights that ``recipe`` names, where it names any, from ``path``.

    Without a path the recipe's own name is one.  Raises UserError where the file is another one
    than the recipe has the hash of, or does not fit.
    """
    stated = recipe.initial_weights
    if stated is None:
        return
    path = path or Path(stated.name)
    if stated.sha256 not in ("", hash_of_file(path)):
        raise UserError(f"{path}: not as it was when the suite began; run the command again")
    try:
        model.load_weights(path)
        there, wanted = _numbers_in(path), sum(weight.size for weight in model.get_weights())
        if there != wanted:
            raise ValueError(f"it has {there:,} numbers, the model {wanted:,}")
    except Exception as error:  # of HDF5, of ZIP, of shapes
        raise UserError(
            f"initial_weights: {path} does not fit {architecture.name}: {in_one_line(error)}; save "
            "it from the same build(), with model.save_weights()"
        ) from error


def _numbers_in(path: Path) -> int:
    """Return how many numbers a file has that are a model's weights: more than it has are lost.

    Keras loads what it finds a place for, and says nothing of the rest.
    """
    import io
    import zipfile

    import h5py

    file: Any = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            file = io.BytesIO(archive.read("model.weights.h5"))
    total = 0

    def count(name: str, found: Any) -> None:
        nonlocal total
        seeds = "seed_generator" in name  # states, no weights
        if isinstance(found, h5py.Dataset) and not name.startswith("optimizer/") and not seeds:
            total += found.size

    with h5py.File(file, "r") as opened:
        opened.visititems(count)
    return total


def compile_as_owned(architecture: Architecture, model: Any, recipe: Recipe) -> None:
    """Compile ``model`` anew with its owner's optimizer and loss, so that accuracy is measured.

    A loss of labels as numbers is given these.  Raises UserError where it has no loss, or where
    ``build`` did not compile it.
    """
    import keras
    from keras import ops

    if not getattr(model, "compiled", False):
        raise UserError(
            f'{architecture.path}: "compile": "own", but build() returns a model that is not '
            "compiled; call model.compile(...) in it"
        )
    loss = model.loss
    if loss is None and type(model).train_step is keras.Model.train_step:
        raise UserError(f"{architecture.path}: build() compiles its model without a loss; name one")
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    if "sparse" in str(getattr(found, "name", getattr(found, "__name__", ""))).lower():
        if recipe.augmentation is not None and recipe.augmentation.mixes:
            raise UserError(
                f"{architecture.path}: mixed images have no label of one class, and its loss takes "
                "no other; compile it with categorical_crossentropy"
            )

        def of_one_hot(true: Any, predicted: Any) -> Any:
            return found(ops.argmax(true, axis=-1), predicted)

        loss = of_one_hot
    model.compile(optimizer=model.optimizer, loss=loss, metrics=["accuracy"])


def all_layers(model: Any) -> Iterator[Any]:
    """Yield the layers of ``model``, and those of the models in it."""
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from all_layers(layer)


def set_trainable(architecture: Architecture, model: Any, phase: Phase) -> None:
    """Have ``model`` train what ``phase`` says.  Raises UserError where it has no model inside."""
    import keras

    for layer in (model, *all_layers(model)):  # one by one: Keras passes it on to some alone
        layer.trainable = True
    if phase.trainable == "all":
        return
    inside = [layer for layer in model.layers if isinstance(layer, keras.Model) and layer.weights]
    if not inside:
        raise UserError(
            f'{architecture.path}: "trainable": "head" is all but the models inside the model, and '
            "build() puts none there; call the backbone as a layer: features = backbone(images)"
        )
    for backbone in inside:
        for layer in (backbone, *all_layers(backbone)):
            layer.trainable = False
    if not model.trainable_weights:
        raise UserError(f"{architecture.path}: its head has no weights to train")


class PhasedLoop:
    """The step loop of one phase after the other, each over a model that is compiled anew."""

    def __init__(self, make_loop: Callable[[], StepLoop], start_phase: Callable[[int], None]):
        self._make_loop, self._start_phase = make_loop, start_phase
        self._loop = make_loop()

    def begin(self, phase: int) -> None:
        """Go on with another phase, counted from 0."""
        self._start_phase(phase)
        self._loop = self._make_loop()

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        """Train on the images in ``order`` as `StepLoop` does."""
        return self._loop.run_epoch(order, changes)

    def predict(self, images: Images, batch_size: int | None = None) -> NDArray[np.float32]:
        """Return the outputs for ``images`` as `StepLoop` does."""
        return self._loop.predict(images, batch_size)
