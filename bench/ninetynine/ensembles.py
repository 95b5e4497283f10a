"""Ensembles: a soft vote over the stored probabilities of runs that exist; nothing is trained.

A replicate r of an ensemble takes the r-th ``size`` seeds of each member's list, so that no run
is in two replicates and the replicates vary as independent votes do.  Its record is derived from
its members' and names them; it is a row like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import ninetynine
from ninetynine.architecture import Architecture
from ninetynine.cells import Cell, CellIdentity, canonical_hash
from ninetynine.errors import UserError
from ninetynine.machine import commit_of
from ninetynine.programs import BACKEND as PROGRAM
from ninetynine.records import (
    Context,
    Machine,
    Model,
    Predictions,
    Record,
    RecordStore,
    Score,
    Scores,
    Timing,
    key_of,
)
from ninetynine.records.quantization import mean_probabilities, to_float16
from ninetynine.suite import Ensemble, Setting, Suite, make_cells

# Stored probabilities below this are 0 (see to_float16): a loss counts such a one as this much.
_LEAST = float(np.finfo(np.float16).tiny)


@dataclass(frozen=True)
class Vote:
    """One replicate of an ensemble, and the cells that vote."""

    ensemble: Ensemble
    replicate: int
    members: tuple[Cell, ...]

    @property
    def identity(self) -> CellIdentity:
        """Return the vote as a cell: what its members share, and the replicate as its seed.

        Its source hash holds every member's code, recipe and arguments, so that replicates of one
        row are votes of one kind.
        """
        first = self.members[0].identity
        kinds = {m.identity.architecture: m.identity for m in self.members}
        sources = [
            [name, i.source_hash, i.recipe, *filter(None, [i.arguments, i.inputs])]
            for name, i in kinds.items()
        ]
        recipe = {"members": list(kinds), "size": self.ensemble.size}
        if any(i.recipe.get("validation_data") == "test" for i in kinds.values()):
            recipe["validation_data"] = "test"  # one of them watched it
        return first.model_copy(
            update={
                "architecture": self.ensemble.name,
                "source_hash": canonical_hash([sources, self.ensemble.size]),
                "recipe": recipe,
                "arguments": {},
                "inputs": {},
                "together": None,
                "seed": self.replicate,
            }
        )

    @property
    def key(self) -> str:
        return key_of(self.identity, [member.key for member in self.members])


def plan_votes(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    ensembles: Sequence[Ensemble],
    setting: Setting,
    data_dir: Path | None = None,
) -> list[Vote]:
    """Return the votes of ``ensembles`` on the suite's own seeds, replicate by replicate.

    Raises UserError where an ensemble is called like an architecture.
    """
    for ensemble in ensembles:
        if ensemble.name in catalog:
            raise UserError(
                f"suite {suite.path}: ensemble {ensemble.name!r} is called like the architecture "
                f"{catalog[ensemble.name].place}; give it another name"
            )
    entries = [suite.entry(member) for ensemble in ensembles for member in ensemble.members]
    names = list(dict.fromkeys(entry.name for entry in entries))
    cells = make_cells(suite, catalog, names, setting, data_dir) if names else []
    return [
        Vote(ensemble, replicate, tuple(_block(suite, ensemble, replicate, cells, setting)))
        for ensemble in ensembles
        for replicate in range(ensemble.replicates)
    ]


def _block(
    suite: Suite, ensemble: Ensemble, replicate: int, cells: Sequence[Cell], setting: Setting
) -> list[Cell]:
    by_run = {_run_of(cell.identity): cell for cell in cells}
    start = replicate * ensemble.size
    block = []
    for member in ensemble.members:
        entry = suite.entry(member)
        how = setting.of(entry)
        seeds = suite.seeds_of(entry)[start : start + ensemble.size]
        kind = entry.name, how["backend"], how["device"], how["precision"]
        # A program, or a function that trains, says nothing of these.
        by_itself = entry.name, PROGRAM, setting.device or entry.device or "cpu", entry.precision
        kind = by_itself if (*by_itself, seeds[0]) in by_run else kind
        block += [by_run[*kind, seed] for seed in seeds]
    return block


def _run_of(identity: CellIdentity) -> tuple[str, str, str, str, int]:
    kind = identity.architecture, identity.backend, identity.device, identity.precision
    return *kind, identity.seed


def derive(votes: Sequence[Vote], store: RecordStore) -> list[Record]:
    """Return the records of ``votes``; those whose members are all recorded are made if need be.

    A vote of which a member is missing, failed or without readable predictions is left out.
    Raises UserError where another process is writing to the store.
    """
    votes = [replace(vote, members=tuple(store.at_present(vote.members))) for vote in votes]
    if any(True for _ in _ready(votes, store)):
        commit, dirty = commit_of(Path(ninetynine.__file__).parents[2])
        with store.lock():
            for vote, members in _ready(votes, store):
                store.write(*_vote(vote, members, commit, dirty))
    paths = store.paths()
    found = (store.find(vote.key, paths) for vote in votes)
    return [record for record in found if isinstance(record, Record)]


def _ready(
    votes: Sequence[Vote], store: RecordStore
) -> Iterator[tuple[Vote, list[tuple[Record, Predictions]]]]:
    """Yield the votes without a record whose members are all there, with what these answered."""
    paths = store.paths()
    for vote in votes:
        if isinstance(store.find(vote.key, paths), Record):
            continue
        records = (store.find(cell.key, paths) for cell in vote.members)
        members = [(r, p) for r in records if isinstance(r, Record) and (p := store.predictions(r))]
        if len(members) == len(vote.members):
            yield vote, members


def _vote(
    vote: Vote,
    members: Sequence[tuple[Record, Predictions]],
    commit: str | None,
    dirty: bool | None,
) -> tuple[Record, Predictions]:
    records = [record for record, _ in members]
    labels = members[0][1].labels
    if not all(np.array_equal(found.labels, labels) for _, found in members):
        raise UserError(f"{vote.ensemble.name}: its members were tested on different labels")
    probabilities = mean_probabilities([found.probabilities for _, found in members])
    predictions = Predictions(to_float16(probabilities.astype(np.float32)), labels)
    machine = _common_machine(records)
    record = Record(
        kind="ensemble",
        key=vote.key,
        status="finished",
        cell=vote.identity,
        members=[record.key for record in records],
        context=_context(vote, records, commit, dirty),
        machine=machine,
        model=_model(records),
        scores=Scores(test=_score(probabilities, predictions, records)),
        timing=_timing(records) if machine is not None else None,
    )
    return record, predictions


def _score(
    probabilities: NDArray[np.float64], predictions: Predictions, members: Sequence[Record]
) -> Score:
    """Return the vote's score; where a member told labels alone, there is no loss."""
    accuracy = float(predictions.correct.mean())
    if any(record.scores and record.scores.test.loss is None for record in members):
        return Score(loss=None, accuracy=accuracy)
    labels = predictions.labels.astype(np.int64)
    true = np.clip(probabilities[np.arange(len(labels)), labels], _LEAST, 1.0)
    loss = float(-np.log(true).mean())
    return Score(loss=loss, accuracy=accuracy)


