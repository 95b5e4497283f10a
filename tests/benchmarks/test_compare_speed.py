"""The comparison's arithmetic, its raw rounds, and its page; nothing is trained here."""

import json
import math
import statistics
import sys

import numpy as np
import pytest
from comparison import contenders, process
from comparison.accuracy import accuracy_page, compare_with_scripts, runs_in
from comparison.experiments import Experiments
from comparison.page import ROWS, page, ratios
from comparison.ratios import spread_of, verdict
from comparison.rounds import (
    Measurement,
    Round,
    Setting,
    append_round,
    done_rounds,
    hash_of_files,
    latest_experiment,
    read_rounds,
    seeds_of,
    turns,
)
from ninetynine.errors import UserError

TUTORIALS = ("t1", "t2", "t3", "t4", "t5")
SETTING = Setting(
    machine="m1",
    description="Some CPU, 2 of 2 cores, 8 GiB",
    packages={"keras": "3.15.1"},
    benchopt_packages={"benchopt": "1.10.0"},
    code="c1",
    commit="0123456789abcdef",
    dirty=False,
)


def taken(contender, wall, share=0.0, **more):
    return Measurement(
        contender=contender,
        wall_seconds=wall,
        cpu_seconds=1.5 * wall,
        cores=2,
        other_cpu_share=share,
        **more,
    )


def whole(index=0, bench=50.0, setting=SETTING, share=0.0):
    parts = {f"t{n} seed {index}": 20.0 for n in range(1, 6)}
    accuracies = {f"t{n} seed {index}": 0.98 for n in range(1, 6)}
    return Round(
        what="whole",
        index=index,
        tutorials=TUTORIALS,
        seeds=(index,),
        started_at="2026-01-01T00:00:00+00:00",
        setting=setting,
        measurements=(
            taken("bench", bench, results=accuracies, share=share),
            taken("scripts", 100.0, part_seconds=parts, results=accuracies),
            taken("benchopt", 90.0, part_seconds={f"t5 seed {index}": 10.0}),
        ),
    )


def test_the_median_and_the_interval_have_the_textbook_values():
    spread = spread_of([0.4, 0.5, 0.6])
    assert (spread.median, spread.smallest, spread.largest) == (0.5, 0.4, 0.6)
    logarithms = np.log([0.4, 0.5, 0.6])
    reach = 4.302652729749464 * statistics.stdev(logarithms) / math.sqrt(3)  # t, 2 df, 97.5%
    expected = np.exp([logarithms.mean() - reach, logarithms.mean() + reach])
    assert spread.interval == pytest.approx(tuple(expected))


def test_an_interval_of_inverse_ratios_is_the_inverse_interval():
    low, high = spread_of([0.4, 0.5, 0.7, 0.9]).interval
    turned = spread_of([1 / 0.4, 1 / 0.5, 1 / 0.7, 1 / 0.9]).interval
    assert turned == pytest.approx((1 / high, 1 / low))


def test_two_rounds_have_no_interval_but_their_range():
    spread = spread_of([0.7, 0.5])
    assert spread.interval is None
    assert spread.bounds == (0.5, 0.7)


@pytest.mark.parametrize(
    ("values", "at_least", "expected"),
    [
        ([0.4, 0.45], False, "reached"),
        ([0.6, 0.7], False, "missed"),
        ([0.45, 0.46, 0.61], False, "undecided (median reaches it)"),
        ([0.45, 0.58, 0.61], False, "undecided (median misses it)"),
        ([0.6, 0.7], True, "reached"),
        ([0.4, 0.45], True, "missed"),
        ([0.5], False, "reached"),
    ],
)
def test_a_verdict_needs_all_of_the_spread_on_one_side(values, at_least, expected):
    assert verdict(spread_of(values), 0.5, at_least) == expected


def test_every_contender_of_a_group_is_first_equally_often_and_groups_stay_together():
    groups = [["t1 bench", "t1 script"], ["t2 bench", "t2 script"]]
    assert turns(groups, 0) == ["t1 bench", "t1 script", "t2 bench", "t2 script"]
    assert turns(groups, 1) == ["t1 script", "t1 bench", "t2 script", "t2 bench"]
    three = [turns([["a", "b", "c"]], index)[0] for index in range(6)]
    assert sorted(three) == sorted("aabbcc")


def test_rounds_take_the_seeds_in_turn():
    assert [seeds_of(i, (0, 1, 2), 2) for i in range(3)] == [(0, 1), (2, 0), (1, 2)]
    assert seeds_of(3, (0, 1, 2, 3, 4), 5) == (0, 1, 2, 3, 4)


