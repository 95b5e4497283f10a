"""How many items would decide between two single runs, and folders of logs."""

import json

import ninetynine
import numpy as np
import pytest
from ninetynine.report.tables import more_items
from ninetynine.statistics import compare, mcnemar_exact
from run_helpers import run_bench

ITEMS = 300


def single_runs(*chances):
    random = np.random.default_rng(3)
    return {
        "model": [f"m{k}" for k in range(len(chances)) for _ in range(ITEMS)],
        "item": [*range(ITEMS)] * len(chances),
        "correct": [bool(random.random() < chance) for chance in chances for _ in range(ITEMS)],
    }


def test_two_single_runs_are_decided_by_more_items_as_often_as_was_said():
    ranking = ninetynine.rank(single_runs(0.70, 0.68))
    (board,) = ranking.boards
    upper, lower = (row.summary for row in board.rows)
    advised = more_items(board, compare(upper, lower))
    assert f"about {advised:,} items would decide" in " ".join(ranking.sentences())
    assert f"about {advised:,} items" in " ".join(str(ranking).split())
    effects, random = upper.image_accuracy - lower.image_accuracy, np.random.default_rng(5)
    shown = 0
    for _ in range(200):
        drawn = random.choice(effects, advised)
        shown += mcnemar_exact(int((drawn > 0).sum()), int((drawn < 0).sum())) < 0.05
    assert 0.7 <= shown / 200 <= 0.95


@pytest.mark.slow
def test_a_folder_stands_for_the_logs_below_it(tmp_path):
    for model, resolved in (("one", ["d__d-1", "d__d-2"]), ("two", ["s__s-2"])):
        path = tmp_path / model / "results" / "results.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"no_logs": [], "resolved": resolved}))
    result = run_bench("rank", tmp_path, "--format", "csv", "--columns", "accuracy")
    assert result.returncode == 0
    assert "one" in result.stdout
    assert "two" in result.stdout


@pytest.mark.slow
def test_a_folder_without_a_log_is_told_in_a_line(tmp_path):
    result = run_bench("rank", tmp_path)
    assert result.returncode == 2
    assert "no log below this folder" in result.stderr
    assert len(result.stderr.splitlines()) == 1
