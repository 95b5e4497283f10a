"""Records of predictions made elsewhere."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from ninetynine import __version__
from ninetynine.cells import untrained
from ninetynine.datasets import Dataset, fingerprint_of_test_part
from ninetynine.errors import UserError
from ninetynine.external.runs import Run
from ninetynine.records import Context, Model, Predictions, Record, Score, Scores
from ninetynine.records.quantization import to_float16


@dataclass(frozen=True)
class Facts:
    """What is told about an import's runs, beside their predictions."""

    note: str = ""
    parameters: int | None = None
    train_seconds: float | None = None  # of one run, on hardware that we do not know
    dataset_revision: str | None = None


def seeds_of(runs: Sequence[Run], first: int | None) -> list[int]:
    """Return the runs' seeds: from ``first`` on, else as all their names say, else from 0 on."""
    named = [run.seed for run in runs if run.seed is not None]
    if first is None and len(set(named)) == len(runs):
        return named
    return list(range(first or 0, (first or 0) + len(runs)))


def digest_of(runs: Sequence[Run]) -> str:
    """Return one SHA-256 (64 hex) over all runs' probabilities.

    Raises UserError where one is a copy of another; runs that have all right are alike.
    """
    digest, seen = hashlib.sha256(), dict[bytes, Run]()
    for run in runs:
        content = np.ascontiguousarray(run.probabilities).data
        digest.update(content)
        first = seen.setdefault(hashlib.sha256(content).digest(), run)
        if first is not run and not run.is_all_right:
            raise UserError(
                f"{run.where}: a copy of the run in {first.where}; expected runs that were trained "
                "each by itself (leave copies out: they would make the spread too small)"
            )
    return digest.hexdigest()


def make_records(
    name: str,
    runs: Sequence[Run],
    dataset: Dataset,
    facts: Facts,
    source_hash: str,
    seeds: Sequence[int],
) -> Iterator[tuple[Record, Predictions]]:
    """Yield a record for each run; those of one ``source_hash`` share a row of the board."""
    part = fingerprint_of_test_part(dataset)
    for run, seed in zip(runs, seeds, strict=True):
        identity = untrained(
            architecture=name,
            source_hash=source_hash,
            dataset=dataset.name,
            dataset_fingerprint=dataset.fingerprint,
            seed=seed,
        )
        predictions = Predictions(
            to_float16(run.probabilities), dataset.test_labels.astype(np.uint16)
        )
        score = Score(loss=run.loss(dataset), accuracy=float(predictions.correct.mean()))
        record = Record(
            kind="external",
            key=identity.key,
            status="finished",
            cell=identity,
            context=Context(
                suite="import",
                variant="published",
                suite_version=__version__,
                started_at=datetime.now(UTC).isoformat(timespec="seconds"),
                note=facts.note,
                stated_train_seconds=facts.train_seconds,
                dataset_revision=facts.dataset_revision,
            ),
            model=_model(facts),
            scores=Scores(test=score),
            test_fingerprint=part,
        )
        yield record, predictions


def _model(facts: Facts) -> Model | None:
    if facts.parameters is None:
        return None
    return Model(parameters=facts.parameters, multiply_adds=None, weights_hash=None)
