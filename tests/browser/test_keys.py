"""The page by keys alone: every stop is called something, and one sees where one is."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_views import VIEWS
from tests.support import chromium
from tests.support.chromium import settled, tab
from tests.support.lived_in import Place

pytestmark = chromium.MARKS
STOPS = 100
"""Stops from which on a page is taken for a trap."""
_HERE = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (at === document.body) return null;
  const ring = (one) => getComputedStyle(one);
  const seen = (one) => (ring(one).outlineStyle !== "none" && parseFloat(ring(one).outlineWidth) > 0)
    || ring(one).boxShadow !== "none";
  const writes = ["TEXTAREA", "INPUT"].includes(at.tagName) && !["checkbox", "radio", "range"].includes(at.type);
  const plain = writes || at.tagName === "MAIN";
  return {html: at.outerHTML.slice(0, 200), seen: plain || seen(at) || seen(at.parentElement)};
}"""
"""What has the focus, and whether one sees that: by a ring, or by the caret where one writes."""


@pytest.mark.parametrize("name", ["first", "labels-wanted", "card", "desk", "overview", "map", "take-home"])
def test_one_sees_where_one_is_and_hears_what_it_is(wide: BrowserContext, place: Place, name: str) -> None:
    address, ready = VIEWS[name]
    with tab(wide, f"{place.url}/{address.format(**place.talks)}") as page:
        expect(ready(page)).to_be_visible()
        settled(page)
        stops = list(_stops(page))
        assert len(stops) > 5
        assert [one["html"] for one in stops if not one["seen"]] == []
        heard = page.get_by_role("main").aria_snapshot() + page.get_by_role("region", name="Sidebar").aria_snapshot()
        assert [line for line in heard.splitlines() if line.strip().endswith(_NAMELESS)] == []


_NAMELESS = ("- button", "- link", "- textbox", "- checkbox", "- slider", ' icon"', ' icon":')
"""How a line about something ends that is called nothing, or by the name of a picture."""


def _stops(page: Page) -> Iterator[dict[str, Any]]:
    """What the Tab key comes to, from the first to the last."""
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here is None:
            return
        yield here
    raise AssertionError("the last stop never comes")
