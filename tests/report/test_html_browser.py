"""The HTML report in a real headless Chromium; skipped where there is none."""

import json
import re

import pytest
from ninetynine import datasets
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from record_builders import draw_wrong, make_architecture, make_claim, make_failed, write_run

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from page_browser import LABELS, NEEDS_BROWSER, look, seen, show, wait_until
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]

SCRIPT_NAME = "<script>alert(1)</script>"
MODELS = (("good", 0.01, 30.0), ("fair", 0.04, 10.0), ("poor", 0.12, 3.0), (SCRIPT_NAME, 0.3, 9.0))
SEEDS = 4
DIGITS = {
    "dataset": "digits",
    "dataset_fingerprint": datasets.known()["digits"].fingerprint,
    "images": 360,
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The file of a report with two boards, claims, epochs, pixels and a failure."""
    folder = tmp_path_factory.mktemp("report")
    store = RecordStore(folder)
    for name, rate, seconds in MODELS:
        for seed in range(SEEDS):
            wrong = draw_wrong(rate, seed, images=360)
            write_run(store, name, seed, wrong=wrong, train_seconds=seconds + seed, **DIGITS)
        write_run(store, name, 0, wrong=[1, 2])
    known = {key: DIGITS[key] for key in ("dataset", "dataset_fingerprint")}
    store.write(make_failed("fair", 9, **known), None)
    claims = [make_claim(0.99, dataset="digits")]
    catalog = {name: make_architecture(name, claims=claims) for name, *_ in MODELS}
    path = folder / "report.html"
    path.write_text(render(Report(store, catalog), "html"), encoding="utf-8")
    return path


AS_OPENED = """
    history.replaceState(null, '', '#digits-tutorials');
    dispatchEvent(new Event('hashchange'));
    document.activeElement.blur();
"""


@pytest.fixture
def report(browser, page):
    """The browser with the report's digits board, on a wide light screen.

    It is loaded once: its address brings the board back as it was opened, its table unsorted,
    unfiltered and with no row open.
    """
    if browser.current_url.partition("#")[0] == page.as_uri():
        look(browser, 1280, "light")
        browser.execute_script(AS_OPENED)
    else:
        show(browser, page, 1280, "light", "#digits-tutorials")
    assert "digits" in seen(browser, "h1")[0].text
    return browser


@pytest.fixture
def to_change(report):
    """The report for a test that changes what no address brings back; the next loads it anew."""
    yield report
    report.get("about:blank")


def choose_board(browser, dataset):
    links = browser.find_elements(By.CSS_SELECTOR, ".boards a")
    next(link for link in links if dataset in link.text).click()
    wait_until(browser, lambda b: dataset in seen(b, "h1")[0].text)


def requests_of(browser, path):
    """Return the addresses that the page itself asked for."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [s["request"]["url"] for s in sent if s.get("documentURL", "").startswith(path.as_uri())]


def models(browser):
    return [item.get_attribute("aria-label") for item in seen(browser, ".leaders .model")]


def heading(browser, text):
    buttons = seen(browser, ".leaders thead button")
    return next(button for button in buttons if button.text.startswith(text))


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_the_page_asks_for_nothing_and_complains_of_nothing(browser, page, width, theme):
    browser.get_log("browser"), browser.get_log("performance")
    show(browser, page, width, theme)
    assert browser.get_log("browser") == []
    asked = {url for url in requests_of(browser, page) if not url.startswith("data:")}
    assert asked == {page.as_uri()}


def test_only_tables_scroll_sideways(browser, page):
    show(browser, page, 1280, "light")
    script = """
        const inTable = (e) => e.closest('.scroll, .sections, .skip');
        const isOut = (box) => box.right > innerWidth + 1 || box.left < -1;
        return [...document.querySelectorAll('body *')]
            .filter((e) => e.getClientRects().length && !inTable(e))
            .filter((e) => isOut(e.getBoundingClientRect()))
            .map((e) => e.tagName + '.' + (e.getAttribute('class') ?? ''));
    """
    for width in (1280, 820, 390):
        look(browser, width, "light")
        assert browser.execute_script(script) == []
        assert browser.execute_script(LABELS) == []  # nor is a picture's text cut off
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_click_on_a_heading_sorts_the_sensible_way_and_then_the_other(report):
    by_accuracy = ["good", "fair", "poor", SCRIPT_NAME]
    assert models(report) == by_accuracy
    heading(report, "Seconds").click()
    assert models(report) == ["poor", SCRIPT_NAME, "fair", "good"]
    heading(report, "Seconds").click()
    assert models(report) == ["good", "fair", SCRIPT_NAME, "poor"]
    header = heading(report, "Seconds").find_element(By.XPATH, "..")
    assert header.get_attribute("aria-sort") == "descending"
    heading(report, "Accuracy").click()
    assert models(report) == by_accuracy
    heading(report, "Accuracy").send_keys(Keys.ENTER)
    assert models(report) == by_accuracy[::-1]


def test_the_filter_hides_rows_and_dims_their_marks(report):
    field = seen(report, ".filter")[0]
    field.send_keys("FAIR float32")
    assert models(report) == ["fair"]
    assert seen(report, ".leaders tbody tr")
    assert (
        report.find_element(By.CSS_SELECTOR, ".board:not([hidden]) .count").text == "1 of 4 models"
    )
    dots = seen(report, "[id$=cost] .mark")
    assert [dot.value_of_css_property("opacity") == "1" for dot in dots] == [
        False,
        True,
        False,
        False,
    ]
    field.clear()
    field.send_keys(" ")
    assert len(models(report)) == 4


def test_a_focused_row_shows_who_is_not_different_from_it(report):
    found = report.execute_script("""
        const rows = [...document.querySelectorAll('.leaders tbody tr[data-row]')]
            .filter((row) => row.checkVisibility());
        rows[0].querySelector('.model').focus();
        return rows.map((row) => [row.dataset.group ?? '', row.matches('.is-same')]);
    """)
    groups = set(found[0][0].split())
    assert {alike for _, alike in found} == {True, False}
    assert all(alike == bool(groups & set(own.split())) for own, alike in found)


def test_every_plot_has_its_marks(report):
    assert len(seen(report, "[id$=cost] .mark")) == len(MODELS)
    assert len(seen(report, "[id$=seeds] .dot.seed")) >= 3 * SEEDS  # the poorest may be an arrow
    assert len(seen(report, "[id$=seeds] .is-claim")) == len(MODELS)
    assert len(seen(report, "[id$=curves] .point")) == len(MODELS)
    assert len(seen(report, "[id$=pairs] td[data-tip]")) == len(MODELS) * (len(MODELS) - 1)
    assert len(seen(report, "[id$=errors] svg .mark")) == 1
    assert len(seen(report, "[id$=errors] .matrix tbody tr")) == 10
    assert len(seen(report, "[id$=images] .picture > img")) == 40


def test_a_select_chooses_what_is_shown(to_change):
    report = to_change
    titles = [e.text for e in seen(report, "[id$=cost] .axis-title")]
    assert "Training seconds (logarithmic)" in titles
    marks = report.find_elements(By.CSS_SELECTOR, "[id$=cost] .sizes .mark")
    labels = [mark.get_attribute("aria-label") for mark in marks]
    assert labels[: 3 * len(MODELS)] == 3 * labels[: len(MODELS)]  # at each of the widths
    assert all("Training seconds: " in label for label in labels[: len(MODELS)])
    seen(report, "[id$=cost] select")[0].send_keys("Parameters")
    titles = [e.text for e in seen(report, "[id$=cost] .axis-title")]
    assert "Parameters (logarithmic)" in titles
    assert "Training seconds (logarithmic)" not in titles


def labels_of(browser, tiles):
    return browser.execute_script("return arguments[0].map((e) => e.dataset.label)", tiles)


def test_the_hardest_images_of_one_label(to_change):
    report = to_change
    more = seen(report, "[id$=images] .more")[0]
    more.click()
    tiles = seen(report, "[id$=images] .tiles > li")
    assert 40 < len(tiles) <= 100
    labels = labels_of(report, tiles)
    seen(report, ".class-filter")[0].send_keys(labels[0])
    shown = seen(report, "[id$=images] .tiles > li")
    assert len(shown) == labels.count(labels[0])
    assert {*labels_of(report, shown)} == {labels[0]}


def test_pointing_and_focus_explain_and_escape_closes(report):
    button = heading(report, "Rank")
    report.execute_script("arguments[0].focus()", button)
    tip = report.find_element(By.ID, "tip")
    assert "together" in tip.text
    button.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()


def test_arrow_keys_go_through_the_marks_of_a_picture(report):
    first = seen(report, "[id$=cost] .mark")[0]
    report.execute_script("arguments[0].focus()", first)
    report.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    focused = report.switch_to.active_element
    assert focused.get_attribute("aria-label").startswith("fair")
    assert focused.get_attribute("tabindex") == "0"
    assert first.get_attribute("tabindex") == "-1"
    assert report.find_element(By.ID, "tip").text.startswith("fair")
    for cell, said in (("[id$=errors] td.right", "label 0, prediction 0: "),
                       ("[id$=classes] td[data-tip]", "good, 0: ")):  # fmt: skip
        report.execute_script("arguments[0].focus()", seen(report, cell)[0])
        assert report.find_element(By.ID, "tip").text.startswith(said)


def test_the_rows_that_are_seen_are_copied(to_change):
    report = to_change
    report.execute_script("navigator.clipboard.writeText = async (t) => { window.copied = t; }")
    seen(report, ".filter")[0].send_keys("fair")
    for kind, head, row in (
        ("Markdown", "| Group | Model | Accuracy, % |", "| c | fair | "),
        ("CSV", 'Group,Model,"Accuracy, %",Rank', "c,fair,"),
        ("LaTeX", r"Group & Model & Accuracy, \% &", "c & fair & "),
    ):
        if not seen(report, f".copy-table[data-as={kind}]"):
            menu = next(item for item in seen(report, ".menu summary") if item.text == "Copy")
            menu.click()
        seen(report, f".copy-table[data-as={kind}]")[0].click()
        lines = report.execute_script("return window.copied").rstrip("\n").split("\n")
        assert any(line.startswith(head) for line in lines), kind
        (found,) = [line for line in lines if "fair" in line]
        group = "c" if kind != "Markdown" else "| c"
        assert re.sub("^[| ]*[a-z]", group, found).startswith(row), kind


def test_a_row_opens_to_what_made_it(report):
    report.execute_script("navigator.clipboard.writeText = async (t) => { window.copied = t; }")
    seen(report, ".leaders .model")[1].click()
    (panel,) = seen(report, ".leaders .more")
    for words in ("Numbers", "Recipe", "optimizer", "Every seed", "keras 3.15.1"):
        assert words in panel.text
    assert "The recipe of good, the row above." in panel.text
    panel.find_element(By.CSS_SELECTOR, ".copy").click()
    copied = report.execute_script("return window.copied")
    assert copied.startswith("bench run tutorials --only fair")
    seen(report, ".leaders .model")[1].send_keys(Keys.ENTER)
    assert not seen(report, ".leaders .more")


def test_a_name_with_markup_stays_text(report):
    assert SCRIPT_NAME in models(report)
    assert len(report.find_elements(By.TAG_NAME, "script")) == 1


def test_one_board_is_shown_at_a_time(report):
    assert len(seen(report, "main > .board")) == 1
    choose_board(report, "mnist")
    assert len(seen(report, "main > .board")) == 1
    assert "mnist" in report.find_element(By.CSS_SELECTOR, ".boards a[aria-current]").text


def test_the_theme_follows_the_system_until_it_is_chosen(browser, page):
    colour = "return getComputedStyle(document.body).backgroundColor"
    show(browser, page, 1280, "dark")
    dark = browser.execute_script(colour)
    browser.find_element(By.ID, "theme").click()
    light = browser.execute_script(colour)
    assert light != dark
    show(browser, page, 1280, "light")
    assert browser.execute_script(colour) == light


@pytest.mark.parametrize("failed", [0, 3])
def test_a_page_without_numbers_only_says_so(browser, tmp_path, failed):
    store = RecordStore(tmp_path)
    for seed in range(failed):
        store.write(make_failed("net", seed), None)
    path = tmp_path / "report.html"
    path.write_text(render(Report(store, {}), "html"), encoding="utf-8")
    browser.get_log("browser")
    show(browser, path, 390, "light")
    assert browser.get_log("browser") == []
    said = browser.find_element(By.TAG_NAME, "main").text
    assert ("no run has finished" if failed else "There is no record to report") in said
    assert not browser.find_elements(By.CSS_SELECTOR, ".mark")


def test_what_records_call_themselves_is_shown_as_text(browser, tmp_path):
    names = ["<img src=x onerror=alert(1)>", "'\"><script>alert(2)</script>", "a\x1b[31m\u202eb"]
    store = RecordStore(tmp_path)
    for name in names:
        for seed in range(SEEDS):
            wrong = draw_wrong(0.05, seed, images=360)
            write_run(store, name, seed, wrong=wrong, **{**DIGITS, "dataset": f"d {name}"})
    path = tmp_path / "report.html"
    path.write_text(render(Report(store, {}), "html"), encoding="utf-8")
    show(browser, path, 1280, "light")
    shown = browser.find_element(By.TAG_NAME, "body").text
    assert "<img src=x onerror=alert(1)>" in shown
    assert "<script>alert(2)</script>" in browser.page_source.replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    assert "\x1b" not in browser.page_source
    assert "\u202e" not in browser.page_source
    assert not browser.find_elements(By.CSS_SELECTOR, "img[onerror]")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
