"""Records that tests of pictures share."""

import pytest
from record_builders import draw_wrong, write_run


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """One Chromium for all tests of the page."""
    from page_browser import start_browser

    driver = start_browser(tmp_path_factory.mktemp("profile"))
    driver.set_script_timeout(120)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def browser(chromium):
    """The browser; each test opens what it looks at; an open page costs time."""
    yield chromium
    chromium.get("about:blank")


@pytest.fixture
def three_models(store):
    for name, rate, seconds in (("$good$", 0.01, 30.0), ("fair", 0.03, 10.0), ("poor", 0.2, 20.0)):
        for seed in range(3):
            wrong = draw_wrong(rate, seed)
            write_run(store, name, seed, wrong=wrong, train_seconds=seconds + seed)
    return store
