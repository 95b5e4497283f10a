"""Margins of single architectures, what an update may hide, and leaving a baseline."""

import json

import pytest
from gate_builders import make_row, make_runs, make_update, spread
from ninetynine.errors import UserError
from ninetynine.gate import Outcome, Terms, decide, load_baseline, update_baseline
from ninetynine.gate.baseline import remove_architecture
from ninetynine.gate.manifest import read_manifest
from record_builders import make_identity


def updated(folder, means, name="net"):
    for number, mean in enumerate(means):
        entry = make_update(f"update {number}").model_copy(
            update={"seeds": [0, 1], "architectures": [name]}
        )
        runs = make_runs([mean, mean], architecture=name, weights_hash=f"{number}".ljust(64, "0"))
        update_baseline(folder, runs, entry)


def test_small_accepted_drops_are_added_up_against_the_first_baseline(tmp_path):
    updated(tmp_path, [0.98, 0.979, 0.976])
    loaded = load_baseline(tmp_path)
    first, drop, updates = loaded.below_first(loaded.row(make_identity("net")))
    assert (first.at, first.seeds, updates) == ("2026-01-01T00:00:00+00:00", 2, 2)
    assert (first.accuracy, drop) == pytest.approx((0.98, 0.004))


def test_the_first_of_an_older_baseline_is_what_it_holds_when_it_is_updated(tmp_path):
    updated(tmp_path, [0.98])
    path = tmp_path / "baseline.json"
    content = json.loads(path.read_text())
    del content["first"]
    path.write_text(json.dumps(content))
    loaded = load_baseline(tmp_path)
    assert loaded.below_first(loaded.row(make_identity("net"))) is None
    updated(tmp_path, [0.975])
    loaded = load_baseline(tmp_path)
    assert loaded.below_first(loaded.row(make_identity("net")))[1] == pytest.approx(0.005)


def test_an_architecture_can_be_taken_out_and_the_others_stay(tmp_path):
    updated(tmp_path, [0.98])
    updated(tmp_path, [0.97], "other")
    assert remove_architecture(tmp_path, "net") == 2
    assert list(load_baseline(tmp_path).records) == ["other"]
    assert list(read_manifest(tmp_path).first) == ["other"]
    with pytest.raises(UserError, match="has other, and no 'net'"):
        remove_architecture(tmp_path, "net")


def test_an_architecture_has_its_own_margin():
    row, runs = make_row(spread(0.98, 0.0006, 20)), make_runs(spread(0.978, 0.0006, 20, 1), 20)
    assert decide(row, runs, Terms()).outcome is Outcome.REGRESSED
    verdict = decide(row, runs, Terms(margins={"net": 0.01}))
    assert (verdict.outcome, verdict.margin) == (Outcome.NO_WORSE, 0.01)
