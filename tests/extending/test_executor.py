"""The executor that docs/extending.md shows trains what every verb that trains asks of it."""

import json

import psutil
import pytest
from documentation import install
from ninetynine.records import RecordStore
from ninetynine.workers import process
from run_helpers import (
    STUB_WORKER,
    assert_whole,
    write_architecture,
    write_dataset,
    write_suite,
)

pytestmark = pytest.mark.slow

FRESH = ("--executor", "fresh")
SAID = "bench: each cell starts a process of its own"


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    """The example beside workers that need no TensorFlow."""
    (tmp_path / "site").mkdir()
    install("executor", tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(process, "WORKER", STUB_WORKER)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def suite(tmp_path):
    """A suite of two architectures, one of which ends its process."""
    write_dataset(tmp_path / "d.npz")
    good = write_architecture(tmp_path, "good")
    leaves = write_architecture(tmp_path, "leaves", "os._exit(3)")
    path = write_suite(tmp_path / "s.toml", ["good", "leaves"], tmp_path / "d.npz", 2)
    return [path, "--architecture", good, "--architecture", leaves]


def test_bench_run_trains_with_it_and_leaves_no_process(bench, suite, tmp_path):
    before = set(psutil.Process().children())
    code, out, err = bench("run", *suite, *FRESH, "--results", "results")
    assert code == 1  # one of the two cannot be trained
    assert SAID in err.splitlines()
    records = assert_whole(tmp_path / "results")
    assert [(r.cell.architecture, r.status) for r in records] == [
        ("good", "finished"),
        ("good", "finished"),
        ("leaves", "failed"),
        ("leaves", "failed"),
    ]
    assert "good" in out
    assert set(psutil.Process().children()) <= before


@pytest.mark.exhaustive
def test_its_records_are_those_of_the_local_executor(bench, suite, tmp_path):
    only = ("--only", "good", "--threads", 1)
    bench("run", *suite, *only, *FRESH, "--results", "fresh")
    bench("run", *suite, *only, "--results", "local")
    fresh, local = (RecordStore(tmp_path / name).read_all()[0] for name in ("fresh", "local"))
    assert fresh == local


@pytest.mark.exhaustive
def test_the_other_verbs_that_train_take_it_too(bench, suite):
    only = (*suite, "--only", "good")
    bench("run", *only, "--results", "results")
    code, out, err = bench("verify", *only, *FRESH, "--results", "results", "--json")
    assert (code, SAID in err) == (0, True)
    assert [verdict["identical"] for verdict in json.loads(out)] == [True, True]

    given = (*only, *FRESH, "--baseline", "base")
    code, out, err = bench("baseline", "update", *given, "--seeds", 2, "--reason", "first")
    assert (code, SAID in err) == (0, True)
    assert "2 runs written" in out
    code, out, err = bench("check", *given, "--fresh")
    assert (code, SAID in err) == (0, True)
    assert "nothing changed" in out


def test_what_it_does_not_take_is_refused_before_anything_is_looked_up(bench, suite):
    for more in (("--jobs", 2), ("--address", "auto")):
        code, out, err = bench("run", "no such suite", *FRESH, *more)
        assert (code, out) == (2, "")
        assert err == (
            "bench: --executor fresh trains one cell at a time; leave out --jobs and --address\n"
        )


def test_the_help_offers_it(bench):
    for verb in (["run"], ["verify"], ["check"], ["baseline", "update"]):
        assert "local|ray|fresh" in bench(*verb, "--help")[1]
