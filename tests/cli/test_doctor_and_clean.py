"""Doctor looks a folder of records over; clean moves out what no code or data stand behind."""

import json

import pytest
from ninetynine import suite
from ninetynine.cells import Cell
from ninetynine.datasets import known
from ninetynine.ensembles import derive
from ninetynine.records import RecordStore
from ninetynine.suite import Ensemble
from record_builders import make_failed, make_identity, make_record, write_run


def test_a_folder_of_whole_records_is_not_doubtful(bench, store):
    write_run(store)
    store.write(make_failed(seed=1), None)
    for folder in (store.directory, store.folder):
        code, out, _ = bench("doctor", folder)
        assert (code, out) == (0, f"{store.directory}: nothing doubtful\n")


DOUBTS = {
    "the predictions of a record are missing": lambda store, record: store.predictions_path(
        record
    ).unlink(),
    "not the predictions that its record was written with": lambda store, record: (
        store.predictions_path(record).write_bytes(b"PK")
    ),
    "not a whole JSON file": lambda store, record: store.path_of(record).write_text("{"),
    "predictions that no record vouches for": lambda store, record: store.path_of(record).unlink(),
    "a record that belongs in": lambda store, record: store.path_of(record).rename(
        store.path_of(record).with_name("copy.json")
    ),
}


@pytest.mark.parametrize("reason", DOUBTS)
def test_what_is_doubtful_is_one_line_with_what_to_do_and_fix_deletes_nothing(bench, store, reason):
    whole, record = write_run(store, seed=0), write_run(store, seed=1)
    DOUBTS[reason](store, record)
    before = sorted(p.read_bytes() for p in store.folder.glob("*/*"))
    code, out, _ = bench("doctor", store.directory)
    assert code == 1
    assert any(reason in line and "; " in line for line in out.splitlines())
    code, out, _ = bench("doctor", store.directory, "--fix")
    assert code == 1
    assert "set aside as *.kept" in out
    assert bench("doctor", store.directory)[0] == 0
    assert sorted(p.read_bytes() for p in store.folder.glob("*/*")) == before
    assert store.read_all(whole=True) == ([whole], [])


def test_what_a_killed_run_left_is_named_and_left_to_the_next(bench, store):
    path = store.path_of(write_run(store)).with_name(".x.partial")
    path.write_bytes(b"{")
    code, out, _ = bench("doctor", store.directory, "--fix")
    assert (code, out.count("\n")) == (1, 1)
    assert "the next run removes it" in out
    assert path.exists()


def test_records_that_were_kept_apart_are_looked_over_too(bench, store):
    write_run(store)
    apart = RecordStore(store.directory / "conflicts" / "x")
    apart.path_of(write_run(apart)).write_text("{")
    assert bench("doctor", store.directory)[0] == 1


def test_a_folder_without_records_is_a_mistake(refuse, tmp_path):
    assert "no records in it" in refuse("doctor", tmp_path)


def of_code(name, **changes):
    """What a record of this installation's architecture ``name`` on MNIST has."""
    found = {
        "source_hash": suite.discover()[name].source_hash,
        "dataset_fingerprint": known()["mnist"].fingerprint,
    }
    return {"architecture": name, **found, **changes}


@pytest.mark.slow
def test_rows_of_code_or_data_that_are_gone_are_said_and_moved_when_it_is_confirmed(bench, store):
    here = [write_run(store, seed=seed, **of_code("t2_dense")) for seed in range(2)]
    own = write_run(store, seed=2, **of_code("t2_dense", dataset="mine", dataset_fingerprint="1"))
    gone = [
        write_run(store, "net"),
        write_run(store, seed=3, **of_code("t2_dense", source_hash="6" * 64)),
        write_run(store, seed=4, **of_code("t2_dense", dataset_fingerprint="d" * 64)),
    ]
    imported = make_record("x", accuracy=0.998).model_copy(
        update={"kind": "external", "cell": make_identity("x", dataset="mine")}
    )
    imported = imported.model_copy(update={"key": imported.cell.key})
    imported = store.write(imported, store.predictions(own))

    code, out, _ = bench("clean", store.directory)
    assert code == 0
    lines = out.splitlines()
    assert lines[:3] == [
        "net, mnist, no architecture is called so: 1 records",
        "t2_dense, mnist, its code is another now: 1 records",
        "t2_dense, mnist, its data are others now: 1 records",
    ]
    assert "nothing is moved yet; with --yes" in lines[3]
    assert len(store.read_all()[0]) == 7

    assert bench("clean", store.directory, "--yes")[0] == 0
    left, moved = store.read_all(whole=True), RecordStore(store.directory / "cleaned")
    assert {r.key for r in left[0]} == {r.key for r in [*here, own, imported]}
    assert sorted(moved.read_all(whole=True)[0], key=gone.index) == gone
    assert left[1] == moved.read_all(whole=True)[1] == []
    assert all(moved.predictions(record) for record in gone)
    assert bench("clean", store.directory)[1] == f"{store.directory}: nothing to clean\n"


def test_a_vote_goes_with_its_members(bench, store):
    from ninetynine.ensembles import Vote

    for seed in range(2):
        write_run(store, "net", seed)
    cells = [
        Cell(identity=make_identity("net", seed), suite="ladder", variant="published")
        for seed in range(2)
    ]
    derive([Vote(Ensemble("vote", ("net",), 2, 1, "float32"), 0, tuple(cells))], store)
    _, out, _ = bench("clean", store.directory, "--json")
    assert [row["reason"] for row in json.loads(out)] == [
        "no architecture is called so",
        "votes of runs that are gone",
    ]


def test_a_row_of_a_file_of_ones_own_is_gone_only_without_the_file(bench, store, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text((suite.discover()["t2_dense"].path).read_text())
    write_run(store, "mine", source_hash=suite.discover([file])["mine"].source_hash)
    assert "no architecture" in bench("clean", store.directory)[1]
    out = bench("clean", store.directory, "--architecture", file)[1]
    assert "architecture" not in out
