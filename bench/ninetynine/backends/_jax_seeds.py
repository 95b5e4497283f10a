"""Many seeds of one architecture at once on JAX: one computation with an axis of seeds.

Each seed keeps what makes it that seed when it is trained alone: its initial weights, its dropout
(the states of Keras's seed generators are among the variables), its order of the data.  What is
drawn for augmentation is drawn on the device.  The axis comes from ``jax.vmap`` over the model's
own ``train_step``; an epoch is one scan, on a CPU steps (see `ninetynine.backends.jax`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ninetynine.backends import (
    EVALUATION_BATCH,
    Images,
    Labels,
    Scale,
    Warping,
    before_warp,
    one_hot,
    to_float,
)
from ninetynine.backends._jax_forms import convolve_by_products, pool_by_selecting

State = list[list[Any]]  # trainable, non-trainable, optimizer and metrics variables, (seeds, ...)
_EVALUATED_AT_ONCE = 20_000  # images times seeds in a forward pass on a GPU
# Images in one: of most data sets no smaller last pass is left, which would be compiled, too.
_EVALUATION_BATCHES = (2000, 1000, 500, 250, 200, EVALUATION_BATCH)


class Drawing(Protocol):
    """Turns random numbers into changes of images (`ninetynine.training.augmentation`)."""

    affine: int  # uniform numbers from -1 to 1 for each image
    bumps: int  # standard normal numbers for each image
    more: int  # uniform numbers from 0 to 1 for each image

    def changes(self, uniform: Any, bumps: Any, arrays: Any, more: Any = None) -> Any:
        """Return the changes (b, k) of ``uniform`` (affine, b), ``bumps`` (b, bumps) and ``more``.

        ``arrays`` is the module that computes: numpy or one like it.
        """
        ...


class SeedsLoop:
    """Trains several models that differ in nothing but their seed.

    ``models`` are the compiled models of ``seeds``, made one by one: the first is kept and gives
    the computation, of the others only the values of their variables are.
    """

    def __init__(
        self,
        models: Iterable[Any],
        seeds: Sequence[int],
        images: Images,
        labels: Labels,
        batch_size: int,
        scale: Scale,
        warp: Warping | None = None,
        drawing: Drawing | None = None,
        convolutions: Literal["grouped", "products"] = "grouped",
    ) -> None:
        """Take the training images, (n, h, w, c), and their ``labels`` (n,).

        ``warp`` augments them by what ``drawing`` draws, or by what `run_epoch` is given.
        With ``convolutions`` of "products" each is a product of patches, which XLA does for all
        seeds in one batch; else it is one convolution of as many groups as there are seeds.
        """
        import jax

        self._jax, self.seeds = jax, list(seeds)
        self._batch_size, self._scale = batch_size, scale
        self._warp, self._drawing = warp, drawing
        self._stepwise = jax.default_backend() == "cpu"
        self._pixels = jax.device_put(to_float(images, before_warp(scale, warp)))
        states = []
        for place, model in enumerate(models):
            if place == 0:
                self.model = model
                self._targets = jax.device_put(one_hot(labels, model.output_shape[-1]))
                # Builds the metrics' variables from shapes alone: nothing is compiled for it.
                model._symbolic_build(data_batch=(self._pixels[:1], self._targets[:1]))
                model.reset_metrics()
                zeros = [np.asarray(v.value) for v in model.metrics_variables]
            model.optimizer.build(model.trainable_variables)
            parts = _variables(model)[:3]
            states.append([[np.asarray(v.value) for v in part] for part in parts])
        if convolutions == "products":
            convolve_by_products(self.model)
        pool_by_selecting(self.model)
        stacked = [
            [np.stack(values) for values in zip(*part, strict=True)]
            for part in zip(*states, strict=True)
        ]
        self.state: State = jax.device_put(stacked)
        self._no_metrics = [np.stack([zero] * len(self.seeds)) for zero in zeros]
        self.state.append(jax.device_put(self._no_metrics))
        self._keys = np.asarray([[s >> 32, s % 2**32] for s in self.seeds], np.uint32)
        self._train = jax.jit(self._steps if self._stepwise else self._scan, donate_argnums=0)
        self._compiled: dict[tuple[int, ...], Any] = {}
        self._forward = jax.jit(jax.vmap(self._forward_of_one, in_axes=(0, 0, None)))
        self._result = jax.jit(jax.vmap(self._result_of_one))
        most = EVALUATION_BATCH if self._stepwise else _EVALUATED_AT_ONCE // len(self.seeds)
        fitting = (size for size in _EVALUATION_BATCHES if size <= most)
        self.evaluation_batch = next(fitting, EVALUATION_BATCH)

    # One seed's step, and the same of all of them --------------------------------------------

    def _step(self, state: Any, pixels: Any, targets: Any, batch: Any) -> Any:
        places, changes, key, number = batch
        images, labels = pixels[places], targets[places]
        if self._warp is not None:
            if changes is None:
                changes = self._draw(key, number, len(places))
            images, labels = self._warp.batch(images, labels, changes)
        return list(self.model.train_step(tuple(state), (images, labels))[1])

    def _draw(self, key: Any, number: Any, images: int) -> Any:
        assert self._drawing is not None
        random = self._jax.random
        key = random.wrap_key_data(key, impl="threefry2x32")
        first, second = random.split(random.fold_in(key, number))
        uniform = random.uniform(first, (self._drawing.affine, images), minval=-1.0)
        bumps = random.normal(second, (images, self._drawing.bumps))
        more = None
        if self._drawing.more:
            more = random.uniform(random.fold_in(first, 1), (self._drawing.more, images))
        return self._drawing.changes(uniform, bumps, self._jax.numpy, more)

    def _steps(self, state: State, pixels: Any, targets: Any, batch: Any) -> State:
        changes = None if batch[1] is None else 0
        over = (0, None, None, (0, changes, 0, None))
        stepped: State = self._jax.vmap(self._step, in_axes=over)(state, pixels, targets, batch)
        return stepped

    def _scan(self, state: State, pixels: Any, targets: Any, batches: Any) -> State:
        places, changes, key, numbers = batches

        def step(state: State, batch: Any) -> tuple[State, None]:
            given = (batch[0], batch[1], key, batch[2])
            return self._steps(state, pixels, targets, given), None

        final: State = self._jax.lax.scan(step, state, (places, changes, numbers))[0]
        return final

    def _forward_of_one(self, trainable: Any, rest: Any, pixels: Any) -> Any:
        return self.model.stateless_call(trainable, rest, pixels, training=False)[0]

    def _result_of_one(self, metrics: Any) -> Any:
        import keras

        mapping = list(zip(self.model.metrics_variables, metrics, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return self.model.get_metrics_result()

    # Epochs ----------------------------------------------------------------------------------

    def compile(self, images: int) -> None:
        """Compile for an epoch of ``images``, without taking a step, to predict and to measure."""
        places = np.zeros((len(self.seeds), images), np.int32)
        changes = None
        if self._warp is not None and self._drawing is None:
            changes = np.stack([self._warp.no_changes(images)] * len(self.seeds))
        for batches in self._batches(places, changes, 0):
            self._compile(batches)
        some = np.zeros((self.evaluation_batch, *self._pixels.shape[1:]), np.float32)
        self._jax.block_until_ready(self._forward(self.state[0], self.state[1], some))
        self._jax.block_until_ready(self._result(self.state[3]))

    def prepare(
        self, orders: NDArray[np.int32], epoch: int, changes: NDArray[np.float32] | None = None
    ) -> list[Any]:
        """Return what `start_epoch` takes: each seed's images in its order, (seeds, n) int32.

        ``changes`` (seeds, n, k) are what is done to them where nothing is drawn.  It may be called
        from another thread while the device works on an epoch.
        """
        batches = self._batches(orders, changes, epoch)
        return batches if self._stepwise else list(self._jax.device_put(batches))

    def start_epoch(self, prepared: Sequence[Any]) -> None:
        """Begin an epoch of what `prepare` returned; the device works on when this returns."""
        self.state[3] = self._jax.device_put(self._no_metrics)
        for batches in prepared:
            train = self._compile(batches)
            self.state = train(self.state, self._pixels, self._targets, batches)

    def end_epoch(self) -> list[dict[str, float]]:
        """Wait for the device, and return each seed's running metrics of the epoch."""
        found = {name: np.asarray(value) for name, value in self._result(self.state[3]).items()}
        self._jax.block_until_ready(self.state)
        return [{n: float(v[k]) for n, v in found.items()} for k in range(len(self.seeds))]

    def _compile(self, batches: Any) -> Any:
        shape = batches[0].shape
        if shape not in self._compiled:
            lowered = self._train.lower(self.state, self._pixels, self._targets, batches)
            self._compiled[shape] = lowered.compile()
        return self._compiled[shape]

    def _batches(
        self, orders: NDArray[np.int32], changes: NDArray[np.float32] | None, epoch: int
    ) -> list[Any]:
        """Return what each call trains on: places, changes, keys, and the steps' numbers.

        For a scan, all full batches (steps, seeds, batch), then the smaller last one, if any; for
        steps, each batch (seeds, batch) by itself.
        """
        count, size = orders.shape[1], self._batch_size
        full = count - count % size
        keys = self._keys ^ np.asarray([epoch, 0], np.uint32)  # a seed's high half is mostly zero
        parts = []
        for start, end, length in ((0, full, size), (full, count, count - full)):
            if start == end:
                continue
            steps = (end - start) // length
            numbers = np.arange(start // size, start // size + steps, dtype=np.int32)
            places = _cut(orders[:, start:end], steps)
            given = None if changes is None else _cut(changes[:, start:end], steps)
            parts.append((places, given, keys, numbers))
        if not self._stepwise:
            return parts
        return [
            (places[i], None if given is None else given[i], keys, numbers[i])
            for places, given, keys, numbers in parts
            for i in range(len(numbers))
        ]

    # What came of it -------------------------------------------------------------------------

    def predict(self, images: Images, batch_size: int | None = None) -> NDArray[np.float32]:
        """Return every seed's outputs for ``images``, float32 (seeds, n, classes)."""
        size = self.evaluation_batch
        parts = []
        for start in range(0, len(images), size):
            some = to_float(images[start : start + size], self._scale)
            parts.append(self._forward(self.state[0], self.state[1], some))
        return np.concatenate([np.asarray(part, np.float32) for part in parts], axis=1)

    def values(self) -> State:
        """Return the trainable, the other and the optimizer's variables as NumPy arrays."""
        found: State = self._jax.device_get(self.state[:3])
        return found

    def weights_of(self, place: int, values: State) -> list[NDArray[Any]]:
        """Return the weights of the seed at ``place``, in the order of ``model.get_weights``."""
        parts = zip(_variables(self.model)[:2], values[:2], strict=True)
        known = {
            id(v): a[place] for part, arrays in parts for v, a in zip(part, arrays, strict=True)
        }
        return [known[id(variable)] for variable in self.model.weights]

    def replace_weights(self, change: Callable[[int, NDArray[Any]], NDArray[Any]]) -> None:
        """Replace each of the weights (seeds, ...) by what ``change`` makes of it.

        ``change`` is told its number in the order of ``model.get_weights``.
        """
        order = {id(variable): number for number, variable in enumerate(self.model.weights)}
        for part, arrays in zip(_variables(self.model)[:2], self.state[:2], strict=True):
            for place, variable in enumerate(part):
                if id(variable) in order:
                    changed = change(order[id(variable)], np.asarray(arrays[place]))
                    arrays[place] = self._jax.device_put(changed)

    def load(self, place: int, values: State) -> None:
        """Give ``model`` the variables of the seed at ``place``."""
        for part, arrays in zip(_variables(self.model), values, strict=False):
            for variable, array in zip(part, arrays, strict=True):
                variable.assign(array[place])

    def store(self, place: int) -> None:
        """Take the variables of ``model`` for those of the seed at ``place``."""
        for part, arrays in zip(_variables(self.model)[:2], self.state[:2], strict=True):
            for number, variable in enumerate(part):
                arrays[number] = arrays[number].at[place].set(variable.value)


def _variables(model: Any) -> tuple[list[Any], ...]:
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )


def _cut(array: NDArray[Any], steps: int) -> NDArray[Any]:
    """Return (seeds, n, ...) as (steps, seeds, n / steps, ...)."""
    return np.moveaxis(array.reshape(len(array), steps, -1, *array.shape[2:]), 0, 1)
