"""A page with pictures for a browser, complete in itself."""

import base64
import hashlib
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from ninetynine import __version__
from ninetynine.board import Board
from ninetynine.board.ladder import Ladder, make_ladders
from ninetynine.board.views import View, known_suites, views
from ninetynine.report import Report, formatting
from ninetynine.report.columns import columns
from ninetynine.report.drawing.elements import Drawing
from ninetynine.report.drawing.lettering import group_class
from ninetynine.report.drawing.matrix import Matrix
from ninetynine.report.drawing.styles import page_css
from ninetynine.report.drawing.svg import page_svg, sizes_svg
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, on_page
from ninetynine.report.figures.ladder import views_of
from ninetynine.report.formats import ladder as ladder_words
from ninetynine.report.html import headline
from ninetynine.report.html.images import SHOWN_AT_FIRST, Hardest, images
from ninetynine.report.html.leaderboard import leaderboard, name_parts
from ninetynine.report.html.models import Models, models, sort_text
from ninetynine.report.provenance import provenance
from ninetynine.report.tables import introduction

_WIDTHS = (1000.0, 720.0, 330.0)  # of a screen, half of one, and a phone
_BETWEEN = 660.0  # what serves all
_MOST_STILLS = 12  # panels of a picture
_STILL = 36_000  # bytes of a board's pictures that are there without a script
_SCRIPTS = ("page", "rows", "state", "leaders", "copying", "images", "tips")


def render(report: Report) -> str:
    """Return the page of all records, the same bytes for the same records and data.

    Test images are drawn where their dataset is at hand (the report's ``data_dir``, BENCH_DATA_DIR,
    Keras's cache); it is never downloaded.
    """
    report = replace(report, sums=True)
    suites = known_suites(report.suite)
    boards = [_BoardContent.of(number, board, report) for number, board in enumerate(report.boards)]
    found = [(content, view) for content in boards for view in views(content.board, suites)]
    found.sort(key=lambda one: (one[0].first, one[1].name is None))  # "all" after each suite
    titles = headline.unique_titles([view for _, view in found])
    names = headline.short_titles([view for _, view in found], titles)
    ids = _ids(names)
    contents = [
        {
            "id": id_,
            "title": title,
            "name": name,
            "of": content,
            "view": view,
            "board": view.board,
            "leaderboard": leaderboard(view, content.board),
            "pictures": _pictures(view, found),
            "ladders": (own := ladders(view)),
            "steps": views_of(view.board, own),
        }
        for (content, view), title, name, id_ in zip(found, titles, names, ids, strict=True)
    ]
    page = _template().render(
        contents=contents,
        boards=boards,
        provenance=provenance(report.records),
        left_out=[str(problem) for problem in report.problems],
    )
    return re.sub(r"\n\s+", "\n", page)


@dataclass(frozen=True)
class _BoardContent:
    """What all views of a board share: the panels of its rows, and its images."""

    id: str
    board: Board
    models: Models
    images: Hardest | None
    first: int  # the place of the first board of the same test set, which has the images

    @property
    def images_at(self) -> str:
        """The id of the board that shows the images of this test set."""
        return f"board-{self.first + 1}"

    @classmethod
    def of(cls, number: int, board: Board, report: Report) -> "_BoardContent":
        first = next(n for n, other in enumerate(report.boards) if _data(other) == _data(board))
        shown = images(board, report.data_dir) if first == number else None
        panels = models(board, report.catalog)
        return cls(f"board-{number + 1}", board, panels, shown, first)


def _data(board: Board) -> tuple[str, str, str | None]:
    return board.dataset, board.key.fingerprint, board.labels_hash


def _ids(names: Sequence[str]) -> list[str]:
    """Return what each view is called in an address: letters, digits and dashes, none twice."""
    found: list[str] = []
    for name in names:
        own = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "view"
        twins = sum(re.sub(r"_\d+$", "", other) == own for other in found)
        found.append(f"{own}_{twins + 1}" if twins else own)
    return found


def _pictures(view: View, found: Sequence[tuple[_BoardContent, View]]) -> "list[PictureSection]":
    """Return the pictures of a view; of all rows, which the suites' views show, the first alone."""
    every = picture_sections(view.board)
    if view.board.thing != "image":  # nobody trained a model or measured a cost here
        every = [section for section in every if section.choices]
    is_sum = view.name is None and any(
        other.name is not None and content.board is view.board for content, other in found
    )
    return every[:1] if is_sum else every


