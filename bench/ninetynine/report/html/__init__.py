"""The report people look at: one page that needs nothing but itself.

The pictures are SVG made here, from small pieces (``svg.py``), and 250 lines of
plain JavaScript sort, filter, choose and explain.  Plotly was the alternative: its script alone is
4.5 MB of every page, it draws nothing before it has run, its text does not follow the page's fonts
and colours, and marks in its canvas are neither focusable nor read aloud.  Vega-Altair needs a
megabyte of scripts and a compiled converter to embed them.  What this page needs of either, axes
and marks, is small; it is there before any script runs, prints, follows light and dark through CSS,
and every mark is an element with a label.  A page of the committed results is about a tenth of what
Plotly's script would be.

The page makes no request: style, script and images are inside, and its Content-Security-Policy
forbids the browser to fetch anything or to run any script but its own.
"""

from collections.abc import Mapping
from pathlib import Path

from ninetynine.board import Board, Row
from ninetynine.catalog import Architecture
from ninetynine.records import RecordStore
from ninetynine.report.html.page import page_content, render_page
from ninetynine.suite import Suite


def render_html(
    store: RecordStore,
    catalog: Mapping[str, Architecture],
    data_dir: Path | None = None,
    suite: Suite | None = None,
) -> str:
    """Return the page of all records in ``store``, the same bytes for the same records and data.

    ``suite`` is the one whose ladder is shown, where it was run.
    Test images are drawn where their dataset is at hand (``data_dir``, BENCH_DATA_DIR, Keras's
    cache); it is never downloaded.
    """
    records, problems = store.read_all()
    boards = load_runs(store, catalog, records)
    left_out = tuple(str(problem) for problem in problems)
    return render_page(page_content(records, boards, catalog, data_dir, left_out, suite))