def test_rounds_are_read_back_as_they_were_written_and_measuring_goes_on_after_them(tmp_path):
    path = tmp_path / "new" / "rounds.jsonl"
    assert read_rounds(path) == []
    written = [whole(0), whole(1, bench=47.0)]
    for measured in written:
        append_round(path, measured)
    found = read_rounds(path)
    assert found == written
    assert done_rounds(found, "whole", TUTORIALS, 1, SETTING) == 2
    assert done_rounds(found, "whole", TUTORIALS, 5, SETTING) == 0
    assert done_rounds(found, "whole", ("t2",), 1, SETTING) == 0
    assert done_rounds(found, "small", TUTORIALS, 1, SETTING) == 0


@pytest.mark.parametrize(
    "change", [{"machine": "m2"}, {"code": "c2"}, {"benchopt_packages": None}, {"packages": {}}]
)
def test_rounds_of_another_setting_are_kept_but_not_pooled(change):
    other = SETTING.model_copy(update=change)
    rounds = [whole(0), whole(1), whole(0, setting=other)]
    assert latest_experiment(rounds, "whole") == rounds[2:]
    assert done_rounds(rounds, "whole", TUTORIALS, 1, SETTING) == 2
    # Going back to the first setting goes on with its rounds.
    assert len(latest_experiment([*rounds, whole(2)], "whole")) == 3


def test_a_commit_alone_does_not_make_another_setting():
    assert SETTING.same_as(SETTING.model_copy(update={"commit": "f" * 40, "dirty": True}))


def test_a_line_that_is_no_round_is_named(tmp_path):
    path = tmp_path / "rounds.jsonl"
    append_round(path, whole())
    path.write_text(path.read_text() + '{"what": "who')
    with pytest.raises(UserError, match="line 2"):
        read_rounds(path)


def test_the_hash_of_code_sees_contents_and_names(tmp_path):
    (tmp_path / "a.py").write_text("one")
    first = hash_of_files(tmp_path, ["*.py"])
    (tmp_path / "notes.md").write_text("not code")
    assert hash_of_files(tmp_path, ["*.py"]) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    renamed = hash_of_files(tmp_path, ["*.py"])
    (tmp_path / "b.py").write_text("two")
    assert len({first, renamed, hash_of_files(tmp_path, ["*.py"])}) == 3


def test_a_ratio_is_taken_within_its_round_with_and_without_t5():
    rounds = [whole(0, bench=50.0), whole(1, bench=40.0)]
    scripts, without_t5, benchopt, benchopt_without_t5 = (ratios(row, rounds) for row in ROWS[:4])
    assert scripts == ([0.5, 0.4], "2")
    assert without_t5[0] == [pytest.approx(50 / 80), 0.5]
    assert benchopt[0] == [pytest.approx(50 / 90), pytest.approx(40 / 90)]
    assert benchopt_without_t5[0] == [pytest.approx(50 / 80), 0.5]


def test_a_round_that_was_not_alone_counts_only_where_there_is_no_other():
    shared = whole(1, bench=80.0, share=0.2)
    assert ratios(ROWS[0], [whole(0), shared]) == ([0.5], "1 of 2")
    assert ratios(ROWS[0], [shared]) == ([0.8], "1, none alone")
    assert "none alone" in page([shared])


def test_a_short_measurement_may_see_a_tick_of_the_kernel():
    assert taken("help", 0.3, share=0.1).exclusive
    assert not taken("help", 30.0, share=0.1).exclusive
    assert not taken("help", 0.3, share=None).exclusive


