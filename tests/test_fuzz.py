"""A small seed of ``support/fuzz_readers.py``, which reads 20,000 broken files at its full size."""

import pytest
from fuzz_readers import fuzz, is_fault

READERS = [
    *("signed record", "record of any version", "predictions", "manifest"),
    *("suite", "architecture", "dataset", "idx"),
]


@pytest.mark.parametrize("reader", READERS)
def test_a_broken_file_is_read_or_refused_in_one_line(reader):
    ((name, outcomes),) = fuzz(60, seed=1, only=reader).items()
    assert name == reader
    assert {outcome: n for outcome, n in outcomes.items() if is_fault(outcome)} == {}
    assert outcomes["refused"] > 5
