"""Other people's packages, as an installer leaves them: files and metadata on the import path."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def install(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    entry_points: Mapping[str, Mapping[str, str]],
    files: Mapping[str, str],
    name: str = "plug-in",
) -> None:
    """Put a distribution with ``entry_points`` (group -> name -> value) on the import path.

    ``files`` are path -> text. Its modules are forgotten when the test ends.
    """
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        module = Path(path).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        # Setting and deleting makes monkeypatch delete what the test imports in between.
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(folder)
