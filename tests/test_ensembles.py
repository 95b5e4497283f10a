"""Votes are derived from what their members answered, once, and say whose they are."""

import json

import numpy as np
import pytest
from ninetynine import suite as suites
from ninetynine.board import build_boards
from ninetynine.cells import Cell
from ninetynine.ensembles import Vote, derive, mean_probabilities, plan_votes
from ninetynine.errors import UserError
from ninetynine.records import Predictions
from ninetynine.report import Report, render
from ninetynine.report.tables import introduction
from ninetynine.suite import Ensemble, Setting
from record_builders import PACKAGES, make_identity, make_labels, make_machine, make_record
from run_helpers import (
    assert_whole,
    contents,
    write_architecture,
    write_dataset,
    write_suite,
)

IMAGES = 50


def answers(seed, wrong=()):
    """Random probabilities that are right except on the images ``wrong``."""
    labels = make_labels(IMAGES)
    scores = np.random.default_rng(seed).random((IMAGES, 10)) * 0.3
    winners = labels.astype(int)
    winners[list(wrong)] += 1
    scores[np.arange(IMAGES), winners % 10] += 1
    rows = scores / scores.sum(axis=1, keepdims=True)
    return Predictions(rows.astype(np.float16), labels)


def write_member(store, name="net", seed=0, wrong=(), **fields):
    predictions = answers(seed, wrong)
    accuracy = float(predictions.correct.mean())
    return store.write(make_record(name, seed, accuracy=accuracy, **fields), predictions)


def make_vote(seeds=(0, 1, 2), replicate=0, names=("net",), **identity):
    ensemble = Ensemble("vote", names, len(seeds), 2, "float32")
    cells = [
        Cell(identity=make_identity(name, seed, **identity), suite="ladder", variant="published")
        for name in names
        for seed in seeds
    ]
    return Vote(ensemble, replicate, tuple(cells))


# What a vote is ----------------------------------------------------------------------------------


def test_a_vote_is_the_mean_of_the_stored_probabilities(store):
    members = [
        write_member(store, seed=seed, wrong=range(10 * seed, 10 * seed + 10)) for seed in range(3)
    ]
    (vote,) = derive([make_vote()], store)
    stored = np.stack([store.predictions(m).probabilities for m in members]).astype(float)
    mean = stored.mean(axis=0)
    found = store.predictions(vote)
    off = np.abs(found.probabilities.astype(float) - mean)
    assert off[mean > 0.07].max() < 1e-3
    assert off.max() < 2e-3  # small ones are stored with three bits
    assert np.array_equal(found.probabilities.argmax(axis=1), mean.argmax(axis=1))
    # Each image has one member against two: the vote outvotes it.
    assert vote.scores.test.accuracy == found.correct.mean() == 1.0
    true = mean[np.arange(IMAGES), make_labels(IMAGES)]
    assert vote.scores.test.loss == pytest.approx(-np.log(true).mean(), abs=2e-3)
    assert vote.scores.train is None


def test_a_certain_member_outweighs_two_that_hesitate():
    sure, unsure = np.array([[0.0, 1.0]]), np.array([[0.55, 0.45]])
    runs = [rows.astype(np.float16) for rows in (sure, unsure, unsure)]
    assert mean_probabilities(runs).argmax() == 1


def test_an_answer_that_nobody_thinks_possible_has_a_finite_loss(store):
    labels = make_labels(2)
    impossible = Predictions(np.eye(10, dtype=np.float16)[[5, 6]], labels)
    for seed in range(2):
        store.write(make_record(seed=seed, accuracy=0.0), impossible)
    (vote,) = derive([make_vote(seeds=(0, 1))], store)
    assert vote.scores.test.loss == pytest.approx(14 * np.log(2))


def test_members_that_build_was_given_other_arguments_vote_for_another_row():
    plain, varied = make_vote().identity, make_vote(arguments={"units": 3}).identity
    assert varied.source_hash != plain.source_hash
    assert varied.arguments == plain.arguments == {}


def test_costs_are_the_sums_of_the_members(store):
    for seed in range(3):
        write_member(store, seed=seed, train_seconds=10.0 + seed, parameters=1000)
    (vote,) = derive([make_vote()], store)
    assert vote.model.parameters == 3000
    assert vote.model.multiply_adds == 6000
    assert vote.timing.train_seconds == 33.0
    assert vote.timing.exclusive
    assert vote.machine.fingerprint == make_machine().fingerprint
    assert vote.timing.latency_seconds is None


def test_a_vote_began_when_its_first_member_did(store):
    for seed, hour in enumerate("534"):
        write_member(store, seed=seed, context={"started_at": f"2026-01-01T0{hour}:00:00+00:00"})
    (vote,) = derive([make_vote()], store)
    assert vote.context.started_at == "2026-01-01T03:00:00+00:00"


