"""The page at four widths and in two themes: nothing scrolls sideways, overlaps or is lost.

One browser looks at every page; pages are made once, of few images, since only their looks count.
"""

from importlib import resources

import pytest
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from record_builders import draw_wrong, make_architecture, write_run

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from page_browser import CUT, LABELS, NEEDS_BROWSER, SIDEWAYS, seen, show, start_browser

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]

WIDTHS = (390, 768, 1280, 1920)
LOOKS = [(width, "dark" if width in (768, 1920) else "light") for width in WIDTHS]
LOOKS += [(390, "dark"), (1280, "dark")]
IMAGES = 300
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "一个非常长的中文模型名称" * 6,
    "a" * 180,
    "words with spaces and " * 8 + "an end",
    "'\"><script>alert(2)</script>",
    "ﷺ\u0301\u0302 الشبكة العصبية",
)
CASES = {"few": (4, 10), "forty": (40, 10), "two_classes": (4, 2), "hostile": (len(HOSTILE), 100)}

# What is looked at: every text that is seen in the tables of rows, with its box.
OVERLAPS = """
    const boxes = (row) => [...row.cells].flatMap((cell) => {
        const found = [], walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const text = walk.currentNode, parent = text.parentElement;
            if (!text.textContent.trim() || parent.closest('.sr, svg')) continue;
            const range = document.createRange();
            range.selectNodeContents(text);
            const clip = parent.getBoundingClientRect(), box = range.getBoundingClientRect();
            const hidden = getComputedStyle(parent).overflow === 'hidden';
            const right = hidden ? Math.min(clip.right, box.right) : box.right;
            if (box.width) found.push([text.textContent, box.left, right, box.top, box.bottom]);
        }
        return found;
    });
    const rows = [...document.querySelectorAll('.leaders tr')].filter((r) => r.offsetParent);
    return rows.flatMap((row) => {
        const all = boxes(row);
        return all.flatMap((a, i) => all.slice(i + 1).filter((b) =>
            Math.min(a[2], b[2]) - Math.max(a[1], b[1]) > 1.5 &&
            Math.min(a[4], b[4]) - Math.max(a[3], b[3]) > 3).map((b) => [a[0], b[0]]));
    });
"""


def store_of(folder, names, classes, seeds=2, **fields):
    store = RecordStore(folder)
    for place, name in enumerate(names):
        for seed in range(seeds):
            wrong = draw_wrong(0.01 + 0.3 * place / len(names), seed, IMAGES)
            own = {"wrong": wrong, "images": IMAGES, "classes": classes, **fields}
            write_run(store, name, seed, **own, train_seconds=1.0 + place)
    return store


