"""Choose hyper-parameters on folds of the training set; the test images are never loaded.

``python studies/mnist/tune.py SEARCH.toml`` trains every candidate of the search on the same folds
of MNIST's 60,000 training images (55,000 to train on, 5,000 to judge by), each fold with its own
seed, puts every run into ``results/tuning/searches.json``, and writes ``searches.md`` with a table
of each search that is there.
Trained runs are kept in ``--work-dir``, so the script goes on where it was stopped.

A search is a TOML file: ``description``, ``folds`` (which, e.g. [0, 1]), optionally ``precision``
(mixed_bfloat16 by default), and a table ``[candidates.NAME]`` each with ``architecture`` (a name,
or a path from the search file) and the ``recipe`` keys it changes.  ``variants`` may name a TOML
file whose tables ``[NAME]`` are further architectures, each by ``architecture`` and ``recipe``, and
by ``arguments`` of its ``build``.
A table ``[votes]`` may say which candidates answer together, ``NAME = ["one", "another"]``: a soft
vote of one run of each.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ninetynine.catalog import Catalog
from ninetynine.cells import Cell, Precision
from ninetynine.cli.progress import make_progress
from ninetynine.ensembles import mean_probabilities
from ninetynine.errors import UserError
from ninetynine.executors.local import LocalExecutor
from ninetynine.planning import longest_first, plan
from ninetynine.recipe import parse
from ninetynine.records import Record, RecordStore
from ninetynine.report.tables import plain_table
from ninetynine.request import make_tasks
from ninetynine.running import execute
from ninetynine.suite import Entry as SuiteEntry
from ninetynine.suite import Setting, Suite, discover, make_cells, read_toml
from ninetynine.workers import Task
from pydantic import BaseModel, ConfigDict, Field

FOLDS = 12
FIRST_SEED = 1000  # fold k trains with seed 1000 + k, far from the seeds of the suites


class Entry(BaseModel):
    """A table of ``candidates``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    architecture: str = Field(description="an architecture's name, or its path from this file")
    recipe: dict[str, Any] = Field({}, description="recipe keys with their values")


class Variant(Entry):
    """A table of the file that ``variants`` names."""

    description: str = Field("", description="a sentence")
    arguments: dict[str, Any] = Field({}, description="a table of arguments of build")


class Search(BaseModel):
    """A search file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    description: str = Field(description="a sentence")
    folds: list[int] = Field(description=f"folds from 0 to {FOLDS - 1}, such as [0, 1]")
    precision: Precision = Field("mixed_bfloat16", description="such as 'mixed_bfloat16'")
    candidates: dict[str, dict[str, Any]] = Field(description="a table [candidates.NAME] for each")
    variants: str | None = Field(None, description="a TOML file's path from this one")
    votes: dict[str, list[str]] = Field({}, description='NAME = ["candidate", "candidate"]')


@dataclass(frozen=True)
class Candidate:
    """One point of a search: its name, and a task for each fold."""

    name: str
    tasks: list[Task]

    @property
    def cells(self) -> list[Cell]:
        return [task.cell for task in self.tasks]


def main(arguments: list[str] | None = None) -> int:
    """Train what is missing, then print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("search", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("results/tuning"))
    parser.add_argument("--work-dir", type=Path, default=Path(".bench-check/tuning"))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    store = RecordStore(options.work_dir)
    for path in options.search:
        search = read_search(path)
        candidates = _candidates(path, search)
        _train(candidates, store, options.jobs)
        records = {c.name: plan(c.cells, store).reused for c in candidates}
        rows = [_row(c, records[c.name], store) for c in candidates]
        rows += [
            _vote(name, members, [records[member] for member in members], store)
            for name, members in search.votes.items()
        ]
        rows.sort(key=lambda row: row["error"])
        print(f"{path.stem}: {search.description}\n{plain_table(_table(rows), _HEADINGS)}\n")
        _keep(options.out, path.stem, search, rows)
    return 0