def test_seconds_count_only_where_every_member_had_its_cores_to_itself(store):
    for seed in range(3):
        write_member(store, seed=seed, exclusive=seed != 1)
    assert not derive([make_vote()], store)[0].timing.exclusive


def test_seconds_of_several_machines_are_not_added(store):
    for seed in range(3):
        write_member(store, seed=seed, machine=make_machine(fingerprint=f"{seed}" * 16))
    (vote,) = derive([make_vote()], store)
    assert vote.timing is None
    assert vote.machine is None
    assert vote.model.parameters == 3000


def test_a_vote_names_its_members(store):
    members = [write_member(store, name, seed) for name in ("a", "b") for seed in (0, 1)]
    (vote,) = derive([make_vote((0, 1), 1, ("a", "b"))], store)
    assert vote.kind == "ensemble"
    assert vote.members == [member.key for member in members]
    assert (vote.cell.architecture, vote.cell.seed) == ("vote", 1)
    assert vote.cell.recipe == {"members": ["a", "b"], "size": 2}
    assert vote.cell.packages == PACKAGES
    assert "a seed 0" in vote.context.note


# Keys and rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        make_vote(seeds=(0, 1, 3)),
        make_vote(replicate=1),
        make_vote(source_hash="6" * 64),
        make_vote(recipe={"batch_size": 64, "epochs": 5, "optimizer": {"name": "adam"}}),
        make_vote(threads=2),
    ],
)
def test_the_key_changes_with_the_members(other):
    assert other.key != make_vote().key
    assert make_vote().key == make_vote().key


def test_replicates_are_one_row_and_votes_of_other_code_another(store):
    for seed in range(6):
        write_member(store, seed=seed)
        write_member(store, seed=seed, source_hash="6" * 64)
    votes = [make_vote((0, 1, 2), 0), make_vote((3, 4, 5), 1), make_vote(source_hash="6" * 64)]
    records = derive(votes, store)
    (board,) = build_boards(store, {}, records)
    assert sorted(row.seeds for row in board.rows) == [(0,), (0, 1)]


def test_a_member_that_watches_the_test_set_makes_a_vote_that_does(store):
    watching = {**make_identity().recipe, "validation_data": "test"}
    for seed in range(3):
        write_member(store, seed=seed, recipe=watching)
    records = derive([make_vote(recipe=watching)], store)
    assert build_boards(store, {}, records)[0].rows[0].identity.watches_test_set


# When it is derived ------------------------------------------------------------------------------


def test_what_is_incomplete_is_left_out_and_the_rest_derived(store):
    for seed in (0, 1, 2, 3, 4):
        write_member(store, seed=seed)
    votes = [make_vote((0, 1, 2), 0), make_vote((3, 4, 5), 1)]
    assert [record.cell.seed for record in derive(votes, store)] == [0]
    write_member(store, seed=5)
    assert [record.cell.seed for record in derive(votes, store)] == [0, 1]


def test_a_member_without_its_predictions_cannot_vote(store):
    records = [write_member(store, seed=seed) for seed in range(3)]
    store.predictions_path(records[1]).write_bytes(b"damaged")
    assert derive([make_vote()], store) == []


def test_what_is_there_is_not_written_again(store):
    for seed in range(3):
        write_member(store, seed=seed)
    first = derive([make_vote()], store)
    before = contents(store.directory)
    with store.lock():  # so that a second lock would be refused
        assert derive([make_vote()], store) == first
    assert contents(store.directory) == before


def test_members_tested_on_other_labels_are_never_pooled(store):
    write_member(store, seed=0)
    shifted = Predictions(answers(1).probabilities, make_labels(IMAGES, shift=1))
    store.write(make_record(seed=1, accuracy=float(shifted.correct.mean())), shifted)
    with pytest.raises(UserError, match="different labels"):
        derive([make_vote((0, 1))], store)


# In a suite --------------------------------------------------------------------------------------

VOTES = """
[[ensembles]]
name = "vote"
members = ["one", "two"]
size = 2
replicates = 2
adds = "a vote"
"""


@pytest.fixture
def files(tmp_path):
    return [write_architecture(tmp_path, name) for name in ("one", "two")]


@pytest.fixture
def suite_file(tmp_path, files):
    data = write_dataset(tmp_path / "d.npz")
    return write_suite(tmp_path / "s.toml", ["one", "two"], data, "3-6", more=VOTES)


def plan(suite_file, files, **setting):
    found, catalog = suites.load(str(suite_file)), suites_catalog(files)
    return plan_votes(found, catalog, found.ensembles, Setting(**setting))


def suites_catalog(files):
    from ninetynine.suite import discover

    return discover(files)


def test_a_replicate_takes_the_next_seeds_of_each_members_list(suite_file, files):
    votes = plan(suite_file, files)
    runs = [[(c.identity.architecture, c.identity.seed) for c in vote.members] for vote in votes]
    assert runs == [
        [("one", 3), ("one", 4), ("two", 3), ("two", 4)],
        [("one", 5), ("one", 6), ("two", 5), ("two", 6)],
    ]
    assert not set(runs[0]) & set(runs[1])
    assert {
        vote.identity.precision for vote in plan(suite_file, files, precision="mixed_bfloat16")
    } == {"mixed_bfloat16"}