def _template() -> Template:
    """Return the template, which escapes whatever is not Markup."""
    environment = Environment(
        loader=PackageLoader("ninetynine.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = "".join(_short(_asset(f"{part}.js")) for part in _SCRIPTS)
    script = f'"use strict";\n(() => {{\n{parts}}})();\n'
    digest = hashlib.sha256(script.encode()).digest()
    # Style and script are ours and hold no data: they alone are not escaped.
    environment.globals |= {
        "style": Markup(page_css() + _short(_style())),
        "script": Markup(script),
        "script_hash": base64.b64encode(digest).decode(),
        "version": __version__,
        "columns": columns(),
        "shown_at_first": SHOWN_AT_FIRST,
        "introduction": introduction,
        "words": headline,
        "ladder_words": ladder_words,
        **{
            f.__name__: f
            for f in (drawn, group_class, name_parts, packed, sample, sort_text, stills)
        },
        **{
            f.__name__: f
            for f in (formatting.percent, formatting.shortest_percent, formatting.three_digits)
        },
    }
    return environment.get_template("page.html")


def _style() -> str:
    """Return the style sheet.

    ``tight.css`` holds where a table has little room, ``stacked.css`` where its columns do not
    stand side by side, however it got so.
    """
    tight, stacked = _asset("tight.css"), _asset("stacked.css")
    return (
        f"{_asset('page.css')}{_asset('leaders.css')}"
        f".leaders.is-tight{{{tight}}}\n"
        f"@container leaders (max-width: 900px){{.leaders{{{tight}}}}}\n"
        f".leaders.is-stacked{{{stacked}}}\n"
        f"@container leaders (max-width: 640px){{.leaders{{{stacked}}}}}\n"
        f"{_asset('print.css')}"
    )


def _short(code: str) -> str:
    """Return ``code`` without indentation and lines that are comments."""
    lines = map(str.strip, code.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def _asset(name: str) -> str:
    return (resources.files("ninetynine.report.html") / "assets" / name).read_text(encoding="utf-8")


def ladders(view: View) -> list[Ladder]:
    """Return the ladders of a view's suite; none where its file says of no rung what it adds."""
    if view.suite is None or not any(rung.adds for rung in view.suite.rungs):
        return []
    records = [record for row in view.board.rows for record in row.records]
    return make_ladders(view.suite, view.board, records)


@dataclass
class Choice:
    """What is seen at a time, side by side."""

    panels: list[Panel] = field(default_factory=list)
    legend: list[Key] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class PictureSection:
    """A section of the page with its pictures; without choices ``empty`` says why."""

    place: PagePlace
    empty: str
    says: list[str] = field(default_factory=list)
    choices: dict[str, Choice] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, board: Board, figure: Figure, says: str) -> None:
        """Put the views of ``figure`` beside those that are here."""
        views, most = figure.views(board), self.place.most
        self.says.append(says.replace("{noun}", board.noun))
        for view in views[:most]:
            choice = self.choices.setdefault(view.name, Choice())
            choice.panels += view.panels
            choice.legend += view.legend
            choice.notes += view.notes
        if len(views) > most:
            self.notes = [f"Shown are the first {most} of {len(views)} models."]


def picture_sections(board: Board) -> list[PictureSection]:
    """Return the sections of all pictures that have a place on the page."""
    found: dict[str, PictureSection] = {}
    for place, figure in on_page():
        section = found.setdefault(place.section, PictureSection(place, figure.empty))
        section.add(board, figure, headline.of_things(board, place.says))
    return [one for one in found.values() if one.choices or one.place.where_empty]


def drawn(panel: Panel) -> Matrix | list[Markup]:
    """Return what is seen of a panel: a matrix, a drawing, or one for each of the widths.

    It is an empty list where there are only words.
    """
    if panel.draw is None or panel.too_large:
        return []
    widths = _WIDTHS if panel.width is None else (panel.width,)
    found = [panel.draw(width) for width in widths]
    if isinstance(found[0], Matrix):
        return found[0]
    return sizes_svg([one for one in found if isinstance(one, Drawing)])


Still = tuple[str, int, Markup]  # title, width in pixels, the picture


@dataclass
class Stills:
    """Pictures that are there without a script, and the headings of those that are not."""

    shown: list[tuple[str, list[Still]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def stills(sections: Sequence[PictureSection]) -> Stills:
    """Return the first choice of each section as plain images, as far as there is room."""
    found, room = Stills(), _STILL
    for section in sections:
        choice = next(iter(section.choices.values()), None)
        if choice is None:
            continue
        heading = section.place.heading
        drawings: list[Still] = []
        for panel in choice.panels if len(choice.panels) <= _MOST_STILLS else []:
            drawing = panel.draw(panel.width or _BETWEEN) if panel.draw else None
            if isinstance(drawing, Drawing):
                picture = page_svg(drawing, still=True)
                drawings.append((panel.title, round(drawing.width), picture))
        size = sum(len(picture) for *_, picture in drawings)
        if drawings and size <= room:
            found.shown.append((heading, drawings))
            room -= size
        else:
            found.left_out.append(heading)
    return found


def packed(html: Markup) -> str:
    """Return a part of the page for an attribute: deflated, in base 64; a script unpacks it.

    Pictures of a board that is not seen at first are a tenth as large so, and no work for the
    browser until they are asked for.
    """
    return base64.b64encode(zlib.compress(html.encode(), 9)).decode()


def sample(key: Key) -> Markup:
    """Return the sample of an entry of a legend, whose text stands beside it."""
    return page_svg(Drawing(key.sample, 20.0, 12.0, "", "sample"))
