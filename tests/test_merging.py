"""Records of several machines in one folder: each counted once, none lost, contradictions told."""

import json
import random
import shutil

import pytest
from ninetynine import merging
from ninetynine.board import build_boards
from ninetynine.board.notes import row_notes
from ninetynine.errors import UserError
from ninetynine.merging import agree, kept_apart, merge
from ninetynine.records import RecordStore
from ninetynine.records import store as store_module
from ninetynine.records.trust import FILE
from ninetynine.report import Report, render
from record_builders import (
    edit_record,
    make_failed,
    make_machine,
    make_predictions,
    make_record,
    write_bare,
    write_run,
)

HERE, THERE = make_machine(), make_machine("Other CPU", "e" * 16)


def with_weights(record, weights):
    model = record.model.model_copy(update={"weights_hash": weights * 64})
    return record.model_copy(update={"model": model})


def write(folder, seed=0, weights="a", wrong=(0, 1), predictions=True, **fields):
    """Write a finished record whose trained weights hash to ``weights``."""
    made = make_predictions(wrong)
    record = make_record(seed=seed, accuracy=float(made.correct.mean()), **fields)
    record = with_weights(record, weights)
    return (
        RecordStore(folder).write(record, made)
        if predictions
        else write_bare(RecordStore(folder), record)
    )


def on_board(folder):
    records, problems = RecordStore(folder).read_all()
    assert problems == []
    return records


def tree(*folders):
    """Every file below ``folders`` by path, but the lock and what is said of origins."""
    files = (p for folder in folders for p in folder.rglob("*") if p.is_file())
    return {path: path.read_bytes() for path in files if path.name not in (".lock", FILE)}


@pytest.fixture
def a(tmp_path):
    return tmp_path / "a"


@pytest.fixture
def b(tmp_path):
    return tmp_path / "b"


@pytest.fixture
def into(tmp_path):
    return tmp_path / "all"


def tables(store):
    """The board in every number, as if all its runs were made where they are."""
    vars(store)["statements"] = {}
    return render(Report(store, {}), "json")


def test_a_copy_is_the_record_byte_for_byte_and_its_predictions_too(a, b, into):
    first, second = write(a, 0), write(b, 1, machine=THERE)
    merged = merge([a, b], into)
    store = RecordStore(into)
    assert on_board(into) == [first, second]
    assert merged.added == [store.path_of(first), store.path_of(second)]
    copied = {path.relative_to(into): content for path, content in tree(into).items()}
    assert copied == {
        path.relative_to(folder): content
        for folder in (a, b)
        for path, content in tree(folder).items()
    }
    assert len(copied) == 4


def test_one_record_in_two_folders_is_merged_once(a, b, into):
    record = write(a)
    shutil.copytree(a, b)
    merged = merge([a, b, a], into)
    assert on_board(into) == [record]
    assert (len(merged.added), merged.known, merged.conflicts) == (1, 1, [])


def test_predictions_made_elsewhere_are_the_same_wherever_they_were_imported(a, b, into):
    """Their key is a hash of them; the compression of the file beside may differ."""
    made = make_predictions([0])
    record = make_record().model_copy(update={"kind": "external", "model": None, "machine": None})
    for folder, digest in ((a, "1"), (b, "2")):
        path = RecordStore(folder).path_of(RecordStore(folder).write(record, made))
        edit_record(path, signed=True, predictions_sha256=digest * 64)
    assert merge([a, b], into).conflicts == []


# Which of those that agree -----------------------------------------------------------------------


def both_orders(a, b, into):
    """Yield what is on the board after merging a then b, b then a, and each onto the other."""
    for name, folders in (("ab", (a, b)), ("ba", (b, a))):
        target = into.with_name(name)
        merged = merge(folders, target)
        assert merged.conflicts == []
        yield on_board(target)
        onto = into.with_name(f"onto-{name}")
        shutil.copytree(folders[0], onto)
        merge(folders[1:], onto)
        yield on_board(onto)


@pytest.mark.parametrize("kind", ["timeout", "killed", "crashed", "error"])
def test_a_finished_record_is_kept_rather_than_a_failed_one(a, b, into, kind):
    finished = write(a)
    RecordStore(b).write(make_failed(kind=kind), None)
    assert all(found == [finished] for found in both_orders(a, b, into))


def test_a_timing_with_cores_of_its_own_is_kept_rather_than_a_shared_one(a, b, into):
    alone = write(a, exclusive=True, machine=THERE)
    write(b, exclusive=False, machine=HERE)
    assert all(found == [alone] for found in both_orders(a, b, into))


