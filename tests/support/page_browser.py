"""A real headless Chromium for tests of the page.

Debian's packages are chromium and chromium-driver; a driver must be of its browser's version, so
both are taken from the system and nothing is downloaded.
"""

import shutil
from importlib import resources
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
NEEDS_BROWSER = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no chromium and chromedriver on this machine"
)
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

SCREENS = tuple(product((390, 768, 1280, 1920), ("light", "dark")))  # pixels wide, theme
TWO_SCREENS = ((390, "dark"), (1280, "light"))
_PATIENCE_SECONDS = 300  # rules of accessibility take 17 of a large page, where nothing else runs

# Texts of pictures that lie on each other, on a dot, or out of their picture.
LABELS = """
    const found = [];
    const box = (e) => e.getBoundingClientRect();
    const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    const middle = (b) => { const s = (b.bottom - b.top) * 0.16;
        return {left: b.left, right: b.right, top: b.top + s, bottom: b.bottom - s}; };
    for (const svg of document.querySelectorAll('svg')) {
        if (!svg.getClientRects().length || svg.matches('.sample')) continue;
        const all = box(svg), name = (svg.getAttribute('aria-label') ?? '').split('\\n')[0];
        const texts = [...svg.querySelectorAll('text')].filter((t) => t.textContent)
            .map((t) => [t.textContent, middle(box(t))]);
        const dots = [...svg.querySelectorAll('circle, path.dot, path.claim')].map(box);
        texts.forEach(([text, b], i) => {
            if (b.left < all.left - 2 || b.right > all.right + 2 || b.top < all.top - 2 ||
                b.bottom > all.bottom + 2) found.push(`${name}: ${text} is outside`);
            texts.slice(i + 1).forEach(([other, o]) => {
                if (overlap(b, o)) found.push(`${name}: ${text} on ${other}`); });
            if (dots.some((o) => overlap(b, o))) found.push(`${name}: ${text} on a mark`);
        });
    }
    return found.slice(0, 8);
"""
SIDEWAYS = """
    return [...document.querySelectorAll('html, main, .panel, .leaders-place, .model-body, figure')]
        .filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
        .map((e) => `${e.tagName}.${e.className} ${e.scrollWidth} in ${e.clientWidth}`);
"""
CUT = """
    return [...document.querySelectorAll('body *')].filter((e) => {
        if (!e.clientWidth || e.closest('svg, .sr, .tiles, select, input')) return false;
        const style = getComputedStyle(e);
        if (style.overflowX !== 'hidden' || style.clipPath !== 'none') return false;
        if (e.scrollWidth <= e.clientWidth + 1) return false;
        if (!e.innerText?.trim() || e.querySelector('.cut')) return false;
        return style.textOverflow !== 'ellipsis' || !e.closest('[data-tip], .skip');
    }).map((e) => e.outerHTML.slice(0, 160));
"""
# Texts that do not stand out from what is behind them by 4.5 to 1 (WCAG 2.2, 1.4.3); areas alone
# count as behind them, as all gradients of the page are nearly the color that they lie on.
CONTRAST = """
    const parts = (color) => {
        const [r, g, b, a = 1] = color.match(/[\\d.]+(e-?\\d+)?/g).map(Number);
        return color.startsWith('color(') ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
    };
    const on = ([r, g, b, a], under) => [r, g, b].map((c, i) => a * c + (1 - a) * under[i]);
    const light = (rgb) => {
        const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92
            : ((c / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const grounds = new Map();
    const ground = (e) => {
        if (!e) return [255, 255, 255];
        if (!grounds.has(e)) {
            const own = parts(getComputedStyle(e).backgroundColor);
            grounds.set(e, own[3] ? on(own, own[3] < 1 ? ground(e.parentElement) : own)
                : ground(e.parentElement));
        }
        return grounds.get(e);
    };
    const found = new Map(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
        if (!text || !e.getClientRects().length || e.closest('.sr, option')) continue;
        const style = getComputedStyle(e), behind = ground(e);
        const color = on(parts(e.closest('svg') ? style.fill : style.color), behind);
        const [high, low] = [light(color), light(behind)].sort((a, b) => b - a);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < 4.5) found.set(`${color} on ${behind}`, `${text}: ${ratio.toFixed(2)}`);
    }
    return [...found].slice(0, 8);
"""


