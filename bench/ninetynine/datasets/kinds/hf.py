"""A set of Hugging Face's hub, or a folder that ``datasets.load_dataset`` reads."""

import importlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.decoding import Picture
from ninetynine.datasets.kinds import Kind
from ninetynine.datasets.libraries import (
    Split,
    assemble,
    identity_of_folder,
    import_library,
    one_column,
    parts_of,
)
from ninetynine.datasets.sources import ReadArrays, Source
from ninetynine.errors import UserError

_PREFIX = "hf:"
_NAME = re.compile(r"(?P<path>[^:@]+)(?::(?P<config>[^@]+))?(?:@(?P<revision>.+))?")
_INTEGERS = re.compile(r"u?int\d+")


class HuggingFace(Kind):
    """``hf:OWNER/NAME``, with ``:CONFIG`` and ``@REVISION`` behind it; or ``hf:FOLDER``.

    Columns of pictures and of labels are found by their features. Pictures are decoded as those of
    a folder are. What was read once is kept for its revision; the library keeps its files itself.
    """

    expected = "hf:OWNER/NAME of Hugging Face's hub"
    options = frozenset({"image_size", "color", "test_split", "split_seed", "label_column"})
    runs_other_code = True

    def matches(self, name: str) -> bool:
        return name.startswith(_PREFIX)

    def row_name(self, name: str) -> str:
        path, config, _ = _parse(name)
        plain = Path(path).resolve().name if Path(path).exists() else path
        return f"{_PREFIX}{plain}" + (f":{config}" if config else "")

    def identity(self, source: Source, data_dir: Path | None) -> str | None:
        path = _parse(source.name)[0]
        try:
            version = metadata.version("datasets")
        except metadata.PackageNotFoundError:
            return None
        if Path(path).exists():
            return identity_of_folder(Path(path), version)
        commit = self.revision(source, data_dir)
        return f"{version} {commit}" if commit else None

    def revision(self, source: Source, data_dir: Path | None) -> str | None:
        path, _, revision = _parse(source.name)
        return None if Path(path).exists() else _commit(path, revision)

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        library = import_library("datasets", "hf", source.name)
        path, config, revision = _parse(source.name)
        found = _load(library, source.name, path, config, revision)
        parts, notes = parts_of(found, source.name)
        features = found[parts["training"]].features
        image, label = _columns(library, features, source)
        names = getattr(features[label], "names", None)
        splits = {
            part: _split(library, found[split], image, label, f"{source.name}: {split}")
            for part, split in parts.items()
        }
        version = [f"datasets {library.__version__}"]
        commit = self.revision(source, data_dir)
        version += [f"revision {commit}"] if commit else []
        told = (f"read by {', '.join(version)}: pictures {image}, labels {label}", *notes)
        return assemble(splits, source.options, source.name, tuple(names) if names else None, told)


def _parse(name: str) -> tuple[str, str | None, str | None]:
    """Return a path or a name on the hub, a configuration and a revision."""
    text = name.removeprefix(_PREFIX)
    if text and Path(text).exists():
        return text, None, None
    match = _NAME.fullmatch(text)
    if match is None:
        raise UserError(
            f"dataset {name!r}: expected hf:OWNER/NAME, hf:OWNER/NAME:CONFIG, either with "
            "@REVISION, or hf:FOLDER"
        )
    return match["path"], match["config"], match["revision"]


def _commit(path: str, revision: str | None) -> str | None:
    """Return the commit of a set that the library's cache has, without asking the hub."""
    if revision is not None and re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision
    home = os.environ.get("HF_HOME") or Path(
        os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface"
    )
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home, "hub")).expanduser()
    file = cache / f"datasets--{path.replace('/', '--')}" / "refs" / (revision or "main")
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def _load(
    library: Any, name: str, path: str, config: str | None, revision: str | None
) -> dict[str, Any]:
    """Return the splits by name; UserError where the library cannot load them."""
    local = Path(path).exists()
    if not local and "/" not in path and (path.startswith((".", "~")) or path in _builders()):
        raise UserError(f"{name}: no such folder")
    try:
        with _quiet(library):
            told = {} if local or revision is None else {"revision": revision}
            # Its builders have names, such as parquet, which a folder may have, too.
            place = str(Path(path).absolute()) if local else path
            found = library.load_dataset(place, config, **told)
    except Exception as error:
        raise UserError(f"{name}: {_reason(error, path)}") from error
    return dict(found)


