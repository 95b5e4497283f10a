"""The page's dataset, installed as the page says, is a dataset like any other."""

import json

import pytest
from distributions import activate
from documentation import install
from ninetynine import datasets


@pytest.fixture
def stripes(tmp_path, monkeypatch):
    """Install the example's package; return the facts that its module states."""
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    install("dataset", tmp_path / "site")
    activate(monkeypatch, tmp_path / "site")
    return datasets.known()["stripes"]


def test_it_is_listed_with_its_facts(stripes, bench):
    code, out, _ = bench("list", "datasets", "--json")
    assert code == 0
    last = json.loads(out)[-1]
    assert last["name"] == "stripes"
    assert last["origin"] == "entry point of dataset-example"
    assert (last["train"], last["test"], last["classes"]) == (600, 300, 3)
    assert datasets.noun_of("stripes") == "stripes"
    assert stripes.embedded


def test_it_is_loaded_as_described(stripes):
    loaded = datasets.load("stripes")
    assert loaded.train_images.shape == (stripes.train_length, *stripes.image_shape)
    assert loaded.test_images.shape == (stripes.test_length, *stripes.image_shape)
    assert loaded.num_classes == 3
    assert datasets.load("stripes").fingerprint == loaded.fingerprint
    assert len(datasets.load("stripes-fold-0-of-6").test_images) == 100


def test_what_the_page_says_to_type_works(stripes, bench, tmp_path):
    picture = tmp_path / "stripes.png"
    assert bench("data", "stripes", "--picture", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    results = ("--results", tmp_path / "results")
    code, out, _ = bench("run", "--dataset", "stripes", "--dry-run", *results)
    assert code == 0
    assert "0 recorded already" in out
