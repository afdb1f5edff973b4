"""Every view as people meet it: in light and dark, wide and narrow, by keys, with nothing that keeps anybody out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from tests.support import chromium
from tests.support.chromium import NARROW, PICTURES, SCHEMES, WIDE, barriers, picture, settled, tab, too_wide
from tests.support.keyboard import nameless, stops
from tests.support.laud_process import SAMPLES
from tests.support.lived_in import NEW, TASK, Place, page_over

pytestmark = chromium.MARKS
Ready = Callable[[Page], Locator]
SAMPLE = SAMPLES / "receipts.csv"
DESK = f"label?task={TASK}"
RESULTS = f"results?task={TASK}&see="


def _heading(name: str) -> Ready:
    return lambda page: page.get_by_role("heading", name=name)


def _button(name: str) -> Ready:
    return lambda page: page.get_by_role("button", name=name).first


def _sent(page: Page) -> Locator:
    """A file is sent; its first rows come."""
    send = page.get_by_role("button", name="Send message")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").click()
    chooser.value.set_files(SAMPLE)
    expect(send).to_be_enabled()
    send.click()
    return page.get_by_role("button", name="Read it")


def _part_of_the_map(page: Page) -> Locator:
    """A part of the map is chosen; its texts come."""
    page.get_by_role("button", name="Choose a part by numbers").click()
    page.get_by_role("slider").first.press("ArrowRight")
    page.get_by_role("button", name="Show this part").click()
    return page.get_by_role("button", name="Leave them out")


VIEWS: dict[str, tuple[str, Ready]] = {
    "first": ("", _heading("From a pile of text")),
    "talk": ("?chat={talk}", lambda page: page.get_by_role("log")),
    "preview": ("", _sent),
    "card": ("?chat={card}", _button("Approve")),
    "price": ("?chat={price}", _button("Approve")),
    "work": ("?chat={work}", _button("Stop")),
    "labels-wanted": ("?chat={labels}", _button("Label them")),
    "desk": (DESK, lambda page: page.get_by_role("region", name="The text to label")),
    "desk-conflicts": (f"{DESK}&queue=Conflicts", _button("Leave it out")),
    "desk-groups": (f"{DESK}&queue=Groups", lambda page: page.get_by_role("region", name="The texts to label")),
    "desk-doubts": (f"{DESK}&queue=Doubts", lambda page: page.get_by_role("region", name="The text to label")),
    "desk-empty": (f"label?task={NEW}", _heading("No text waits")),
    "overview": (f"{RESULTS}Overview", _heading("Classes")),
    "map": (f"{RESULTS}Map", lambda page: page.get_by_role("img", name="Map of")),
    "map-part": (f"{RESULTS}Map", _part_of_the_map),
    "mistakes": (f"{RESULTS}Mistakes", _heading(TASK)),
    "confidence": (f"{RESULTS}Confidence", _heading(TASK)),
    "predictions": (f"{RESULTS}Predictions", _heading("Surest")),
    "rounds": (f"{RESULTS}Rounds", _heading(TASK)),
    "labels": (f"{RESULTS}Labels", _heading(TASK)),
    "oracle": (f"{RESULTS}Oracle", _heading("What labels cost")),
    "take-home": (f"{RESULTS}Take+it+home", _heading("Take it home")),
    "results-empty": (f"results?task={NEW}", lambda page: page.get_by_text("No model yet")),
}
"""The address of each view, and what it has when it is there."""


BY_KEYS = {"first", "labels-wanted", "card", "desk", "overview", "map", "take-home"}
"""Views that are gone through by the Tab key."""


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_nobody_out(wide: BrowserContext, place: Place, name: str) -> None:
    address, ready = VIEWS[name]
    with tab(wide, f"{place.url}/{address.format(**place.talks)}") as page:
        expect(ready(page)).to_be_visible()
        if name in BY_KEYS:
            settled(page)
            passed = list(stops(page))
            assert len(passed) > 5
            assert [one["html"] for one in passed if not one["seen"]] == []
        assert nameless(page) == []
        _keeps_nobody_out(page, name)


def test_who_comes_from_elsewhere_is_asked_who_it_is(wide: BrowserContext, place: Place) -> None:
    with page_over(str(place.client.base_url), LAUD_PAGE_FOR="others") as url, tab(wide, url) as page:
        expect(page.get_by_role("textbox", name="Token")).to_be_visible()
        _keeps_nobody_out(page, "who")


def test_a_service_that_is_away_is_told_with_what_to_do(wide: BrowserContext) -> None:
    with page_over("http://127.0.0.1:9") as url, tab(wide, url) as page:
        expect(page.get_by_role("heading", name="The service does not answer")).to_be_visible()
        _keeps_nobody_out(page, "away")


def _keeps_nobody_out(page: Page, name: str) -> None:
    """Nobody has to scroll sideways or meets a barrier; the page is pictured at both widths in light and dark."""
    found: set[str] = set()
    for (across, down), width in ((WIDE, "wide"), (NARROW, "narrow")):
        page.set_viewport_size(ViewportSize(width=across, height=down))
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            picture(page, f"{name}-{width}-{scheme}")
            if scheme == "light":
                found |= set(barriers(page))
            elif width == "wide":  # dark changes nothing but colors, and these do not hang on the width
                found |= set(barriers(page, "color-contrast"))
        settled(page)
        assert not too_wide(page)
    assert not found, "\n".join(found)


def test_a_report_keeps_nobody_out(opened: Browser, place: Place) -> None:
    for size, width in ((chromium.WIDE, "wide"), (chromium.NARROW, "narrow")):
        with (
            chromium.window(opened, size, bypass_csp=True) as window,
            tab(window, f"{place.client.base_url}/tasks/{TASK}/report") as page,
        ):
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=PICTURES / f"report-{width}-{scheme}.png", full_page=True)
                assert not barriers(page)
