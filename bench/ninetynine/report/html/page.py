"""All sections of the page, and the template that sets them."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from ninetynine import __version__
from ninetynine.board import Board
from ninetynine.report import Report
from ninetynine.report.drawing.lettering import letter_color
from ninetynine.report.drawing.styles import page_css
from ninetynine.report.html.headline import Headline, headline, unique_titles
from ninetynine.report.html.images import ImageSection, image_section
from ninetynine.report.html.ladder import LadderTable, ladder
from ninetynine.report.html.leaderboard import Leaderboard, leaderboard
from ninetynine.report.html.pictures import PictureSection, drawn, picture_sections, sample
from ninetynine.report.html.provenance import provenance


@dataclass(frozen=True)
class BoardContent:
    """Everything that is shown of one board."""

    id: str
    board: Board
    headline: Headline
    leaderboard: Leaderboard
    pictures: Sequence[PictureSection]
    images: ImageSection | None
    ladder: Sequence[LadderTable]


def render_page(report: Report) -> str:
    """Return the page as HTML, the same bytes for the same records and data.

    Test images are drawn where their dataset is at hand (the report's ``data_dir``, BENCH_DATA_DIR,
    Keras's cache); it is never downloaded.
    """
    titled = list(zip(unique_titles(report.boards), report.boards, strict=True))
    contents = [
        BoardContent(
            id=f"board-{number}",
            board=board,
            headline=headline(title, board),
            leaderboard=leaderboard(board),
            pictures=picture_sections(board),
            images=image_section(board, report.data_dir),
            ladder=ladder(board, report.suite),
        )
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
        "letter_color": letter_color,
        "drawn": drawn,
        "sample": sample,
    }
    return environment.get_template("page.html")


def _asset(name: str) -> str:
    return (resources.files("ninetynine.report.html") / "assets" / name).read_text(encoding="utf-8")
