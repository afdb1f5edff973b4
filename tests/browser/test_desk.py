"""The labeling desk by keys alone: one text at a time, in a list, back, near-duplicates, groups, conflicts, doubts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support import chromium
from tests.support.chromium import barriers, picture, tab, too_wide
from tests.support.desk_room import TASK, furnish, number_of, place, text
from tests.support.laud_process import until
from tests.support.lived_in import disagree, page_over
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tools.desk import Seat, next_items
from tools.engine.records import DeskSettings
from tools.settings import Settings
from tools.training import zero_shot_file
from tools.workbench import Workbench, open_workbench

pytestmark = chromium.MARKS
TEXTS = 40


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    """Texts that wait, of which 1 and 31 are near-duplicates, as are all that differ by 10 among the others."""
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as opened:
        task = furnish(opened, texts=TEXTS, picked=[1, 2, 3, 4, 5, 6, 31], suggestions=True, blind_share=0.0)
        place(opened, lambda n: n % 10, texts=TEXTS)
        rows = np.full((TEXTS, 3), 0.1, dtype=np.float32)
        rows[np.arange(TEXTS), np.arange(TEXTS) % 3] = 0.8
        file = zero_shot_file(opened, task, TEXTS)
        file.parent.mkdir(exist_ok=True)
        np.save(file, rows)
        yield opened


@pytest.fixture
def url(bench: Workbench) -> Iterator[str]:
    """The desk's address."""
    with served(bench, in_turn()) as client, page_over(str(client.base_url)) as page:
        yield f"{page}/label?task={TASK}"


def _labels(bench: Workbench) -> dict[int, str]:
    return {number_of(i): one.answer.label or one.answer.outcome for i, one in bench.labels.current(TASK).items()}


def _come(bench: Workbench, wanted: dict[int, str]) -> None:
    until(lambda: _labels(bench) == wanted, f"{wanted}", every=0.05)


def _shows(page: Page, number: int) -> None:
    expect(page.locator("#board .words")).to_have_text(f"text {number}")


def test_an_expert_labels_by_keys_alone(bench: Workbench, wide: BrowserContext, url: str) -> None:
    with tab(wide, url) as page:
        _shows(page, 1)
        expect(page.get_by_text("The model says drink (80\u2009%)")).to_be_visible()
        expect(page.get_by_text("The answer holds for 1 text that is nearly the same")).to_be_visible()
        picture(page, "desk-alike-wide-light")
        page.keyboard.press("1")
        _shows(page, 2)
        _come(bench, {1: "food", 31: "food"})
        page.keyboard.press("u")
        _shows(page, 3)
        page.keyboard.press("n")
        page.keyboard.type("1 or 2?")
        page.keyboard.press("Escape")
        page.keyboard.press("2")
        _shows(page, 4)
        _come(bench, {1: "food", 31: "food", 2: "unsure", 3: "drink"})
        assert bench.labels.current(TASK)[text(3)].answer.note == "1 or 2?"
        page.keyboard.press("b")
        _shows(page, 3)
        page.keyboard.press("b")
        _shows(page, 2)
        expect(page.get_by_text("You said unsure.")).to_be_visible()
        picture(page, "desk-back-wide-light")
        page.keyboard.press("3")
        _shows(page, 4)
        _come(bench, {1: "food", 31: "food", 2: "toys", 3: "drink"})
        page.keyboard.press("b")
        _shows(page, 2)
        page.keyboard.press("Escape")
        _shows(page, 4)
        page.keyboard.press("z")
        _come(bench, {1: "food", 31: "food", 3: "drink"})
        _shows(page, 2)
        page.reload()
        _shows(page, 2)
        page.get_by_role("button", name="food text 1").click()
        _shows(page, 1)
        assert not barriers(page)


def test_texts_that_others_hold_are_not_left_for_one(bench: Workbench, wide: BrowserContext, url: str) -> None:
    next_items(bench, bench.tasks.get(TASK), Seat(person="ada", ahead=TEXTS))
    with tab(wide, url) as page:
        expect(page.get_by_role("heading", name="Your part is done")).to_be_visible()
        expect(page.get_by_text("Nothing left for you, 7 texts with others until the next model")).to_be_visible()


def test_near_duplicates_can_be_left_out_of_an_answer(bench: Workbench, wide: BrowserContext, url: str) -> None:
    with tab(wide, url) as page:
        _shows(page, 1)
        page.keyboard.press("d")
        expect(page.get_by_text("Nearly the same, answered by themselves")).to_be_visible()
        page.keyboard.press("1")
        _come(bench, {1: "food"})
        page.keyboard.press("z")
        _come(bench, {})
        _shows(page, 1)
        page.keyboard.press("1")
        _come(bench, {1: "food", 31: "food"})
        page.keyboard.press("z")
        _come(bench, {})


def test_a_list_shows_more_at_once_and_takes_the_same_keys(bench: Workbench, narrow: BrowserContext, url: str) -> None:
    with tab(narrow, url) as page:
        _shows(page, 1)
        page.keyboard.press("l")
        expect(page.get_by_role("list", name="Texts").get_by_role("listitem")).to_have_count(6)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        _shows(page, 3)
        picture(page, "desk-list-narrow-light")
        assert not too_wide(page)
        assert not barriers(page)
        page.keyboard.press("2")
        _shows(page, 4)
        _come(bench, {3: "drink"})
        page.get_by_role("button", name="text 6").click()
        _shows(page, 6)
        page.keyboard.press("3")
        _shows(page, 5)
        _come(bench, {3: "drink", 6: "toys"})
        page.reload()
        expect(page.get_by_role("list", name="Texts")).to_be_visible()
        page.keyboard.press("l")
        expect(page.get_by_role("list", name="Texts")).to_be_hidden()


def test_a_group_is_labeled_after_a_look(bench: Workbench, wide: BrowserContext, url: str) -> None:
    with tab(wide, f"{url}&queue=Groups") as page:
        boxes = page.get_by_role("checkbox")
        expect(boxes.first).to_be_checked()
        picture(page, "desk-groups-wide-light")
        assert not barriers(page)
        shown = page.locator("#board .member").all_inner_texts()
        boxes.first.uncheck()
        page.keyboard.press("1")
        wanted = {int(one.split()[1]): "food" for one in shown[1:]}
        _come(bench, wanted)
        expect(page.locator("#board .member").first).not_to_have_text(shown[0])
        page.keyboard.press("Space")
        page.keyboard.press("z")
        page.keyboard.press("z")
        _come(bench, {})
        expect(page.locator("#board .member").first).to_have_text(shown[0])


def test_a_conflict_is_decided_and_taken_back(bench: Workbench, wide: BrowserContext, url: str) -> None:
    disagree(bench, TASK, {"ada": "food", "olga": "toys"})
    waiting = bench.tasks.desk(TASK)
    assert waiting == DeskSettings(overlap=2, suggestions=True)
    with tab(wide, f"{url}&queue=Conflicts") as page:
        _shows(page, 1)
        expect(page.get_by_text("olga looked it up")).to_be_visible()
        page.keyboard.press("3")
        _shows(page, 2)
        _come(bench, {1: "toys"})
        page.keyboard.press("z")
        _come(bench, {})
        _shows(page, 1)
