"""Backends: what computes, and all that differs from one to the next; one file each.

A backend is a module of this package, or of another one that names it as an entry point of the
group ``ninetynine.backends``; its name is the file's or the entry point's.  It defines ``BACKEND``,
an instance of a subclass of :class:`Backend`, and imports what it computes with inside functions
only: its name, its packages and its environment are asked for where nothing is trained.
"""

from contextlib import suppress
from functools import lru_cache
from importlib import metadata

from ninetynine import programs
from ninetynine.backends._base import (
    EVALUATION_BATCH,
    Backend,
    FitLoop,
    StepLoop,
    compiled_folder,
    evaluation_batch,
)
from ninetynine.backends._pixels import (
    Images,
    Labels,
    Scale,
    Standard,
    Warping,
    before_warp,
    one_hot,
    to_float,
)
from ninetynine.backends._program import OwnProcess
from ninetynine.errors import UserError
from ninetynine.registry import Registry

BACKENDS = Registry("backend", "ninetynine.backends", "ninetynine.backends")


def get_backend(name: str) -> Backend:
    """Return the backend called ``name``, importing its module and nothing that computes.

    That of programs is no choice of a user, and not among ``BACKENDS``.

    Raises UserError where there is none, or where another package's module is no backend.
    """
    if name == programs.BACKEND:
        return OwnProcess()
    entry = BACKENDS.find(name)
    backend = getattr(entry.load(), "BACKEND", None)
    if not isinstance(backend, Backend):
        raise UserError(
            f"{entry.origin}: {entry.module} is no backend, it has no BACKEND that is a "
            "ninetynine.backends.Backend; mend or uninstall the distribution"
        )
    return backend


@lru_cache(maxsize=1)
def computing_packages() -> frozenset[str]:
    """Return the packages that any backend computes with: a cell names their versions."""
    found: set[str] = set()
    for name in BACKENDS.entries():
        with suppress(UserError):  # a broken one of another package says so when it is asked for
            found.update(get_backend(name).packages)
    return frozenset(found)


def package_versions(name: str) -> dict[str, str]:
    """Return package -> version of all that backend ``name`` computes with, importing none of it.

    The distribution that brings the backend is one of these: its version is part of a cell's key.
    Raises UserError where one is not installed.
    """
    packages, distribution = get_backend(name).packages, BACKENDS.find(name).distribution
    if distribution is not None and distribution not in packages:
        packages = (*packages, distribution)
    try:
        return {package: metadata.version(package) for package in packages}
    except metadata.PackageNotFoundError as error:
        what = f"'ninetynine[{name}]'" if distribution is None else error.name
        raise UserError(
            f"backend {name} needs the package {error.name}, which is not installed; "
            f"install it with: pip install {what}"
        ) from error
