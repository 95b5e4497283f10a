"""Where a row's runs came from, and whether somebody trained them again, is told on the board."""

from ninetynine.board import build_boards
from ninetynine.merging import merge
from ninetynine.records import RecordStore
from ninetynine.records.packing import write_pack
from ninetynine.records.trust import FILE, Statement, state, statements
from ninetynine.report import Report, render
from record_builders import make_predictions, make_record


def filled(folder, *seeds):
    store = RecordStore(folder)
    for seed in seeds:
        store.write(make_record(seed=seed, accuracy=0.99), make_predictions(range(10)))
    return store


def said(record, what):
    return Statement(key=record.key, what=what, at="2026-01-01T00:00:00+00:00", machine="f" * 16)


def words(store):
    report = Report(store, {}, columns=("trust",))
    return " ".join(render(report).split())


def test_runs_are_made_here_until_something_is_said(tmp_path):
    store = filled(tmp_path, 0, 1)
    assert "net 2 made here" in words(store)
    state(tmp_path, [said(make_record(seed=1), "confirmed")])
    assert "net 2 made here, 1 confirmed" in words(RecordStore(tmp_path))


def test_merged_runs_say_so_and_keep_what_was_known_of_them(tmp_path):
    filled(tmp_path / "theirs", 0, 1)
    state(tmp_path / "theirs", [said(make_record(seed=1), "confirmed")])
    filled(tmp_path / "ours", 2)
    for _ in range(2):  # a second merge says nothing new
        merge([tmp_path / "theirs"], tmp_path / "ours")
        assert "net 1 made here, 2 merged, 1 confirmed" in words(RecordStore(tmp_path / "ours"))
    (told,) = statements(tmp_path / "ours")[make_record(seed=0).key]
    assert (told.what, told.source) == ("merged", "theirs")
    assert len((tmp_path / "ours" / FILE).read_text().splitlines()) == 3


def test_runs_of_a_pack_that_lies_in_the_folder_are_not_made_here(tmp_path):
    theirs, ours = filled(tmp_path / "theirs", 0, 1), filled(tmp_path / "ours", 2)
    write_pack(theirs, tmp_path / "ours" / "theirs.parquet")
    assert "net 1 made here, 2 from a pack" in words(RecordStore(ours.directory))
    merge([tmp_path / "theirs"], tmp_path / "third")
    assert "net 2 merged" in words(RecordStore(tmp_path / "third"))


def test_a_run_that_was_contradicted_is_a_note_on_the_board(tmp_path):
    store = filled(tmp_path, 0, 1)
    state(tmp_path, [said(make_record(seed=1), "contradicted")])
    (board,) = build_boards(store, {})
    (note,) = [note for note in board.notes if "trained again" in note]
    assert "seed 1 gave other weights" in note


def test_a_line_that_was_cut_off_costs_no_other(tmp_path):
    state(tmp_path, [said(make_record(seed=0), "confirmed")])
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"key": "ab')
    state(tmp_path, [said(make_record(seed=1), "confirmed")])
    assert len(statements(tmp_path)) == 2
    (tmp_path / FILE).write_bytes(b"\xff\x00 no JSON\n[1]\n" + (tmp_path / FILE).read_bytes())
    assert len(statements(tmp_path)) == 2
