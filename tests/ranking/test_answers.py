"""``ninetynine.rank``: any table of answers becomes a board, or one line says why not."""

import json
import subprocess
import sys

import ninetynine
import numpy as np
import pandas as pd
import pytest
from ninetynine.errors import UserError
from ninetynine.ranking import FORMATS
from ninetynine.statistics import rank_intervals, summarize

pytestmark = pytest.mark.filterwarnings("error")


def table(chances=(0.9, 0.8, 0.4), items=200, seeds=3, **more):
    """Answers of models with these chances to be right."""
    rng = np.random.default_rng(0)
    rows = [
        {"model": f"m{k}", "item": f"q{i}", "seed": s, "correct": bool(rng.random() < chance)}
        for k, chance in enumerate(chances)
        for s in range(seeds)
        for i in range(items)
    ]
    return pd.DataFrame(rows).assign(**more)


def columns(**changes):
    """Two models on two items, as a mapping."""
    found = {"model": ["a", "a", "b", "b"], "item": [1, 2, 1, 2], "correct": [1, 0, 1, 1]}
    return {name: values for name, values in (found | changes).items() if values is not None}


def test_a_table_is_ranked_as_its_right_and_wrong_answers_are():
    given = table()
    ranking = ninetynine.rank(given)
    (board,) = ranking.boards
    arrays = [
        given[given.model == row.name].correct.to_numpy(dtype=bool).reshape(3, 200)
        for row in board.rows
    ]
    expected = rank_intervals([summarize(correct) for correct in arrays])
    assert [row.name for row in board.rows] == ["m0", "m1", "m2"]
    assert tuple(row.rank for row in board.rows) == expected.ranks
    assert [row.accuracy.mean for row in board.rows] == pytest.approx([a.mean() for a in arrays])
    assert ranking.best == (tuple(r.name for r in board.among_best),)


def test_the_order_of_rows_does_not_matter():
    given = table()
    mixed = given.sample(frac=1, random_state=1)
    ranks = [
        {row.name: row.standing for row in ninetynine.rank(t).boards[0].rows}
        for t in (given, mixed)
    ]
    assert ranks[0] == ranks[1]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_the_models(format):
    text = ninetynine.rank(table()).render(format)
    assert all(f"m{k}" in text for k in range(3))
    if format == "json":
        (board,) = json.loads(text)["boards"]
        assert board["rows"][0]["best_set"] is True


def test_a_frame_has_the_fields_of_csv():
    found = ninetynine.rank(table()).frame()
    assert list(found["name"]) == ["m0", "m1", "m2"]
    assert found["rank_best"].iloc[0] == 1


