"""Other people's packages, as an installer leaves them: files and metadata on the import path."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def write(
    folder: Path,
    entry_points: Mapping[str, Mapping[str, str]],
    files: Mapping[str, str],
    name: str = "plug-in",
) -> None:
    """Write a distribution with ``entry_points`` (group -> name -> value) to ``folder``.

    ``files`` are path -> text.
    """
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
        for group, points in entry_points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def activate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put what was written to ``folder`` on the import path, for this test alone."""
    for path in folder.rglob("*.py"):
        module = ".".join(path.relative_to(folder).with_suffix("").parts)
        # Setting and deleting makes monkeypatch delete what the test imports in between.
        monkeypatch.setitem(sys.modules, module.removesuffix(".__init__"), None)
        monkeypatch.delitem(sys.modules, module.removesuffix(".__init__"))
    monkeypatch.syspath_prepend(folder)
