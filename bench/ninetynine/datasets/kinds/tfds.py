"""A set of tensorflow-datasets, by name or from a folder that it prepared."""

import contextlib
import importlib
import io
import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

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
from ninetynine.errors import UserError, nearest, one_line

_PREFIX = "tfds:"
_NAME = re.compile(r"(?P<set>\w+)(?:/(?P<config>[\w.+-]+))?(?::(?P<version>[\d.]+))?")
_REACH_SECONDS = 20.0


class TensorFlowDatasets(Kind):
    """``tfds:NAME``, with ``/CONFIG`` and ``:VERSION`` behind it; or ``tfds:FOLDER``, which has a
    ``dataset_info.json``.

    Prepared sets are looked for in ``--data-dir``, else where the library has them: TFDS_DATA_DIR
    or ``~/tensorflow_datasets``. Pictures are taken as they are stored and decoded as those of a
    folder are.
    """

    expected = "tfds:NAME of tensorflow-datasets"
    options = frozenset({"image_size", "color", "test_split", "split_seed", "label_column"})
    runs_other_code = True

    def matches(self, name: str) -> bool:
        return name.startswith(_PREFIX)

    def row_name(self, name: str) -> str:
        folder = _folder(name)
        if folder is None:
            return name
        version = folder.resolve()
        # FOLDER is NAME/VERSION or NAME/CONFIG/VERSION, as the library lays them.
        return f"{_PREFIX}{version.parent.name}:{version.name}"

    def identity(self, source: Source, data_dir: Path | None) -> str | None:
        folder = _folder(source.name) or _prepared(source.name, data_dir)
        if folder is None:
            return None
        try:
            return identity_of_folder(folder, metadata.version("tensorflow-datasets"))
        except metadata.PackageNotFoundError:
            return None

    def revision(self, source: Source, data_dir: Path | None) -> str | None:
        folder = _folder(source.name) or _prepared(source.name, data_dir)
        return None if folder is None else folder.resolve().name

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        where = source.name
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no chatter beside the one line
        with contextlib.redirect_stdout(io.StringIO()):
            library = import_library("tensorflow_datasets", "tfds", where)
        builder = _builder(library, where, data_dir)
        features = builder.info.features
        image, label = _columns(library, features, source)
        parts, notes = parts_of(builder.info.splits, where)
        raw = {image: library.decode.SkipDecoding()}
        splits = {
            part: _split(library, builder, split, raw, (image, label), f"{where}: {split}")
            for part, split in parts.items()
        }
        names = tuple(map(str, features[label].names))
        told = f"read by tensorflow-datasets {library.__version__}: {builder.info.full_name}"
        return assemble(splits, source.options, where, names, (told, *notes))


def _folder(name: str) -> Path | None:
    """Return the prepared folder that a name is the path of, if it is one."""
    path = Path(name.removeprefix(_PREFIX)).expanduser()
    return path if (path / "dataset_info.json").is_file() else None


def _prepared(name: str, data_dir: Path | None) -> Path | None:
    """Return the folder of the newest prepared version of a set, without the library."""
    match = _NAME.fullmatch(name.removeprefix(_PREFIX))
    if match is None:
        return None
    folder = _base(data_dir) / match["set"] / (match["config"] or "")
    found = [path.parent for path in folder.glob(f"{match['version'] or '*'}/dataset_info.json")]
    return max(
        found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)], default=None
    )


def _base(data_dir: Path | None) -> Path:
    told = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return data_dir or Path(told).expanduser()


def _builder(library: Any, where: str, data_dir: Path | None) -> Any:
    """Return the builder of a prepared set, which is downloaded and prepared where it is not."""
    name = where.removeprefix(_PREFIX)
    folder = _folder(where)
    if folder is None and _NAME.fullmatch(name) is None:
        raise UserError(
            f"dataset {where!r}: expected tfds:NAME, with /CONFIG and :VERSION if need be, or "
            "tfds:FOLDER that has a dataset_info.json"
        )
    told = {} if data_dir is None else {"data_dir": str(data_dir)}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if folder is not None:
                return library.builder_from_directory(str(folder))
            builder = library.builder(name, **told)
    except Exception as error:
        raise UserError(f"{where}: {_reason(library, error, name)}") from error
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            _reach(builder, _base(data_dir))
            builder.download_and_prepare()
    except Exception as error:
        raise UserError(
            f"{where}: not prepared on this machine, and could not be downloaded "
            f"({type(error).__name__}: {_first_line(error)}); name its folder by --data-dir, or "
            "connect this machine to the internet"
        ) from error
    return builder


def _reach(builder: Any, base: Path) -> None:
    """Raise what comes of it where the host of a set that is to be downloaded cannot be reached.

    The library itself tries ten times, for minutes. What was downloaded by hand needs no host.
    """
    urls = [url for url in getattr(builder, "url_infos", None) or () if url.startswith("http")]
    is_here = Path(builder.data_dir).exists() or any((base / "downloads").glob("*"))
    if urls and not is_here:
        importlib.import_module("requests").head(urls[0], timeout=_REACH_SECONDS)


def _reason(library: Any, error: Exception, name: str) -> str:
    if type(error).__name__ == "DatasetNotFoundError":
        set_name = name.partition("/")[0].partition(":")[0]
        return f"tensorflow-datasets has no such set{nearest(set_name, library.list_builders())}"
    return f"tensorflow-datasets cannot load it ({type(error).__name__}: {_first_line(error)})"


def _first_line(error: Exception) -> str:
    return one_line(str(error).strip().split("\n")[0])


def _columns(library: Any, features: Any, source: Source) -> tuple[str, str]:
    """Return the feature of pictures and that of labels."""
    kinds = library.features
    found = dict(features.items()) if hasattr(features, "items") else {}
    columns = ", ".join(f"{name} ({type(f).__name__})" for name, f in found.items()) or "none"
    images = [name for name, feature in found.items() if isinstance(feature, kinds.Image)]
    labels = [name for name, feature in found.items() if isinstance(feature, kinds.ClassLabel)]
    image = one_column(images, None, "pictures", columns, source.name)
    told = found[image].dtype  # NumPy's or TensorFlow's
    dtype = getattr(told, "name", None) or np.dtype(told).name
    if dtype not in ("uint8", "uint16"):
        raise UserError(  # such are kept as four channels, which would be taken for colors
            f"{source.name}: the pictures in {image} are {dtype}; expected uint8 or uint16: save "
            "the set as an .npz"
        )
    several = [name for name, feature in found.items() if isinstance(feature, kinds.Sequence)]
    if not labels and (names := [name for name in several if "label" in name]):
        raise UserError(
            f"{source.name}: the labels in {names[0]} are a sequence; expected one label an image"
        )
    return image, one_column(labels, source.options.label_column, "labels", columns, source.name)


def _split(
    library: Any, builder: Any, split: str, raw: Any, columns: tuple[str, str], where: str
) -> Split:
    """Return a split's labels and encoded pictures, in the order of its files."""
    image, label = columns
    rows = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=raw,
        read_config=library.ReadConfig(try_autocache=False),
    )
    contents: list[bytes] = []
    labels: list[int] = []
    for row in library.as_numpy(rows):
        contents.append(bytes(row[image]))
        labels.append(int(row[label]))
    return Split(
        np.array(labels, np.int64),
        lambda index: Picture(f"{where}, row {index}", contents[index]),
    )


KIND = TensorFlowDatasets()
