"""A page with pictures for a browser, complete in itself."""

from dataclasses import replace

from ninetynine.report import Report


def render(report: Report) -> str:
    """Return the page of all records."""
    from ninetynine.report.html.page import render_page

    return render_page(replace(report, sums=True))
