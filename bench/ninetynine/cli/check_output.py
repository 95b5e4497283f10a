"""Where the answer of ``bench check`` goes: terminal, files, GitHub, a picture."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from ninetynine import datasets
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.gate.checking import Contest
from ninetynine.gate.runs import accuracies
from ninetynine.gate.verdict import CheckResult, Terms, Verdict
from ninetynine.report.formats import markdown as markdown_format
from ninetynine.report.formats import table as table_format
from ninetynine.report.gate import prospect_sentence, section, sentence
from ninetynine.report.gate_machine import annotations, facts, junit_xml
from ninetynine.running import Source
from ninetynine.statistics.sequential import Design, prospect

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"  # set by GitHub Actions: a file that it shows as Markdown


def write_outputs(result: CheckResult, chosen: dict[str, Any], source: Source) -> None:
    """Print ``result``, and write it wherever the options and the environment ask for it."""
    if chosen["as_json"]:
        options.print_json(facts(result))
    else:
        click.echo(table_format.render_sections([section(result)]), nl=False)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        # The runner reads both streams; with --json standard output must stay JSON.
        for line in annotations(result):
            click.echo(line, err=chosen["as_json"])
    markdown = markdown_format.render_sections([section(result)])
    if chosen["markdown"] is not None:
        _write(chosen["markdown"], markdown)
    if os.environ.get(_STEP_SUMMARY):
        _write(Path(os.environ[_STEP_SUMMARY]), markdown, append=True)
    if chosen["junit"] is not None:
        _write(chosen["junit"], junit_xml(result))
    if chosen["picture"] is not None:
        _draw(result, source, chosen["picture"])


def print_prospects(
    contests: Sequence[Contest], verdicts: Sequence[Verdict], terms: Terms, as_json: bool
) -> None:
    """Print what a check of ``contests`` could show, before anything is trained."""
    rows = []
    for contest in contests:
        baseline = accuracies(contest.baseline.runs)
        if len(baseline) < 2:
            rows.append({"architecture": contest.name, "baseline_seeds": len(baseline)})
            continue
        sd = float(np.std(baseline, ddof=1))
        design = Design(len(baseline), terms.max_seeds, terms.alpha)
        chances = prospect(sd, terms.margin, 2 * terms.margin, design)
        rows.append(
            {
                "architecture": contest.name,
                "baseline_seeds": len(baseline),
                "seed_sd": sd,
                "passes_unchanged": chances.passes_unchanged,
                "catches_twice_the_margin": chances.catches,
            }
        )
    if as_json:
        options.print_json({"prospects": rows, "not_comparable": [sentence(v) for v in verdicts]})
        return
    for row in rows:
        click.echo(prospect_sentence(row, terms))
    for verdict in verdicts:
        click.echo(sentence(verdict))


def _write(path: Path, content: str, append: bool = False) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def _draw(result: CheckResult, source: Source, path: Path) -> None:
    """Draw the images that flipped; where none is to be shown, leave no picture and say so."""
    from ninetynine.datasets.picture import draw_grid

    flips = [(v.architecture, flip) for v in result.verdicts for flip in v.flipped]
    if not flips:
        click.echo(f"no test image to show flipped, so {path} was not drawn", err=True)
        return
    images = datasets.load(source.dataset, source.data_dir).test_images
    captions = [
        f"{name}\n#{flip.index}: {flip.label}, now {flip.answer_now}\n"
        f"right {flip.right_before:.0%}, now {flip.right_now:.0%}"
        for name, flip in flips
    ]
    indices = [flip.index for _, flip in flips]
    draw_grid(images[indices], captions, path, columns=5, title="Test images that flipped")
