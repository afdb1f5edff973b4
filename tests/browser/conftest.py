"""One browser for all tests of a worker, with a wide and a narrow window."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support import chromium
from tests.support.lived_in import Place, lived_in


@pytest.fixture(scope="session")
def opened() -> Iterator[Browser]:
    """The browser; nothing that its pages ask for lies on another machine."""
    with chromium.browser() as found:
        yield found
    assert not chromium.abroad, "the page loads nothing from elsewhere"


@pytest.fixture(scope="session")
def wide(opened: Browser) -> Iterator[BrowserContext]:
    """A window as on a desk."""
    with chromium.window(opened, chromium.WIDE) as found:
        yield found


@pytest.fixture(scope="session")
def narrow(opened: Browser) -> Iterator[BrowserContext]:
    """A window as on a telephone."""
    with chromium.window(opened, chromium.NARROW) as found:
        yield found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A workspace in which there is something to be seen in every view."""
    with lived_in(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("lived-in")) as found:
        yield found