_DRAWN = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
# What axe-core says of the boards that are seen; its rules, or those that are named.
_AXE = """
    const [rules, done] = arguments, told = (v) => [v.id, v.nodes.map((n) => n.html.slice(0, 140))];
    const asked = rules.length ? {runOnly: rules} : {};
    axe.run(document, {...asked, resultTypes: ['violations']})
        .then((r) => done(r.violations.map(told))).catch((e) => done(String(e)));
"""


# What is like the first of its kind: axe-core takes seconds for thousands of cells.
_ALIKE = """
    const alike = ['.leaders tbody tr:nth-child(n+8)', '.matrix tr:nth-child(n+4)',
        '.matrix tr > :nth-child(n+8)', '.tiled > figure:nth-child(n+4)', '.choice[hidden]',
        '.all-columns tbody tr:nth-child(n+4)', '.model-panel:nth-child(n+8)',
        '.tiles > li:nth-child(n+4)'];
    document.querySelectorAll(alike.join()).forEach((e) => e.remove());
"""


def violations(browser, *rules):
    """Return what breaks a rule of accessibility on the page that is open.

    Of what is alike, such as the rows of a table, the first are looked at; the others are removed.
    """
    browser.execute_script(_ALIKE)
    pytest.importorskip("axe_core_python", reason="pip install '.[test]'")
    if not browser.execute_script("return 'axe' in window"):
        axe = resources.files("axe_core_python") / "axe.min.js"
        browser.execute_script(axe.read_text(encoding="utf-8"))
    return browser.execute_async_script(_AXE, rules)


def wait_until(browser, condition):
    """Wait until ``condition`` of the browser holds; Selenium looks twice a second by itself."""
    WebDriverWait(browser, _PATIENCE_SECONDS, poll_frequency=0.02).until(condition)


def start_browser(profile: Path) -> webdriver.Chrome:
    """A browser whose own files lie in ``profile``."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    browser.set_script_timeout(_PATIENCE_SECONDS)
    return browser


def show(browser, path, width, theme, anchor=""):
    """Open the page at ``path`` on a screen of ``width`` pixels."""
    set_screen(browser, width, theme)
    browser.get("about:blank")  # a change of the fragment alone loads nothing
    browser.get(path.as_uri() + anchor)
    # Without scripts the driver may not have waited for the end of the page.
    wait_until(browser, lambda b: b.execute_script("return document.readyState") == "complete")


def go(browser, anchor):
    """Have the page that is open show what ``anchor`` says, as its own links do."""
    browser.execute_async_script(
        "const [anchor, done] = arguments, before = location.hash; location.hash = anchor;"
        "if (location.hash === before) return done();"
        "addEventListener('hashchange', () => done(), {once: true});",
        anchor,
    )


def look(browser, width, theme):
    """Make the screen ``width`` pixels wide and its theme another; the page stays as it is."""
    set_screen(browser, width, theme)
    browser.execute_async_script(_DRAWN)


def set_screen(browser, width, theme):
    """Do as ``look`` does where no script runs that could wait until the page is drawn anew."""
    scheme = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


# One question for all: Selenium's own asks for each element, some 10 ms.
_SEEN = """
    const drawn = {opacityProperty: true, visibilityProperty: true};
    return [...document.querySelectorAll(arguments[0])].filter((e) =>
        e.checkVisibility(drawn) && [...e.getClientRects()].some((b) => b.width && b.height));
"""


def seen(browser, selector):
    """Return the elements that can be seen."""
    return browser.execute_script(_SEEN, selector)
