"""A folder of pictures: ``train`` and ``test`` with a folder for each class, or classes alone."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ninetynine.datasets.kinds import Kind
from ninetynine.datasets.listing import (
    PART_WORDS,
    PARTS,
    ListedPicture,
    Part,
    identity_of_files,
    mixed,
    read_listed,
)
from ninetynine.datasets.sources import ReadArrays, Source, lexical
from ninetynine.errors import UserError, shown

READ = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp"})
# To leave these out without a word would be another dataset than the one that is meant.
_OTHER_PICTURES = frozenset(
    {".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".tga"}
    | {".dcm", ".npy", ".npz", ".svg", ".ico", ".mat", ".raw", ".dng", ".nef", ".cr2"}
)
_LAYOUT = "train/ and test/ with a folder of pictures for each class"
_ALONE = "or such folders alone and --test-split 0.2"
_DEEPEST = 64
# What systems leave in folders; Synology's @eaDir has small copies of the pictures.
_OF_THE_SYSTEM = frozenset(
    {"__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found"}
    | {"System Volume Information"}
)


class PictureFolder(Kind):
    """Reads PNG, JPEG, WebP and BMP; the folder's names are the classes' names.

    Hidden files are passed over. A class's folder may have others in it, which are groups of images
    where ``groups`` is "folder". Links are followed, but not to where they lie.
    """

    expected = f"a folder that has {_LAYOUT}"
    options = frozenset({"image_size", "color", "test_split", "split_seed", "groups"})
    is_path = True

    def matches(self, name: str) -> bool:
        path = Path(name)
        return path.suffix != ".npz" and path.is_dir()

    def row_name(self, name: str) -> str:
        return lexical(name).name or "root"

    def identity(self, source: Source, data_dir: Path | None) -> str | None:
        listed, notes = _listed(source)
        return identity_of_files([one.path for one in listed]) + "".join(notes)

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        listed, notes = _listed(source)
        return read_listed(listed, source.options, source.name, notes)


def _listed(source: Source) -> tuple[list[ListedPicture], tuple[str, ...]]:
    """Return the pictures and a note on what is not read.

    Training pictures are in an order that mixes the classes, the others in that of their paths.
    """
    root = Path(source.name)
    if source.options.groups not in (None, "folder"):
        raise UserError(
            f"{root}: groups is {source.options.groups!r}; of a folder of pictures expected "
            "'folder': a class's folders are the groups of its pictures"
        )
    grouped = source.options.groups is not None
    parts = _parts(root)
    listed: list[ListedPicture] = []
    passed: Counter[str] = Counter()
    notes = []
    for part, folder in (parts or {PARTS[0]: root}).items():
        classes, loose = _content(folder)
        _refuse_loose(loose, folder)
        if not classes:
            raise UserError(f"{folder}: no folders in it; expected one for each class")
        if part == "training":
            _refuse_one(classes, folder)
        for path in classes:
            listed += _of_class(path, part, grouped, passed)
    training = mixed(
        [one for one in listed if one.part == "training"],
        lambda one: one.path.relative_to(root).as_posix(),
    )
    if parts:
        _refuse_loose(_content(root)[1], root)
        others = [path.name for path in _content(root)[0] if path not in parts.values()]
        notes += [f"not read: {', '.join(others)}"] if others else []
    else:
        inner = {p.name for path in _content(root)[0] for p in _content(path)[0]}
        inside = sorted(name for name in inner if name.lower() in PART_WORDS)
        notes += [f"not read as parts: {', '.join(inside)} in a class's folder"] if inside else []
    if passed:
        endings = ", ".join(f"{count:,} {ending}" for ending, count in sorted(passed.items()))
        notes.append(f"passed over as no pictures, by their endings: {endings}")
    return [*training, *(o for o in listed if o.part != "training")], tuple(notes)


def _parts(root: Path) -> dict[Part, Path]:
    """Return the folders of the parts; none where the folders are classes."""
    found: dict[Part, Path] = {}
    for path in _content(root)[0]:
        part = PART_WORDS.get(path.name.lower())
        if part is None or not _content(path)[0]:  # a class may be called "train", or "test"
            continue
        if part in found:
            raise UserError(
                f"{root}: both {found[part].name} and {path.name} would be the {part} part; "
                "expected one of them"
            )
        found[part] = path
    words = {PART_WORDS.get(path.name.lower()) for path in _content(root)[0]}
    if not found and None not in words and len(words) > 1:
        raise UserError(
            f"{root}: in {', '.join(path.name for path in _content(root)[0])} there are no folders "
            f"of classes; expected {_LAYOUT}, or a .csv file that says each picture's label"
        )
    if found and "training" not in found:
        raise UserError(f"{root}: {', '.join(p.name for p in found.values())} without train")
    return found


def _content(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return a folder's folders and its other files, without hidden ones, by name."""
    try:
        with os.scandir(folder) as entries:
            shown = [(e.name, _is_folder(e)) for e in entries if not _is_hidden(e.name)]
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror})") from error
    shown.sort()
    return [folder / n for n, is_dir in shown if is_dir], [folder / n for n, d in shown if not d]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # a link that leads to itself
        return entry.is_dir()
    return False


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _OF_THE_SYSTEM


