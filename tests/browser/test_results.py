"""Results by mouse: a line around texts of the map opens these, a cell of the confusion the texts behind its number."""

import re
from collections.abc import Sequence

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support import chromium
from tests.support.chromium import barriers, picture, settled, tab
from tests.support.lived_in import TASK, Place

pytestmark = chromium.MARKS
HALF = [(0.02, 0.02), (0.5, 0.03), (0.48, 0.5), (0.52, 0.97), (0.02, 0.96)]
"""Corners of a line around the left half, by the size of the map, from above."""


def test_a_line_around_texts_opens_them_to_be_left_out(wide: BrowserContext, place: Place) -> None:
    with tab(wide, f"{place.url}/results?task={TASK}&see=Map") as page:
        the_map = page.get_by_role("img", name="Map of")
        expect(the_map).to_be_visible()
        settled(page)
        closer = page.get_by_role("button", name="Look closer")
        expect(closer).to_be_disabled()
        _draw(page, the_map, HALF)
        expect(_chosen(page)).to_be_visible()
        picture(page, "map-line-wide-light")
        assert not barriers(page)
        every = place.client.get(f"/tasks/{TASK}/map/texts").json()["total"]
        around = _count(page)
        assert 0 < around < every
        left = place.client.get(f"/tasks/{TASK}/map/texts", params={"right": 0.5}).json()["total"]
        assert abs(around - left) < every / 5
        page.get_by_role("radio", name="Label", exact=True).click()
        expect(page.get_by_role("img", name="colored by label")).to_be_visible()
        assert _count(page) == around, "the line stays when the colors change"
        page.locator(".st-key-map-texts label").first.click()
        page.get_by_role("button", name="Leave them out").click()
        expect(page.get_by_text("1 text was left out.")).to_be_visible()
        place.client.post(f"/tasks/{TASK}/labels/undo", json={"count": 1}).raise_for_status()
        closer.click()
        whole = page.get_by_role("button", name="The whole map")
        expect(whole).to_be_enabled()
        expect(closer).to_be_disabled()
        assert around <= _count(page) < every
        whole.click()
        expect(whole).to_be_disabled()
        _draw(page, the_map, HALF)
        expect(closer).to_be_enabled()
        the_map.click(position={"x": 5, "y": 5})
        expect(closer).to_be_disabled()


def test_a_cell_of_the_confusion_opens_its_texts(wide: BrowserContext, place: Place) -> None:
    pairs = place.client.get(f"/tasks/{TASK}/results", params={"show": "confused"}).json()["pairs"]
    assert len(pairs) > 1
    with tab(wide, f"{place.url}/results?task={TASK}&see=Mistakes") as page:
        settled(page)
        for pair in pairs[::-1]:
            named = f"Labeled: {pair['label']}; Called: {pair['predicted']}"
            page.locator(f"[data-testid=stVegaLiteChart] path[aria-label*='{named}']").first.click()
            chosen = page.get_by_role("combobox", name="The texts behind a number")
            expect(chosen).to_have_value(re.compile(f"{pair['label']} → {pair['predicted']}"))
            expect(page.get_by_role("cell", name=pair["texts"][0]["text"])).to_be_visible()


def _draw(page: Page, the_map: Locator, corners: Sequence[tuple[float, float]]) -> None:
    """Draw a line with the mouse."""
    settled(page)
    the_map.scroll_into_view_if_needed()
    box = the_map.bounding_box()
    assert box
    places = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for at in places[1:]:
        page.mouse.move(*at, steps=8)
    page.mouse.up()


def _count(page: Page) -> int:
    """How many texts the part that is chosen holds, as the page says."""
    settled(page)
    return int(re.sub(r"\D", "", _chosen(page).input_value()))


def _chosen(page: Page) -> Locator:
    """Where one chooses among the texts of a part; at first it says how many there are."""
    return page.get_by_role("combobox", name="Texts in this part")
