"""Pictures, pixels and paper in a real browser: every board of a page, at its widths and themes.

Each page is made and loaded once, with all its pictures there, and looked at for everything.
"""

import pytest
from dataset_builders import ordinary, save
from ninetynine import datasets
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from record_builders import draw_wrong, make_architecture, make_claim, write_run

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
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, NEEDS_BROWSER]

IMAGES = 300
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "一个非常长的中文模型名称" * 6,
    "a" * 180,
    "words with spaces and " * 8 + "an end",
    "ﷺ\u0301\u0302 الشبكة العصبية",
)
RUNGS = """
dataset = "mnist"
seeds = "0-2"
architectures = [
    "a_network_called_3",
    {name = "a_network_called_2", adds = "a second layer"},
    {name = "a_network_called_1", adds = "shifts of two pixels and a very long word of its own"},
    {name = "a_network_called_0", adds = "dropout", over = "a_network_called_2"},
]
"""

OPEN_FOLDS = "document.querySelectorAll('.fold').forEach((part) => { part.open = true; })"
READY = "return !document.querySelector('.board:not([hidden]) > .packed')"


def write_rows(store, names, classes=10, suite_name="tutorials", first=0, **fields):
    for place, name in enumerate(names, first):
        for seed in range(2):
            wrong = draw_wrong(0.01 + 0.3 * place / 40, seed, IMAGES)
            write_run(
                store, name, seed, wrong=wrong, images=IMAGES, classes=classes,
                train_seconds=1.2**place + seed, context={"suite": suite_name}, **fields,
            )  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of a ladder, of rows with names that nobody should give, and of 100 classes."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "rungs.toml").write_text(RUNGS)
    store = RecordStore(folder)
    names = [f"a_network_called_{n}" for n in range(10)]
    write_rows(store, names[:4], suite_name="rungs")
    write_rows(store, [*names, *HOSTILE], suite_name="mine", source_hash="6" * 64)
    hundred = {"dataset": "hundred", "dataset_fingerprint": "e" * 64}
    write_rows(store, names[:3], classes=100, **hundred)
    claims = [make_claim(0.98), make_claim(0.97, id="T9")]
    catalog = {
        name: make_architecture(name, claims=claims[: n % 3]) for n, name in enumerate(names)
    }
    return write_page(folder, store, catalog, suite_name=str(folder / "rungs.toml"))


def write_page(folder, store, catalog, **asked):
    path = folder / "report.html"
    path.write_text(render(Report(store, catalog, **asked), "html"), encoding="utf-8")
    return path


def open_board(browser, anchor):
    """Show a board of the page that is open, with all its pictures."""
    go(browser, anchor)
    wait_until(browser, lambda b: b.execute_script(READY))


def anchors(browser):
    links = browser.find_elements("css selector", ".boards a")
    return [link.get_attribute("hash") for link in links]


def open_panel(browser):
    seen(browser, ".leaders .model")[1].click()


def check(browser, *scripts):
    found = {script: browser.execute_script(script) for script in scripts}
    assert not any(found.values()), [value for value in found.values() if value]


def check_looks(browser, number, screens):
    open_board(browser, anchors(browser)[number])
    open_panel(browser)
    for width, theme in screens:
        look(browser, width, theme)
        browser.execute_script(OPEN_FOLDS)
        check(browser, SIDEWAYS, LABELS, CUT, CONTRAST)


def test_on_no_board_anything_scrolls_sideways_is_cut_or_lies_on_a_label(browser, page):
    browser.get_log("browser")
    show(browser, page, 1280, "light")
    assert len(anchors(browser)) == 4
    for number in range(2):  # a ladder, and names that nobody should give
        check_looks(browser, number, TWO_SCREENS)
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("number", range(4))
def test_nor_does_it_on_any_screen(browser, page, number):
    browser.get_log("browser")
    show(browser, page, 1280, "light")
    check_looks(browser, number, SCREENS)
    if number == 0:
        assert violations(browser) == []
    assert browser.get_log("browser") == []


def test_the_check_of_labels_sees_one_that_lies_on_another(browser, page):
    show(browser, page, 1280, "light")
    script = "const t = document.querySelector('[id$=cost] text'); t.after(t.cloneNode(true));"
    browser.execute_script(script)
    assert browser.execute_script(LABELS)


def test_a_ladder_shows_its_steps_and_histories_their_versions(browser, page):
    show(browser, page, 1280, "light")
    steps = seen(browser, ".steps svg")[0].get_attribute("aria-label")
    assert "what each rung adds" in steps
    history = seen(browser, "[id$=history] svg[role=group]")
    assert len(history) == 4
    assert "accuracy over versions" in history[0].get_attribute("aria-label")
    marks = history[0].find_elements("css selector", ".mark")
    assert "new: code" in marks[1].get_attribute("aria-label")


def test_on_a_phone_what_is_long_is_folded_until_it_is_asked_for(browser, page):
    show(browser, page, 390, "light")
    assert not seen(browser, ".ladder")
    seen(browser, ".fold > summary")[0].click()
    assert seen(browser, ".ladder tbody tr")
    look(browser, 1280, "light")
    assert seen(browser, ".ladder tbody tr")
    assert not seen(browser, ".fold > summary")
    look(browser, 390, "light")
    assert not seen(browser, ".ladder")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        wait_until(browser, lambda b: seen(b, ".ladder tbody tr"))
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    open_board(browser, anchors(browser)[1])
    for width, shown in ((390, 4), (1280, 12)):
        look(browser, width, "light")
        assert len(seen(browser, "[id$=progress] figure")) == shown


