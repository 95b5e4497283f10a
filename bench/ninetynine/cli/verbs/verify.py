"""Train recorded cells again and compare their weights bit by bit."""

from datetime import UTC, datetime
from typing import Any

import click

from ninetynine.cli import options
from ninetynine.cli.progress import TERMINAL
from ninetynine.errors import UserError
from ninetynine.records import Record, RecordStore
from ninetynine.records.trust import Statement, state
from ninetynine.request import ResolvedRun, RunRequest
from ninetynine.workers.events import Failed, Finished, Refused


@click.command("verify")
@options.run_request(trains=True)
@options.as_json
def command(request: RunRequest, as_json: bool) -> int:
    """Train recorded cells of SUITE again and compare their weights, bit by bit.

    Choose few with --only and --seeds.  Exit code 1 where a machine of the same fingerprint gave
    other weights.  What came out is added to RESULTS/trust.jsonl, and the board tells it.
    """
    run, store = request.resolve(), RecordStore(request.results)
    recorded = {r.key: r for r in run.plan(store).reused if r.status == "finished"}
    if not recorded:
        raise UserError(
            f"none of these cells has a finished record in {store.directory}{_others(run, store)}"
        )
    run.load_dataset()  # a mistake is told before work
    tasks = run.tasks([cell for cell in run.cells if cell.key in recorded])
    verdicts = []
    with (
        run.open_executor(tasks, list(recorded.values()), TERMINAL.say) as executor,
        TERMINAL.progress(sum(len(task.cells) for task in tasks), 0) as progress,
    ):
        for event in executor.run(tasks):
            progress.on_event(event)
            if isinstance(event, Finished):
                verdicts.append(_compare(recorded[event.record.key], event.record))
            elif isinstance(event, Failed):
                raise UserError(f"{event.task.cell.label}: failed: {event.failure.reason}")
            elif isinstance(event, Refused):
                raise UserError(event.message)
    told = [v for v in verdicts if v["identical"] or v["same_machine"]]  # others may differ
    state(store.directory, map(_statement, told))
    options.answer(as_json, verdicts, (f"{v['cell']}: {v['verdict']}" for v in verdicts))
    return 1 if any(v["same_machine"] and not v["identical"] for v in verdicts) else 0


def _others(run: ResolvedRun, store: RecordStore) -> str:
    """Return a hint where the cells were trained, but beside other seeds or none."""
    wanted = {cell.identity.model_copy(update={"together": None}).key for cell in run.cells}
    for record in store.read_records()[0]:
        if record.cell.model_copy(update={"together": None, "inputs": {}}).key in wanted:
            return f"; the nearest says --seeds-at-once {record.cell.at_once}, with its seeds"
    return ""


def _compare(recorded: Record, again: Record) -> dict[str, Any]:
    assert recorded.model is not None
    assert again.model is not None
    assert again.machine is not None
    identical = recorded.model.weights_hash == again.model.weights_hash
    same_machine = bool(
        recorded.machine and recorded.machine.fingerprint == again.machine.fingerprint
    )
    machine = again.machine.fingerprint
    where = "" if same_machine else " (recorded on a machine of another fingerprint)"
    return {
        "cell": again.cell.label,
        "key": again.key,
        "identical": identical,
        "same_machine": same_machine,
        "machine": machine,
        "verdict": ("bit-identical" if identical else "other weights") + where,
    }


def _statement(verdict: dict[str, Any]) -> Statement:
    return Statement(
        key=verdict["key"],
        what="confirmed" if verdict["identical"] else "contradicted",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=verdict["machine"],
    )
