"""The pictures of a board as sections of the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from ninetynine.board import Board
from ninetynine.report.drawing.elements import Drawing
from ninetynine.report.drawing.matrix import Matrix
from ninetynine.report.drawing.svg import page_svg
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, on_page

_WIDE, _NARROW = 1000.0, 330.0  # a screen, a phone


@dataclass
class Choice:
    """What is seen at a time, side by side."""

    panels: list[Panel] = field(default_factory=list)
    legend: list[Key] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PictureSection:
    """A section; without choices ``empty`` says why there is nothing to see."""

    place: PagePlace
    says: str
    choices: dict[str, Choice]
    notes: list[str]
    empty: str


def picture_sections(board: Board) -> list[PictureSection]:
    """Return the sections of all pictures that have a place on the page."""
    found: dict[str, list[tuple[PagePlace, Figure]]] = {}
    for place, figure in on_page():
        found.setdefault(place.section, []).append((place, figure))
    return [_section(board, figures) for figures in found.values()]


def _section(board: Board, figures: Sequence[tuple[PagePlace, Figure]]) -> PictureSection:
    place, first = figures[0]
    choices: dict[str, Choice] = {}
    notes = []
    for _, figure in figures:
        views = figure.views(board)
        for view in views[: place.most]:
            choice = choices.setdefault(view.name, Choice())
            choice.panels += view.panels
            choice.legend += view.legend
            choice.notes += view.notes
        if len(views) > place.most:
            notes = [f"Shown are the first {place.most} of {len(views)} models."]
    says = " ".join(other.says.replace("{noun}", board.noun) for other, _ in figures)
    empty = f"{first.empty[:1].upper()}{first.empty[1:]}."
    return PictureSection(place, says, choices, notes, empty)


def drawn(panel: Panel) -> Matrix | list[Markup]:
    """Return what is seen of a panel: a matrix, a drawing, or one for screens and one for phones.

    It is an empty list where there are only words.
    """
    if panel.draw is None or panel.too_large:
        return []
    widths = (_WIDE, _NARROW) if panel.width is None else (panel.width,)
    found = [panel.draw(width) for width in widths]
    if isinstance(found[0], Matrix):
        return found[0]
    return [page_svg(one) for one in found if isinstance(one, Drawing)]


def sample(key: Key) -> Markup:
    """Return the sample of an entry of a legend, whose text stands beside it."""
    return page_svg(Drawing(key.sample, 20.0, 12.0, "", "sample"))
