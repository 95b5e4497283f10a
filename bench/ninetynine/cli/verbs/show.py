"""Show one architecture: model, recipe, claims, deviations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ninetynine import catalog, suite
from ninetynine.architecture import Architecture
from ninetynine.board.boards import by_board, make_rows
from ninetynine.board.run import Run
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.machine import default_backend
from ninetynine.recipe import in_words
from ninetynine.records import Record
from ninetynine.report import formatting
from ninetynine.statistics import Interval
from ninetynine.statistics.spread import seed_split
from ninetynine.suite import Suite
from ninetynine.training.setup import start_backend_here


@click.command("show")
@click.argument("architecture")
@click.option("--input-shape", default="28,28,1", metavar="H,W,C", help="The images to build for.")
@click.option("--classes", type=click.IntRange(min=2), default=10)
@options.architecture_files
@options.variants_of
@options.results
@options.as_json
@options.verbose
def command(
    architecture: str,
    input_shape: str,
    classes: int,
    architecture_files: tuple[Path, ...],
    of_suite: Suite | None,
    results: Path,
    as_json: bool,
) -> None:
    """Show ARCHITECTURE: summary, size, recipe, claims, deviations, and why its seeds differ."""
    found = catalog.get(suite.discover(architecture_files, of_suite), architecture)
    shape = _shape(input_shape)
    facts = {**_facts(found), "parameters": None, "multiply_adds_per_image": None, "layers": ""}
    if not found.trains_itself:
        start_backend_here(default_backend(), 1, "cpu")
        facts |= _built(found, shape, classes)
    whole = options.open_store(results).read_all()[0] if results.exists() else []
    records = [record for record in whole if record.cell.architecture == found.name]
    together = Counter(r.cell.at_once for r in records if r.cell.at_once > 1)
    facts["seeds_at_once"] = [{"together": k, "runs": n} for k, n in sorted(together.items())]
    told = Counter(
        (record.cell.dataset, record.context.dataset_revision)
        for record in whole
        if record.context.dataset_revision
        and record.cell.architecture.partition("[")[0] == found.name.partition("[")[0]
    )
    facts["dataset_revisions"] = [
        {"dataset": dataset, "revision": revision, "runs": n}
        for (dataset, revision), n in sorted(told.items())
    ]
    facts["seed_splits"] = _seed_splits(found, results, records) if records else []
    options.answer(as_json, facts, _lines(found, facts))


def _lines(found: Architecture, facts: dict[str, Any]) -> Iterator[str]:
    count = formatting.number(facts["multiply_adds_per_image"], 0)
    yield found.docstring.strip() + "\n"
    if not found.trains_itself:
        unknown = "unknown (a layer of a kind that is not counted)"
        yield facts["layers"]
        yield f"Parameters: {formatting.number(facts['parameters'], 0)}"
        yield f"Multiply-adds per image: {count or unknown}"
    yield f"File: {found.path} ({found.origin})"
    if found.program is not None:
        yield f"Command: {' '.join(found.program.command)}"
        yield f"Files: {', '.join(found.program.files)}"
    if found.program is not None and found.program.environment:
        yield f"Environment: {found.program.environment}"
    if found.base:
        yield f"Variant of: {found.base}" + (f", in {found.stated_in}" if found.stated_in else "")
    if facts["recipe"]:
        yield "Recipe: " + ", ".join(f"{k} = {in_words(v)}" for k, v in facts["recipe"].items())
    if found.arguments:
        yield "Arguments: " + ", ".join(f"{k} = {in_words(v)}" for k, v in found.arguments.items())
    for claim in found.claims:
        note = f" ({claim.note})" if claim.note else ""
        yield f"Published: {claim.id} {claim.metric} {claim.value} on {claim.dataset}{note}"
    for group in facts["seeds_at_once"]:
        yield (
            f"Seeds at once: {formatting.count(group['runs'], 'run')} trained {group['together']} "
            "together, each with its share of the seconds that all took"
        )
    for data in facts["dataset_revisions"]:
        runs = formatting.count(data["runs"], "run")
        yield f"Data: {runs} on {data['dataset']}, revision {data['revision']}"
    for split in facts["seed_splits"]:
        ends = Interval(**split["distribution_interval"])
        yield (
            f"Spread of {split['seeds']} seeds of {split['row']} on {split['board']}: "
            f"{formatting.percent(split['distribution'], 3)} points (95% interval "
            f"{formatting.percent_interval(ends, 3)}) that more images would not remove, and "
            f"{formatting.percent(split['flips'], 3)} of images that flip from run to run"
        )


def _seed_splits(
    found: Architecture, results: Path, records: Sequence[Record]
) -> list[dict[str, Any]]:
    """Return the two parts of the spread over seeds (Jordan 2023) of each row of several runs."""
    store = options.open_store(results)
    return [
        {"board": f"{key.dataset}, {key.variant}", "row": row.name, "seeds": len(row.seeds)}
        | asdict(split)
        for key, members in by_board(records, {found.name: found}, None).items()
        for row in make_rows(key, (Run.of(store, record) for record in members))
        if row.summary is not None and (split := seed_split(row.summary)) is not None
    ]


def _facts(found: Architecture) -> dict[str, Any]:
    return {
        "name": found.name,
        "summary": found.summary,
        "source": found.source,
        "deviations": found.deviations,
        "origin": found.origin,
        "variant_of": found.base or None,
        "stated_in": found.stated_in or None,
        "arguments": dict(found.arguments),
        "path": str(found.path),
        "source_hash": found.source_hash,
        "recipe": {} if found.trains_itself else found.recipe.canonical(),
        "claims": [claim.model_dump() for claim in found.claims],
    }


def _built(found: Architecture, shape: tuple[int, int, int], classes: int) -> dict[str, Any]:
    from ninetynine.building import build_model
    from ninetynine.training.counting import count_multiply_adds

    model = build_model(found, shape, classes)
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text), line_length=78)
    return {
        "parameters": int(model.count_params()),
        "multiply_adds_per_image": count_multiply_adds(model),
        "layers": "\n".join(lines),
    }


def _shape(text: str) -> tuple[int, int, int]:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise UserError(f"--input-shape {text!r}: expected height,width,channels such as 28,28,1")
    height, width, channels = map(int, parts)
    return height, width, channels
