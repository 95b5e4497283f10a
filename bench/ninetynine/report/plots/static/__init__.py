"""Static pictures of a board for papers and READMEs, drawn with matplotlib."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ninetynine.board import Board, Row
from ninetynine.errors import UserError

if TYPE_CHECKING:  # matplotlib takes most of a second to import
    from matplotlib.figure import Figure

KINDS = {
    "cost": "accuracy against seconds, parameters, multiply-adds or latency, with the Pareto front",
    "seeds": "every seed as a dot per model, published figures as marks",
    "curves": "learning curves with the range of the seeds",
    "pairs": "every pair's difference and whether it is told apart",
    "confusion": "which labels a model takes for which",
    "reliability": "how often a model's answers are right, by confidence",
}
SUFFIXES = (".svg", ".png", ".pdf")


def draw(
    kind: str, board: Board, path: Path, against: str = "seconds", model: str | None = None
) -> None:
    """Write the picture ``kind`` of a board to ``path``, the same bytes for the same records.

    ``against`` is the cost of "cost" (a name of ``plots.cost.COSTS``), ``model`` the row
    of "confusion" and "reliability", by default the first.  Raises UserError where there is nothing
    to draw, for an unknown model or suffix, and where the file cannot be written.
    """
    from ninetynine.report.plots.static.style import drawing_style, save

    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"--output {path}: pictures are {', '.join(SUFFIXES)}; give a name that ends in one"
        )
    with drawing_style():
        save(_maker(kind, against, model)(runs), path)


def _maker(kind: str, against: str, model: str | None) -> "Callable[[Board], Figure]":
    if kind == "cost":
        from ninetynine.report.plots.static.cost import draw_cost

        return lambda runs: draw_cost(runs, against)
    if kind == "seeds":
        from ninetynine.report.plots.static.seeds import draw_seeds

        return draw_seeds
    if kind == "curves":
        from ninetynine.report.plots.static.curves import draw_curves

        return draw_curves
    if kind == "pairs":
        from ninetynine.report.plots.static.pairs import draw_pairs

        return draw_pairs
    from ninetynine.report.plots.static.errors import draw_confusion, draw_reliability

    chosen = draw_confusion if kind == "confusion" else draw_reliability
    return lambda runs: chosen(runs, model)
