"""Dying before any file operation loses nothing, breaks nothing and leaves no litter for ever."""

import itertools
import json
import os
import shutil
from functools import partial

import pytest
from gate_builders import make_runs, make_update
from ninetynine.gate.baseline import load_baseline, update_baseline
from ninetynine.merging import kept_apart, merge
from ninetynine.records import RecordStore
from ninetynine.records.doctor import doubts, fix
from ninetynine.records.packing import write_pack
from record_builders import make_failed, make_machine, make_predictions, make_record, write_run

pytestmark = pytest.mark.slow

OPERATIONS = ("open", "replace", "rename", "unlink", "rmdir", "mkdir", "fsync", "chmod", "link")


_BESIDE = (".lock", "trust.jsonl")  # of which the latter says when a merge was


class Died(BaseException):
    """The end of the process: from here on no file operation happens any more."""


def run_dying(monkeypatch, act, step):
    """Run ``act`` and let it die before its ``step``-th file operation; return whether it did."""
    left, os_fsync = itertools.count(step, -1), os.fsync  # which takes its time

    def dying(real):
        def operation(*arguments, **named):
            if next(left) <= 1:
                raise Died
            return None if real is os_fsync else real(*arguments, **named)

        return operation

    with monkeypatch.context() as patch:
        for name in OPERATIONS:
            patch.setattr(os, name, dying(getattr(os, name)))
        try:
            act()
        except Died:
            return True
    return False


