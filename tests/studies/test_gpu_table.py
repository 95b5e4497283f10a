"""The page on GPUs says what the committed records and stages say, and what they do not say."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from gpu_records import VIEWS, Found
from gpu_table import gpu_table, rewrite
from gpu_votes import views

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "studies" / "mnist" / "gpu"
PAGE = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")


def test_the_page_regenerates_byte_for_byte():
    assert rewrite(PAGE, gpu_table(RESULTS)) == PAGE


def test_a_stage_that_never_ended_is_not_measured(tmp_path):
    shutil.copytree(RESULTS, tmp_path / "gpu")
    stages = tmp_path / "gpu" / "stages.jsonl"
    lines = stages.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if json.loads(line)["stage"] not in ("determinism", "t2 of 100")]
    stages.write_text("\n".join(kept), encoding="utf-8")
    lines = gpu_table(tmp_path / "gpu").splitlines()
    rows = [line for line in lines if line.startswith("|") and "not measured" in line]
    assert [row.split("|")[1].split()[0] for row in rows] == ["100", "A", "Recorded"]


def test_votes_of_views_stand_beside_votes_of_one_that_cost_the_same(tmp_path):
    shutil.copytree(RESULTS, tmp_path / "gpu")
    found = Found(tmp_path / "gpu")
    assert views(found) == ""  # nothing is said of what was not trained
    one = found.of("four_convs_longest", "mixed_bfloat16", 20)
    for name in VIEWS[1:]:
        found.runs[name, "mixed_bfloat16", 20] = replace(one, architecture=name)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in views(found).splitlines()
        if line.startswith("|")
    ]
    assert [row[1] for row in rows[2:]] == ["1"] * 4 + ["4", "4", "20", "20"]
    assert [row[3] for row in rows[2:]] == ["20"] * 4 + ["5", "20", "1", "4"]
    # Four times the same run vote as it does alone, and so do four times the same five.
    assert rows[7][2] == rows[2][2]
    fives = 100 * found.votes_of([one], 5)
    assert rows[9][2] == f"{fives.mean():.2f} ± {fives.std(ddof=1):.2f}"


def test_a_page_without_its_markers_is_refused():
    with pytest.raises(ValueError, match="markers"):
        rewrite("# A page", "")


@pytest.mark.slow
def test_it_needs_no_backend():
    code = (
        "import sys, gpu_table, pathlib; gpu_table.gpu_table(pathlib.Path(sys.argv[1]));"
        "print(sorted({'jax', 'keras', 'tensorflow', 'torch'} & set(sys.modules)))"
    )
    folder = ROOT / "studies" / "mnist"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(RESULTS)], cwd=folder, capture_output=True, text=True
    )
    assert ran.stdout == "[]\n", ran.stderr


def test_a_later_run_begins_with_what_never_ended(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import gpu_rows

    ended = gpu_rows._ended_stages(RESULTS)
    names = [stage.name for stage in gpu_rows.STAGES]
    assert set(ended) <= set(names)  # a stage that is renamed would be trained again
    views = [f"views four_convs_{view}" for view in ("deslanted", "narrow", "wide")]
    assert [name for name in names if name not in ended] == [*views, "folds"]


def test_a_folder_without_stages_is_named(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "gpu_rows.py"), str(tmp_path / "out")]
    ran = subprocess.run(
        [*command, "--missing", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert f"{tmp_path} has no stages.jsonl" in ran.stderr