def test_the_page_states_ratio_target_and_verdict_from_the_rounds_alone():
    text = page([whole(i, bench=seconds) for i, seconds in enumerate((46.0, 47.0, 48.0))])
    row = next(line for line in text.splitlines() if "T1–T5 / plain scripts" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["3", "0.47", "0.46–0.48"]
    assert cells[-2:] == ["≤ 0.5", "reached"]
    assert "T5 is T2's model and recipe" in text
    assert "0123456789ab" in text
    assert "benchopt 1.10.0" in text
    assert "Some CPU" in text


def test_the_page_has_cold_paths_and_the_share_of_the_peak():
    cold = whole().model_copy(
        update={"what": "cold", "measurements": (taken("help", 0.1), taken("report", 2.5))}
    )
    share = taken("share", 30.0, results={"gflops": 160.0, "peak_gflops": 200.0})
    peak = whole().model_copy(update={"what": "share", "measurements": (share,)})
    lines = page([cold, peak]).splitlines()
    assert any("`bench --help`" in line and "reached" in line for line in lines)
    assert any("`bench report`" in line and "missed" in line for line in lines)
    assert any("0.80" in line and "≥ 0.75" in line and "reached" in line for line in lines)
    assert not any("plain scripts |" in line for line in lines)  # what was not measured has no row


def test_what_saving_takes_is_taken_off_a_script():
    ended = process.Finished(30.0, 40.0, 45.0, "")
    left = process.without_saving(ended, {"saving_seconds": 2.0, "saving_cpu_seconds": 3.0})
    assert (left.wall_seconds, left.cpu_seconds, left.busy_seconds) == (28.0, 37.0, 42.0)


def test_a_process_is_timed_with_its_children_and_without_inherited_switches(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    inner = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    code = (
        "import os, subprocess, sys; print(os.environ.get('OMP_NUM_THREADS'));"
        f"subprocess.run([sys.executable, '-c', {inner!r}])"
    )
    ended = process.run_process([sys.executable, "-c", code])
    assert ended.output.strip() == "None"
    assert ended.cpu_seconds >= 0.2
    assert ended.wall_seconds > 0


def test_a_contender_that_fails_is_one_line():
    with pytest.raises(UserError, match="ended with code 1: ValueError: no") as error:
        process.run_process([sys.executable, "-c", "raise ValueError('no')"])
    assert "\n" not in str(error.value)


def test_benchopts_results_are_read_by_tutorial_and_seed(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text(
        "p_solver_tutorial,p_obj_seed,objective_seconds,objective_accuracy\nt5,3,8.5,0.98\n"
    )
    assert contenders.read_benchopt(path) == ({"t5 seed 3": 8.5}, {"t5 seed 3": 0.98})
    with pytest.raises(UserError, match="no results"):
        contenders.read_benchopt(tmp_path / "other.csv")


def test_the_suite_trains_the_model_of_t2_and_t5_once():
    assert contenders.only(TUTORIALS) == "t[1234]_*"
    assert contenders.only(("t5",)) == contenders.only(("t2",)) == "t[2]_*"


def test_only_finished_records_count_as_work_done(tmp_path):
    for seed, status in ((0, "finished"), (1, "failed")):
        record = {
            "status": status,
            "cell": {"architecture": "t2_dense", "seed": seed},
            "scores": {"test": {"accuracy": 0.97}},
        }
        path = tmp_path / "records" / "t2_dense" / f"mnist-seed-{seed}-0.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record))
    found = contenders.read_accuracies(tmp_path, TUTORIALS)
    assert found == {"t2 seed 0": 0.97, "t5 seed 0": 0.97}


def test_gflops_follow_from_the_json_of_bench_time_and_the_peak_from_its_table():
    info = {"multiply_adds": 10_000_000, "batch_size": 128}
    step = {"group": "train_step", "extra_info": info, "stats": {"median": 0.064}}
    other = {"group": "latency_1", "extra_info": {}, "stats": {"median": 1.0}}
    found = contenders.training_gflops({"benchmarks": [other, step]})
    assert found == pytest.approx(6 * 10_000_000 * 128 / 0.064 / 1e9)
    assert contenders.peak_gflops("a 2048 x 2048 matrix product here: 1,230 GFLOP/s.") == 1230
    with pytest.raises(UserError, match="peak"):
        contenders.peak_gflops("no such line")


def test_a_trial_is_limited_to_its_tutorials(tmp_path):
    trial = Experiments(("t2",), None, None, tmp_path)
    assert [trial.tutorials_of(what) for what in ("whole", "small", "cell")] == [("t2",)] * 3
    full = Experiments(TUTORIALS, None, None, tmp_path)
    assert full.tutorials_of("cell") == ("t1", "t2", "t3", "t4")


def test_predictions_are_taken_in_the_order_of_their_seeds(tmp_path):
    for name in ("t1-seed-10.npy", "t1-seed-9.npy", "t2-seed-0.npy"):
        (tmp_path / name).touch()
    assert [path.name for path in runs_in(tmp_path, "t1")] == ["t1-seed-9.npy", "t1-seed-10.npy"]
    with pytest.raises(UserError, match="no predictions"):
        compare_with_scripts(tmp_path / "empty", tmp_path / "plain")


def test_the_page_on_accuracies_says_whether_the_interval_holds_zero():
    facts = {
        "accuracy_a": 0.98509,
        "accuracy_b": 0.98500,
        "seeds_a": list(range(10)),
        "seeds_b": list(range(5)),
        "difference": 0.00009,
        "interval": {"low": -0.001, "high": 0.0012},
        "p_value": 0.8,
        "sentences": ["They are not told apart."],
    }
    worse = {**facts, "interval": {"low": -0.003, "high": -0.001}}
    lines = accuracy_page({"t1": facts, "t2": worse}).splitlines()
    first = next(line for line in lines if line.startswith("| T1"))
    assert "98.509 (10)" in first
    assert "+0.009" in first
    assert "| holds 0" in first
    assert "does not hold 0" in next(line for line in lines if line.startswith("| T2"))
    assert "They are not told apart." in lines


def test_the_committed_page_is_made_of_the_committed_rounds():
    committed = contenders.REPOSITORY / "results" / "benchmarks"
    assert (
        page(read_rounds(committed / "speed_rounds.jsonl")) == (committed / "speed.md").read_text()
    )
