"""How many items would decide between two single runs, and folders of logs."""

import json

import ninetynine
import numpy as np
from ninetynine.report.advice import more_items
from ninetynine.report.formatting import about
from ninetynine.statistics import compare, mcnemar_exact

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
    assert f"{about(advised)} items would decide" in " ".join(ranking.sentences())
    assert f"{about(advised)} items" in " ".join(str(ranking).split())
    effects, random = upper.image_accuracy - lower.image_accuracy, np.random.default_rng(5)
    shown = 0
    for _ in range(200):
        drawn = random.choice(effects, advised)
        shown += mcnemar_exact(int((drawn > 0).sum()), int((drawn < 0).sum())) < 0.05
    assert 0.7 <= shown / 200 <= 0.95


def test_runs_that_differ_on_too_few_items_or_never_are_told_as_many_as_a_test_needs():
    one = {"model": ["a", "b"], "item": [1, 1], "correct": [True, False]}
    assert "about 6 items would decide" in " ".join(ninetynine.rank(one).sentences())
    same = {"model": ["a"] * 50 + ["b"] * 50, "item": [*range(50)] * 2, "correct": [True] * 100}
    assert "about 6,000 items would decide" in " ".join(ninetynine.rank(same).sentences())


def test_a_model_alone_in_the_best_set_is_called_the_best_only_where_its_rank_says_so():
    rows = [("a", 0, i, i % 3 > 0) for i in range(60)]
    for seed in range(5):  # runs that flip on every ninth item
        flips = {i: (7 * i + seed) % 11 > 5 for i in range(60) if (i + seed) % 9 == 0}
        rows += [("b", seed, i, flips.get(i, i % 2 > 0)) for i in range(60)]
    table = dict(zip(("model", "seed", "item", "correct"), zip(*rows, strict=True), strict=True))
    ranking = ninetynine.rank(table)
    assert ranking.boards[0].rows[0].standing.rank.worst == 2
    assert "only a may be the best on items like these" in " ".join(ranking.sentences())


def test_scores_next_to_zero_are_ranked_and_tell_nothing():
    table = {"model": ["a"] * 3 + ["b"] * 3, "item": [1, 2, 3] * 2}
    table["score"] = [0.0, 1e-320, 2e-320, 0.0, 2e-320, 4e-320]
    (board,) = ninetynine.rank(table).boards
    assert [row.standing.rank.worst for row in board.rows] == [2, 2]


def test_a_folder_stands_for_the_logs_below_it(bench, tmp_path):
    for model, resolved in (("one", ["d__d-1", "d__d-2"]), ("two", ["s__s-2"])):
        path = tmp_path / model / "results" / "results.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"no_logs": [], "resolved": resolved}))
    code, out, _ = bench("rank", tmp_path, "--format", "csv", "--columns", "accuracy")
    assert code == 0
    assert "one" in out
    assert "two" in out


def test_a_folder_without_a_log_is_told_in_a_line(refuse, tmp_path):
    assert "no log below this folder" in refuse("rank", tmp_path)


def test_groups_too_few_to_decide_anything_need_more_items_than_make_as_many():
    names = [(m, i, int(m == "a" or i >= 290)) for m in "ab" for i in range(300)]
    model, item, correct = zip(*names, strict=True)
    table = {"model": model, "item": item, "correct": correct, "group": [i % 3 for i in item]}
    (board,) = ninetynine.rank(table).boards
    (pair,) = board.undecided
    assert not pair.comparison.could_show_any
    assert more_items(board, pair.comparison) >= 6 * 100
