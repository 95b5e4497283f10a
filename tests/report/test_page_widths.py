"""The page at four widths and in two themes: nothing scrolls sideways, overlaps or is lost.

A narrow dark and a wide light screen stand for all eight, but in the exhaustive tests.  One browser
looks at every page; pages are made once, of few images, since only their looks count.
"""

import pytest
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from record_builders import draw_wrong, make_architecture, write_run

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from page_browser import (
    CONTRAST,
    CUT,
    LABELS,
    NEEDS_BROWSER,
    SCREENS,
    SIDEWAYS,
    TWO_SCREENS,
    go,
    look,
    seen,
    set_screen,
    show,
    violations,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]
EVERY_SCREEN = pytest.mark.exhaustive

IMAGES = 300
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "一个非常长的中文模型名称" * 6,
    "a" * 180,
    "words with spaces and " * 8 + "an end",
    "'\"><script>alert(2)</script>",
    "ﷺ\u0301\u0302 الشبكة العصبية",
)
CASES = {
    "few": (4, 10),
    "forty": (40, 10),
    "many": (200, 10),  # more than any picture draws
    "two_classes": (4, 2),
    "hostile": (len(HOSTILE), 100),
}

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

# What of the first row is not on the screen.
LOST = """
    const rows = [...document.querySelectorAll('.leaders tbody tr')];
    const row = rows.find((one) => one.checkVisibility());
    const isSeen = ({left, right, width}) => left >= 0 && width > 0 && right <= innerWidth + 1;
    return ['name', 'accuracy', 'rank', 'number'].filter((column) => {
        const boxes = [...row.querySelectorAll(`:scope > .${column}`)]
            .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect());
        return !boxes.length || !boxes.every(isSeen);
    });
"""


ADD_COLUMNS = """
    document.querySelector('.leaders .model').click();
    for (const key of ['letters', 'loss', 'parameters', 'seeds'])
        document.querySelector(`.columns input[value=${key}]`).click();
"""
NAME = """const name = (e) => e === document.body ? null :
    `${e.tagName} ${e.id || e.getAttribute('href') || e.getAttribute('aria-label') ||
        e.textContent.trim().slice(0, 40)}`;"""
