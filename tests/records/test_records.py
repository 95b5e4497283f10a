"""The store: records are whole or not there, and what is damaged is named, kept and left out."""

import errno
import json
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from ninetynine.errors import UserError
from ninetynine.records import (
    SCHEMA_VERSION,
    Failure,
    Predictions,
    Problem,
    Record,
    RecordStore,
)
from ninetynine.records import store as store_module
from ninetynine.records.files import write_atomically
from ninetynine.records.quantization import to_float16
from ninetynine.records.schema import json_schema
from ninetynine.records.store import read_record
from record_builders import CONTEXT, make_failed, make_predictions, make_record, write_run

ROOT = Path(__file__).parents[2]
FIXTURES = RecordStore(Path(__file__).parents[1] / "fixtures")


def files(store):
    return sorted(path.name for path in store.folder.glob("*/*"))


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_record_comes_back_as_it_was_written(store):
    written = store.write(make_record(seed=3, accuracy=0.998), make_predictions([5, 7]))
    assert store.read_all() == ([written], [])
    predictions = store.predictions(written)
    assert predictions.probabilities.dtype == np.float16
    assert np.flatnonzero(~predictions.correct).tolist() == [5, 7]


def test_a_failed_record_has_no_predictions(store):
    written = store.write(make_failed(), None)
    assert store.read_all()[0] == [written]
    assert store.predictions(written) is None
    assert [Path(name).suffix for name in files(store)] == [".json"]


def test_records_are_found_by_their_key(store):
    record = write_run(store, seed=1)
    write_run(store, seed=2)
    assert store.find(record.key) == record
    assert store.find("0" * 64) is None


def test_stored_probabilities_are_exact_where_large_and_near_where_small():
    drawn = np.random.default_rng(0).dirichlet(np.full(10, 0.3), size=2000).astype(np.float32)
    stored = to_float16(drawn)
    assert (stored.argmax(axis=1) == drawn.argmax(axis=1)).all()
    large, small = drawn >= 1 / 16 + 1e-3, (drawn > 2**-14) & (drawn < 1 / 16 - 1e-3)
    assert (stored[large] == drawn[large].astype(np.float16)).mean() > 0.999  # but for lifted ties
    relative = np.abs(stored[small].astype(np.float64) / drawn[small] - 1)
    assert 1 / 32 < relative.max() <= 1 / 16 + 2**-10
    assert len(np.unique(stored[small])) <= 8 * 10 + 1  # three bits in each of ten powers of two
    assert not stored[drawn < 2**-14.2].any()


def test_of_two_small_probabilities_that_round_to_one_the_larger_still_wins():
    rows = np.full((2, 20), 0.0499, np.float32)
    rows[0, 7] = rows[1, 19] = 0.0502
    assert to_float16(rows).argmax(axis=1).tolist() == [7, 19]


def test_names_that_are_no_file_names_stay_inside_the_store(store):
    record = store.write(make_failed("../../up", dataset="a/b: c"), None)
    path = store.path_of(record)
    assert path.is_file()
    assert path.parent.parent == store.folder
    assert store.read_all() == ([record], [])


def test_a_batch_of_equal_runs_writes_equal_bytes(tmp_path):
    stores = [RecordStore(tmp_path / name) for name in "ab"]
    for store in stores:
        write_run(store)
    one, other = ([p.read_bytes() for p in sorted(s.folder.glob("*/*"))] for s in stores)
    assert one == other


# Whole or not at all -----------------------------------------------------------------------------


def full_disk(*arguments, **options):
    raise OSError(errno.ENOSPC, "No space left on device")