def test_an_ensemble_cannot_be_called_like_an_architecture(suite_file, files, tmp_path):
    clash = write_architecture(tmp_path, "vote")
    with pytest.raises(UserError, match=r"'vote' is called like the architecture .*vote\.py"):
        plan(suite_file, [*files, clash])


def test_a_run_derives_its_votes_and_a_second_run_changes_nothing(
    bench, stub, suite_file, files, tmp_path
):
    given = [part for path in files for part in ("--architecture", path)]
    arguments = ["run", suite_file, *given, "--results", tmp_path / "results"]
    code, part, err = bench(*arguments, "--seeds", "3,4", "--json")
    assert code == 0, err
    rows = json.loads(part)["boards"][0]["rows"]
    assert {row["name"]: row["seeds"] for row in rows} == {
        "one": [3, 4],
        "two": [3, 4],
        "vote": [0],
    }

    _, whole, _ = bench(*arguments, "--only", "vote", "--json")
    rows = json.loads(whole)["boards"][0]["rows"]
    assert {row["name"]: len(row["seeds"]) for row in rows} == {"one": 4, "two": 4, "vote": 2}
    records = assert_whole(tmp_path / "results")
    assert sorted(r.kind for r in records) == ["ensemble"] * 2 + ["trained"] * 8
    before = contents(tmp_path / "results")
    assert bench(*arguments, "--json")[1] == whole
    assert contents(tmp_path / "results") == before


# Everything else reads them ----------------------------------------------------------------------


@pytest.fixture
def board(store):
    for seed in range(6):
        write_member(store, seed=seed, wrong=range(seed, seed + 6))
    derive([make_vote((0, 1, 2), 0), make_vote((3, 4, 5), 1)], store)
    return store


@pytest.mark.parametrize("format_", ["table", "markdown", "csv", "latex", "json"])
def test_every_format_shows_a_vote_as_a_row(board, format_):
    text = render(Report(board, {}), format_)
    assert "vote" in text
    if format_ in ("markdown", "table"):
        assert "votes: the mean of the probabilities" in text
        assert "vote is a vote of 3 seeds of net" in " ".join(text.split())
        assert "3,000" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("report",),
        ("report", "--format", "html"),
        ("report", "--format", "readme"),
        ("compare", "vote", "net"),
        ("compare", "vote", "net", "--seed", "1"),
        ("plan", "vote", "net", "--difference", "0.1"),
        ("baseline", "show", "--baseline"),
    ],
    ids=lambda arguments: "-".join(arguments[:3]),
)
def test_other_verbs_take_a_vote_as_a_row(bench, board, arguments):
    folder = (board.directory,) if arguments[-1] == "--baseline" else ("--results", board.directory)
    code, out, err = bench(*arguments, *folder)
    assert (code, err) == (0, "")
    assert "net" in out


@pytest.mark.parametrize(
    "arguments",
    [("predict", "vote", "--index", "0"), ("show", "vote"), ("import", "vote", "x.npy")],
)
def test_what_makes_no_sense_for_a_vote_is_one_line(bench, board, arguments):
    folder = () if arguments[0] == "show" else ("--results", board.directory)
    code, _, err = bench(*arguments, *folder)
    assert code == 2
    assert len(err.splitlines()) == 1


def test_timings_are_counted_once_and_votes_are_no_runs(bench, board):
    _, out, _ = bench("report", "--format", "readme", "--results", board.directory)
    assert "8 records, 0 of them failed; 6 with a timing" in out


@pytest.mark.slow
def test_the_page_says_how_a_vote_is_made_again(bench, board):
    _, page, _ = bench("report", "--format", "html", "--results", board.directory)
    assert "bench run ladder --only vote" in page
    assert "a vote of 3 seeds of net" in page


def test_a_board_of_one_recipe_stays_one_where_votes_join_it(store):
    common = {"batch_size": 32, "epochs": 8, "optimizer": {"name": "adam"}}
    context = {"variant": "mine", "suite": "mine"}
    for seed in range(3):
        write_member(store, "a", seed, recipe=common, context=context)
        write_member(store, "b", seed, recipe=common, context=context)
        write_member(store, "c", seed, recipe=common, context={"suite": "other"})
    vote = make_vote(names=("a",), recipe=common)
    cells = tuple(cell.model_copy(update={"variant": "mine"}) for cell in vote.members)
    derive([Vote(vote.ensemble, 0, cells)], store)
    boards = {board.variant: board for board in build_boards(store, {})}
    assert {row.name for row in boards["mine"].rows} == {"a", "b", "c", "vote"}
    assert "one recipe for all" in introduction(boards["mine"])
