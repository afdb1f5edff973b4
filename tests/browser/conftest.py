"""One browser for all tests of a worker."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import chromium


@pytest.fixture(scope="session")
def opened() -> Iterator[Browser]:
    """The browser; nothing that its pages ask for lies on another machine."""
    with chromium.browser() as found:
        yield found
    assert not chromium.abroad, "the page loads nothing from elsewhere"