STEPS = [
    (store_module.tempfile, "mkstemp"),
    (store_module.os, "fdopen"),
    (store_module.os, "fsync"),
    (Path, "chmod"),
    (Path, "replace"),
]


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("writes_before", [0, 1], ids=["predictions", "record"])
def test_a_full_disk_at_any_step_leaves_no_record_and_one_line(
    store, monkeypatch, owner, step, writes_before
):
    earlier = write_run(store, seed=1)
    before = {path: path.read_bytes() for path in store.folder.glob("*/*")}
    real, calls = getattr(owner, step), []

    def fail(*arguments, **options):
        calls.append(step)
        return (real if len(calls) <= writes_before else full_disk)(*arguments, **options)

    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(UserError, match="No space left on device; finished records are safe") as e:
        write_run(store, seed=2)
    assert "\n" not in str(e.value)
    monkeypatch.undo()
    assert store.read_all() == ([earlier], [])
    assert not list(store.folder.glob("*/*.partial"))
    assert {path: path.read_bytes() for path in before} == before
    with store.lock():  # the next run removes predictions without a record
        assert sorted(store.folder.glob("*/*")) == sorted(before)


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_the_disk_knows_a_files_new_name_before_anything_else_is_done(tmp_path, monkeypatch):
    done, real_sync, real_replace = [], os.fsync, os.replace

    def sync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def replace(*names):
        done.append("rename")
        real_replace(*names)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    write_atomically(tmp_path / "file", b"new")
    assert done == ["file", "rename", "folder"]


def test_the_lock_removes_what_a_killed_run_left_and_nothing_else(store):
    record = write_run(store, seed=1)
    kept = files(store)
    folder = store.path_of(record).parent
    (folder / ".abc.partial").write_bytes(b"{")
    (folder / "mnist-seed-9-0123456789abcdef.npz").write_bytes(b"without a record")
    assert store.read_all() == ([record], [])
    with store.lock():
        assert files(store) == kept


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for directory in (tmp_path / "file", tmp_path / "file" / "results"):
        with (
            pytest.raises(UserError, match=f"cannot write to {directory}: .*; choose another"),
            RecordStore(directory).lock(),
        ):
            pass


def test_a_records_folder_that_is_a_file_is_told_before_any_work(store):
    store.folder.write_text("in the way")
    with pytest.raises(UserError, match="cannot write to"), store.lock():
        raise AssertionError("the work began")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_line(store):
    store.directory.chmod(0o500)
    with pytest.raises(UserError, match="Permission denied"), store.lock():
        pass


def test_a_file_where_an_architectures_folder_should_be_is_one_line(store):
    store.folder.mkdir(parents=True)
    (store.folder / "net").write_text("in the way")
    with pytest.raises(UserError, match=r"cannot write .*seed-0-\w{16}\.json: "):
        write_run(store)


def test_an_error_in_the_work_is_not_taken_for_one_of_the_folder(store):
    with pytest.raises(PermissionError, match="the user's own"), store.lock():
        raise PermissionError("the user's own")


@pytest.mark.slow
def test_a_second_writer_is_refused_and_a_third_may_follow(store):
    with store.lock():
        script = (
            "import sys; from pathlib import Path; from ninetynine.errors import UserError\n"
            "from ninetynine.records import RecordStore\n"
            "try:\n"
            "    with RecordStore(Path(sys.argv[1])).lock(): print('written')\n"
            "except UserError as error: print(error)\n"
        )
        command = [sys.executable, "-c", script, str(store.directory)]
        second = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        with pytest.raises(UserError), RecordStore(store.directory).lock():
            pass
    assert second.startswith(f"another bench run is writing to {store.directory}; wait for it")
    assert subprocess.run(command, capture_output=True, text=True).stdout == "written\n"


# What cannot be read -----------------------------------------------------------------------------


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-200])


DAMAGES = {
    "not a whole JSON file": cut_off,
    "not a whole JSON file (cut off?)": lambda path: path.write_bytes(b""),
    "not a whole": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "(cut off?)": lambda path: path.write_text("[" * 100_000),
    f"record schema {SCHEMA_VERSION + 1}, this version reads up to {SCHEMA_VERSION}; upgrade": (
        lambda path: edit(path, schema_version=SCHEMA_VERSION + 1)
    ),
    "not a record (no schema_version)": lambda path: path.write_text('{"name": "other"}'),
    "not a record": lambda path: path.write_text("[1, 2]"),
    "not a valid record (scores.test: Field required)": lambda path: edit(path, scores={}),
    "not a valid record (colour: Extra inputs": lambda path: edit(path, colour="red"),
    "not a valid record (context.started_at: ": (
        lambda path: edit(path, context={**CONTEXT, "started_at": "2026-01-01"})
    ),
    "its key is not the hash of its cell (edited by hand?)": lambda path: edit(path, key="0" * 64),
}


