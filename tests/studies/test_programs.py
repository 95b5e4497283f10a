"""The committed runs of T2 as a plain script: of the script that is committed, and equivalent."""

from pathlib import Path

import pytest
from ninetynine import suite
from ninetynine.board import Rows
from ninetynine.board.comparing import compare_rows
from ninetynine.records import RecordStore
from ninetynine.statistics import USUAL_MARGIN, Margin

pytestmark = pytest.mark.slow

STUDY = Path(__file__).parents[2] / "studies" / "programs"


@pytest.fixture(scope="module")
def rows():
    found = Rows(RecordStore(STUDY / "t2.parquet"), suite.discover(), "mnist")
    return [found.find(name) for name in ("t2_dense", "t2_script")]


def test_the_runs_are_of_the_committed_script_seed_by_seed(rows):
    engine, script = (row.records for row in rows)
    assert sorted(r.cell.seed for r in engine) == sorted(r.cell.seed for r in script)
    (program,) = {
        entry.program.source_hash()
        for entry in suite.load(str(STUDY / "t2.toml")).entries
        if entry.program is not None
    }
    assert {record.cell.source_hash for record in script} == {program}
    assert {record.cell.threads for record in (*engine, *script)} == {1}


@pytest.mark.parametrize("margin", [USUAL_MARGIN, Margin(0.2, relative=True)])
def test_the_script_is_equivalent_to_the_engines_row(rows, margin):
    found = compare_rows(*rows, margin=margin, looks=2)
    assert found is not None
    assert found.verdict == "equivalent"
