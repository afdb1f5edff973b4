"""Every view as people see it: in light and dark, wide and narrow, and with nothing that keeps anybody out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support import chromium
from tests.support.chromium import PICTURES, SCHEMES, barriers, picture, tab, too_wide
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
    "map": (f"{RESULTS}Map", _button("The whole map")),
    "map-part": (f"{RESULTS}Map", _part_of_the_map),
    "mistakes": (f"{RESULTS}Mistakes", _heading(TASK)),
    "confidence": (f"{RESULTS}Confidence", _heading(TASK)),
    "predictions": (f"{RESULTS}Predictions", _heading("Surest")),
    "rounds": (f"{RESULTS}Rounds", _heading(TASK)),
    "labels": (f"{RESULTS}Labels", _heading(TASK)),
    "oracle": (f"{RESULTS}Oracle", _heading("What labels cost")),
    "take-home": (f"{RESULTS}Take+it+home", _heading("Take it along")),
    "results-empty": (f"results?task={NEW}", lambda page: page.get_by_text("No model yet")),
}
"""The address of each view, and what it has when it is there."""


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_nobody_out(wide: BrowserContext, narrow: BrowserContext, place: Place, name: str) -> None:
    address, ready = VIEWS[name]
    url = f"{place.url}/{address.format(**place.talks)}"
    found: set[str] = set()
    for window, width in ((wide, "wide"), (narrow, "narrow")):
        with tab(window, url) as page:
            expect(ready(page)).to_be_visible()
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                picture(page, f"{name}-{width}-{scheme}")
                if window is wide or scheme == "light":  # colors do not hang on the width
                    found |= set(barriers(page))
            assert not too_wide(page), "nobody has to scroll sideways"
    assert not found, "\n".join(found)


def test_who_comes_from_elsewhere_is_asked_who_it_is(wide: BrowserContext, place: Place) -> None:
    with page_over(str(place.client.base_url), LAUD_PAGE_FOR="others") as url, tab(wide, url) as page:
        expect(page.get_by_role("textbox", name="Token")).to_be_visible()
        picture(page, "who-wide-light")
        assert not barriers(page)


def test_a_service_that_is_away_is_told_with_what_to_do(narrow: BrowserContext) -> None:
    with page_over("http://127.0.0.1:9") as url, tab(narrow, url) as page:
        expect(page.get_by_role("heading", name="The service does not answer")).to_be_visible()
        picture(page, "away-narrow-light")
        assert not barriers(page)


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
