"""How static pictures look, and how they are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ninetynine.board import Board
from ninetynine.errors import UserError
from ninetynine.leaderboard.way import BEST_ACCURACY, DATASET, START_ACCURACY
from ninetynine.report.plots.scale import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, FILL = "#1c2024", "#59606a", "#e6e4dd", "#f1f0eb"
ACCENT, CLAIM = "#1d5c96", "#b3460a"
# As in the page's style sheet; a letter always stands beside the colour.
BANDS = ("#1d5c96", "#0f766e", "#8a6500", "#7446a0", "#a3325c", "#59606a")
_DOTS_PER_INCH = 160


@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw in the suite's style; nothing of it outlives the block."""
    import matplotlib

    settings: Any = {
        "axes.edgecolor": MUTED,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.labelcolor": INK,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "figure.facecolor": "white",
        "font.size": 9,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "text.color": INK,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "svg.hashsalt": "ninetynine",  # the same picture has the same bytes
        "svg.fonttype": "path",
    }
    with matplotlib.rc_context(settings):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of ``width`` x ``height`` inches that no window knows of."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def save(figure: "Figure", path: Path) -> None:
    """Write ``figure`` without a date; raise UserError where ``path`` cannot be written."""
    date = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    try:
        figure.savefig(
            path,
            format=path.suffix.lower()[1:],
            metadata=date.get(path.suffix.lower(), {}),
            bbox_inches="tight",
            pad_inches=0.12,
        )
    except OSError as error:
        raise UserError(f"--output {path}: cannot be written ({error.strerror})") from error


def band_colour(band: str) -> str:
    """Return the colour of a row's first band."""
    return BANDS[(ord(band[0]) - ord("a")) % len(BANDS)] if band else MUTED


def accuracy_axis(axes: "Axes", scale: Scale, along: str) -> None:
    """Put ``scale`` on the axis ``along`` ("x" or "y"), its ticks in percent."""
    axis = axes.xaxis if along == "x" else axes.yaxis
    limits = axes.set_xlim if along == "x" else axes.set_ylim
    labels = [f"{100 * tick:.6f}".rstrip("0").rstrip(".") for tick in scale.ticks]
    axis.set_ticks([scale.decades(tick) for tick in scale.ticks], labels)
    axis.set_tick_params(length=0)
    limits(scale.low, scale.high)


def reference_lines(board: Board) -> list[tuple[float, str]]:
    """Return the accuracies that every picture of MNIST marks, with their names."""
    if board.dataset != DATASET:
        return []
    return [
        (START_ACCURACY, "99.06% tutorial T3, 2018"),
        (BEST_ACCURACY, "99.79% DropConnect, 2013"),
    ]


def nothing(what: str) -> UserError:
    """Return the error that says why there is no picture."""
    return UserError(f"there is nothing to draw: {what}; train something with: bench run")
