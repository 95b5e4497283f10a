"""What the gate trains: as asked, and what that leaves open as the baseline was made."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine import datasets
from ninetynine.errors import UserError
from ninetynine.gate.baseline import Baseline
from ninetynine.gate.manifest import Update
from ninetynine.programs import BACKEND as PROGRAM
from ninetynine.records import Record, RecordStore
from ninetynine.request import ResolvedRun, RunRequest
from ninetynine.suite import Suite

WORK_DIR = Path(".bench-check")


@dataclass(frozen=True)
class GateRequest:
    """What a check and an update have in common.

    ``run`` says which architectures are trained, and how: what it leaves open is as the baseline
    has it.  Its ``results`` are not used; new runs are kept in ``work_dir``.
    """

    baseline: Path
    run: RunRequest = RunRequest()  # noqa: RUF009  (it is frozen)
    work_dir: Path = WORK_DIR
    fresh: bool = False  # train again what is kept there
    root: Path = Path()  # what suite and dataset are relative to where they are files


def resolve(
    request: GateRequest, updates: Sequence[Update], baseline: Baseline | None
) -> tuple[ResolvedRun, list[str]]:
    """Return one cell per architecture that there is, and the names that only a baseline has.

    What the request leaves open is as the last of the baseline's ``updates`` has it.
    """
    asked = _as_last_time(request, updates[-1] if updates else None)
    if baseline is not None and request.run.suite is None and is_whole(asked):
        asked = dataclasses.replace(asked, architectures=_recorded_part(updates))
    asked.check_options()
    selection = asked.select()
    known = set(baseline.records) if baseline is not None else set()
    missing = [name for name in selection.names if name not in selection.catalog and name in known]
    present = tuple(name for name in selection.names if name not in missing)
    if is_whole(asked):
        suite = request.run.suite_name if request.run.suite is not None else updates[-1].suite
        there = selection.catalog.keys() - _of_whole(suite, updates)
        missing += sorted(known - there - {*selection.names})
    recorded = baseline.records if baseline is not None else _by_name(request.baseline)
    asked = as_recorded(asked, [r for name in selection.names for r in recorded.get(name, [])])
    if baseline is None:  # that is to have new records
        asked = dataclasses.replace(asked, threads=request.run.threads)
    asked = dataclasses.replace(asked, seeds=(0,))
    return asked.resolve_selection(dataclasses.replace(selection, names=present)), missing


def _as_last_time(request: GateRequest, last: Update | None) -> RunRequest:
    asked = request.run
    if asked.suite is None and last is None:
        raise UserError(
            f"{request.baseline} does not say which suite it was made for; name one, such as quick"
        )
    chosen = asked.suite if asked.suite is not None or last is None else last.suite
    name = chosen.name if isinstance(chosen, Suite) else chosen
    dataset = asked.dataset
    if dataset is None and last is not None and name == last.suite:
        dataset = last.dataset
    root = request.root if asked.suite is not None else _root(request, chosen)
    if isinstance(chosen, str) and chosen.endswith(".toml"):
        chosen = str(root / chosen)
    if dataset is not None:
        dataset = datasets.below(root if asked.dataset is None else request.root, dataset)
    files = asked.architecture_files
    if asked.suite is None and not files and last is not None:  # one that is gone is told as such
        files = tuple(f for f in map(root.joinpath, last.architecture_files) if f.is_file())
    return dataclasses.replace(
        asked,
        suite=chosen,
        dataset=dataset,
        architecture_files=files,
        seeds_at_once=asked.seeds_at_once or (last.seeds_at_once if last is not None else None),
    )


def _root(request: GateRequest, suite: str | Suite | None) -> Path:
    """Return what the paths of a baseline's manifest are relative to.

    It is the folder where the baseline was made: ``root``, or where the suite's file is not
    there, the next folder above the baseline that has it.
    """
    if not isinstance(suite, str) or not suite.endswith(".toml"):
        return request.root
    above = request.baseline.resolve().parents
    return next((root for root in (request.root, *above) if (root / suite).is_file()), request.root)


def _recorded_part(updates: Sequence[Update]) -> tuple[str, ...] | None:
    """Return what a baseline was made of, where that never was a whole suite; else None."""
    if not updates or not all(entry.only for entry in updates):
        return None
    return tuple(dict.fromkeys(name for entry in updates for name in entry.architectures))


def _of_whole(suite: str, updates: Sequence[Update]) -> set[str]:
    """Return what a baseline last had as a part of the whole of ``suite``, which is to have it."""
    last = {name: entry for entry in updates for name in entry.architectures}
    return {name for name, entry in last.items() if not entry.only and entry.suite == suite}


def as_recorded(asked: RunRequest, records: Sequence[Record]) -> RunRequest:
    """Return ``asked``, what it leaves open as all of ``records`` have it.

    Only on as many threads, on the same backend and beside the same seeds can a run be
    bit-identical.
    """
    found = {}
    records = [r for r in records if r.kind == "trained" and r.cell.backend != PROGRAM]
    for name in ("backend", "device", "precision", "threads", "at_once"):
        values = {getattr(record.cell, name) for record in records}
        if len(values) == 1:
            found[name.replace("at_once", "seeds_at_once")] = values.pop()
    found.setdefault("precision", "float32")
    return dataclasses.replace(asked, **{k: getattr(asked, k) or v for k, v in found.items()})


def _by_name(directory: Path) -> dict[str, list[Record]]:
    """Return the records of a baseline that may be none yet, whatever their predictions."""
    found: dict[str, list[Record]] = {}
    for record in RecordStore(directory).read_records()[0]:
        if record.kind == "trained":
            found.setdefault(record.cell.architecture, []).append(record)
    return found


def is_whole(asked: RunRequest) -> bool:
    """Return whether the whole suite is asked for, so that what is not in it is worth a word."""
    return asked.only is None and asked.architectures is None