CONTROLS = f"""{NAME}
    const asked = 'a[href], button, input, select, summary, [tabindex="0"]';
    return [...document.querySelectorAll(asked)]
        .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).map(name);
"""
# Each control that gets the focus, and whether it shows that.
NOTE_FOCUS = f"""{NAME}
    window.reached = [];
    addEventListener('focusin', ({{target: e}}) => {{
        const s = getComputedStyle(e), wide = (c) => parseFloat(getComputedStyle(c).strokeWidth);
        const inner = [e, ...e.children].some((c) => wide(c) >= 2.5);
        const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1;
        window.reached.push([name(e), outlined || inner]);
    }}, true);
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
def pages(tmp_path_factory):
    """The file of each case, made when it is first asked for."""

    class Pages(dict):
        def __missing__(self, case):
            rows, classes = CASES[case]
            names = HOSTILE if case == "hostile" else [f"a_network_called_{n}" for n in range(rows)]
            self[case] = write_page(tmp_path_factory.mktemp(case), names, classes)
            return self[case]

    return Pages()


def check_looks(browser):
    for script in (SIDEWAYS, OVERLAPS, CUT, LABELS, LOST, CONTRAST):
        assert browser.execute_script(script) == []


ALL_CASES = [pytest.param(case, SCREENS, marks=EVERY_SCREEN) for case in CASES]


@pytest.mark.parametrize(
    ("case", "screens"),
    [("few", TWO_SCREENS), ("hostile", TWO_SCREENS), *ALL_CASES],
)
def test_the_page_fits_every_width_and_can_be_read_in_both_themes(browser, pages, case, screens):
    browser.get_log("browser")
    show(browser, pages[case], 1280, "light")
    browser.execute_script(ADD_COLUMNS)
    for width, theme in screens:
        look(browser, width, theme)
        check_looks(browser)
    assert browser.get_log("browser") == []


@pytest.mark.parametrize(
    ("case", "screens"),
    [
        ("few", TWO_SCREENS[:1]),
        pytest.param("few", SCREENS, marks=EVERY_SCREEN),
        pytest.param("hostile", SCREENS[:2], marks=EVERY_SCREEN),
    ],
)
def test_no_rule_of_accessibility_is_broken(browser, pages, case, screens):
    show(browser, pages[case], 1280, "light")
    seen(browser, ".leaders .model")[0].click()
    for width, theme in screens:
        look(browser, width, theme)
        assert violations(browser) == []


def test_a_text_that_hardly_stands_out_is_seen(browser, pages):
    show(browser, pages["few"], 1280, "light")
    script = "document.documentElement.style.setProperty('--muted', '#8a8a8a')"
    browser.execute_script(script)
    assert browser.execute_script(CONTRAST)


def test_every_control_is_reached_with_the_tab_key_and_shows_it(browser, pages):
    show(browser, pages["few"], 1280, "light")
    expected = browser.execute_script(CONTROLS)
    browser.execute_script(NOTE_FOCUS)
    ActionChains(browser).send_keys(Keys.TAB * (len(expected) + 2)).perform()
    reached = browser.execute_script("return window.reached")
    assert [name for name, outlined in reached if not outlined] == []
    assert {name for name, _ in reached} >= set(expected)


def test_a_word_finds_names_and_whole_values_not_what_is_inside_them(browser, tmp_path):
    store = store_of(tmp_path, ["t3_deep"], 10)
    for name in ("four_convs", "other"):
        for seed in range(2):
            wrong = draw_wrong(0.05, seed, IMAGES)
            precision = "mixed_bfloat16" if name == "other" else "float32"
            write_run(store, name, seed, wrong=wrong, images=IMAGES, precision=precision)
    path = tmp_path / "report.html"
    path.write_text(render(Report(store, {}), "html"), encoding="utf-8")
    show(browser, path, 1280, "light")
    for asked, found in {
        "t3": {"t3_deep"},
        "float32": {"t3_deep", "four_convs"},
        "precision:mixed_bfloat16": {"other"},
        "family:four_convs,other": {"four_convs", "other"},
        "suite:tutorials deep": {"t3_deep"},
        "suite:ladder": set(),
    }.items():
        go(browser, f"#tutorials?filter={asked}")
        assert {e.get_attribute("aria-label") for e in seen(browser, ".model")} == found, asked
    go(browser, "#tutorials?filter=band:a")
    old = [e.get_attribute("aria-label") for e in seen(browser, ".model")]
    go(browser, "#tutorials?filter=group:a")
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


def test_a_row_that_is_filtered_away_takes_its_panel_with_it(browser, pages):
    show(browser, pages["few"], 1280, "light")
    for width in (390, 1280):
        look(browser, width, "light")
        go(browser, "#tutorials?open=1")
        assert len(seen(browser, ".leaders .more")) == 1
        seen(browser, ".filter")[0].send_keys("called_0")
        assert not seen(browser, ".leaders .more")
        seen(browser, ".filter")[0].send_keys(" and nothing else")
        (said,) = seen(browser, ".leaders-place + .nothing")
        said.find_element("css selector", "button").click()
        assert len(seen(browser, ".leaders tbody tr[data-row]")) == 4
        assert not seen(browser, ".leaders-place + .nothing")


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
        go(browser, f"#{name}")
        shown[name] = {e.get_attribute("aria-label") for e in seen(browser, ".model")}
    assert shown == {"tutorials": {"one", "two"}, "mine": {"two", "three"},
                     "all": {"one", "two", "three"}}  # fmt: skip
    go(browser, "#mine?beside=tutorials")
    assert [e.text for e in seen(browser, "h1")] == ["mnist: tutorials", "mnist: mine"]
    check_looks(browser)
    for nav in seen(browser, ".sections"):
        assert nav.get_property("scrollWidth") <= nav.get_property("clientWidth")
    go(browser, "#board-1-cost")  # as boards were once numbered
    assert [e.text for e in seen(browser, "h1")] == ["mnist: all suites"]


def test_without_a_script_every_table_is_there(browser, pages):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(browser, pages["few"], 390, "light")
        for width in (390, 1280):
            set_screen(browser, width, "light")
            assert len(seen(browser, ".leaders tbody tr")) == 4
            assert len(seen(browser, ".model-panel summary")) == 4
            assert not seen(browser, ".needs-script")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