def tree(folder):
    """Every file of records, by its path in the folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in _BESIDE)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(
    params=[pytest.param(5, id="some"), pytest.param(1, id="all", marks=pytest.mark.exhaustive)]
)
def every_death(request, monkeypatch, tmp_path):
    """Return a function that dies before every file operation, or before every fifth.

    It yields a copy of ``before`` for each such operation of ``act(folder)``, dead before it.  At
    the end ``act`` is run again in each: what it comes to must not show that it ever died.
    """

    def every_death(before, act):
        whole = tmp_path / "whole"
        shutil.copytree(before, whole)
        act(whole)
        for step in range(1, 1000, request.param):
            folder = tmp_path / f"dead-{step}"
            shutil.copytree(before, folder)
            if not run_dying(monkeypatch, partial(act, folder), step):
                break
            yield folder
            act(folder)
            assert tree(folder) == tree(whole), step
            shutil.rmtree(folder)
        assert step > 5

    return every_death


def check(folder, keys):
    """Nothing lost, nothing broken; no litter once the next writer was there."""
    store = RecordStore(folder)
    records, problems = store.read_all(whole=True)
    assert problems == []
    assert {record.key for record in records} >= set(keys)
    assert all(store.predictions(r) for r in records if r.status == "finished")
    with store.lock():
        assert list(doubts(store)) == []


@pytest.fixture
def before(tmp_path):
    folder = tmp_path / "before"
    write_run(RecordStore(folder), seed=7)
    return folder


KEPT = make_record(seed=7).key


def test_a_new_record(every_death, before):
    for folder in every_death(before, lambda f: write_run(RecordStore(f), "other", 1)):
        check(folder, [KEPT])


@pytest.mark.parametrize("there", ["failed", "finished"])
def test_a_record_in_place_of_another(every_death, before, there):
    if there == "failed":
        RecordStore(before).write(make_failed(seed=1), None)
    else:
        write_run(RecordStore(before), seed=1, wrong=[5, 6, 7])
    both = [KEPT, make_record(seed=1).key]
    for folder in every_death(before, lambda f: write_run(RecordStore(f), seed=1)):
        check(folder, both)


def test_a_record_in_place_of_one_whose_predictions_have_their_old_name(every_death, before):
    store = RecordStore(before)
    record = write_run(store, seed=1, wrong=[5])
    store.predictions_path(record).rename(store.path_of(record).with_suffix(".npz"))
    for folder in every_death(before, lambda f: write_run(RecordStore(f), seed=1)):
        check(folder, [KEPT, record.key])


@pytest.mark.parametrize("old_name", [False, True])
def test_what_is_moved_aside_goes_whole(every_death, before, old_name):
    store = RecordStore(before)
    record = write_run(store, seed=1, wrong=[5])
    path, predictions = store.path_of(record), store.predictions_path(record)
    path.write_text("{")
    if old_name:
        predictions = predictions.rename(path.with_suffix(".npz"))
    content = {b"{", predictions.read_bytes()}
    for folder in every_death(before, lambda f: write_run(RecordStore(f), seed=1)):
        with RecordStore(folder).lock():
            assert content <= set(tree(folder).values())
        problems = RecordStore(folder).read_all(whole=True)[1]
        assert [p.reason for p in problems] in ([], ["not a whole JSON file (cut off?)"])


def test_doctor_sets_aside_whole(every_death, before):
    store = RecordStore(before)
    path = store.path_of(write_run(store, seed=1))
    path.write_text("{")
    content = set(tree(before).values())

    def mend(folder):
        store = RecordStore(folder)
        with store.lock(tidy=False):
            for doubt in list(doubts(store)):
                fix(store, doubt)

    for folder in every_death(before, mend):
        with RecordStore(folder).lock():
            assert set(tree(folder).values()) == content


def test_a_baselines_update_has_happened_or_not(every_death, tmp_path):
    before = tmp_path / "before"
    update_baseline(before, make_runs([0.98, 0.97], images=100), make_update())
    others = make_runs([0.96], architecture="other", images=100)
    update_baseline(before, others, make_update())
    newer = [  # one run of the same code with other predictions, one of other code
        *make_runs([0.96], first_seed=1, images=100),
        *make_runs([0.94], source_hash="6" * 64, images=100),
    ]

    def read(folder):
        found = load_baseline(folder)
        hashes = [r.cell.source_hash[0] for r in found.records["net"]]
        return hashes, [update.reason for update in found.manifest.updates]

    old, new = (["5", "5"], ["first", "first"]), (["6", "5"], ["first", "first", "newer"])
    seen = []

    def update(folder):
        if read(folder) == old:
            update_baseline(folder, newer, make_update("newer"))
        else:  # killed after it had happened: the next update, whatever it is of, tidies up
            update_baseline(folder, others, make_update())
            content = json.loads((folder / "baseline.json").read_text())
            content["updates"].pop()
            (folder / "baseline.json").write_text(
                json.dumps(content, indent=1, ensure_ascii=False) + "\n"
            )

    for folder in every_death(before, update):
        assert len(load_baseline(folder).records["other"]) == 1
        seen.append(read(folder))
        assert seen[-1] in (old, new)
    assert old in seen
    assert new in seen


def test_a_merge(every_death, tmp_path, before):
    other, machine = tmp_path / "other", make_machine("Other CPU", "e" * 16)
    write_run(RecordStore(other), seed=1)
    model = make_record().model.model_copy(update={"weights_hash": "b" * 64})
    made = make_predictions([3, 4])
    contradicting = make_record(seed=7, machine=machine, accuracy=0.998)
    RecordStore(other).write(contradicting.model_copy(update={"model": model}), made)
    RecordStore(before).write(make_failed(seed=2), None)
    write_run(RecordStore(other), seed=2)
    for folder in every_death(before, lambda f: merge([other], f)):
        assert RecordStore(folder).read_all(whole=True)[1] == []
        merge([other], folder)
        check(folder, [KEPT, make_record(seed=1).key, make_record(seed=2).key])
        (apart,) = kept_apart(RecordStore(folder))
        check(apart.directory, [KEPT])


@pytest.mark.parametrize("there", ["no pack", "an older pack"])
def test_a_pack(every_death, before, there):
    if there == "an older pack":
        write_pack(RecordStore(before), before / "all.parquet")
    write_run(RecordStore(before), seed=8)
    act = lambda folder: write_pack(RecordStore(folder), folder / "all.parquet")  # noqa: E731
    for folder in every_death(before, act):
        check(folder, [KEPT, make_record(seed=8).key])
        assert not list(folder.glob("*.partial"))  # the next writer of the folder tidies up
