"""Tables as careless hands write them: read as they are meant, or refused in one line."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from ninetynine.errors import UserError
from ninetynine.ranking import rank, rank_files

LINES = [f"{m},{i},{int((i * k) % 7 > 1)}" for k, m in enumerate("abc", 1) for i in range(40)]


def frame(**changes):
    names = ("model", "item", "correct")
    cells = [line.split(",") for line in LINES]
    found = pd.DataFrame({n: [row[k] for row in cells] for k, n in enumerate(names)})
    return found.assign(correct=found.correct.astype(int), **changes)


def table_of(path, lines=LINES, heading="model,item,correct", encoding="utf-8"):
    path.write_bytes("\n".join([heading, *lines]).encode(encoding))
    return path


def boards(ranking):
    return {
        board.dataset: {row.name: row.summary.mean for row in board.rows}
        for board in ranking.boards
    }


@pytest.mark.parametrize("column", ["model", "item", "correct"])
@pytest.mark.parametrize("dtype", ["object", "string", "boolean", "Int64"])
def test_every_kind_of_missing_value_is_told(column, dtype):
    given = frame()
    values = given[column]
    if column != "correct" and dtype in ("boolean", "Int64"):
        values = pd.Series(range(len(values)))
        dtype = "Int64"
    missing = given.assign(**{column: values.astype(dtype).where(given.index != 3)})
    with pytest.raises(UserError, match=r"row 4.*(missing|no (model|item))"):
        rank(missing)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": "abc"}, "column 'model' is 'abc'; expected a list"),
        ({"item": 3}, "column 'item' is '3'; expected a list"),
        ({"model": ["a", ["b"]]}, "row 2: model is"),
        ({"item": [{"x": 1}, 1]}, "row 1: item is"),
        ({"item": [(1, [2]), 1]}, "row 1: item is"),
        ({"correct": None, "score": ["True", "False"]}, "right and wrong is called 'correct'"),
        ({"correct": None, "score": ["1_0", "2"]}, "score is '1_0'; expected a finite number"),
    ],
)
def test_a_value_of_another_kind_is_told(changes, told):
    given = {"model": ["a", "b"], "item": [1, 1], "correct": [1, 0], **changes}
    with pytest.raises(UserError) as error:
        rank({name: values for name, values in given.items() if values is not None})
    assert told in str(error.value)


def test_a_path_in_place_of_a_table_is_told_what_reads_files():
    with pytest.raises(UserError, match="rank_files"):
        rank("answers.csv")


def test_a_column_in_a_frames_index_is_told_how_to_be_given():
    with pytest.raises(UserError, match=r"no column 'model' \(it is in the index: .*reset_index"):
        rank(frame().set_index(["model", "item"]))


def test_a_missing_score_is_not_told_of_columns_of_right_and_wrong():
    with pytest.raises(UserError) as error:
        rank({"model": ["a", "b"], "item": [1, 1], "score": [1.0, None]})
    assert "is missing; expected a finite number" in str(error.value)
    assert "called 'correct'" not in str(error.value)


def test_names_that_look_alike_are_one_and_stand_on_one_line(tmp_path):
    lines = [line.replace("a,", "e\u0301,") for line in LINES[:20]]
    lines += [line.replace("a,", "\u00e9,") for line in LINES[20:40]]
    lines += [line.replace("b,", '"two\nlines",') for line in LINES[40:80]]
    found = rank_files([table_of(tmp_path / "a.csv", lines)])
    assert set(boards(found)["answers"]) == {"\u00e9", "two lines"}
    assert all("\n" not in sentence for sentence in found.sentences())


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("a", "Y", "N"), ("b", "T", "F"), ("c", "ja", "NEIN")]
)
def test_right_and_wrong_may_be_letters(tmp_path, name, right, wrong):
    plain = boards(rank_files([table_of(tmp_path / "plain.csv")]))
    lines = [line[:-1] + (right if line[-1] == "1" else wrong) for line in LINES]
    assert boards(rank_files([table_of(tmp_path / f"{name}.csv", lines)])) == plain


def objects():
    return [dict(zip(("model", "item", "correct"), line.split(","), strict=True)) for line in LINES]


def test_layouts_of_one_table_give_one_board(tmp_path):
    plain = boards(rank_files([table_of(tmp_path / "plain.csv")]))
    bars = [line.replace(",", "|") for line in LINES]
    table_of(tmp_path / "bars.csv", bars, "model|item|correct")
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, objects())), "utf-16")
    (tmp_path / "list.jsonl").write_text(json.dumps(objects(), indent=2))
    (tmp_path / "pandas.json").write_text(pd.DataFrame(objects()).to_json())
    for name in ("bars.csv", "lines.jsonl", "list.jsonl", "pandas.json"):
        assert boards(rank_files([tmp_path / name])) == plain, name


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32"])
def test_text_that_does_not_say_its_encoding_is_told(tmp_path, bench, encoding):
    path = table_of(tmp_path / "a.csv", encoding=encoding)
    code, _, errors = bench("rank", path)
    assert (code, "holds zero bytes; expected text in UTF-8" in errors) == (2, True)


def test_a_file_given_twice_is_refused(tmp_path, bench):
    path = table_of(tmp_path / "a.csv")
    code, _, errors = bench("rank", path, tmp_path / "." / "a.csv")
    assert (code, "given 2 times; expected once" in errors) == (2, True)


def halves(tmp_path, column):
    """Return two tables of models of their own, of which one has ``column``."""
    of_item = [f"{line},{int(line.split(',')[1]) // 10}" for line in LINES[:40]]
    one = table_of(tmp_path / "one.csv", of_item, f"model,item,correct,{column}")
    return [one, table_of(tmp_path / "other.csv", LINES[40:])]


def test_groups_that_one_of_several_files_names_hold_for_all(tmp_path):
    (board,) = rank_files(halves(tmp_path, "group")).boards
    assert board.image_groups.count == 4


def test_groups_of_some_items_are_no_groups_of_none(tmp_path, bench):
    paths = halves(tmp_path, "group")
    table_of(paths[1], [*LINES[40:80], "b,99,1"])
    code, _, errors = bench("rank", *paths)
    assert (code, "item '99' (model 'b') has no group, others have" in errors) == (2, True)


def test_a_dataset_that_one_of_several_files_names_is_refused(tmp_path, bench):
    code, _, errors = bench("rank", *halves(tmp_path, "dataset"))
    assert (code, "some of these answers name a dataset, others none" in errors) == (2, True)


def test_rows_in_any_order_give_the_same_means(tmp_path):
    plain = boards(rank_files([table_of(tmp_path / "plain.csv")]))
    lines = list(np.random.default_rng(0).permutation(LINES))
    assert boards(rank_files([table_of(tmp_path / "a.csv", lines)])) == plain


def test_constant_scores_show_neither_a_mean_nor_that_models_are_equivalent():
    scores = {"model": ["a"] * 60 + ["b"] * 60, "item": [*range(60)] * 2, "score": [0.5] * 120}
    ranking = rank(scores)
    (board,) = ranking.boards
    for row in board.rows:
        assert row.ci_population.high - row.ci_population.low > 0.1
    assert "equivalent within" not in str(ranking)
    many = {"model": ["a"] * 3_000 + ["b"] * 3_000, "item": [*range(3_000)] * 2}
    assert "equivalent within" in str(rank({**many, "score": [0.5] * 6_000}))


def test_scores_that_differ_on_few_items_do_not_show_that_models_are_equivalent():
    scores = [0.5] * 119 + [0.5001]
    found = rank({"model": ["a"] * 60 + ["b"] * 60, "item": [*range(60)] * 2, "score": scores})
    assert "equivalent within" not in str(found)


def test_a_board_of_scores_speaks_of_scores():
    rng = np.random.default_rng(0)
    rows = [(m, i, s, 7 * rng.normal()) for m in "ab" for i in range(30) for s in range(3)]
    ranking = rank(pd.DataFrame(rows, columns=["model", "item", "seed", "score"]))
    text = ranking.render("markdown")
    assert "### Scores" in text
    assert "### Accuracy" not in text
    page = ranking.render("html")
    assert "Share of the range of scores, %" in page
    assert "Test accuracy, %" not in page
    assert "% of the range of scores" in page  # of the best mean


def test_one_item_is_spoken_of_as_one():
    text = str(rank({"model": ["a", "b"], "item": [1, 1], "correct": [1, 0]}))
    assert " ".join(text.split()).count("1 items") == 0


def test_an_estimate_of_many_items_claims_no_more_digits_than_it_has():
    right = [i % 3 > 0 for i in range(50)] + [i % 4 > 0 for i in range(50)]
    ranking = rank({"model": ["a"] * 50 + ["b"] * 50, "item": [*range(50)] * 2, "correct": right})
    (count,) = re.findall(r"about ([\d,]+) items", ranking.sentences()[1])
    digits = count.replace(",", "")
    assert digits[3:] == "0" * len(digits[3:])
    assert f"about {count} items" in str(ranking)


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_of_a_run_tell_no_more_than_the_run(copies):
    rng = np.random.default_rng(3)
    item = rng.normal(size=50)
    right = {m: item + rng.normal(size=50) + k / 3 > 0 for k, m in enumerate("abc")}
    rows = [(m, i, s, right[m][i]) for m in right for i in range(50) for s in range(copies)]
    given = pd.DataFrame(rows, columns=["model", "item", "seed", "correct"])
    alone, several = (
        {row.name: (row.standing, row.ci_population, row.seeds) for row in rank(t).boards[0].rows}
        for t in (given[given.seed == 0], given)
    )
    assert several == alone
    assert any("count as one: a " in note for note in rank(given).boards[0].notes)


def test_runs_that_have_all_right_are_no_copies():
    rows = [(m, i, s, m == "a" or i % 3 > s % 2) for m in "ab" for i in range(30) for s in range(3)]
    (board,) = rank(pd.DataFrame(rows, columns=["model", "item", "seed", "correct"])).boards
    assert {row.name: len(row.seeds) for row in board.rows} == {"a": 3, "b": 3}
