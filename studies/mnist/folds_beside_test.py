"""What the folds said of a recipe beside what the test images said of it, once it was frozen.

``python studies/mnist/folds_beside_test.py`` pairs the candidates in ``results/tuning`` with the
rows of the committed records that have the same recipe, precision and number of parameters, and
writes ``results/tuning/folds_beside_test.md``. Test-time shifts may differ where no row has the
same.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ninetynine.errors import UserError
from ninetynine.records import Record, RecordStore

_HEADINGS = [
    "Row",
    "Candidate",
    "On folds, %",
    "Runs",
    "On test images, %",
    "Seeds",
    "Test / folds",
]
_LEFT_OUT_OF_A_PAIR = "test_time_shifts"

Kind = tuple[str, str, int]  # recipe as JSON, precision, parameters


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and print it.  Raises UserError where there are no searches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    folder = options.results / "tuning"
    searches = folder / "searches.json"
    if not searches.is_file():
        raise UserError(f"{folder} has no searches.json; expected the one of studies/mnist/tune.py")
    candidates = [
        {"search": name[:2], **row}
        for name, search in json.loads(searches.read_text()).items()
        for row in search["rows"]
        if "vote_of" not in row
    ]
    records = [
        record
        for record in RecordStore(options.results).read_all()[0]
        if record.scores is not None and record.cell.dataset == "mnist"
    ]
    text = page(pairs(candidates, records))
    (folder / "folds_beside_test.md").write_text(text)
    print(text)
    return 0


def pairs(
    candidates: Sequence[Mapping[str, Any]], records: Sequence[Record]
) -> list[tuple[Mapping[str, Any], list[Record]]]:
    """Return each row's candidate and records: of several candidates the one of the last search.

    A candidate that has a row with its very recipe stands for no other row.
    """
    found: dict[tuple[str, str], tuple[Mapping[str, Any], list[Record]]] = {}
    for exactly in (False, True):
        rows = defaultdict(list)
        for record in records:
            rows[_kind(_of(record), exactly)].append(record)
        for candidate in candidates:
            for row in _by_architecture(rows.get(_kind(candidate, exactly), [])):
                found[row[0].cell.architecture, row[0].cell.precision] = (candidate, row)
    return list(found.values())


def page(found: Sequence[tuple[Mapping[str, Any], Sequence[Record]]]) -> str:
    """Return the page in Markdown, the lowest ratio first."""
    lines = sorted((_line(candidate, row) for candidate, row in found), key=lambda line: line[-1])
    table = [_HEADINGS, ["---", "---", *["--:"] * 5], *lines]
    body = "\n".join("| " + " | ".join(line) + " |" for line in table)
    return (
        "# Folds beside test images\n\n"
        "Errors of recipes that were chosen, or nearly, on folds of the training images, and of "
        "the rows they became. Fold runs see 55,000 images, rows all 60,000. Written by `python "
        f"studies/mnist/folds_beside_test.py`.\n\n{body}\n"
    )


def _line(candidate: Mapping[str, Any], row: Sequence[Record]) -> list[str]:
    errors = [100 * (1 - r.scores.test.accuracy) for r in row if r.scores is not None]
    folds = [100 * error for error in candidate["errors"]]
    return [
        f"{row[0].cell.architecture} [{row[0].cell.precision}]",
        f"{candidate['candidate']} ({candidate['search']})",
        _mean(folds),
        str(len(folds)),
        _mean(errors),
        str(len(errors)),
        f"{np.mean(errors) / np.mean(folds):.2f}",
    ]


def _mean(values: Sequence[float]) -> str:
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{np.mean(values):.3f} ± {error:.3f}"


def _by_architecture(records: Sequence[Record]) -> list[list[Record]]:
    found = defaultdict(list)
    for record in records:
        found[record.cell.architecture].append(record)
    return list(found.values())


def _of(record: Record) -> dict[str, Any]:
    return {
        "recipe": record.cell.recipe,
        "precision": record.cell.precision,
        "parameters": record.model.parameters if record.model else 0,
    }


def _kind(row: Mapping[str, Any], exactly: bool) -> Kind:
    recipe = {k: v for k, v in row["recipe"].items() if exactly or k != _LEFT_OUT_OF_A_PAIR}
    return json.dumps(recipe, sort_keys=True), row["precision"], row["parameters"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"folds_beside_test: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