@pytest.mark.parametrize("reason", DAMAGES)
def test_what_cannot_be_read_is_named_and_kept_and_the_rest_is_read(store, reason):
    damaged, whole = write_run(store, seed=1), write_run(store, seed=2)
    path = store.path_of(damaged)
    DAMAGES[reason](path)
    content = path.read_bytes()
    records, problems = store.read_all()
    assert records == [whole]
    assert [problem.path for problem in problems] == [path]
    assert reason in problems[0].reason
    assert "\n" not in str(problems[0])
    with store.lock():
        assert path.read_bytes() == content


def test_an_edited_cell_is_no_record(store):
    path = store.path_of(write_run(store))
    cell = json.loads(path.read_text())["cell"]
    edit(path, cell={**cell, "seed": 9})
    assert "edited by hand" in read_record(path).reason


def test_a_record_of_a_backend_that_is_not_installed_is_read(store, bench):
    record = write_run(store, "net", backend="somebody_elses")
    assert store.read_all() == ([record], [])
    code, out, _ = bench("report", "--results", store.directory)
    assert code == 0
    assert "somebody_elses" in out


def test_a_copied_record_does_not_count_twice(store):
    record = write_run(store)
    path = store.path_of(record)
    copy = path.with_name("a copy.json")
    copy.write_bytes(path.read_bytes())
    records, problems = store.read_all()
    assert records == [record]
    assert [(p.path, p.reason) for p in problems] == [(copy, f"a record that belongs in {path}")]


def test_an_unreadable_file_is_moved_aside_when_its_cell_is_trained_again(store):
    record = write_run(store)
    path = store.path_of(record)
    edit(path, schema_version=SCHEMA_VERSION + 1)
    old = {name: (path.parent / name).read_bytes() for name in files(store)}
    found = store.find(record.key)
    assert isinstance(found, Problem)
    assert found.path == path

    assert write_run(store) == record
    assert store.read_all() == ([record], [])
    kept = {p.name: p.read_bytes() for p in path.parent.glob("*.kept")}
    assert sorted(kept.values()) == sorted(old.values())
    with store.lock():
        assert {p.name: p.read_bytes() for p in path.parent.glob("*.kept")} == kept


def test_damaged_predictions_are_told_and_their_record_is_read(store):
    damaged, whole = write_run(store, seed=1), write_run(store, seed=2)
    path = store.predictions_path(damaged)
    path.write_bytes(path.read_bytes()[:-1])
    records, problems = store.read_all()
    assert records == [damaged, whole]
    assert [problem.path for problem in problems] == [path]
    assert "not the predictions that its record was written with" in str(problems[0])
    assert store.predictions(damaged) is None
    assert store.predictions(whole) is not None


def test_predictions_that_are_not_there_are_none(store):
    record = write_run(store)
    store.predictions_path(record).unlink()
    assert store.predictions(record) is None


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_predictions_are_never_unpickled(store, monkeypatch, tmp_path):
    """Even where the record was edited to vouch for them."""
    import hashlib

    monkeypatch.chdir(tmp_path)
    record = write_run(store)
    path = store.path_of(record).with_suffix(".npz")
    for write in (
        lambda: np.savez(path, probabilities=np.array([Bomb()]), labels=np.arange(1)),
        lambda: path.write_bytes(pickle.dumps(Bomb())),
        lambda: np.savez(path, other=np.arange(3)),
        lambda: path.write_bytes(b"PK\x03\x04"),
    ):
        write()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        vouched = record.model_copy(update={"predictions_sha256": digest})
        assert store.predictions(vouched) is None
    assert not Path("exploded").exists()


# The schema --------------------------------------------------------------------------------------


