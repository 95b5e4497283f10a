"""A baseline on disk: a folder of records like any other, and ``baseline.json`` that says why.

``baseline.json`` is written by ``bench baseline update`` alone; a results folder without one can
be compared with as well.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine import datasets
from ninetynine.board import Row, Run
from ninetynine.board.boards import board_key
from ninetynine.board.run import identity_of
from ninetynine.cells import CellIdentity
from ninetynine.errors import UserError, nearest
from ninetynine.gate.comparable import obstacles, same_data
from ninetynine.gate.manifest import (
    First,
    Manifest,
    Update,
    levels_of,
    read_manifest,
    write_manifest,
)
from ninetynine.gate.reference import NAME, superfluous
from ninetynine.records import Record, RecordStore
from ninetynine.records.files import record_path, safe_name


@dataclass(frozen=True)
class Baseline:
    """The records of a baseline by architecture, in the order of their seeds."""

    store: RecordStore
    records: dict[str, list[Record]]
    manifest: Manifest
    references: tuple[Record, ...] = ()  # of the time gate; no architecture that is checked

    def below_first(self, row: Row) -> tuple[First, float, int] | None:
        """Return an architecture's first baseline, how far ``row`` is below it, and the updates.

        The drop is a fraction of 1; None without a first of these data, or an update since.
        """
        name = row.cell.architecture
        first = self.manifest.first.get(name)
        if first is None or not row.runs:
            return None
        since = [entry for entry in self.manifest.updates if entry.at >= first.at]
        updates = sum(name in entry.architectures for entry in since) - 1
        if updates < 1:
            return None
        if first.dataset_fingerprint != row.cell.dataset_fingerprint:
            return None
        now = sum(run.accuracy for run in row.runs) / len(row.runs)
        return first, first.accuracy - now, updates

    @property
    def last_update(self) -> Update | None:
        """Why the baseline is as it is; None for a plain results folder."""
        return self.manifest.updates[-1] if self.manifest.updates else None

    def update_of(self, architecture: str) -> Update | None:
        """Return the last update that recorded ``architecture``; None for a plain folder."""
        updates = reversed(self.manifest.updates)
        return next((entry for entry in updates if architecture in entry.architectures), None)

    def row(self, new: CellIdentity) -> Row | None:
        """Return the baseline of ``new``'s architecture, or None where it has none.

        Raises UserError where it holds several versions of the architecture that fit equally.
        """
        fitting = self._fitting(new)
        if not fitting:
            return None
        identities = {identity_of(record) for record in fitting}
        if len(identities) > 1:
            raise UserError(
                f"{self.store.directory}: the baseline holds {len(identities)} versions of "
                f"{new.architecture} (code, packages or device differ); name one with: "
                "bench baseline update"
            )
        runs = [Run.of(self.store, record) for record in fitting]
        key = board_key(fitting[0], fitting[0].context.variant)
        return Row.of(new.architecture, identities.pop(), key, runs)

    def _fitting(self, new: CellIdentity) -> list[Record]:
        """Return the architecture's records that are comparable with ``new``, else all of them.

        The latter will be reported as not comparable, with the reason.
        """
        found = [r for r in self.records.get(new.architecture, []) if r.kind == "trained"]
        fitting = [record for record in found if not obstacles(record.cell, new)]
        if fitting or not found:
            return fitting
        on_this_data = [record for record in found if record.cell.dataset == new.dataset]
        first = min(on_this_data or found, key=lambda record: len(obstacles(record.cell, new)))
        same = [record for record in found if identity_of(record) == identity_of(first)]
        return [record for record in same if same_data(record.cell, first.cell)]


def load_baseline(directory: Path) -> Baseline:
    """Return the baseline in ``directory`` (a results folder, or the ``records`` in it).

    Raises UserError where there is none, where it holds no record, or where one cannot be read or
    is lost: a baseline that is only partly there would be a weaker check that looks like a whole
    one.
    """
    if directory.name == "records" and not (directory / "records").is_dir():
        directory = directory.parent
    if not directory.exists():
        raise UserError(f"{directory}: no such folder; make a baseline with: bench baseline update")
    store = RecordStore(directory)
    found, problems = store.read_all(whole=True)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        found_wrong = f"baseline {problems[0].path}: {problems[0].reason}{more}"
        raise UserError(f"{found_wrong}; {_restore(problems[0].path)}")
    manifest = read_manifest(directory)
    records = [  # but for ensembles, which train nothing
        record
        for record in found
        if record.kind != "ensemble" and record.key not in manifest.ignored
    ]
    _check_whole(store, records, manifest)
    if not records:
        raise UserError(
            f"{directory}: the baseline holds no records (looked for records/*/*.json); "
            "make one with: bench baseline update"
        )
    by_name: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.cell.architecture, r.cell.seed, r.key)):
        by_name.setdefault(record.cell.architecture, []).append(record)
    references = by_name.pop(NAME, [])
    return Baseline(store, by_name, manifest, tuple(references))


def _check_whole(store: RecordStore, records: Sequence[Record], manifest: Manifest) -> None:
    """Raise UserError for a record or predictions that were there and are not any more.

    The manifest says which seeds its architectures should have; a folder without one shows only
    that half of a pair of files is gone.
    """
    seeds: dict[tuple[str, str], list[int]] = {}  # by architecture and dataset, the last update's
    for entry in manifest.updates:
        dataset = datasets.called(entry.dataset)
        seeds |= {(name, dataset): entry.seeds for name in entry.architectures}
    there = {(r.cell.architecture, r.cell.dataset, r.cell.seed) for r in records}
    for (name, dataset), expected in seeds.items():
        lost = [str(seed) for seed in expected if (name, dataset, seed) not in there]
        if lost:
            which = "all its runs" if len(lost) == len(expected) else f"seeds {', '.join(lost)}"
            folder = store.folder / safe_name(name)
            raise UserError(
                f"{store.directory}: the baseline lost {which} of {name} on {dataset} (its last "
                f"update recorded {len(expected)} seeds); {_restore(folder)}"
            )
    unpacked = (r for r in records if store.packs.of(r) is None)
    paths = {store.predictions_path(r) for r in unpacked if r.predictions_sha256}
    alone = sorted(path for path in paths if not path.is_file())
    ignored = {key[:16] for key in manifest.ignored}
    for path in sorted({*store.folder.glob("*/*.npz")} - paths):
        record = record_path(path)
        if not record.is_file() and record.stem[-16:] not in ignored:
            alone.append(record)
    if alone:
        more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
        raise UserError(f"baseline {alone[0]}: the file is missing{more}; {_restore(alone[0])}")


def _restore(path: Path) -> str:
    return f"restore it (git checkout -- {shlex.quote(str(path))}) or run bench baseline update"


def update_baseline(
    directory: Path, runs: Sequence[Run], update: Update, measure: str | None = None
) -> list[Path]:
    """Replace the baseline of the runs' architectures on their datasets; return what was removed.

    ``measure`` is what checks judge from now on; None is as it was.
    Other architectures stay.  Where it is killed, the baseline is the old one until the manifest
    names the update, and the new one from then on; the next update removes the rest.
    """
    store = RecordStore(directory)
    with store.lock(option="--baseline"):
        manifest = read_manifest(directory)
        there = store.read_all()[0]
        for record in there:
            if record.key in manifest.ignored:  # of an update that was killed
                store.remove(record)
        tried = [run.record for run in runs if run.record.cell.architecture != NAME]
        places = {(record.cell.architecture, record.cell.dataset) for record in tried}
        old = [r for r in there if (r.cell.architecture, r.cell.dataset) in places]
        old = [record for record in old if record.key not in manifest.ignored]
        gone = {record.key for record in old} | set(manifest.ignored)
        old += superfluous(there, gone, [run.record for run in runs])
        new, known = {run.record.key for run in runs}, {record.key for record in old}
        store.check_not_packed(record for record in old if record.key not in new)
        before = _first_of([r for r in old if r.cell.architecture != NAME], update.at, manifest)
        if new - known:
            write_manifest(directory, manifest, manifest.updates, new - known)
        for run in runs:
            cell = run.record.cell
            store.groups.keep(cell.dataset, cell.dataset_fingerprint, run.test_groups)
            store.write(run.record, run.predictions)
        updates = [*manifest.updates, update.model_copy(update={"levels": levels_of(runs)})]
        stay = [*tried, *(record for record in there if record.key not in gone)]
        known_first = _of_these_data(before | manifest.first, stay)
        first = _first_of(tried, update.at) | known_first
        changed = {"first": dict(sorted(first.items())), "measure": measure or manifest.measure}
        manifest = manifest.model_copy(update=changed)
        write_manifest(directory, manifest, updates, known - new)
        removed = [record for record in old if record.key not in new]
        for record in removed:
            store.remove(record)
        if removed:
            write_manifest(directory, manifest, updates, set())
    return [store.path_of(record) for record in removed]


def remove_architecture(directory: Path, name: str) -> int:
    """Take ``name`` out of the baseline in ``directory``; return how many records went.

    Raises UserError where the baseline has no such architecture.  Where it is killed, the records
    that are left do not count, and the same call removes them.
    """
    store = RecordStore(directory)
    with store.lock(option="--baseline"):
        manifest = read_manifest(directory)
        records = store.read_all()[0]
        gone = [record for record in records if record.cell.architecture == name]
        if not gone:
            known = sorted({record.cell.architecture for record in records})
            raise UserError(
                f"{directory}: the baseline has {', '.join(known) or 'nothing'}, and no {name!r}"
                f"{nearest(name, known)}"
            )
        store.check_not_packed(gone)
        updates = [_without(entry, name) for entry in manifest.updates]
        kept = {
            field: {
                other: value for other, value in getattr(manifest, field).items() if other != name
            }
            for field in ("margins", "first")
        }
        manifest = manifest.model_copy(update=kept)
        others = set(manifest.ignored)
        write_manifest(directory, manifest, updates, others | {record.key for record in gone})
        for record in gone:
            store.remove(record)
        write_manifest(directory, manifest, updates, others - {record.key for record in gone})
    return len(gone)


def _without(entry: Update, name: str) -> Update:
    """Return ``entry`` without an architecture; its reason stays, also where none is left."""
    left = [other for other in entry.architectures if other != name]
    levels = {other: level for other, level in entry.levels.items() if other != name}
    return entry.model_copy(update={"architectures": left, "levels": levels})


def _of_these_data(first: dict[str, First], records: Sequence[Record]) -> dict[str, First]:
    """Return those of ``first`` that are on data of ``records``: other data begin anew."""
    there = {(r.cell.architecture, r.cell.dataset_fingerprint) for r in records}
    return {name: one for name, one in first.items() if (name, one.dataset_fingerprint) in there}


def _first_of(
    records: Sequence[Record], at: str, known: Manifest | None = None
) -> dict[str, First]:
    """Return what ``records`` are as first baselines.

    A baseline of before firsts were kept has as its first what it holds, of its last update.
    """
    by_name: dict[str, list[Record]] = {}
    for record in records:
        if record.scores is not None:
            by_name.setdefault(record.cell.architecture, []).append(record)
    found = {}
    for name, own in by_name.items():
        updates = reversed(known.updates if known is not None else [])
        made = next((entry.at for entry in updates if name in entry.architectures), at)
        cell, scores = own[0].cell, [r.scores.test.accuracy for r in own if r.scores is not None]
        found[name] = First(
            at=made,
            dataset=cell.dataset,
            dataset_fingerprint=cell.dataset_fingerprint,
            accuracy=sum(scores) / len(scores),
            seeds=len(scores),
        )
    return found
