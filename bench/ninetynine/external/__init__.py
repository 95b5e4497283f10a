"""Predictions made elsewhere: read, checked like any input, and turned into records."""

from ninetynine.external.records import Facts, digest_of, make_records, seeds_of
from ninetynine.external.runs import MOST_RUNS, Run, read_runs