def _context(
    vote: Vote, members: Sequence[Record], commit: str | None, dirty: bool | None
) -> Context:
    first = vote.members[0]
    runs = ", ".join(f"{m.identity.architecture} seed {m.identity.seed}" for m in vote.members)
    return Context(
        suite=first.suite,
        variant=first.variant,
        suite_version=ninetynine.__version__,
        commit=commit,
        dirty=dirty,
        # When its first member's training began: a vote's seconds are its members'.
        started_at=min(member.context.started_at for member in members),
        note=f"a soft vote of {runs}",
        dataset_revision=first.dataset_revision,
    )


def _common_machine(members: Sequence[Record]) -> Machine | None:
    """Return the machine of all members; None where their fingerprints differ."""
    machines = [member.machine for member in members]
    fingerprints = {machine.fingerprint if machine else None for machine in machines}
    return machines[0] if len(fingerprints) == 1 else None


def _model(members: Sequence[Record]) -> Model | None:
    """Return what all members come to together."""
    models = [member.model for member in members if member.model is not None]
    if len(models) < len(members):
        return None
    adds = [model.multiply_adds for model in models if model.multiply_adds is not None]
    hashes = [model.weights_hash for model in models]
    parameters = [model.parameters for model in models if model.parameters is not None]
    return Model(
        parameters=sum(parameters) if len(parameters) == len(models) else None,
        multiply_adds=sum(adds) if len(adds) == len(models) else None,
        weights_hash=None if None in hashes else canonical_hash(hashes),
    )


def _timing(members: Sequence[Record]) -> Timing | None:
    """Return the seconds of all members' training, one after the other; no latency is known."""
    timings = [member.timing for member in members if member.timing is not None]
    if len(timings) < len(members):
        return None
    shares = [t.other_cpu_share for t in timings if t.other_cpu_share is not None]
    return Timing(
        import_seconds=max(t.import_seconds for t in timings),
        data_seconds=sum(t.data_seconds for t in timings),
        build_seconds=sum(t.build_seconds for t in timings),
        compile_seconds=sum(t.compile_seconds for t in timings),
        train_seconds=sum(t.train_seconds for t in timings),
        train_cpu_seconds=sum(t.train_cpu_seconds for t in timings),
        evaluate_seconds=sum(t.evaluate_seconds for t in timings),
        other_cpu_share=max(shares, default=None),
        exclusive=all(t.exclusive for t in timings),
    )
