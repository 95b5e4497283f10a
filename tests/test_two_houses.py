"""The library serves any study: what is told about MNIST is data of the suites under studies/."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STORY = re.compile(
    r"99\.06|0\.9906|99\.79|0\.9979|DropConnect|\bT[1-5]\b|\bt[1-5]_[a-z]|four_convs|"
    r"digits like these|tutorial",
    re.IGNORECASE,
)
FILES = [
    path
    for path in sorted((ROOT / "bench").rglob("*"))
    if path.is_file() and path.suffix not in (".pyc", ".npz") and path.parent.name != "suites"
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_of_the_library_knows_the_story_of_one_study(path):
    assert STORY.findall(path.read_text(encoding="utf-8")) == []


def test_every_file_of_the_library_was_read():
    assert len(FILES) > 100
