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


def test_collapses_are_seldom_said_without_one_and_often_with_one_in_twenty():
    unchanged = gate_power.collapse_rates(0.0, 20, 2000, 1)
    collapsing = gate_power.collapse_rates(0.05, 20, 2000, 1)
    assert unchanged[0] + unchanged[1] < 0.05
    assert collapsing[0] > 0.4
