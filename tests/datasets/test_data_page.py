"""What docs/data.md shows can be done, and what it lists is looked for."""

import re
from pathlib import Path
from typing import Any

import pytest
from ninetynine.datasets import screening

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def test_its_python_runs_and_its_file_gives_no_finding(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["dataset"].num_classes == 3
    code, out, _ = bench("data", "my_images.npz", "--picture", "samples.png")
    assert code == 0
    assert "findings: none" in out
    assert Path("samples.png").is_file()


def test_its_limits_are_those_that_are_looked_for() -> None:
    for found, limit in (
        ("few test images", f"fewer than {screening.FEW_TEST_IMAGES}"),
        ("a class that has most of the test images", f"{screening.MAJORITY:.0%}"),
        (
            "a class that has many times as many training images as another",
            f"{screening.IMBALANCE} times",
        ),
        (
            "training images that are an earlier one again",
            f"1 in {round(1 / screening.REPEATED)}",
        ),
    ):
        assert f"| {found} | {limit} |" in PAGE