def heads(browser, section):
    """The names of the rows of the picture of pairs that are seen."""
    script = """
        return [...arguments[0].querySelectorAll('tbody th')]
            .filter((e) => e.checkVisibility())
            .map((e) => e.innerText.trim())
            .filter(Boolean);
    """
    return browser.execute_script(script, section)


def test_rows_of_a_picture_are_searched_for_added_taken_out_and_linked(browser, page):
    show(browser, page, 1280, "light")
    board = anchors(browser)[1]
    open_board(browser, board)
    section = browser.find_element("css selector", f"{board}-pairs")
    assert len(heads(browser, section)) == 12
    section.find_element("css selector", ".rows-menu summary").click()
    section.find_element("css selector", "input[type=search]").send_keys("called_7")
    section.find_elements("css selector", ".row-buttons button")[1].click()
    assert heads(browser, section) == ["a_network_called_7"]
    section.find_element("css selector", "input[type=search]").clear()
    address = browser.current_url
    assert "rows-pairs=" in address
    show(browser, page, 1280, "light", "#" + address.partition("#")[2])
    wait_until(browser, lambda b: b.execute_script(READY))
    section = browser.find_element("css selector", f"{board}-pairs")
    assert heads(browser, section) == ["a_network_called_7"]
    assert len(seen(browser, f"{board}-pairs tbody td")) == 1


def test_a_choosers_picture_is_that_of_the_chosen_model(browser, page):
    show(browser, page, 1280, "light")
    section = browser.find_element("css selector", f"{anchors(browser)[0]}-disagreement")
    select = section.find_element("css selector", "select")
    for option in select.find_elements("css selector", "option"):
        option.click()
        shown = [e.text for e in section.find_elements("css selector", "figcaption b") if e.text]
        assert len(shown) == 1
        assert shown[0].endswith(f" against {option.text}")


def test_on_paper_everything_is_there_and_nothing_to_click(browser, page):
    show(browser, page, 780, "light")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert seen(browser, ".leaders tbody tr")
        assert seen(browser, "[id$=cost] svg")
        for tool in (".tools", ".boards", "#theme", ".chooser", ".narrow", ".menu"):
            assert not seen(browser, tool), tool
        check(browser, LABELS)
        page_width = browser.execute_script("return document.documentElement.scrollWidth")
        assert page_width <= 780
        # A heading and what it says are never left alone at the end of a sheet.
        loose = """return [...document.querySelectorAll('.panel :is(h2, .says, figcaption)')]
            .filter((e) => getComputedStyle(e).breakAfter !== 'avoid').length"""
        assert browser.execute_script(loose) == 0
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_nothing_moves_where_motion_is_to_be_reduced(browser, page):
    show(browser, page, 1280, "light")
    feature = {"name": "prefers-reduced-motion", "value": "reduce"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    moving = browser.execute_script(
        """return [...document.querySelectorAll('*')].filter((e) => {
            const s = getComputedStyle(e);
            return s.animationName !== 'none' || s.scrollBehavior === 'smooth' ||
                s.transitionDuration.split(', ').some((d) => parseFloat(d) > 0);
        }).length"""
    )
    assert moving == 0


def test_without_a_script_every_board_has_pictures_and_whole_names(browser, page):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(browser, page, 390, "light")
        for width in (390, 1280):
            set_screen(browser, width, "light")
            pictures = browser.execute_script("""
                const drawn = '.panel svg:not(.bars):not(.sample)';
                return [...document.querySelectorAll('main > .board')].map((board) =>
                    [...board.querySelectorAll(drawn)].filter((e) => e.checkVisibility()).length);
            """)
            assert len(pictures) == 4
            assert min(pictures) >= 2
            cut = """return [...document.querySelectorAll('.cut')]
                .filter((e) => e.checkVisibility() && e.innerText.trim() !== e.textContent.trim())
                .map((e) => [e.innerText, e.textContent])"""
            assert browser.execute_script(cut) == []
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_large_images_in_color_are_small_on_the_page(browser, tmp_path):
    save(tmp_path, ordinary(train=8, test=24, shape=(224, 224, 3)))
    data = datasets.load(str(tmp_path / "mine.npz"), None)
    own = {"dataset": "mine", "dataset_fingerprint": data.fingerprint, "images": 24, "classes": 4}
    store = RecordStore(tmp_path)
    for seed in range(2):
        write_run(store, "net", seed, wrong=range(6 + seed), **own)
    path = write_page(tmp_path, store, {}, data_dir=tmp_path)
    for width in (390, 1280):
        show(browser, path, width, "light")
        check(browser, SIDEWAYS, LABELS)
        images = seen(browser, ".picture > img")
        assert len(images) == 7
        for image in images:
            assert max(image.rect["width"], image.rect["height"]) <= 84
            assert image.get_property("naturalWidth") <= 84
        assert "Images of 224 pixels are drawn 84 pixels wide." in browser.page_source
