"""What the page weighs, and when it answers a click, in a real headless Chromium.

``python benchmarks/page_speed.py`` looks at the page of the committed records (``--results``), and
at that of 1,000 synthetic runs: bytes, seconds to write it, seconds until the browser has run its
script, and seconds from a click on a model until its panel is painted; medians over ``--loads``.
``--output FILE`` keeps the table.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from board_cost import write_board
from ninetynine import suite
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from page_browser import show, start_browser

MODELS, SEEDS = 50, 20
READY = """
    const [entry] = performance.getEntriesByType('navigation');
    return [entry.domInteractive / 1000, entry.loadEventEnd / 1000];
"""
CLICK = """
    const done = arguments[0], started = performance.now();
    document.querySelector('.board:not([hidden]) .leaders .model').click();
    requestAnimationFrame(() => requestAnimationFrame(() =>
        done((performance.now() - started) / 1000)));
"""


def pages(results: Path, folder: Path) -> Iterator[tuple[str, Path, float]]:
    """Yield the name of each page, its file, and the seconds that it took to write."""
    write_board(folder / "synthetic", MODELS, SEEDS)
    synthetic = f"{MODELS * SEEDS:,} synthetic runs of {MODELS} models"
    for name, records in (("the committed records", results), (synthetic, folder / "synthetic")):
        started = time.perf_counter()
        report = Report(RecordStore(records), suite.discover(()))
        path = folder / f"{records.name}.html"
        path.write_text(render(report, "html"), encoding="utf-8")
        yield name, path, time.perf_counter() - started


def measure(browser: Any, path: Path, loads: int) -> list[float]:
    """Return the median seconds until the script has run, all is loaded, and a click is shown."""
    found = []
    for _ in range(loads):
        show(browser, path, 1280, "light")
        found.append([*browser.execute_script(READY), browser.execute_async_script(CLICK)])
    return [statistics.median(column) for column in zip(*found, strict=True)]


def main() -> None:
    """Measure both pages and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--loads", type=int, default=5)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        browser = start_browser(Path(folder) / "profile")
        try:
            for name, path, seconds in pages(asked.results, Path(folder)):
                megabytes = path.stat().st_size / 1e6
                rows.append([name, megabytes, seconds, *measure(browser, path, asked.loads)])
        finally:
            browser.quit()
    headers = ["page", "MB", "to write, s", "script has run, s", "loaded, s", "click to panel, s"]
    text = "# The page's weight and speed\n\n" + tabulate(rows, headers, "github", floatfmt=".2f")
    print(text)
    if asked.output:
        asked.output.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
