"""The examples in docs/extending.md, so that tests run what the page shows."""

import re
import tomllib
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
_EXAMPLE = re.compile(r"<!-- example: (\S+) (\S+) -->\n+```\w*\n(.*?)```\n", re.DOTALL)


def example(name: str) -> dict[str, str]:
    """Return path -> text of the files that the page's example ``name`` consists of."""
    found = _EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    files = {path: text for example_name, path, text in found if example_name == name}
    assert files, f"docs/extending.md has no example {name!r}"
    return files


def install(name: str, folder: Path) -> None:
    """Write the example ``name`` to ``folder`` as an installer would, entry points included."""
    for path, text in example(name).items():
        if path != "pyproject.toml":
            folder.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            folder.joinpath(path).write_text(text)
            continue
        project = tomllib.loads(text)["project"]
        info = folder / f"{name}_example-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}-example\nVersion: 1.0\n"
        )
        points = [
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in found.items())
            for group, found in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(points))