def _refuse_one(classes: Sequence[Path], folder: Path) -> None:
    """Raise UserError where there is one class alone, and say what lies in its folder."""
    if len(classes) > 1:
        return
    inner = [path.name for path in _content(classes[0])[0]]
    deeper = f" (in it are {', '.join(inner[:5])}: are these the classes?)" if inner else ""
    if _parts(classes[0]):
        deeper = f" (it has the parts: name {classes[0]})"
    raise UserError(
        f"{folder}: {classes[0].name} is the only folder in it{deeper}; expected one for each of "
        "two classes or more"
    )


def _of_class(folder: Path, part: Part, grouped: bool, passed: Counter[str]) -> list[ListedPicture]:
    found = list(_pictures_in(folder, set(), 0, passed))
    if not found:
        raise UserError(
            f"{folder}: no pictures in this class's folder; expected PNG, JPEG, WebP or BMP files, "
            "or no such folder"
        )
    return [
        ListedPicture(path, part, folder.name, _group(path, folder) if grouped else None, str(path))
        for path in found
    ]


def _group(path: Path, folder: Path) -> str:
    """Return the folder below the class's that a picture lies in: one name in all classes."""
    inner = path.relative_to(folder).parts
    if len(inner) < 2:
        raise UserError(
            f"{path}: lies in no group's folder; with --groups folder expected "
            f"{folder}/GROUP/{path.name}"
        )
    return inner[0]


def _pictures_in(
    folder: Path, seen: set[tuple[int, int]], depth: int, passed: Counter[str]
) -> Iterator[Path]:
    """Yield the pictures below a folder; count in ``passed`` the endings of all other files."""
    here = folder.stat()
    if (here.st_dev, here.st_ino) in seen or depth > _DEEPEST:
        raise UserError(f"{folder}: leads to a folder that is read already; remove this link")
    seen.add((here.st_dev, here.st_ino))
    folders, files = _content(folder)
    for path in files:
        kind = path.suffix.lower()
        if kind in _OTHER_PICTURES:
            raise UserError(
                f"{path}: {kind} is not read; expected PNG, JPEG, WebP or BMP: convert it, or move "
                "it away"
            )
        if kind in READ:
            yield path
        else:
            passed[shown(kind)[1:-1] or "without one"] += 1
    for inner in folders:
        yield from _pictures_in(inner, seen, depth + 1, passed)


def _refuse_loose(files: Sequence[Path], folder: Path) -> None:
    loose = [path for path in files if path.suffix.lower() in READ | _OTHER_PICTURES]
    if loose:
        more = f" (and {len(loose) - 1:,} more)" if len(loose) > 1 else ""
        raise UserError(
            f"{loose[0]}: lies in no class's folder{more}; expected {_LAYOUT}, {_ALONE}"
        )


KIND = PictureFolder()