def read_search(path: Path) -> Search:
    """Return the search in the file ``path``; raise UserError for a mistake in it."""
    where = f"search {path}"
    search = parse(Search, read_toml(path, where), where, "search")
    _check_votes(search, where)
    return search


def suites_of(path: Path, search: Search) -> tuple[dict[str, Suite], Catalog, tuple[Path, ...]]:
    """Return a suite of one architecture for each candidate of ``search``, read from ``path``.

    Beside them all architectures, and the files among them that the search names.
    """
    where = f"search {path}"
    entries = {
        name: parse(Entry, given, f"{where}: {name}", "candidate")
        for name, given in search.candidates.items()
    }
    variants = _variants(path, search, where)
    suites = {
        name: replace(
            variants,
            architectures=(Path(entry.architecture).stem,),
            recipe=entry.recipe,
            entries=(),  # the candidate's own recipe goes before a variant's
        )
        for name, entry in entries.items()
    }
    wanted = [entry.architecture for entry in entries.values()]
    files = tuple(dict.fromkeys(path.parent / name for name in wanted if name.endswith(".py")))
    return suites, discover(files, variants), files


def _variants(path: Path, search: Search, where: str) -> Suite:
    """Return a suite whose entries are the variants that the search names."""
    tables = {} if search.variants is None else read_toml(path.parent / search.variants, where)
    entries = []
    for name, table in tables.items():
        variant = parse(Variant, table, f"{where}: {search.variants}: {name}", "variant")
        entries.append(
            SuiteEntry(
                name=name,
                precision=search.precision,
                label=name,
                architecture=variant.architecture,
                recipe=variant.recipe,
                arguments=variant.arguments,
                description=variant.description,
            )
        )
    return Suite(
        name=f"tuning/{path.stem}",
        path=path,
        description=search.description,
        dataset="mnist",
        architectures=tuple(tables),
        seeds=(FIRST_SEED,),
        entries=tuple(entries),
    )


def _candidates(path: Path, search: Search) -> list[Candidate]:
    suites, found, files = suites_of(path, search)
    setting = Setting(precision=search.precision)
    candidates = []
    for name, suite in suites.items():
        tasks: list[Task] = []
        for fold in search.folds:
            dataset = f"mnist-fold-{fold}-of-{FOLDS}"
            on_fold = replace(suite, dataset=dataset, seeds=(FIRST_SEED + fold,))
            cells = make_cells(on_fold, found, suite.architectures, setting)
            tasks += make_tasks(cells, dataset, architecture_files=files)
        candidates.append(Candidate(name, tasks))
    return candidates


def _train(candidates: list[Candidate], store: RecordStore, jobs: int) -> None:
    missing = {
        task.cell.key: task
        for candidate in candidates
        for task in candidate.tasks
        if plan([task.cell], store).missing
    }
    if not missing:
        return
    cells = longest_first([task.cell for task in missing.values()], {}, store.read_all()[0])
    tasks = [missing[cell.key] for cell in cells]
    with store.lock(), make_progress(len(tasks), 0) as progress:
        execute(tasks, LocalExecutor(jobs), store, progress.on_event).raise_refused()


def _row(candidate: Candidate, records: list[Record], store: RecordStore) -> dict[str, Any]:
    """Return what a candidate did: errors by fold (a fraction), their mean, seconds, its words."""
    finished = [r for r in records if r.scores is not None]
    errors = [1 - r.scores.test.accuracy for r in finished if r.scores is not None]
    losses = [r.scores.test.loss for r in finished if r.scores is not None]
    identity = candidate.cells[0].identity
    model = finished[0].model if finished else None
    return {
        "candidate": candidate.name,
        "architecture": identity.architecture,
        "source_hash": identity.source_hash,
        "recipe": identity.recipe,
        **({"arguments": identity.arguments} if identity.arguments else {}),
        "precision": identity.precision,
        "folds": [r.cell.dataset for r in finished],
        "seeds": [r.cell.seed for r in finished],
        "failed": len(records) - len(finished),
        "errors": errors,
        "error": float(np.mean(errors)) if errors else 1.0,
        "loss": float(np.mean([v for v in losses if v is not None])) if losses else None,
        "parameters": model.parameters if model else None,
        "train_seconds": [r.timing.train_seconds for r in finished if r.timing is not None],
    }