def test_records_of_version_1_stay_readable():
    records, problems = FIXTURES.read_all()
    assert problems == []
    by_name = {r.cell.architecture: r for r in records if r.schema_version == 1}
    assert len(by_name) == 3

    small = by_name["t1_small_cnn"]
    assert small.scores.test.accuracy == 0.9718
    assert small.history[0].validation_accuracy == 0.977
    assert small.model.parameters == 34_826
    assert small.timing.train_seconds == 8.405350631999909
    assert by_name["t3_deep_cnn"].failure.kind == "killed"

    constant = by_name["majority_class"]
    predictions = FIXTURES.predictions(constant)
    assert predictions.probabilities.shape == (10_000, 10)
    assert predictions.correct.mean() == constant.scores.test.accuracy == 0.1135


def test_records_of_version_2_stay_readable():
    records, _ = FIXTURES.read_all()
    (vote,) = [record for record in records if record.schema_version == 2]
    assert (vote.kind, vote.cell.architecture, vote.cell.seed) == ("ensemble", "vote_of_two", 0)
    assert [key[:8] for key in vote.members] == ["d86be1ec", "847bb512"]
    assert vote.model.parameters == 40
    assert FIXTURES.predictions(vote).correct.mean() == vote.scores.test.accuracy == 0.1135


def test_records_of_version_3_stay_readable():
    records, _ = FIXTURES.read_all()
    (varied,) = [record for record in records if record.schema_version == 3]
    assert varied.cell.architecture == "net[units=64]"
    assert varied.cell.arguments == {"units": 64, "widths": [8, 16]}
    assert varied.failure.kind == "timeout"


def test_records_of_version_4_stay_readable():
    records, _ = FIXTURES.read_all()
    (tested,) = [record for record in records if record.schema_version == 4]
    assert tested.cell.architecture == "net"
    assert tested.test_fingerprint == "e" * 64


def test_what_an_older_version_lacks_is_written_only_where_it_is_needed():
    """Version 1 has no members and no arguments, 2 no arguments, 3 no test fingerprint."""
    for record in FIXTURES.read_all()[0]:
        content = json.loads(FIXTURES.path_of(record).read_bytes())
        assert json.loads(record.model_dump_json()).keys() == content.keys()
        assert ("members" in content) == (record.schema_version == 2)
        assert ("arguments" in content["cell"]) == (record.schema_version == 3)
        assert ("test_fingerprint" in content) == (record.schema_version == 4)
        assert json.loads(record.model_dump_json())["context"].keys() == content["context"].keys()


def test_a_reason_is_one_printable_line_and_its_detail_printable(store):
    said = "\x1b[31mno\x1b[0m\r\n \x00licence\ud800\ufffe"
    failure = Failure(kind="error", reason=said, detail=said)
    failed = make_failed().model_copy(update={"failure": failure})
    read = read_record(store.path_of(store.write(failed, None)))
    assert (read.failure.reason, read.failure.detail) == ("no licence", "no\n licence")


def test_a_vote_whose_members_were_edited_is_refused(store):
    (vote,) = [record for record in FIXTURES.read_all()[0] if record.kind == "ensemble"]
    path = store.path_of(store.write(vote, None))
    edit(path, members=vote.members[:1])
    assert "its key is not the hash of its cell" in read_record(path).reason


def test_the_published_schema_is_this_versions():
    published = json.loads((ROOT / "results" / "record.schema.json").read_text())
    assert published == json_schema()


def test_the_schema_fits_records_and_nothing_else():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    for path in FIXTURES.folder.glob("*/*.json"):
        content = json.loads(path.read_text())
        validator.validate(content)
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**content, "colour": "red"})
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**content, "status": "perhaps"})


def test_every_number_of_a_record_survives_its_json():
    record = make_record(accuracy=1 / 3, loss=1e-17, train_seconds=0.1 + 0.2)
    assert Record.model_validate_json(record.model_dump_json()) == record


def test_correct_compares_the_most_probable_class_with_the_label():
    rows = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]], dtype=np.float16)
    predictions = Predictions(rows, np.array([1, 1, 1], dtype=np.uint16))
    assert predictions.correct.tolist() == [True, False, False]