def _builders() -> Sequence[str]:
    """Return names that the library takes for builders, which read what lies in this folder."""
    try:
        module = importlib.import_module("datasets.packaged_modules")
    except ImportError:
        return ()
    return tuple(getattr(module, "_PACKAGED_DATASETS_MODULES", ()))


def _reason(error: Exception, path: str) -> str:
    if type(error).__name__ == "DatasetGenerationError" and isinstance(error.__cause__, Exception):
        error = error.__cause__  # what went wrong, which the other does not say
    said = " ".join(str(error).split()) or type(error).__name__
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "ConnectionError" in kinds or "OfflineModeIsEnabled" in kinds:
        return (
            f"not on this machine, and the hub cannot be reached ({said}); connect this machine to "
            "the internet, or give a folder that has it: hf:FOLDER"
        )
    if "DatasetNotFoundError" in kinds:
        return f"no such set on the hub, or it is private ({said})"
    if "BuilderConfig" in said or "Config name is missing" in said:
        return f"{said}; expected one of these: hf:{path}:CONFIG"
    return f"datasets cannot load it ({type(error).__name__}: {said})"


@contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Hush the library's and its hub client's warnings, which would stand beside the one line.

    Where nobody looks on, its progress, too.
    """
    import logging

    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    if not sys.stderr.isatty() and hasattr(library, "disable_progress_bars"):
        library.disable_progress_bars()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _columns(library: Any, features: Any, source: Source) -> tuple[str, str]:
    """Return the column of pictures and that of labels."""
    where = source.name
    columns = ", ".join(f"{name} ({_kind(feature)})" for name, feature in features.items())
    images = [name for name, feature in features.items() if _is_image(library, feature)]
    image = one_column(images, None, "pictures", columns, where)
    told = source.options.label_column
    labels = [name for name, f in features.items() if isinstance(f, library.ClassLabel)]
    if not labels or told not in (None, *labels):
        labels += [
            name
            for name, feature in features.items()
            if (told or name) == name
            and (told or name in ("label", "labels", "target", "class"))
            and _is_plain(library, feature)
        ]
    sequences = [name for name in features if name in ("label", "labels", told)]
    if not labels and sequences:
        (first, *_) = sequences
        raise UserError(
            f"{where}: the labels in {first} are {_kind(features[first])}; expected one label an "
            "image"
        )
    return image, one_column(labels, told, "labels", columns, where)


def _is_image(library: Any, feature: Any) -> bool:
    # Parquet that was not written by the library has a picture's bytes and path as a struct.
    return isinstance(feature, library.Image) or (
        isinstance(feature, dict) and set(feature) == {"bytes", "path"}
    )


def _is_plain(library: Any, feature: Any) -> bool:
    dtype = str(getattr(feature, "dtype", ""))
    return isinstance(feature, library.Value) and (
        dtype == "string" or _INTEGERS.fullmatch(dtype) is not None
    )


def _kind(feature: Any) -> str:
    """Return what a column holds, in a word or two."""
    name = "a struct" if isinstance(feature, dict) else type(feature).__name__
    inner = getattr(feature, "feature", None)
    if inner is not None or isinstance(feature, list):
        return "a sequence" if inner is None else f"a sequence of {_kind(inner)}"
    return str(feature.dtype) if name == "Value" else name


def _split(library: Any, split: Any, image: str, label: str, where: str) -> Split:
    """Return a split's labels, and its pictures as they are stored."""
    if isinstance(split.features[image], library.Image):
        split = split.cast_column(image, library.Image(decode=False))
    labels: npt.NDArray[np.generic] = np.asarray(split[label][:])
    if labels.dtype.kind not in "iuUS":
        missing = sum(value is None for value in split[label][:])
        raise UserError(
            f"{where}: {missing:,} of {len(labels):,} pictures have no {label}; expected a label "
            "for each"
        )
    pictures = split.select_columns([image])

    def picture(index: int) -> Picture:
        stored = pictures[index][image]
        if stored is None:
            raise UserError(f"{where}: row {index} has no picture; expected one in each")
        content, path = stored["bytes"], stored["path"]
        return Picture(f"{where}, row {index}", content if content is not None else Path(path))

    return Split(labels, picture)


KIND = HuggingFace()