def test_whole_predictions_count_more_than_an_exclusive_timing(a, b, into):
    whole = write(a, exclusive=False)
    write(b, exclusive=True, predictions=False)
    assert all(found == [whole] for found in both_orders(a, b, into))


def test_of_equals_the_first_stays(a, b, into):
    first, _ = write(a, machine=HERE), write(b, machine=THERE)
    merge([a, b], into)
    merge([b], into)
    assert on_board(into) == [first]


def test_no_predictions_are_given_up_for_a_timing(a, into):
    """The weights agree, the answers do not: what is there stays."""
    there = write(into, exclusive=False, wrong=[3])
    write(a, exclusive=True, wrong=[4])
    before = tree(into)
    assert merge([a], into).known == 1
    assert tree(into) == before
    assert on_board(into) == [there]


def test_damaged_predictions_are_told_and_replaced_by_whole_ones(a, b, into):
    damaged, whole = write(a), write(b)
    path = RecordStore(a).predictions_path(damaged)
    path.write_bytes(path.read_bytes()[:-1])
    merged = merge([a], into)
    assert [problem.path for problem in merged.problems] == [path]
    assert RecordStore(into).predictions(damaged) is None
    assert merge([b], into).problems == []
    assert RecordStore(into).predictions(whole) is not None


# Contradictions ----------------------------------------------------------------------------------


def test_other_weights_are_kept_apart_and_counted_by_no_board(a, b, into):
    first, other = write(a, wrong=[1]), write(b, weights="b", wrong=[1, 2, 3], machine=THERE)
    merged = merge([a, b], into)
    (conflict,) = merged.conflicts
    assert (conflict.on_board, conflict.apart) == (first, other)
    assert on_board(into) == [first]
    assert conflict.path.is_relative_to(into / "conflicts" / THERE.fingerprint)
    for part in ("seed 0", "weights aaaaaaaa", "weights bbbbbbbb", "Other CPU", str(conflict.path)):
        assert part in str(conflict)
    assert "\n" not in str(conflict)
    assert tables(RecordStore(into)) == tables(RecordStore(a))


def test_what_is_kept_apart_is_a_results_folder_like_any(a, b, into):
    write(a)
    other = write(b, weights="b", machine=THERE)
    merge([a, b], into)
    (store,) = kept_apart(RecordStore(into))
    assert on_board(store.directory) == [other]
    assert store.predictions(other) is not None
    assert tables(store) == tables(RecordStore(b))


def test_a_conflict_stands_until_it_is_removed(a, b, into):
    write(a)
    write(b, weights="b", machine=THERE)
    merge([a, b], into)
    before = tree(into)
    again = merge([b], into)
    assert (again.added, again.apart, again.known) == ([], [], 1)
    assert len(again.conflicts) == len(merge([a], into).conflicts) == 1
    assert tree(into) == before
    shutil.rmtree(into / "conflicts")
    assert merge([a], into).conflicts == []


def test_what_a_killed_merge_left_apart_goes_with_the_next(a, b, into):
    write(a)
    write(b, weights="b", machine=THERE)
    (conflict,) = merge([a, b], into).conflicts
    litter = conflict.path.with_name(".x.partial")
    litter.write_bytes(b"{")
    merge([a], into)
    assert not litter.exists()


def test_three_outcomes_of_one_machine_have_a_place_each(tmp_path, into):
    folders = [tmp_path / weights for weights in "abc"]
    records = [write(folder, weights=folder.name) for folder in folders]
    merge(folders, into)
    assert merge(folders[::-1], into).known == 3
    stores = [RecordStore(into), *kept_apart(RecordStore(into))]
    assert [store.read_all()[0] for store in stores] == [[record] for record in records]


def test_one_outcome_of_two_machines_is_kept_apart_once(tmp_path, into):
    folders = [tmp_path / name for name in "abc"]
    write(folders[0], weights="a")
    write(folders[1], weights="b", machine=HERE)
    write(folders[2], weights="b", machine=THERE)
    assert len(merge(folders, into).conflicts) == 1


def test_a_divergence_is_an_outcome_and_not_a_failure_to_be_replaced(a, b, into):
    """To keep the seeds that went well and drop those that did not would be a better model."""
    finished = write(b)
    diverged = RecordStore(a).write(make_failed(kind="diverged", reason="the loss is nan"), None)
    (conflict,) = merge([a, b], into).conflicts
    assert on_board(into) == [diverged]
    assert conflict.apart == finished
    assert "diverged (machine unknown) on the board" in str(conflict)


