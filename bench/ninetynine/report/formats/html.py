"""A page with pictures for a browser, complete in itself."""

from ninetynine.report import Report


def render(report: Report) -> str:
    """Return the page of all records."""
    from ninetynine.report.html import render_html

    return render_html(report.store, report.catalog, report.data_dir, report.suite)
