"""The page's kind of dataset, installed as the page says, reads the names that it says."""

import pytest
from distributions import activate
from documentation import install
from ninetynine import datasets
from ninetynine.errors import UserError


@pytest.fixture(autouse=True)
def noise(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    install("kind", tmp_path / "site")
    activate(monkeypatch, tmp_path / "site")


def test_its_names_are_datasets(bench):
    loaded = datasets.load("noise:600?test_split=0.2")
    assert loaded.name == "noise-600"
    assert (len(loaded.train_images), len(loaded.test_images)) == (480, 120)
    assert datasets.load("noise:600?test_split=0.2").fingerprint == loaded.fingerprint
    assert len(datasets.load("noise:600?test_split=0.2-fold-1-of-4").test_images) == 120
    code, out, _ = bench("data", "noise:600", "--test-split", "0.2")
    assert code == 0
    assert "120 of the 600 images are the test part" in out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("noise:x?test_split=0.2", "noise:x: expected noise:IMAGES"),
        ("noise:30", "no test part"),
        ("noise:30?color=rgb", "color is not for noise:IMAGES; its options are split_seed, test_"),
        ("nois", "noise:IMAGES"),
    ],
)
def test_its_mistakes_and_its_options_are_told(name, said):
    with pytest.raises(UserError, match=said):
        datasets.load(name)


def test_a_module_without_a_kind_is_named(tmp_path):
    (tmp_path / "site" / "noise_data.py").write_text("KIND = 3\n")
    with pytest.raises(UserError, match=r"noise_data is no kind of dataset.*uninstall"):
        datasets.load("noise:30")
