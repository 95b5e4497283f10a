"""What a run would train and how long that takes: tables and sentences, and the facts as JSON."""

from collections.abc import Iterator
from typing import Any

from tabulate import tabulate

from ninetynine.machine import gib
from ninetynine.report import formatting
from ninetynine.scheduling import CellGroup, PaperPlan, Scheduled

_BASES = {
    "here": "{runs} here",
    "elsewhere": "{runs} on another machine",
    "multiply-adds": "a guess: its multiply-adds, at the rate of {runs} of other cells",
    "parameters": "a rough guess: its parameters, at the rate of {runs} of other cells",
    "unknown": "nothing is known: left out below",
}


def lines(paper: PaperPlan) -> Iterator[str]:
    """Yield what people read."""
    if paper.groups:
        headers = ["model", "to train", "recorded", "seconds each", "predicted from"]
        yield tabulate(map(_group_cells, paper.groups), headers, disable_numparse=True,
                       colalign=("left", "right", "right", "right", "left"))  # fmt: skip
        yield ""
    yield f"{len(paper.missing)} cells to train, {len(paper.reused)} recorded already"
    if paper.schedules:
        yield ""
        headers = ["where", "workers", "done after", "core-hours", "busy", "bounded by"]
        rows = [_schedule_cells(paper, scheduled) for scheduled in paper.schedules]
        yield tabulate(rows, headers, disable_numparse=True,
                       colalign=("left", "right", "right", "right", "right", "left"))  # fmt: skip
        yield ""
    if paper.groups:
        yield from _notes(paper)


def _notes(paper: PaperPlan) -> Iterator[str]:
    memory = gib(paper.worker_bytes)
    if paper.longest is None:
        yield "No record of such cells says how long they take, so there is no schedule."
        return
    if not paper.schedules:
        yield (
            f"There is no schedule: a worker needs {paper.threads} cores and about {memory} of "
            "memory, which is not here and not on a node like this."
        )
        return
    if paper.schedules[0].place.name != "here":
        yield f"Not here: a worker needs about {memory} of memory, less is free."
    startup = paper.startup_seconds
    started = "not known, taken as 0 s" if startup is None else f"{formatting.number(startup, 0)} s"
    yield (
        f"A worker's start-up: {started}. Its memory: about {memory}. "
        "Nodes are taken to be as fast as what the seconds were measured on."
    )
    unknown = [group for group in paper.groups if group.prediction.seconds is None]
    if unknown:
        names = ", ".join(group.architecture for group in unknown)
        yield f"Not in the sums, because nothing is known of their speed: {names}."


def _group_cells(group: CellGroup) -> tuple[str, ...]:
    predicted, seconds = group.prediction, group.prediction.seconds
    identity = group.identity
    words: list[str] = []
    if identity.precision not in ("float32", "unknown"):
        words.append(identity.precision)
    if identity.at_once > 1:
        words.append(f"{identity.at_once} at once")
    name = group.architecture + (f" ({', '.join(words)})" if words else "")
    basis = _BASES[predicted.basis].format(runs=formatting.count(predicted.runs, "run"))
    each = "?"
    if seconds is not None:
        written = formatting.number(seconds, 1 if seconds < 10 else 0)
        each = written if predicted.measured else f"~{written}"
    return name, str(group.cells), str(group.recorded), each, basis


def _schedule_cells(paper: PaperPlan, scheduled: Scheduled) -> tuple[str, ...]:
    place, hours = scheduled.place, scheduled.core_seconds / 3600
    bounds = {
        "start-up": "start-up: more workers do not help",
        "memory": f"memory: {place.workers} of {place.workers + place.unfit} workers fit",
    }
    bound = bounds.get(scheduled.bound_by, "the work: more workers help")
    if scheduled.bound_by == "longest cell" and paper.longest is not None:
        bound = f"the longest cell, of {paper.longest.architecture}: more workers do not help"
    return (
        place.name,
        str(place.workers),
        formatting.duration(scheduled.schedule.makespan_seconds),
        formatting.number(hours, 2 if hours < 10 else 0),
        f"{formatting.percent(scheduled.busy_share, 0)}%",
        bound,
    )


def facts(paper: PaperPlan) -> dict[str, Any]:
    """Return what programs read."""
    return {
        "missing": [
            {"key": cell.key, **cell.identity.model_dump(), "predicted_seconds": seconds}
            for cell, seconds in paper.missing
        ],
        "reused": [record.key for record in paper.reused],
        "models": [
            {
                "architecture": group.architecture,
                "precision": group.identity.precision,
                "backend": group.identity.backend,
                "seeds_at_once": group.identity.at_once,
                "missing": group.cells,
                "reused": group.recorded,
                "predicted_seconds": group.prediction.seconds,
                "predicted_from": group.prediction.basis,
                "runs": group.prediction.runs,
            }
            for group in paper.groups
        ],
        "worker": {"startup_seconds": paper.startup_seconds, "memory_bytes": paper.worker_bytes},
        "schedules": [
            {
                "where": scheduled.place.name,
                "workers": scheduled.place.workers,
                "cores": scheduled.place.cores,
                "makespan_seconds": scheduled.schedule.makespan_seconds,
                "lower_bound_seconds": scheduled.schedule.lower_bound_seconds,
                "core_seconds": scheduled.core_seconds,
                "busy_share": scheduled.busy_share,
                "bound_by": scheduled.bound_by,
            }
            for scheduled in paper.schedules
        ],
    }