def _check_votes(search: Search, where: str) -> None:
    expected = f"expected some of {', '.join(search.candidates)}"
    for name, members in search.votes.items():
        if not members:
            raise UserError(f"{where}: vote {name} has no members; {expected}")
        for member in members:
            if member not in search.candidates:
                raise UserError(
                    f"{where}: vote {name}: there is no candidate {member!r}; {expected}"
                )


def _vote(
    name: str, members: list[str], runs: list[list[Record]], store: RecordStore
) -> dict[str, Any]:
    """Return what a soft vote did on each fold that all its members finished, as `_row` does."""
    by_fold = [{r.cell.dataset: r for r in found if r.scores is not None} for found in runs]
    folds = [fold for fold in by_fold[0] if all(fold in found for found in by_fold)]
    errors = [_error_of_vote([found[fold] for found in by_fold], store) for fold in folds]
    models = [found[folds[0]].model for found in by_fold] if folds else []
    timings = [[found[fold].timing for found in by_fold] for fold in folds]
    return {
        "candidate": name,
        "vote_of": members,
        "folds": folds,
        "failed": max(map(len, runs)) - len(folds),
        "errors": errors,
        "error": float(np.mean(errors)) if errors else 1.0,
        "loss": None,
        "parameters": sum(model.parameters for model in models if model is not None) or None,
        "train_seconds": [sum(t.train_seconds for t in of if t is not None) for of in timings],
    }


def _error_of_vote(members: list[Record], store: RecordStore) -> float:
    answers = [found for found in map(store.predictions, members) if found is not None]
    if len(answers) < len(members):
        raise UserError("a member of a vote has lost its predictions; remove its record")
    together = mean_probabilities([found.probabilities for found in answers]).argmax(axis=1)
    return float(np.mean(together != answers[0].labels))


SEARCHES = "searches.json"
_HEADINGS = ["Candidate", "Error, %", "SE", "Loss", "Runs", "Parameters", "Train s"]


def _table(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            row["candidate"],
            f"{100 * row['error']:.3f}",
            f"{100 * _standard_error(row['errors']):.3f}",
            "" if row["loss"] is None else f"{row['loss']:.4f}",
            f"{len(row['errors'])}" + (f" ({row['failed']} failed)" if row["failed"] else ""),
            "" if row["parameters"] is None else f"{row['parameters']:,}",
            f"{np.median(row['train_seconds']):.1f}" if row["train_seconds"] else "",
        ]
        for row in rows
    ]


def _standard_error(errors: list[float]) -> float:
    return float(np.std(errors, ddof=1) / np.sqrt(len(errors))) if len(errors) > 1 else np.nan


def _keep(folder: Path, name: str, search: Search, rows: list[dict[str, Any]]) -> None:
    """Put ``rows`` in the place of search ``name`` among all that are recorded in ``folder``."""
    path = folder / SEARCHES
    searches = json.loads(path.read_text()) if path.is_file() else {}
    searches[name] = {"description": search.description, "rows": rows}
    searches = dict(sorted(searches.items()))
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(searches, indent=1) + "\n")
    path.with_suffix(".md").write_text(_markdown(searches))


def _markdown(searches: dict[str, Any]) -> str:
    parts = [
        "# The searches for recipes\n\nEach run trains on 55,000 of MNIST's training images and is "
        "judged by the other 5,000; the test images are not loaded. Seconds are of runs that "
        "shared the machine.\n"
    ]
    for name, search in searches.items():
        lines = [_HEADINGS, ["---", *["--:"] * 6], *_table(search["rows"])]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        parts.append(f"## {name}\n\n{search['description']}\n\n{table}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"tune: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