def write_page(folder, names, classes, **fields):
    """A page whose dataset is not at hand: no image is drawn on it."""
    store = store_of(folder, names, classes, **fields)
    catalog = {name: make_architecture(name) for name in names if name not in HOSTILE}
    path = folder / "report.html"
    path.write_text(render(Report(store, catalog), "html"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    def make(case):
        rows, classes = CASES[case]
        names = HOSTILE if case == "hostile" else [f"a_network_called_{n}" for n in range(rows)]
        return write_page(tmp_path_factory.mktemp(case), names, classes)

    return {case: make(case) for case in CASES}


def check_looks(browser):
    assert browser.execute_script(SIDEWAYS) == []
    assert browser.execute_script(OVERLAPS) == []
    assert browser.execute_script(CUT) == []
    assert browser.execute_script(LABELS) == []
    for column in ("name", "accuracy", "rank", "number"):
        assert seen(browser, f".leaders tbody tr:first-child > .{column}")
        for cell in seen(browser, f".leaders tbody tr:first-child > .{column}"):
            assert cell.rect["x"] >= 0
            assert cell.rect["width"] > 0


@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.parametrize("case", CASES)
def test_the_page_fits_its_width(browser, pages, case, width, theme):
    browser.get_log("browser")
    show(browser, pages[case], width, theme)
    check_looks(browser)
    seen(browser, ".leaders .model")[0].click()
    for key in ("letters", "loss", "parameters", "seeds"):
        script = "document.querySelector(`.columns input[value=${arguments[0]}]`).click()"
        browser.execute_script(script, key)
    check_looks(browser)
    assert browser.get_log("browser") == []


def test_two_hundred_rows_fit_too(browser, tmp_path):
    path = write_page(tmp_path, [f"a_network_called_{n}" for n in range(200)], 10)
    for width in (390, 1280):
        show(browser, path, width, "light")
        check_looks(browser)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_no_rule_of_accessibility_is_broken(browser, pages, width, theme):
    pytest.importorskip("axe_core_python", reason="pip install '.[test]'")
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    show(browser, pages["few"], width, theme)
    seen(browser, ".leaders .model")[0].click()
    browser.execute_script(axe)
    run = """
        const done = arguments[0], told = (v) => [v.id, v.nodes.map((n) => n.html.slice(0, 120))];
        axe.run(document, {resultTypes: ['violations']})
            .then((r) => done(r.violations.map(told))).catch((e) => done(String(e)));
    """
    assert browser.execute_async_script(run) == []


def test_a_word_finds_names_and_whole_values_not_what_is_inside_them(browser, tmp_path):
    store = store_of(tmp_path, ["t3_deep"], 10)
    for name in ("four_convs", "other"):
        for seed in range(2):
            wrong = draw_wrong(0.05, seed, IMAGES)
            precision = "mixed_bfloat16" if name == "other" else "float32"
            write_run(store, name, seed, wrong=wrong, images=IMAGES, precision=precision)
    path = tmp_path / "report.html"
    path.write_text(render(Report(store, {}), "html"), encoding="utf-8")
    for asked, found in {
        "t3": {"t3_deep"},
        "float32": {"t3_deep", "four_convs"},
        "precision:mixed_bfloat16": {"other"},
        "family:four_convs,other": {"four_convs", "other"},
        "suite:tutorials deep": {"t3_deep"},
        "suite:ladder": set(),
    }.items():
        show(browser, path, 1280, "light", f"#tutorials?filter={asked}")
        assert {e.get_attribute("aria-label") for e in seen(browser, ".model")} == found, asked
    show(browser, path, 1280, "light", "#tutorials?filter=band:a")
    old = [e.get_attribute("aria-label") for e in seen(browser, ".model")]
    show(browser, path, 1280, "light", "#tutorials?filter=group:a")
    assert old == [e.get_attribute("aria-label") for e in seen(browser, ".model")]
    assert old


def test_the_address_brings_back_what_was_seen(browser, pages):
    show(browser, pages["few"], 1280, "light")
    seen(browser, ".filter")[0].send_keys("network")
    seen(browser, ".leaders thead button")[-1].click()
    seen(browser, ".leaders .model")[2].click()
    browser.execute_script("document.querySelector('.columns input[value=loss]').click()")
    address = browser.current_url
    names = [e.get_attribute("aria-label") for e in seen(browser, ".model")]
    opened = seen(browser, ".leaders .more")[0].text
    show(browser, pages["few"], 1280, "light", "#" + address.partition("#")[2])
    assert [e.get_attribute("aria-label") for e in seen(browser, ".model")] == names
    assert seen(browser, ".leaders .more")[0].text == opened
    assert seen(browser, ".leaders thead .extra")[0].text == "Test loss"
    assert seen(browser, ".filter")[0].get_attribute("value") == "network"
    assert seen(browser, ".leaders [aria-sort]")[0].text.startswith("Seconds")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_row_that_is_filtered_away_takes_its_panel_with_it(browser, pages, width):
    show(browser, pages["few"], width, "light", "#tutorials?open=1")
    assert len(seen(browser, ".leaders .more")) == 1
    seen(browser, ".filter")[0].send_keys("called_0")
    assert not seen(browser, ".leaders .more")


def test_a_focused_row_shows_who_is_not_different_from_it(browser, pages):
    show(browser, pages["forty"], 1280, "light")
    first = seen(browser, ".leaders tbody tr")[0]
    browser.execute_script("arguments[0].querySelector('.model').focus()", first)
    groups = set(first.get_attribute("data-group").split())
    for row in seen(browser, ".leaders tbody tr[data-row]"):
        alike = bool(groups & set((row.get_attribute("data-group") or "").split()))
        assert ("is-same" in row.get_attribute("class")) == alike


def test_each_suite_has_its_board_and_two_stand_side_by_side(browser, tmp_path):
    store = store_of(tmp_path, ["one", "two"], 10)
    context = {"suite": "mine"}
    for name in ("two", "three"):
        for seed in (5, 6):
            wrong = draw_wrong(0.05, seed, IMAGES)
            write_run(store, name, seed, wrong=wrong, images=IMAGES, context=context)
    path = tmp_path / "report.html"
    path.write_text(render(Report(store, {}), "html"), encoding="utf-8")
    show(browser, path, 1280, "light")
    links = [e.text for e in seen(browser, ".boards a")]
    assert links == ["tutorials", "mine", "all"]
    shown = {}
    for name in links:
        show(browser, path, 1280, "light", f"#{name}")
        shown[name] = {e.get_attribute("aria-label") for e in seen(browser, ".model")}
    assert shown == {"tutorials": {"one", "two"}, "mine": {"two", "three"},
                     "all": {"one", "two", "three"}}  # fmt: skip
    show(browser, path, 1280, "light", "#mine?beside=tutorials")
    assert [e.text for e in seen(browser, "h1")] == ["mnist: tutorials", "mnist: mine"]
    check_looks(browser)
    show(browser, path, 1280, "light", "#board-1-cost")  # as boards were once numbered
    assert [e.text for e in seen(browser, "h1")] == ["mnist: all suites"]


def test_without_a_script_every_table_is_there(browser, pages):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        for width in (390, 1280):
            show(browser, pages["few"], width, "light")
            assert len(seen(browser, ".leaders tbody tr")) == 4
            assert len(seen(browser, ".model-panel summary")) == 4
            assert not seen(browser, ".needs-script")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