def test_conflicts_of_a_folder_come_along_when_it_is_merged_itself(a, b, into, tmp_path):
    write(a)
    other = write(b, weights="b", machine=THERE)
    merge([a, b], into)
    whole = tmp_path / "whole"
    (conflict,) = merge([into], whole).conflicts
    assert conflict.apart == other
    assert on_board(whole) == on_board(a)


def test_a_fingerprint_that_is_no_folder_name_stays_inside(a, b, into):
    write(a)
    write(b, weights="b", machine=make_machine(fingerprint="../../../up"))
    (conflict,) = merge([a, b], into).conflicts
    assert conflict.path.resolve().is_relative_to(into / "conflicts")


# Nothing lost, nothing twice ---------------------------------------------------------------------


def scatter(folders, rng):
    """Write a mess of finished and failed records of eight cells, with two outcomes each."""
    for folder in folders:
        for seed in range(8):
            if rng.random() < 0.3:
                failed = make_failed(seed=seed, kind=rng.choice(["killed", "diverged"]))
                RecordStore(folder).write(failed, None)
            elif rng.random() < 0.8:
                weights = rng.choice("ab")
                wrong = [0] if weights == "a" else [1]
                machine = rng.choice([HERE, THERE])
                exclusive, whole = rng.random() < 0.5, rng.random() < 0.8
                write(folder, seed, weights, wrong, whole, exclusive=exclusive, machine=machine)


def outcomes(folder):
    """Every (key, outcome) in the folder, on the board or kept apart, and how often."""
    board = RecordStore(folder)
    stores = [board, *kept_apart(board)]
    return sorted((r.key, str(merging._outcome(r))) for s in stores for r in s.read_all()[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 5))]
)
def test_any_order_keeps_every_outcome_once_and_a_second_time_changes_nothing(tmp_path, seed):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    scatter(folders, random.Random(seed))
    sources, results = tree(*folders), []
    for order in (folders, folders[::-1], [folders[1], folders[0], folders[2]]):
        target = tmp_path / f"into-{'-'.join(f.name for f in order)}"
        merge(order[:1], target)
        merge(order, target)
        results.append(outcomes(target))
        before = tree(target)
        again = merge(order, target)
        assert again.added == again.apart == again.replaced == again.problems == []
        assert tree(target) == before
        keys = [record.key for record in on_board(target)]
        assert len(keys) == len(set(keys))
    assert results[0] == results[1] == results[2]
    given = {pair for folder in folders for pair in outcomes(folder)}
    settled = {key for key, outcome in given if outcome != "None"}
    expected = {pair for pair in given if pair[1] != "None" or pair[0] not in settled}
    assert results[0] == sorted(expected)
    assert tree(*folders) == sources


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_merge_interrupted_at_any_write_is_finished_by_the_next(tmp_path, monkeypatch):
    folders = [tmp_path / "one", tmp_path / "two"]
    scatter(folders, random.Random(3))
    whole = tmp_path / "whole"
    merge(folders, whole)
    real = store_module.write_atomically
    for writes in range(1, 100):
        target, left = tmp_path / f"cut-{writes}", [writes]

        def cut(path, content, left=left):
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            real(path, content)

        monkeypatch.setattr(store_module, "write_atomically", cut)
        try:
            merge(folders, target)
        except KeyboardInterrupt:
            assert RecordStore(target).read_all()[1] == []  # no half-written record
            there = RecordStore(target)
            assert there.statements.keys() >= {r.key for r in there.read_all()[0]}
            monkeypatch.setattr(store_module, "write_atomically", real)
            merge(folders, target)
        relative = [{p.relative_to(t): c for p, c in tree(t).items()} for t in (target, whole)]
        assert relative[0] == relative[1]
        if left[0] > 0:  # it ran to its end
            break
    assert writes > 10


def test_a_full_disk_is_one_line_and_the_rest_is_merged_later(a, into, monkeypatch):
    write(a)

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_atomically", full)
    with pytest.raises(UserError, match="No space left on device; what is merged so far is safe"):
        merge([a], into)
    monkeypatch.undo()
    assert len(merge([a], into).added) == 1


def test_the_target_is_locked_as_a_run_locks_it(a, into):
    write(a)
    with (
        RecordStore(into).lock(),
        pytest.raises(UserError, match="another bench run is writing to"),
    ):
        merge([a], into)