def test_groups_of_items_widen_the_interval():
    alone = table(seeds=1)
    grouped = alone.assign(group=alone.item.str[1:].astype(int) // 20)
    grouped["correct"] = grouped.groupby(["model", "seed", "group"]).correct.transform("first")
    copies = ninetynine.rank(grouped.drop(columns="group")).boards[0].rows[-1].ci_population
    known = ninetynine.rank(grouped).boards[0].rows[-1].ci_population
    assert known.high - known.low > 1.5 * (copies.high - copies.low)


def test_items_of_a_test_that_another_model_lacks_are_left_out_and_told():
    given = table()
    (board,) = ninetynine.rank(given[~((given.model == "m1") & (given.item == "q7"))]).boards
    assert board.images == 199
    assert any(
        "1 of 200 items are left out" in note and "m1 lacks 3" in note for note in board.notes
    )


def test_datasets_have_boards_of_their_own():
    both = pd.concat([table(dataset="one"), table((0.2, 0.9, 0.5), dataset="two")])
    found = {board.dataset: board.rows[0].name for board in ninetynine.rank(both).boards}
    assert found == {"one": "m0", "two": "m1"}


def test_a_dataset_that_only_one_model_answered_is_left_out_and_told():
    both = pd.concat([table(dataset="one"), table((0.2,), dataset="two")])
    (board,) = ninetynine.rank(both).boards
    assert board.dataset == "one"
    assert any("'two': only one model, 'm0'" in note for note in board.notes)


def test_scores_of_any_size_are_ranked_in_their_own_unit():
    rng = np.random.default_rng(1)
    item = rng.normal(0, 30, 100)
    rows = [
        {"model": m, "item": i, "score": 250 + shift + item[i] + rng.normal()}
        for m, shift in (("a", 0.0), ("b", 5.0), ("c", 5.1))
        for i in range(100)
    ]
    ranking = ninetynine.rank(pd.DataFrame(rows))
    (board,) = ranking.boards
    frame = ranking.frame().set_index("name")
    assert frame.loc["a", "test_accuracy_mean"] == pytest.approx(250 + item.mean(), abs=0.5)
    low, high = frame.loc["a", ["ci_population_low", "ci_population_high"]]
    assert high - low == pytest.approx(2 * 1.98 * item.std() / 10, rel=0.1)
    assert frame.loc["a", "rank_best"] == 3
    assert set(ranking.best[0]) == {"b", "c"}
    assert "Score" in ranking.render()
    assert board.rows[0].errors_per_10000 is not None
    assert frame.errors_per_10000.isna().all()


def test_scores_from_0_to_1_are_no_counts_of_errors():
    scores = columns(correct=None, score=[0.2, 0.4, 0.5, 1])
    assert "Errors" not in str(ninetynine.rank(scores))
    assert "Errors" in str(ninetynine.rank(columns()))


def test_scores_keep_their_ranks_under_another_unit():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        {"model": m, "item": i, "score": rng.normal(k / 4)}
        for k, m in enumerate("abcd")
        for i in range(80)
    )
    one, other = (
        {r.name: r.standing for r in ninetynine.rank(t).boards[0].rows}
        for t in (rows, rows.assign(score=rows.score * 1000 - 7))
    )
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, pytest.param(5, marks=pytest.mark.exhaustive)])
def test_equal_scores_are_seldom_called_different(seeds):
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(60):
        item = rng.gamma(1.0, size=60)
        board = [
            {"model": m, "item": i, "seed": s, "score": item[i] * rng.beta(2, 2)}
            for m in "abcd"
            for s in range(seeds)
            for i in range(60)
        ]
        (found,) = ninetynine.rank(pd.DataFrame(board)).boards
        alarms += any(row.rank.best > 1 for row in found.rows)
    assert alarms <= 8  # of 60; the 99.5% quantile at one in twenty


def test_constant_and_copied_scores_are_no_division_by_zero():
    same = columns(correct=None, score=[0.5, 0.5, 0.5, 0.5])
    (board,) = ninetynine.rank(same).boards
    assert [(row.rank.best, row.rank.worst) for row in board.rows] == [(1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"item": None}, "no column 'item'"),
        ({"correct": None}, "no column 'correct'"),
        ({"score": [1, 2, 3, 4]}, "both 'correct' and 'score'"),
        ({"item": [1, 1, 1, 2]}, "row 2: model 'a' answers item '1' twice"),
        ({"model": ["a"] * 4, "item": [1, 2, 3, 4]}, "only one model, 'a'"),
        ({"correct": None, "score": [1, float("nan"), 1, 1]}, "row 2 (model 'a', item '2')"),
        (
            {"correct": None, "score": [1, "good", 1, 1]},
            "score is 'good'; expected a finite number",
        ),
        ({"correct": [1, 0.5, 1, 1]}, "correct is '0.5'; expected true or false"),
        ({"correct": [1, None, 1, 1]}, "correct is missing"),
        ({"item": [1, 2, 3, 4]}, "no item was answered by all models"),
        ({"group": [1, 2, 2, 2]}, "item '1' is in group '2' and in '1'"),
        ({"group": [1, 1, 1, 1]}, "all items are in one group"),
        ({"model": ["a", None, "b", "b"]}, "row 2: no model"),
        ({"item": [1, 2, 1]}, "columns of several lengths"),
        ({"model": [], "item": [], "correct": []}, "holds no rows"),
    ],
)
def test_what_is_no_table_of_answers_is_told_in_one_line(changes, told):
    with pytest.raises(UserError) as error:
        ninetynine.rank(columns(**changes))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_table_at_all_is_told():
    with pytest.raises(UserError, match="a list; expected a frame"):
        ninetynine.rank([1, 2])


@pytest.mark.slow
def test_ranking_imports_no_framework():
    code = (
        "import sys, ninetynine; ninetynine.rank({'model': ['a', 'b'], 'item': [1, 1], "
        "'correct': [1, 0]}).render(); "
        "print({'keras', 'tensorflow', 'jax', 'torch', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
