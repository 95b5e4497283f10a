"""The HTML report as text; test_html_browser.py opens it in a browser."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.records import Epoch, RecordStore
from ninetynine.report import Report, render
from record_builders import (
    draw_wrong,
    make_architecture,
    make_claim,
    make_failed,
    make_record,
    write_bare,
    write_run,
)

REPOSITORY = Path(__file__).parents[2]
SCRIPT_NAME = "<script>alert(1)</script>"
DIGITS = {
    "dataset": "digits",
    "dataset_fingerprint": datasets.known()["digits"].fingerprint,
    "images": 360,
}


class Elements(HTMLParser):
    """Collects the elements of a page: (name, attributes, text directly inside)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), []))

    def handle_data(self, data):
        if self.found:
            self.found[-1][2].append(data)

    def named(self, tag: str) -> list[tuple[str, dict[str, str | None], list[str]]]:
        return [element for element in self.found if element[0] == tag]

    def of_class(self, name: str) -> list[tuple[str, dict[str, str | None], list[str]]]:
        return [e for e in self.found if name in (e[1].get("class") or "").split()]


def page_of(store, *names, claims=(), data_dir=None):
    catalog = {n: make_architecture(n, claims=claims) for n in names}
    return render(Report(store, catalog, data_dir=data_dir), "html")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Records of three models, which tests only read."""
    store = RecordStore(tmp_path_factory.mktemp("models"))
    for name, rate, seconds in (("good", 0.01, 30.0), ("fair", 0.03, 10.0), ("poor", 0.3, 20.0)):
        for seed in range(4):
            write_run(store, name, seed, wrong=draw_wrong(rate, seed), train_seconds=seconds + seed)
    return store


@pytest.fixture(scope="module")
def page(models):
    """Their page, with a published figure."""
    return page_of(models, "good", "fair", "poor", claims=[make_claim(0.5)])


def test_nothing_on_the_page_is_fetched(page):
    elements = Elements(page).found
    addresses = [a for _, attrs, _ in elements for k, a in attrs.items() if k in ("src", "href")]
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|https?://", page)


def test_the_policy_admits_the_script_that_is_there(page):
    import base64
    import hashlib

    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


@pytest.mark.slow
def test_names_and_reasons_stay_text(store):
    for seed in range(2):
        write_run(store, SCRIPT_NAME, seed, wrong=[seed, 5])
        write_run(store, '" onload="alert(2)', seed, wrong=[1, 2])
    store.write(make_failed("net", reason="<img src=x onerror=alert(3)>"), None)
    elements = Elements(page_of(store, SCRIPT_NAME, "net", claims=[make_claim(0.99)]))
    assert len(elements.named("script")) == 1
    assert not [e for e in elements.named("img") if e[1].get("src") == "x"]
    assert not [e for e in elements.found if any(key.startswith("on") for key in e[1])]
    assert SCRIPT_NAME in [e[1]["aria-label"] for e in elements.of_class("model")]


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes(models, page):
    assert page_of(models, "good", "fair", "poor", claims=[make_claim(0.5)]) == page


def test_an_empty_folder_says_what_to_do(tmp_path):
    page = page_of(RecordStore(tmp_path))
    assert "There is no record to report" in page
    assert "bench run" in page


def test_a_board_of_failures_says_so_and_names_them(store):
    for seed in range(3):
        store.write(make_failed("net", seed), None)
    page = page_of(store, "net")
    for line in (
        "no run has finished",
        "seeds 0-2 failed, timeout: no result after 60 s",
        "No run has finished yet.",
        "No model has both an accuracy and a cost yet.",
        "No finished run has recorded its epochs.",
        "There are no two models with predictions to compare.",
        "No finished run has predictions.",
        "3 of 3",
    ):
        assert line in page


def test_every_model_has_a_row_a_bar_and_a_command(page):
    elements = Elements(page)
    shown = [e[1]["aria-label"] for e in elements.of_class("model")]
    assert shown == ["good", "fair", "poor"]
    assert len(elements.of_class("bars")) == 3
    codes = [text[0] for _, _, text in elements.named("code") if text]
    assert "bench run tutorials --only good --seeds 0-3" in codes


@pytest.mark.slow
def test_a_command_names_what_is_not_the_suites_default(store):
    setting = {"precision": "mixed_bfloat16", "threads": 2, "dataset": "fashion_mnist"}
    for seed in (3, 4, 7):
        write_run(store, "net", seed, wrong=[1], **setting)
    write_run(store, "one", 5, wrong=[1])
    page = page_of(store, "net", "one")
    assert (
        "bench run tutorials --only net --seeds 3-4,7 --dataset fashion_mnist "
        "--precision mixed_bfloat16 --threads 2"
    ) in page
    assert "--only one --seeds 5-5" in page


@pytest.mark.slow
def test_changed_code_is_told_with_its_commit(store):
    context = {"commit": "abcdef0123456789", "dirty": False}
    write_run(store, "net", 0, source_hash="9" * 64, context=context)
    assert "its code is not the one in this installation; recorded at commit abcdef0123" in page_of(
        store, "net"
    )


@pytest.mark.slow
def test_published_figures_are_marked_in_the_seeds_picture(store):
    for seed in range(5):
        write_run(store, "net", seed, wrong=range(20 + seed))
    claims = [make_claim(0.978), make_claim(0.99, id="T9")]
    elements = Elements(page_of(store, "net", claims=claims))
    marks = elements.of_class("is-claim")
    labels = [e[1]["aria-label"] for e in marks if "aria-label" in e[1]]
    assert len(marks) == 2 * 3  # one for each width, of which a script gives some their words
    assert any("T0: 97.80% published for net" in label for label in labels)
    assert any("T9" in label for label in labels)


@pytest.mark.slow
def test_a_model_without_time_is_named_below_the_cost_picture(store):
    write_run(store, "timed", 0, wrong=[1])
    write_run(store, "shared", 0, wrong=[2], exclusive=False)
    assert "Not drawn (no run had its cores to itself): shared." in page_of(store)


def test_watched_parts_and_gaps_are_in_the_curves(store):
    for seed in range(3):
        record = make_record("net", seed, accuracy=0.95, train_accuracy=0.97)
        epochs = [
            Epoch(epoch=e, loss=0.1, accuracy=0.9 + e / 100, validation_accuracy=0.9)
            for e in (1, 2, 3)
        ]
        write_bare(store, record.model_copy(update={"history": epochs}))
    page = page_of(store, "net")
    assert "net, training, epoch 2: 92.00%" in page
    assert "net, validation part, epoch 3: 90.00%" in page
    assert "3 seeds; train − test 2.00 points" in page


def test_the_hardest_digits_are_drawn_with_their_votes(store):
    for seed in range(2):
        write_run(store, "a", seed, wrong=[7, 9], **DIGITS)
        write_run(store, "b", seed, wrong=[7], **DIGITS)
    page = page_of(store)
    elements = Elements(page)
    tiles = [e for e in elements.named("li") if "data-label" in e[1]]
    assert len(tiles) == 2
    assert len(elements.named("img")) == 2 * (1 + 3)  # and the three nearest training images
    assert "2 test images of 360 were missed by at least one of 4 runs." in page
    assert [tile[1]["data-right"].split() for tile in tiles] == [["0", "0"], ["2", "0"]]
    assert tiles[0][1]["data-label"] == "7"


def test_pixels_that_are_not_at_hand_are_never_downloaded(store, tmp_path, monkeypatch):
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def refuse(name):
        raise AssertionError("a report never downloads")

    monkeypatch.setattr("ninetynine.datasets.download.download", refuse)
    write_run(store, "net", 0, wrong=[3])
    page = page_of(store)
    assert "The pixels are not drawn: mnist is not on this machine" in page
    assert not Elements(page).named("img")


def test_another_dataset_of_the_same_name_is_not_drawn(store):
    write_run(store, "net", 0, wrong=[3], **{**DIGITS, "dataset_fingerprint": "e" * 64})
    assert "the digits at hand is not the one these models were tested on" in page_of(store)


@pytest.mark.slow
def test_doubtful_labels_are_marked(store):
    write_run(store, "net", 0, wrong=[947, 3], images=10_000)
    assert "Doubtful label: of five people 0 saw 8, 5 saw 9, 0 neither" in page_of(store)


@pytest.mark.slow
def test_predictions_without_probabilities_have_no_calibration(store):
    write_run(store, "net", 0, wrong=[3], loss=None)
    page = page_of(store)
    assert "there is no confidence to check" in page
    assert "Expected calibration error" not in page


@pytest.mark.slow
def test_boards_of_one_title_are_told_apart(store):
    for fingerprint in ("a" * 64, "b" * 64):
        write_run(store, "net", 0, dataset_fingerprint=fingerprint)
    page = page_of(store)
    assert "mnist: tutorials, dataset aaaaaaaa" in page
    assert "mnist: tutorials, dataset bbbbbbbb" in page


@pytest.mark.slow
def test_files_that_cannot_be_read_are_named(store):
    write_run(store, "good", 0)
    path = store.folder / "good" / "mnist-seed-9-0123456789abcdef.json"
    path.write_text("{")
    assert "mnist-seed-9-0123456789abcdef.json: not a whole JSON file" in page_of(store)


def test_no_mark_lies_outside_its_drawing(page):
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', drawing).groups())
        for name, size in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            places = [float(v) for v in re.findall(rf' {name}="(\S+?)"', drawing)]
            assert all(0 <= place <= size for place in places)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    ("models", "name", "most_bytes"),
    [(60, "an_architecture", 3e6), (100, "a_rather_long_name_of_an_architecture", 6e6)],
)
def test_a_page_of_hundreds_of_records_stays_small(store, models, name, most_bytes):
    rng = np.random.default_rng(0)
    epochs = [Epoch(epoch=e, loss=0.1, accuracy=1 - 0.3 / e) for e in range(1, 301)]
    for number in range(models):
        for seed in range(2):
            wrong = rng.choice(360, 3 + number // 5, replace=False)
            write_run(store, f"{name}_{number}", seed, wrong=wrong, **DIGITS)
    record = make_record("long", 0, **{k: v for k, v in DIGITS.items() if k != "images"})
    write_bare(store, record.model_copy(update={"history": epochs}))
    page = page_of(store)
    assert len(page.encode()) < most_bytes
    assert f"Drawn are the first 60 of {models + 1} models" in page
    assert f"Shown are the first 40 of {models} models." in page
    assert "here are the 100 that most models get wrong" in page


@pytest.mark.slow
def test_the_command_writes_a_page_without_importing_tensorflow(models, tmp_path):
    output, results = tmp_path / "report.html", str(models.directory)
    arguments = ["report", "--format", "html", "--results", results, "--output", str(output)]
    program = (
        "import sys; from ninetynine.cli import bench; "
        f"bench.main({arguments!r}, standalone_mode=False); "
        "assert not {'tensorflow', 'keras', 'reportlab', 'pypdfium2', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=REPOSITORY)
    assert output.read_text(encoding="utf-8").startswith("<!doctype html>")