def test_seconds_of_two_machines_are_never_pooled(a, b, into):
    """Accuracy is of all seeds; the median time is of one fingerprint's, and a note says which."""
    for seed in range(3):
        write_run(RecordStore(a), seed=seed, train_seconds=10 + seed, machine=HERE)
    for seed in range(3, 5):
        write_run(RecordStore(b), seed=seed, train_seconds=1000 + seed, machine=THERE)
    merge([b, a], into)
    ((row,),) = [board.rows for board in build_boards(RecordStore(into), {})]
    assert row.seeds == (0, 1, 2, 3, 4)
    assert row.time.fingerprint == HERE.fingerprint
    assert (row.time.train_seconds_median, row.time.runs) == (11, 3)
    assert any("not pooled with 2 on Other CPU" in note for note in row_notes(row))


def test_a_failure_that_says_nothing_of_the_model_contradicts_nothing():
    finished = make_record()
    assert agree(make_failed(kind="killed"), finished)
    assert agree(make_failed(kind="killed"), make_failed(kind="diverged"))
    assert not agree(make_failed(kind="diverged"), finished)
    assert not agree(with_weights(finished, "b"), finished)


# What cannot be merged ---------------------------------------------------------------------------


def test_what_cannot_be_read_is_told_and_the_rest_is_merged(a, into):
    broken, newer, good = (write(a, seed) for seed in range(3))
    store = RecordStore(a)
    store.path_of(broken).write_text("{")
    content = {**json.loads(store.path_of(newer).read_text()), "schema_version": 99}
    store.path_of(newer).write_text(json.dumps(content))
    merged = merge([a], into)
    assert on_board(into) == [good]
    reasons = {problem.path: problem.reason for problem in merged.problems}
    assert "not a whole JSON file" in reasons[store.path_of(broken)]
    assert "record schema 99, this version reads up to" in reasons[store.path_of(newer)]


def test_what_cannot_be_read_in_the_target_stays_as_it_is(a, into):
    record = write(a)
    path = RecordStore(into).path_of(record)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    (problem,) = merge([a], into).problems
    assert problem.path == path
    assert path.read_text() == "{"


def test_a_wrong_folder_is_told_before_anything_is_written(a, into, tmp_path):
    write(a)
    (tmp_path / "empty").mkdir()
    for folder, words in (
        (tmp_path / "nowhere", "no such folder"),
        (tmp_path / "empty", "no records in it"),
        (a / "records", f"did you mean {a}"),
        (into, "no such folder"),
    ):
        with pytest.raises(UserError, match=words):
            merge([a, folder], into)
        assert not into.exists()
    (tmp_path / "link").symlink_to(a)
    for itself in (a, a / ".." / "a", tmp_path / "link"):
        with pytest.raises(UserError, match="is --into itself"):
            merge([a], itself)


# The command -------------------------------------------------------------------------------------


def test_the_command_says_what_was_done(bench, a, into):
    write(a)
    code, out, err = bench("merge", a, "--into", into)
    assert (code, err) == (0, "")
    assert out.startswith(f"{into}: 1 records added, 0 replaced")
    assert "1 known already" in bench("merge", a, "--into", into)[1]


def test_conflicts_are_exit_code_1_and_a_line_each(bench, a, b, into):
    for seed in range(2):
        write(a, seed)
        write(b, seed, weights="b", machine=THERE)
    for _ in range(2):
        code, out, err = bench("merge", a, b, "--into", into)
        assert code == 1
        assert [line[:32] for line in err.splitlines()] == ["bench: conflict: net on mnist, s"] * 2
    code, out, _ = bench("merge", a, "--into", into, "--json")
    first = json.loads(out)["conflicts"][0]
    assert code == 1
    assert first["on_board"]["weights_hash"] == "a" * 64
    assert first["kept_apart"]["fingerprint"] == THERE.fingerprint
    assert (first["architecture"], first["seed"]) == ("net", 0)


def test_an_unreadable_record_is_exit_code_2_after_the_rest_is_merged(bench, a, into):
    RecordStore(a).path_of(write(a)).write_text("{")
    good = write(a, 1)
    code, _, err = bench("merge", a, "--into", into)
    assert code == 2
    assert err.count("\n") == 1
    assert "not a whole JSON file" in err
    assert on_board(into) == [good]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "--into", "x"), "nowhere: no such folder"),
        (("nowhere",), "--into"),
        (("--into", "x"), "DIR"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(bench, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = bench("merge", *arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert words in err
