"""A small seed of ``support/fuzz_readers.py``, which reads 20,000 broken files at its full size."""

from pathlib import Path

import pytest
from fuzz_readers import fuzz, is_fault
from ninetynine import catalog
from ninetynine.errors import UserError
from ninetynine.gate.manifest import read_manifest

pytestmark = pytest.mark.slow

# The dearest is left to the exhaustive tests.
READERS = [
    *("signed record", "record of any version", "predictions", "manifest"),
    pytest.param("architecture", marks=pytest.mark.exhaustive),
    *("suite", "dataset", "idx", "import .npy", "import .npz", "import .csv"),
    *("answers .csv", "answers .parquet", "answers in lines", "answers .json", "answers .eval"),
]


@pytest.mark.parametrize("reader", READERS)
def test_a_broken_file_is_read_or_refused_in_one_line(reader):
    ((name, outcomes),) = fuzz(60, seed=1, only=reader).items()
    assert name == reader
    assert {outcome: n for outcome, n in outcomes.items() if is_fault(outcome)} == {}
    assert outcomes["refused"] > 5


@pytest.mark.parametrize("content", ["9" * 5000, "[" * 3000, "{a = " * 3000, "\udcff"])
def test_a_suite_of_too_many_digits_or_brackets_is_one_line(refuse, tmp_path, content):
    path = tmp_path / "s.toml"
    path.write_text(f"a = {content}", errors="surrogateescape")
    assert "not valid TOML" in refuse("run", path)


@pytest.mark.parametrize("content", ["9" * 5000, "[" * 3000, '{"manifest_version": null}', "\x00"])
def test_a_manifest_of_too_many_digits_or_brackets_is_a_users_mistake(tmp_path, content):
    (tmp_path / "baseline.json").write_text(content)
    with pytest.raises(UserError, match="not a baseline's manifest"):
        read_manifest(tmp_path)


def test_an_import_by_a_name_that_no_file_can_have_is_nobodys_file(tmp_path):
    text = (Path(__file__).parents[1] / "architectures" / "t1_small_cnn.py").read_text()
    (tmp_path / "mine.py").write_text(f"{text}\nimport keras.lay{'9' * 3000}\n")
    assert "mine" in catalog.discover([tmp_path / "mine.py"])
