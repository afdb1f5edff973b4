"""A page by the Tab key alone: where it stops, what is seen there, and what is heard."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

STOPS = 100
"""Stops from which on a page is taken for a trap."""
_NAMELESS = ("- button", "- link", "- textbox", "- checkbox", "- slider", ' icon"', ' icon":')
"""How a line about something ends that is called nothing, or by the name of a picture."""
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


def stops(page: Page) -> Iterator[dict[str, Any]]:
    """What the Tab key comes to, from the first to the last; `seen` says whether one sees that one is there."""
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here is None:
            return
        yield here
    raise AssertionError("the last stop never comes")


def nameless(page: Page) -> list[str]:
    """What a screen reader would call nothing, or by the name of a picture."""
    heard = page.get_by_role("main").aria_snapshot() + page.get_by_role("region", name="Sidebar").aria_snapshot()
    return [line for line in heard.splitlines() if line.strip().endswith(_NAMELESS)]
