"""A real headless Chromium for tests of the page.

Debian's packages are chromium and chromium-driver; a driver must be of its browser's version, so
both are taken from the system and nothing is downloaded.
"""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from selenium import webdriver
from selenium.webdriver.common.by import By

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


def start_browser(profile: Path) -> webdriver.Chrome:
    """A browser whose own files lie in ``profile``."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


def show(browser, path, width, theme, anchor=""):
    """Open the page at ``path`` on a screen of ``width`` pixels."""
    scheme = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")  # a change of the fragment alone loads nothing
    browser.get(path.as_uri() + anchor)


def seen(browser, selector):
    """Return the elements that can be seen."""
    return [e for e in browser.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]
