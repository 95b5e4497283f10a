"""Records that tests of pictures share."""

import pytest
from ninetynine.records import RecordStore
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


@pytest.fixture(scope="session")
def three_models(tmp_path_factory):
    """Records of three models, which tests only read."""
    store = RecordStore(tmp_path_factory.mktemp("three-models"))
    for name, rate, seconds in (("$good$", 0.01, 30.0), ("fair", 0.03, 10.0), ("poor", 0.2, 20.0)):
        for seed in range(3):
            wrong = draw_wrong(rate, seed)
            write_run(store, name, seed, wrong=wrong, train_seconds=seconds + seed)
    return store


@pytest.fixture(scope="session")
def board(three_models):
    """The board of these models."""
    from picture_builders import boards

    return boards(three_models)[0]
