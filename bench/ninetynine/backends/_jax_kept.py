"""Compiled functions of a JAX model that are found again without being traced again.

JAX finds compiled code by the program that it has traced, and to trace a small network takes
several times as long as to load its code.  One function of a model, the step of a full batch, is
always traced.  The others, its step of the smaller last batch and its forward pass, follow from the
same layers: where that step and all that a cell's key holds but the seed are the same, so are they.

Only for models of Keras's own layers, losses and optimizers, whose code branches on a batch's size
or on ``training`` by their configuration alone.  Code of a user's might also do so by what it drew
from the seed, which no key would hold: such a model is traced whole.
"""

import hashlib
import pickle
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ninetynine.backends._jax_forms import has_own_pooling

# What Keras itself puts into a layer in place of its class's method of that name.
_WRAPPED = frozenset({"build", "quantize"})


class Kept:
    """What was compiled of one model in this or an earlier process, in files of a folder.

    A file named by the model and the function names the program, and one of that name holds its
    code: what is programmed alike is compiled once.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key

    def get(self, name: str, lower: Callable[[], Any]) -> Any:
        """Return the compiled function called ``name``; ``lower`` traces it where none is kept."""
        named = self._folder / _hashed(self._key, name)
        with suppress(OSError):
            if (found := _loaded(self._folder / named.read_text())) is not None:
                return found
        lowered = lower()
        code = self._folder / _hashed(_versions(), str(lowered.in_tree), lowered.as_text())
        compiled = _loaded(code)
        if compiled is None:
            with _noting_what_is_loaded() as hits:
                compiled = lowered.compile()
            if hits:  # code that was loaded from JAX's own files cannot be written down again
                return compiled
            _store(code, lambda: pickle.dumps(_serialized(compiled)))
        if code.exists():
            _store(named, code.name.encode)
        return compiled


def kept_functions(model: Any, lowered: Any, known_by: str) -> Kept | None:
    """Return what is kept of ``model``, whose step of a full batch is ``lowered``.

    ``known_by`` stands for all that a cell's key holds but its seed.  Returns None where that is
    not known, where JAX keeps no compiled code, and for models that are not all Keras's.
    """
    import jax

    folder = jax.config.jax_compilation_cache_dir
    config = _configuration(model) if known_by and folder else None
    if config is None:
        return None
    step = lowered.as_text(), str(lowered.in_tree)
    return Kept(Path(folder) / "functions", _hashed(*step, str(config), known_by, _engine()))


@cache
def _engine() -> str:
    """Return a hash of the code that is traced around the model."""
    package = Path(__file__).parents[1]
    files = [path for name in ("backends", "training") for path in (package / name).glob("*.py")]
    return _hashed(*(path.read_text() for path in sorted(files)))


def _configuration(model: Any) -> Any:
    """Return what Keras would make ``model`` from, None where that is not all there is to it."""
    import keras

    used = [model.optimizer, model.loss, *model._flatten_layers()]
    loss = isinstance(model.loss, keras.losses.Loss)
    if not loss or not all(map(_is_ours, used)) or any(map(_is_changed, used)):
        return None
    try:
        config = type(model).__name__, model.get_config()
    except Exception:  # of code that Keras cannot name
        return None
    return config if all(map(_is_named, _tables(config))) else None


def _is_ours(thing: Any) -> bool:
    """Return whether ``thing`` is of a class of Keras's or of the engine's."""
    return type(thing).__module__.startswith(("keras.", "ninetynine.training."))


def _is_changed(thing: Any) -> bool:
    """Return whether ``thing`` computes with more than its configuration and its variables say."""
    theirs = type(thing)
    own = {name for name in vars(thing) if callable(getattr(theirs, name, None))}
    if has_own_pooling(thing):
        own.remove("call")
    return bool(own - _WRAPPED) or hasattr(thing, "adapt")


def _tables(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every table in ``config``."""
    if isinstance(config, dict):
        yield config
    if isinstance(config, dict | list | tuple):
        for value in config.values() if isinstance(config, dict) else config:
            yield from _tables(value)


def _is_named(table: dict[str, Any]) -> bool:
    """Return whether ``table`` is no object, or one that Keras itself has under that name."""
    if "class_name" not in table:
        return True
    module = str(table.get("module")).split(".")[0]
    return module == "keras" and table.get("registered_name") is None


def _versions() -> str:
    """Return what decides beside a program which code it becomes on this kind of processor."""
    import jax

    return f"{version('jax')} {version('jaxlib')} {jax.default_backend()}"


@contextmanager
def _noting_what_is_loaded() -> Iterator[list[str]]:
    """Yield what gets an entry for every program whose code JAX loads from its own files."""
    from jax import monitoring

    hits: list[str] = []

    def listen(event: str, **_: Any) -> None:
        if event.endswith("/cache_hits"):
            hits.append(event)

    monitoring.register_event_listener(listen)
    try:
        yield hits
    finally:
        monitoring.unregister_event_listener(listen)


def _hashed(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _serialized(compiled: Any) -> Any:
    from jax.experimental.serialize_executable import serialize

    return serialize(compiled)


def _loaded(path: Path) -> Any:
    """Return the compiled function in ``path``; None where there is none that can be used."""
    from jax.experimental.serialize_executable import deserialize_and_load

    with suppress(Exception):  # cut off, or of something else: it is compiled as if there were none
        return deserialize_and_load(*pickle.loads(path.read_bytes()))
    return None


def _store(path: Path, content: Callable[[], bytes]) -> None:
    """Write ``content`` to ``path``, whole or not at all."""
    partial = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with suppress(Exception):  # a full disk, or code that cannot be written down
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content())
        partial.replace(path)
