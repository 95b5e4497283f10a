"""What must be set before and right after a backend is imported: cores, threads, determinism."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from ninetynine.architecture import Architecture
from ninetynine.backends import get_backend, package_versions
from ninetynine.backends.tensorflow import hide_where_unused
from ninetynine.cells import CellIdentity
from ninetynine.datasets.download import keras_home
from ninetynine.errors import UserError
from ninetynine.inputs import Inputs, noting

# What these begin with is told to libraries that compute, and may change what they compute: which
# instructions are used, how sums are split up, what is fused, how precise a product is.
_SWITCHES = (
    "BLIS_",
    "CUBLAS_",
    "CUDNN_",
    "DNNL_",
    "GOMP_",
    "JAX_",
    "KERAS_",
    "KMP_",
    "MKL_",
    "NUMEXPR_",
    "NVIDIA_TF32_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "TF2_",
    "TF_",
    "TORCH",
    "XLA_",
)
# Of these, what says where files lie, how memory is taken, and what a broken processor needs.
_KEPT = (
    "KERAS_HOME",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_GPU_ALLOCATOR",
    "TORCH_HOME",
    "XLA_PYTHON_CLIENT_",
)
# What Keras checks as it is imported.
_SETTINGS: dict[str, Callable[[object], bool]] = {
    "floatx": lambda value: value in ("float16", "float32", "float64"),
    "epsilon": lambda value: isinstance(value, float),
    "image_data_format": lambda value: value in ("channels_last", "channels_first"),
}


def inherited_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a process that computes a cell may see of ``environment``.

    Switches that could change a number are not in a cell's key: they are set, or left away.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_SWITCHES) or name.startswith(_KEPT)
    }


def forks(backend: str, device: str) -> bool:
    """Return whether a process that has imported ``backend`` may fork and compute in the fork."""
    return sys.platform == "linux" and device == "cpu" and get_backend(backend).forks


def thread_environment(backend: str, threads: int, device: str) -> dict[str, str]:
    """Return the environment a worker must start with: every thread pool at one size.

    Raises UserError where Keras could not be imported with the user's ``keras.json``.
    """
    _check_settings(keras_home() / "keras.json")
    pools = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    environment = {name: str(threads) for name in pools}
    if device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    found = get_backend(backend)
    return {
        **environment,
        "PYTHONHASHSEED": "0",  # the order of a set of names, such as that of layers
        **({"KERAS_BACKEND": found.keras_backend} if found.keras_backend else {}),
        **found.environment(threads, device),
    }


def noting_inputs(
    architecture: Architecture, weights: Path | None = None
) -> AbstractContextManager[Inputs]:
    """Return a context that notes what ``architecture`` reads in it beside its source.

    ``weights`` are of a recipe, whose key has their hash.
    """
    known = (*architecture.source_paths, *([weights] if weights else []))
    return noting(architecture.path, known, _SWITCHES)


def _check_settings(path: Path) -> None:
    """Raise UserError for a ``keras.json`` that Keras stops at; what it may say is set later."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}), and Keras reads it") from error
    except ValueError:
        return  # Keras leaves out what is no JSON
    if not isinstance(settings, dict):
        raise UserError(f"{path}: expected a table of Keras's settings; correct or remove the file")
    for key, allowed in _SETTINGS.items():
        value = settings.get(key)
        if key in settings and not allowed(value):
            raise UserError(
                f"{path}: {key} is {value!r}, which Keras does not start with; correct or remove "
                "the file"
            )


def start_backend_here(backend: str, threads: int, device: str) -> None:
    """Import keras in this process, on ``threads`` threads, without the libraries' chatter.

    For verbs that compute without a worker.  TensorFlow writes past Python and past its own log
    level when it starts, so the file descriptor itself is turned away until the first operation.
    Raises UserError where the backend is not installed or cannot be imported.
    """
    package_versions(backend)
    kept = inherited_environment(os.environ)
    for name in os.environ.keys() - kept.keys():
        del os.environ[name]
    os.environ.update(thread_environment(backend, threads, device))
    try:
        with Path(os.devnull).open("wb") as nowhere, standard_error_to(nowhere):
            import keras

            keras.ops.zeros(1)
    except ImportError as error:
        raise UserError(
            f"backend {backend} is installed and cannot be imported: {error}; install it anew"
        ) from error


@contextmanager
def standard_error_to(file: IO[bytes]) -> Iterator[None]:
    """Turn file descriptor 2, which C++ writes to past Python, to ``file``."""
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def pin(cores: list[int]) -> None:
    """Keep this process and the threads it will start on ``cores``, where the system allows it."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def set_configuration(precision: str) -> None:
    """Set what ``keras.json`` or an architecture may have set otherwise to Keras's defaults."""
    from keras import config

    config.set_floatx("float32")
    config.set_epsilon(1e-7)
    config.set_image_data_format("channels_last")
    config.set_dtype_policy("float32" if precision == "tensorfloat32" else precision)
    for limit in ("set_max_epochs", "set_max_steps_per_epoch"):  # since Keras 3.11
        getattr(config, limit, lambda none: None)(None)


def prepare_backend(identity: CellIdentity, architecture: Architecture | None = None) -> None:
    """Import keras on the cell's backend and make it deterministic and seeded.

    ``architecture`` is whose code runs next, where it is known.

    Raises UserError where the process already holds keras on another backend, or where no GPU is
    found for a cell that asks for one.
    """
    import keras

    backend = get_backend(identity.backend)
    if keras.backend.backend() != backend.keras_backend:
        raise UserError(
            f"keras runs on {keras.backend.backend()} in this process, the cell asks for "
            f"{identity.backend}; start it with KERAS_BACKEND={backend.keras_backend}"
        )
    keras.utils.clear_session()  # collects, too: an earlier cell's model is held in cycles only
    set_configuration(identity.precision)
    backend.set_precision(identity.precision, identity.device)
    sources = {} if architecture is None else architecture.source_files
    hide_where_unused(backend, sources.values())
    keras.utils.set_random_seed(identity.seed)
    if identity.deterministic:
        backend.make_deterministic()
    # JAX and PyTorch would train on the CPU without a word, and the record would say "gpu".
    if identity.device == "gpu" and not backend.finds_gpu():
        raise UserError(
            f"{identity.backend} finds no GPU here; use --device cpu or install its GPU build"
        )
