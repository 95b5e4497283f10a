"""Say which cells would run or be reused, and why."""

from typing import Any

import click

from ninetynine.cli import options
from ninetynine.planning import Explanation, explain
from ninetynine.request import RunRequest


@click.command("explain")
@options.run_request()
@options.as_json
def command(request: RunRequest, as_json: bool) -> None:
    """Say for each cell of SUITE whether it would run or be reused, and why.

    Narrow it with --only and --seeds.  A cell that would run names the nearest record of its
    architecture and the parts of the key in which the two differ.
    """
    store = options.open_store(request.results)
    cells = request.resolve().cells
    records, _ = store.read_all()
    explanations = [explain(cell, store, records) for cell in cells]
    options.answer(as_json, list(map(_facts, explanations)), map(_sentence, explanations))


def _facts(explanation: Explanation) -> dict[str, Any]:
    return {
        "key": explanation.cell.key,
        "cell": explanation.cell.identity.model_dump(mode="json"),
        "reused": explanation.record is not None,
        "record": str(explanation.record) if explanation.record else None,
        "nearest": str(explanation.nearest) if explanation.nearest else None,
        "differs_in": list(explanation.differs_in),
    }


def _sentence(explanation: Explanation) -> str:
    label = explanation.cell.label
    if explanation.record is not None:
        return f"{label}: reused, {explanation.record}"
    if explanation.nearest is None:
        return f"{label}: would run, no record of this architecture yet"
    differences = ", ".join(explanation.differs_in)
    return f"{label}: would run; nearest is {explanation.nearest}, which differs in {differences}"
