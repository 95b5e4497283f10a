"""What the page tells of one row: numbers, recipe, seeds, curves, provenance, a command."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ninetynine.architecture import Architecture
from ninetynine.board import Board, Row
from ninetynine.board.notes import packages, row_notes
from ninetynine.board.training_time import hardware
from ninetynine.grouping import grouped
from ninetynine.report import formatting
from ninetynine.report.columns import Column, columns
from ninetynine.report.columns.identity import votes
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import swarm
from ninetynine.report.drawing.svg import page_svg
from ninetynine.report.provenance import command_of, commit_of, packages_of
from ninetynine.suite.seeds import seed_list

_ELSEWHERE = {
    *("architecture", "board", "failures", "group", "name", "packages", "rank", "recipe"),
    "seed_list",
}
_WIDTH, _STRIP, _CURVE = 320.0, 44.0, 96.0
_MOST_POINTS = 60
_LEADING = re.compile(r"[−-]?[\d,]*\.?\d+")


@dataclass(frozen=True)
class Model:
    """A row's panel; ``recipe`` and ``facts`` are names with values."""

    row: Row
    about: str
    recipe: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    notes: tuple[str, ...]
    seeds: Markup
    curve: Markup
    command: str
    command_note: str


@dataclass(frozen=True)
class Models:
    """The panels of a board's rows, and the columns that have something to say of them."""

    columns: list[Column]
    rows: list[Model]


def models(board: Board, catalog: Mapping[str, Architecture]) -> Models:
    """Return the panel of each row of ``board``, in its order."""
    shown = [
        column
        for column in columns().values()
        if column.key not in _ELSEWHERE
        and not column.on_request
        and any(column.write(board, row) for row in board.rows)
    ]
    return Models(shown, [_model(board, row, catalog) for row in board.rows])


def sort_text(column: Column, board: Board, row: Row, text: str) -> str:
    """Return the number that a cell with ``text`` is sorted by; "" where the text begins with it.

    It is "" of a cell whose value is no number, too.
    """
    value = column.sort_value(board, row)
    if not isinstance(value, int | float):
        return ""
    written = f"{value:.7g}"
    found = _LEADING.match(text) if column.order != "text" else None
    begins = found.group().replace(",", "").replace("−", "-") if found else text
    return "" if begins == written or (found and float(begins) == float(written)) else written


def _model(board: Board, row: Row, catalog: Mapping[str, Architecture]) -> Model:
    own = catalog.get(row.identity.architecture)
    about = votes(row) if row.identity.kind == "ensemble" else own.summary if own else ""
    recipe = row.identity.recipe if row.identity.kind == "trained" else {}
    command, note = command_of(row, catalog)
    return Model(
        row=row,
        about=about,
        recipe=[(key, formatting.recipe(value)) for key, value in recipe.items()],
        facts=[(name, value) for name, value in _facts(board, row).items() if value],
        notes=row_notes(row),
        seeds=_seeds(board, row),
        curve=_curve(row),
        command=command,
        command_note=note,
    )


def _facts(board: Board, row: Row) -> dict[str, str]:
    if board.thing != "image":  # of answers nobody knows where they come from
        return {"Seeds": seed_list(row.seeds)}
    ran = [record for record in row.records if record.kind != "ensemble"]
    machines = sorted({hardware(record.machine) for record in ran if record.machine})
    days = sorted({record.context.started_at[:10] for record in row.records})
    return {
        "Seeds": seed_list(row.seeds),
        "Failed seeds": seed_list(failed.seed for failed in row.failed),
        "Commits": ", ".join(sorted({commit_of(record) for record in ran})),
        "Trained": " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "",
        "Machines": "; ".join(machines),
        "Packages": "; ".join(dict.fromkeys(map(packages_of, row.records))) or packages(row),
    }


def _seeds(board: Board, row: Row) -> Markup:
    """Return every seed's accuracy as a dot between the lowest and the highest."""
    found = row.seed_accuracies
    if not found:
        return Markup("")
    decimals = formatting.percent_decimals(board.images)
    values = [accuracy for _, accuracy in found]
    low, high = min(values), max(values)
    room = (high - low) or 1.0

    def x(value: float) -> float:
        return 10 + (_WIDTH - 20) * ((value - low) / room if high > low else 0.5)

    written = {value: f"{formatting.percent(value, decimals)}%" for value in values}
    xs = list(map(x, values))
    parts: list[el.Element] = [el.Line(10.0, 12.0, _WIDTH - 10, 12.0, "track")]
    parts += [
        el.mark(el.Circle(at, 12.0 + up, 3.5, "dot seed"), label=f"seed {seed}: {written[value]}")
        for (seed, value), at, up in zip(found, xs, swarm(xs, 7.0, most=8.0), strict=True)
    ]
    parts.append(el.Text(2.0, 36.0, written[low], "tick"))
    if high > low:
        parts.append(el.Text(_WIDTH - 2, 36.0, written[high], "tick", el.END))
    label = f"{formatting.count(len(found), 'seed')}, from {written[low]} to {written[high]}"
    return page_svg(el.Drawing(parts, _WIDTH, _STRIP, label, "marks"))


def _curve(row: Row) -> Markup:
    """Return the mean accuracy while training, epoch by epoch, of the seeds that reached it."""
    by_epoch = grouped((e.epoch, e.accuracy) for record in row.records for e in record.history)
    if len(by_epoch) < 2:
        return Markup("")
    means = [(epoch, float(np.mean(values))) for epoch, values in sorted(by_epoch.items())]
    step = -(-len(means) // _MOST_POINTS)
    kept = [*means[:-1:step], means[-1]]
    (first, _), (last, end) = means[0], means[-1]
    errors = [max(1 - value, 1e-5) for _, value in kept]
    low, high = np.log(min(errors)), np.log(max(errors))
    room = (high - low) or 1.0
    points = [
        (
            10 + (_WIDTH - 20) * (e - first) / (last - first),
            8 + 60 * (1 - (high - np.log(w)) / room),
        )
        for (e, _), w in zip(kept, errors, strict=True)
    ]
    begins = f"epoch {first:g}: {formatting.percent(means[0][1], 2)}%"
    ends = f"epoch {last:g}: {formatting.percent(end, 2)}%"
    parts: list[el.Element] = [
        el.Line(10.0, 72.0, _WIDTH - 10, 72.0, "axis"),
        el.Path(points, "curve"),
        el.Text(2.0, 90.0, begins, "tick"),
        el.Text(_WIDTH - 2, 90.0, ends, "tick", el.END),
    ]
    label = f"Accuracy on the training images, {begins}, {ends}"
    return page_svg(el.Drawing(parts, _WIDTH, _CURVE, label, "sketch"))
