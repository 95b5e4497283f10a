"""A model's accuracy over its versions, and over the updates of a baseline."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from gate_builders import make_runs, make_update
from ninetynine.board import build_boards
from ninetynine.board.history import histories
from ninetynine.cli.options import baseline_changes
from ninetynine.errors import UserError
from ninetynine.gate import update_baseline
from ninetynine.records import RecordStore
from ninetynine.report import figures
from picture_builders import shapes_of, texts_of
from record_builders import write_run

NEW, OLD = "6" * 64, "5" * 64


def write_version(store, day, commit, wrong, seeds=range(2), name="net", **fields):
    started = {"started_at": f"2026-01-{day:02}T00:00:00+00:00", "commit": commit * 40}
    for seed in seeds:
        write_run(store, name, seed, wrong=range(wrong + seed), context=started, **fields)


def test_versions_stand_in_their_order_with_what_changed(store):
    write_version(store, 2, "b", 12, seeds=(2, 3), source_hash=OLD)
    write_version(store, 3, "c", 30, source_hash=NEW)
    write_version(store, 1, "a", 10, source_hash=OLD)
    (found,) = histories(build_boards(store, {})[0].rows)
    assert found.name == "net"
    assert [v.commit[0] for v in found.versions] == ["a", "b", "c"]
    assert [v.changed for v in found.versions] == [(), (), ("code",)]
    assert [v.level.seeds for v in found.versions] == [2, 2, 2]
    assert found.versions[2].level.accuracy == pytest.approx(0.9695)
    assert all(v.level.interval for v in found.versions)


def test_further_seeds_of_the_same_code_are_no_history(store, tmp_path):
    write_version(store, 1, "a", 10)
    write_version(store, 2, "b", 12, seeds=(2, 3))
    write_version(store, 2, "b", 12, name="other")
    board = build_boards(store, {})[0]
    assert histories(board.rows) == []
    with pytest.raises(UserError, match="nothing to draw: no model was trained in two versions"):
        figures.draw("history", board, tmp_path / "a.svg")


def test_other_devices_and_precisions_are_other_models(store):
    write_version(store, 1, "a", 10, source_hash=OLD)
    write_version(store, 2, "b", 10, source_hash=NEW, precision="mixed_bfloat16")
    assert histories(build_boards(store, {})[0].rows) == []


def test_a_baselines_updates_have_their_reasons_and_what_they_came_to(tmp_path):
    for number, mean in enumerate((0.98, 0.97, 0.975)):
        entry = make_update(f"reason {number}").model_copy(
            update={"seeds": [0, 1], "at": f"2026-01-0{number + 1}T00:00:00+00:00"}
        )
        runs = make_runs([mean, mean], weights_hash=f"{number}".ljust(64, "0"))
        update_baseline(tmp_path, runs, entry)
    changes = baseline_changes(tmp_path)
    rows = build_boards(RecordStore(tmp_path), {})[0].rows
    (found,) = histories(rows, changes)
    assert [v.reason for v in found.versions] == ["reason 0", "reason 1", "reason 2"]
    means = [v.level.accuracy for v in found.versions]
    assert means == pytest.approx([0.98, 0.97, 0.975], abs=1e-3)


@pytest.mark.parametrize("width", [800.0, 336.0])
def test_its_texts_lie_on_nothing_and_a_step_is_marked(store, tmp_path, width):
    for version in range(12):
        own = f"{version:x}" * 64
        write_version(store, version + 1, f"{version:x}", 10 + version, source_hash=own)
    path = tmp_path / "history.svg"
    figures.draw("history", build_boards(store, {})[0], path, width=width)
    written = path.read_text(encoding="utf-8")
    assert len(re.findall('<line[^>]*class="reference"', written)) == 11 + 1  # and the legend's
    assert "The largest step is that of net at " in written
    root = ElementTree.fromstring(written)
    texts, shapes = texts_of(root), shapes_of(root)
    assert not [(a, b) for a, b in combinations(texts, 2) if a[0].overlaps(b[0])]
    assert not [text for box, text in texts for shape, _ in shapes if box.overlaps(shape)]
