"""The committed power study: its command, its tables, and that it keeps the gate's promises."""

import json

import gate_power
import pytest

pytestmark = pytest.mark.slow


def test_the_command_writes_what_it_prints_and_the_same_bytes_again(tmp_path, capsys):
    for folder in ("one", "two"):
        arguments = ["--replicates", "20", "--seed", "3", "--out", str(tmp_path / folder)]
        assert gate_power.main(arguments) == 0
    printed = capsys.readouterr().out
    one, two = tmp_path / "one", tmp_path / "two"
    for name in ("gate_power.md", "gate_power.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert printed == 2 * (one / "gate_power.md").read_text("utf-8")
    rows = json.loads((one / "gate_power.json").read_text("utf-8"))["rows"]
    assert len(rows) == len(set(gate_power.settings()))
    for row in rows:
        assert abs(row["regressed"] + row["no_worse"] + row["open"] - 1) < 1e-9
        assert 2 <= row["mean_seeds"] <= row["max_seeds"]


@pytest.mark.parametrize(("baseline_seeds", "seed_sd"), [(5, 0.0015), (20, 0.002), (20, 0.003)])
def test_exit_1_without_a_change_stays_below_alpha_with_both_of_its_ways(baseline_seeds, seed_sd):
    unchanged = gate_power.collapse_rates(0.0, baseline_seeds, 10_000, 1, seed_sd=seed_sd)
    assert unchanged.collapsed > 0
    assert unchanged.exit_1 < 0.05  # 4.3%, and its own error is 0.2%


def test_one_seed_in_twenty_that_collapses_is_caught_about_half_of_the_time():
    assert gate_power.collapse_rates(0.05, 20, 2000, 1).collapsed > 0.4


def test_a_second_look_makes_false_alarms_rarer_and_costs_little_of_a_large_drop():
    one, both = gate_power.rotate_rates(0.0, 20, 4000, 1, 0.002)
    assert both < 0.6 * one < 0.05
    one, both = gate_power.rotate_rates(0.002, 20, 4000, 1, 0.0010)
    assert both > 0.98 * one
