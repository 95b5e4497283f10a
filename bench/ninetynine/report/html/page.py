"""All sections of the page, and the template that sets them."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ninetynine import __version__
from ninetynine.board import Board
from ninetynine.catalog import Architecture
from ninetynine.leaderboard.way import DATASET
from ninetynine.records import Record
from ninetynine.report.html.confusion import ErrorPanels, error_panels
from ninetynine.report.html.cost_plot import cost_figure
from ninetynine.report.html.curves_plot import CurvePanels, curve_panels
from ninetynine.report.html.figure import Figure
from ninetynine.report.html.headline import Headline, headline, unique_titles
from ninetynine.report.html.images import ImageSection, image_section
from ninetynine.report.html.ladder import LadderTable, ladder
from ninetynine.report.html.leaderboard import Leaderboard, leaderboard
from ninetynine.report.html.pairs_table import PairTable, pair_table
from ninetynine.report.html.provenance import Provenance, provenance
from ninetynine.report.html.seeds_plot import seeds_figure
from ninetynine.report.html.words import like_these
from ninetynine.suite import Suite


@dataclass(frozen=True)
class BoardContent:
    """Everything that is shown of one board."""

    id: str
    headline: Headline
    leaderboard: Leaderboard
    cost: Figure
    seeds: Figure
    curves: CurvePanels
    pairs: PairTable | None
    errors: ErrorPanels
    images: ImageSection | None
    ladder: tuple[LadderTable, ...]
    like_these: str


@dataclass(frozen=True)
class Page:
    """The page: boards, and what holds for all of them."""

    boards: tuple[BoardContent, ...]
    provenance: Provenance
    left_out: tuple[str, ...]
    version: str


def page_content(
    records: Sequence[Record],
    boards: Sequence[Board],
    catalog: Mapping[str, Architecture],
    data_dir: Path | None,
    left_out: tuple[str, ...],
    suite: Suite | None = None,
) -> Page:
    """Return what the page says, with the ladder of ``suite``; MNIST's boards come first."""
    ordered = sorted(boards, key=lambda runs: board.dataset != DATASET)
    titles = unique_titles([board for runs in ordered])
    contents = tuple(
        _board(f"board-{number}", title, runs, data_dir, ladder(runs, suite, catalog))
        for number, (title, runs) in enumerate(zip(titles, ordered, strict=True), start=1)
    )
    titled = list(zip(titles, ordered, strict=True))
    return Page(contents, provenance(records, titled, catalog), left_out, __version__)


def _board(
    identifier: str,
    title: str,
    board: Board,
    data_dir: Path | None,
    rungs: tuple[LadderTable, ...],
) -> BoardContent:
    return BoardContent(
        id=identifier,
        headline=headline(title, runs),
        leaderboard=leaderboard(board),
        cost=cost_figure(board),
        seeds=seeds_figure(runs),
        curves=curve_panels(runs),
        pairs=pair_table(runs),
        errors=error_panels(runs),
        images=image_section(runs, data_dir),
        ladder=rungs,
        like_these=like_these(board),
    )


def render_page(page: Page) -> str:
    """Return the page as HTML; whatever is not Markup is escaped."""
    environment = Environment(
        loader=PackageLoader("ninetynine.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Style and script are ours and hold no data: they alone are not escaped.
    return environment.get_template("page.html").render(
        page=page, style=Markup(_asset("page.css")), script=Markup(script), script_hash=digest
    )


def _asset(name: str) -> str:
    return (resources.files("ninetynine.report.html") / "assets" / name).read_text(encoding="utf-8")
