"""JAX: data and state stay on the device; an epoch is one compiled scan, on a CPU compiled steps.

XLA's convolutions are several times slower inside a loop than outside on a CPU
(https://github.com/jax-ml/jax/issues/12868), and there a call costs little.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.backends import Backend, Images, StepLoop, compiled_folder, to_float
from ninetynine.backends._jax_forms import pool_by_selecting
from ninetynine.backends._jax_kept import Kept, kept_functions
from ninetynine.backends._jax_seeds import SeedsLoop

State = tuple[Any, Any, Any, Any]  # trainable, non-trainable, optimizer and metrics variables

Batches = tuple[Any, Any]  # images' places in the dataset, and their changes or None


class JaxLoop(StepLoop):
    """The loop for a model on Keras's JAX backend.

    The model's variables are handed through as plain values (Keras's stateless API) and written
    back after every epoch.
    """

    def __init__(self, model: Any, *data: Any, **more: Any) -> None:
        import jax

        super().__init__(model, *data, **more)
        self._jax = jax
        # Builds the metrics' variables from shapes alone, as fit does: nothing is compiled for it.
        model._symbolic_build(data_batch=(self._pixels[:1], self._targets[:1]))
        model.optimizer.build(model.trainable_variables)
        model.reset_metrics()
        pool_by_selecting(model)
        if self._resident:
            self._pixels, self._targets = map(jax.device_put, (self._pixels, self._targets))
        self._stepwise = jax.default_backend() == "cpu"
        self._on_gpu = not self._stepwise
        whole = self._step if self._stepwise else self._scan
        self._train = jax.jit(whole, donate_argnums=0)
        self._compiled: dict[tuple[int, ...], Any] = {}  # by the shape of what it is given
        # To walk the layers for these, and to copy them, costs as much as a small forward pass.
        self._weights = tuple(model.trainable_variables), tuple(model.non_trainable_variables)

        def forward(trainable: Any, non_trainable: Any, pixels: Any) -> Any:
            if pixels.dtype == np.uint8:
                pixels = self._looked_up(pixels)
            return model.stateless_call(trainable, non_trainable, pixels, training=False)[0]

        self._forward = jax.jit(forward)
        self._forwards: dict[tuple[Any, Any], Any] = {}  # compiled, by what it is given

    def compile(self, lengths: Sequence[int] = ()) -> None:
        """Compile for full batches and for the smaller last one, and to predict in batches."""
        state, kept = self._shapes(), None
        for batches in self._first_batches(lengths or [len(self._images)]):
            shape = batches[0].shape
            if shape in self._compiled:
                continue
            lower = partial(self._train.lower, state, self._pixels, self._targets, batches)
            if not self._compiled:
                lowered = lower()
                self._compiled[shape] = lowered.compile()
                if self._stepwise:
                    kept = kept_functions(self._model, lowered, self.known_by)
            else:
                self._compiled[shape] = _compiled(kept, f"step {shape}", lower)
        size = self._evaluation_batch(self._images)
        empty = np.zeros((size, *self._images.shape[1:]), self._images.dtype)
        pixels = self._input(empty)
        if kept is not None:
            given = pixels.shape, pixels.dtype
            lower = partial(self._forward.lower, *self._values(), pixels)
            self._forwards[given] = _compiled(kept, f"forward {given} {self._scale}", lower)
        self._outputs(pixels).block_until_ready()
        # What an epoch does before its first step and after its last is compiled, too.
        self._write_back(self._state())
        self._metrics()

    def _first_batches(self, lengths: Sequence[int]) -> Iterator[Batches]:
        """Yield batches of every shape that epochs of ``lengths`` have, full ones first."""
        rows = len(self._pixels)
        counts = {n for images in lengths for n in (min(images, rows), images % rows)}
        for count in sorted(filter(None, counts), reverse=True):
            order = np.arange(count, dtype=np.int32)
            changes = None if self._warp is None else self._warp.no_changes(count)
            yield from self._batches(order, changes)

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        self._model.reset_metrics()
        state = self._state()
        for *data, places, given in self._chunks(order, changes):
            pixels, targets = map(self._jax.device_put, data)
            for batches in self._batches(places, given):
                shape = batches[0].shape
                train = self._compiled.get(shape) or self._compile(state, pixels, targets, batches)
                state = train(state, pixels, targets, batches)
            self._jax.block_until_ready(state)  # else chunk after chunk would wait in memory
        self._write_back(state)
        return self._metrics()

    def _input(self, images: Images) -> NDArray[Any]:
        # To scale one image in NumPy takes a quarter of a small forward pass.
        if self._stepwise and images.dtype == np.uint8:
            return np.asarray(images)
        return super()._input(images)

    def _looked_up(self, pixels: Any) -> Any:
        """Return uint8 ``pixels`` as `to_float` scales them, from a table, while it is traced.

        A compiled division has other last bits than NumPy's.  The barrier keeps the look-up out of
        the model's first operation, whose sums must not depend on it.
        """
        jax, channels = self._jax, pixels.shape[-1]
        every = np.repeat(np.arange(256, dtype=np.uint8), channels).reshape(-1, channels)
        table = jax.numpy.asarray(to_float(every, self._scale).ravel())
        places = pixels.astype(np.int32) * channels + np.arange(channels, dtype=np.int32)
        scaled = table.at[places].get(mode="promise_in_bounds")
        return jax.lax.optimization_barrier(scaled)

    def _outputs(self, pixels: NDArray[Any]) -> Any:
        forward = self._forwards.get((pixels.shape, pixels.dtype), self._forward)
        return forward(*self._values(), pixels)

    def _values(self) -> tuple[list[Any], list[Any]]:
        # ``value`` looks for a scope first, variable by variable: a third of a small forward pass.
        trainable, non_trainable = self._weights
        return [v._value for v in trainable], [v._value for v in non_trainable]

    def _compile(self, state: State, pixels: Any, targets: Any, batches: Batches) -> Any:
        compiled = self._train.lower(state, pixels, targets, batches).compile()
        self._compiled[batches[0].shape] = compiled
        return compiled

    def _step(self, state: State, pixels: Any, targets: Any, batch: Batches) -> State:
        places, changes = batch
        images, labels = pixels[places], targets[places]
        if self._warp is not None:
            images, labels = self._warp.batch(images, labels, changes)
        stepped: State = self._model.train_step(state, (images, labels))[1]
        return stepped

    def _scan(self, state: State, pixels: Any, targets: Any, batches: Batches) -> State:
        def step(state: State, batch: Batches) -> tuple[State, None]:
            return self._step(state, pixels, targets, batch), None

        final: State = self._jax.lax.scan(step, state, batches)[0]
        return final

    def _batches(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None
    ) -> list[Batches]:
        """Return what each call trains on: which images, and what is done to them, or None.

        For a scan, all full batches (steps, batch), then the smaller last one (1, rest), if any;
        for steps, each batch (batch,) by itself.  Changes have one more axis.
        """
        full = len(order) - len(order) % self._batch_size
        parts = []
        for chosen, size in ((slice(full), self._batch_size), (slice(full, None), None)):
            places = order[chosen]
            if not places.size:
                continue
            shape = (-1, size or len(places))
            given = None if changes is None else changes[chosen].reshape(*shape, changes.shape[1])
            parts.append((places.reshape(shape), given))
        if not self._stepwise:
            return parts
        return [
            (places[i], None if given is None else given[i])
            for places, given in parts
            for i in range(len(places))
        ]

    def _variables(self) -> tuple[list[Any], ...]:
        model = self._model
        return (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )

    def _state(self) -> State:
        # Copies, because a step may overwrite the buffers it is given.  Made by the runtime: each
        # shape's own copy() would be compiled.
        values = [[variable.value for variable in part] for part in self._variables()]
        state: State = tuple(self._jax.device_put(values, may_alias=False))
        return state

    def _shapes(self) -> Any:
        """Return what `_state` returns without its values, which compiling does not need."""
        shape = self._jax.ShapeDtypeStruct
        parts = self._variables()
        return tuple([shape(v.value.shape, v.value.dtype) for v in part] for part in parts)

    def _write_back(self, state: State) -> None:
        for variables, values in zip(self._variables(), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


def _compiled(kept: Kept | None, name: str, lower: Callable[[], Any]) -> Any:
    """Return what ``lower`` gives, compiled, or what is kept of it as ``name``."""
    return lower().compile() if kept is None else kept.get(name, lower)


class Jax(Backend):
    """Keras on JAX."""

    keras_backend = "jax"
    packages = ("jax", "jaxlib", "keras", "numpy")
    loop = JaxLoop
    seeds_loop = SeedsLoop
    loop_revision = 2  # 1 left max pooling to XLA
    forks = True  # it starts its threads with its first computation, not as it is imported

    def environment(self, threads: int, device: str) -> dict[str, str]:
        environment = {
            "TF_CPP_MIN_LOG_LEVEL": "3",  # jaxlib heeds TensorFlow's word for it
            # What one seed compiled, the next one loads: XLA is half of a small network's time.
            "JAX_COMPILATION_CACHE_DIR": str(compiled_folder()),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        if device == "cpu":
            environment["JAX_PLATFORMS"] = "cpu"
        else:  # sums in one order, and no kernel that is chosen by how fast it was
            environment["XLA_FLAGS"] = "--xla_gpu_deterministic_ops=true"
        return environment

    def set_precision(self, precision: str, device: str) -> None:
        import jax

        # On a GPU "float32" would else mean 19 bits: TensorFloat-32.
        exact = {"float32": "highest", "tensorfloat32": "tensorfloat32"}.get(precision)
        jax.config.update("jax_default_matmul_precision", exact if device == "gpu" else None)

    def peak_memory(self) -> Callable[[], int | None]:
        import jax

        def peak() -> int:
            facts = jax.local_devices()[0].memory_stats() or {}  # a CPU has none
            return int(facts.get("peak_bytes_in_use", 0))

        before = peak()
        return lambda: now if (now := peak()) > before else None

    def finds_gpu(self) -> bool:
        import jax

        return bool(jax.default_backend() == "gpu")


BACKEND = Jax()
