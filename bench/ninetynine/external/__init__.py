"""Predictions made elsewhere: read, checked like any input, and turned into records."""

from ninetynine.external.records import Facts, digest_of, make_records, seeds_of
from ninetynine.external.runs import MOST_RUNS, Run, read_runs

__all__ = ["MOST_RUNS", "Facts", "Run", "digest_of", "make_records", "read_runs", "seeds_of"]
