"""Records: their schema, and the store that keeps them on disk."""

from ninetynine.records.reading import Predictions, Problem, read_record
from ninetynine.records.schema import (
    SCHEMA_VERSION,
    Context,
    Epoch,
    Failure,
    Machine,
    Model,
    Record,
    Samples,
    Score,
    Scores,
    Speed,
    Timing,
    key_of,
)
from ninetynine.records.store import RecordStore
