"""The section of docs/statistics.md that shows each verdict on the committed records.

``python studies/mnist/own_numbers.py docs/statistics.md --results results`` rewrites it in place;
a test holds the committed page to what this writes.
"""

import argparse
import re
import shlex
from itertools import combinations
from pathlib import Path

from ninetynine import catalog
from ninetynine.board import Row, Rows, compare_rows
from ninetynine.records import RecordStore
from ninetynine.report.comparison import sentences
from ninetynine.report.formats.markdown import code
from ninetynine.report.formatting import percent_interval
from ninetynine.statistics import (
    Groups,
    accuracy_estimate,
    pair_p_value,
    prediction_interval,
    summarize,
)
from ninetynine.statistics.summary import seed_variance

_SECTION = re.compile(r"(<!-- own-numbers:begin[^\n]*-->\n).*(<!-- own-numbers:end -->)", re.DOTALL)
_DECIMALS = 2


def own_numbers(store: RecordStore) -> str:
    """Return the section's Markdown from the MNIST rows of ``store``."""
    rows = Rows(store, catalog.discover(), "mnist")
    sides = {name: rows.find(name) for name in ("t1_small_cnn", "t2_dense", "t3_deep_cnn")}
    wide = rows.find("t4_wide_cnn")
    parts = [
        "## With our own numbers",
        "From the records under [`results/`](../results/README.md).",
        _two_intervals(sides["t3_deep_cnn"]),
        _comparison("A clear difference", sides["t3_deep_cnn"], sides["t2_dense"]),
        _comparison("A closer pair", sides["t3_deep_cnn"], wide),
        _comparison("The closest pair of tutorials", wide, sides["t1_small_cnn"]),
        _same_recipe([sides["t1_small_cnn"], sides["t2_dense"], sides["t3_deep_cnn"], wide]),
        _one_more_run(sides["t2_dense"]),
    ]
    return "\n\n".join(parts) + "\n"


def rewrite(page: str, section: str) -> str:
    """Return ``page`` with ``section`` between its own-numbers markers.

    Raises ValueError where the page has no markers.
    """
    if not _SECTION.search(page):
        raise ValueError("the page has no own-numbers markers")
    return _SECTION.sub(lambda match: match[1] + section + match[2], page)


def _two_intervals(side: Row) -> str:
    assert side.summary is not None
    estimate = accuracy_estimate(side.summary)
    assert estimate.seed_interval is not None
    return (
        f"**Two sources of chance.** {len(side.seeds)} seeds of {code(side.full_name)} have a mean "
        f"of {100 * estimate.mean:.2f}%. On these 10,000 images the mean lies within "
        f"{percent_interval(estimate.seed_interval, _DECIMALS)}%; on digits like these within "
        f"{percent_interval(estimate.population_interval, _DECIMALS)}%. More seeds would narrow "
        f"the first interval to nothing and the second hardly at all."
    )


def _comparison(title: str, a: Row, b: Row) -> str:
    result = compare_rows(a, b, looks=2)  # as the command does
    assert result is not None
    names = " ".join(shlex.quote(side.full_name) for side in (a, b))
    heading = f"**{title}.** `bench compare {names}` says:"
    return "\n".join([heading, "", *(f"> {line}" for line in sentences(a, b, result))])


def _same_recipe(sides: list[Row]) -> str:
    lines = [
        "**Single runs mislead.** Two runs of one recipe differ in nothing but the seed. McNemar's "
        "test of the two networks, with the writers in mind, finds a difference (p < 0.05) in",
        "",
    ]
    for side in sides:
        groups = None if side.test_groups is None else Groups.of(side.test_groups.codes)
        runs = [summarize(right[None], groups) for right in side.correct]
        pairs = list(combinations(runs, 2))
        found = sum(pair_p_value(one, other) < 0.05 for one, other in pairs)
        lines.append(f"- {found} of {len(pairs)} pairs of runs of {code(side.full_name)}")
    return "\n".join(lines)


def _one_more_run(side: Row) -> str:
    accuracies = side.correct.mean(axis=1)
    assert side.summary is not None
    flips = seed_variance(side.summary)[1]
    interval = prediction_interval(accuracies, side.correct.shape[1], flips=flips)
    assert interval is not None
    claims = catalog.discover()[side.identity.architecture].claims
    figures = [claim.value for claim in claims if claim.metric == "test_accuracy"]
    published = " and ".join(f"{100 * figure:.2f}%" for figure in figures)
    return (
        f"**One more run.** The {len(accuracies)} runs of {code(side.full_name)} end between "
        f"{100 * accuracies.min():.2f}% and {100 * accuracies.max():.2f}%, and one more would end "
        f"between {percent_interval(interval, _DECIMALS)}% (95%). Tutorials published this very "
        f"recipe at {published}."
    )


def main() -> None:
    """Rewrite the section in the page named on the command line."""
    parser = argparse.ArgumentParser(description="Rewrite the section made from our own records.")
    parser.add_argument("page", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results"))
    arguments = parser.parse_args()
    section = own_numbers(RecordStore(arguments.results))
    page = arguments.page
    page.write_text(rewrite(page.read_text(encoding="utf-8"), section), encoding="utf-8")


if __name__ == "__main__":
    main()
