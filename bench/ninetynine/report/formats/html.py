"""A page with pictures for a browser, complete in itself."""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from ninetynine import __version__, datasets
from ninetynine.board import Board
from ninetynine.board.ladder import Ladder, make_ladders
from ninetynine.report import Report, formatting
from ninetynine.report.columns import columns
from ninetynine.report.drawing.elements import Drawing
from ninetynine.report.drawing.lettering import group_class, letter_color
from ninetynine.report.drawing.matrix import Matrix
from ninetynine.report.drawing.styles import page_css
from ninetynine.report.drawing.svg import page_svg
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, on_page
from ninetynine.report.formats import ladder as ladder_words
from ninetynine.report.html import headline
from ninetynine.report.html.images import images
from ninetynine.report.html.leaderboard import leaderboard
from ninetynine.report.provenance import provenance
from ninetynine.report.tables import introduction
from ninetynine.suite import Suite

_WIDE, _NARROW = 1000.0, 330.0  # a screen, a phone


def render(report: Report) -> str:
    """Return the page of all records, the same bytes for the same records and data.

    Test images are drawn where their dataset is at hand (the report's ``data_dir``, BENCH_DATA_DIR,
    Keras's cache); it is never downloaded.
    """
    report = replace(report, sums=True)
    titled = list(zip(headline.unique_titles(report.boards), report.boards, strict=True))
    contents = [
        {
            "id": f"board-{number}",
            "title": title,
            "board": board,
            "leaderboard": leaderboard(board),
            "pictures": picture_sections(board),
            "images": images(board, report.data_dir),
            "ladders": ladders(board, report.suite),
        }
        for number, (title, board) in enumerate(titled, start=1)
    ]
    return _template().render(
        contents=contents,
        provenance=provenance(report.records, titled, report.catalog),
        left_out=[str(problem) for problem in report.problems],
    )


def _template() -> Template:
    """Return the template, which escapes whatever is not Markup."""
    environment = Environment(
        loader=PackageLoader("ninetynine.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _asset("page.js")
    digest = hashlib.sha256(script.encode()).digest()
    # Style and script are ours and hold no data: they alone are not escaped.
    environment.globals |= {
        "style": Markup(page_css() + _asset("page.css")),
        "script": Markup(script),
        "script_hash": base64.b64encode(digest).decode(),
        "version": __version__,
        "columns": columns(),
        "introduction": introduction,
        "words": headline,
        "ladder_words": ladder_words,
        **{f.__name__: f for f in (drawn, group_class, letter_color, sample)},
        **{
            f.__name__: f
            for f in (formatting.percent, formatting.shortest_percent, formatting.three_digits)
        },
    }
    return environment.get_template("page.html")


def _asset(name: str) -> str:
    return (resources.files("ninetynine.report.html") / "assets" / name).read_text(encoding="utf-8")


def ladders(board: Board, suite: Suite) -> list[Ladder]:
    """Return the suite's ladders; none on another board, or before the suite itself was run.

    A record belongs to the suite that asked for it.
    """
    records = [record for row in board.rows for record in row.records]
    if not any(record.context.suite == suite.name for record in records):
        return []
    if (board.dataset, board.variant) != (datasets.row_name_of(suite.dataset), suite.variant):
        return []
    return make_ladders(suite, board, records)


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
        section.add(board, figure, place.says)
    return list(found.values())


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
