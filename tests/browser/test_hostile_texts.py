"""Texts of a pool that try to be more than text do nothing, wherever the page shows them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from agent.interpreter import Interpreter
from tests.support import chromium
from tests.support.chromium import settled, tab
from tests.support.laud_process import write_csv
from tests.support.lived_in import disagree, page_over, say
from tests.support.running_service import served
from tests.support.small_loop import POOL, rows, small_bench, small_run
from tools.task import create_task, make_spec

pytestmark = chromium.MARKS
TASK = "hits"
EVIL = "evil.example"
PAYLOADS = (
    '<img src=x onerror="window.owned=1">',
    "<script>window.owned=1</script>",
    f'<a href="http://{EVIL}">here</a>',
    f"![picture](http://{EVIL}/p.png)",
    f"[link](http://{EVIL}) **bold** `code`",
    r"$\frac{a}{b}$ :material/delete: :smile: :red[x]",
    "</div></main><style>main{display:none}</style>",
    f"http://{EVIL} www.{EVIL}",
    "\u202egpj.exe \u200b{{7*7}} ${window.owned=1} %s {0}",
    "<details open ontoggle=window.owned=1>x</details>",
    "x" * 300,
)
HIT, MISS = f'<a href="http://{EVIL}" onclick="window.owned=1">hit</a>', "**miss** $x$"
"""Names of the classes, which a person may have copied from anywhere."""
_INTERPRETED = f"""() => {{
  const rooms = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
  const evil = '[href*="{EVIL}"], [src*="{EVIL}"], img[src="x"], .katex, details[ontoggle]';
  return [window.owned, ...rooms.flatMap((room) => [...room.querySelectorAll(evil)].map((one) => one.outerHTML))]
    .filter(Boolean).map(String);
}}"""
"""What of the texts has become more than text."""
Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The page, the service behind it, a conversation about the pool, and a file of its texts."""

    url: str
    client: httpx.Client
    talk: str
    file: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A workspace in which every text is hostile, with a model, texts that wait and people who disagree."""
    folder = tmp_path_factory.mktemp("hostile")
    lines = [{**row, "text": _hostile(number, row["text"])} for number, row in enumerate(rows())]
    lines = [{**row, "marked": HIT if row["marked"] == "marked" else MISS} for row in lines]
    given = {"name": TASK, "pool": POOL, "description": f"find {PAYLOADS[0]} and {PAYLOADS[4]}", "positive": HIT}
    with small_bench(folder, attended=False, lines=lines) as bench:
        task = create_task(bench, make_spec({**given, "classes": [HIT, MISS], "oracle": "replay:marked"}))
        small_run(bench, task)
        small_run(bench, task, oracle="human", batch=24, labels=64)
        disagree(bench, TASK, {"ada": HIT, "olga": MISS})
        with served(bench, Interpreter()) as client, page_over(str(client.base_url)) as url:
            talk = say(client, "hard texts", title=f"what is {PAYLOADS[4]}")
            yield Place(url=url, client=client, talk=talk, file=write_csv(folder / "more.csv", lines[:20]))


def _hostile(number: int, text: str) -> str:
    return f"{PAYLOADS[number % len(PAYLOADS)]} {text}"


def _part_of_the_map(page: Page) -> None:
    page.get_by_role("button", name="Choose a part by numbers").click()
    page.get_by_role("slider").first.press("ArrowRight")
    page.get_by_role("button", name="Show this part").click()
    page.get_by_role("checkbox").first.wait_for(state="attached")


def _some_tried(page: Page) -> None:
    page.get_by_role("textbox", name="Try some texts").fill("\n".join(PAYLOADS))
    page.get_by_role("button", name="What are they?").click()
    page.get_by_role("cell").first.wait_for()


def _nothing(page: Page) -> None:
    settled(page)


DESK, RESULTS = f"label?task={TASK}", f"results?task={TASK}&see="
SHOWN: dict[str, tuple[str, Act]] = {
    "conversation": ("?chat={talk}", _nothing),
    "desk": (DESK, lambda page: page.get_by_role("region", name="The text to label").wait_for()),
    "conflicts": (f"{DESK}&queue=Conflicts", _nothing),
    "doubts": (f"{DESK}&queue=Doubts", _nothing),
    "groups": (f"{DESK}&queue=Groups", _nothing),
    "map": (f"{RESULTS}Map", _part_of_the_map),
    "mistakes": (f"{RESULTS}Mistakes", _nothing),
    "predictions": (f"{RESULTS}Predictions", _nothing),
    "rounds": (f"{RESULTS}Rounds", _nothing),
    "labels": (f"{RESULTS}Labels", _nothing),
    "tried": (f"{RESULTS}Take+it+home", _some_tried),
}
"""Where texts are shown, and what is done there first."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_text_stays_text(wide: BrowserContext, place: Place, name: str) -> None:
    address, act = SHOWN[name]
    with tab(wide, f"{place.url}/{address.format(talk=place.talk)}") as page:
        expect(page.get_by_role("link", name="New conversation")).to_be_visible()
        settled(page)
        act(page)
        _stays_text(page)


def test_a_file_is_shown_as_text(wide: BrowserContext, place: Place) -> None:
    with tab(wide, place.url) as page:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload a file").click()
        chooser.value.set_files(place.file)
        expect(page.get_by_role("button", name="Send message")).to_be_enabled()
        page.get_by_role("button", name="Send message").click()
        expect(page.get_by_role("cell").first).to_be_visible()
        _stays_text(page)


def test_a_report_is_text_too(wide: BrowserContext, place: Place) -> None:
    with tab(wide, f"{place.client.base_url}/tasks/{TASK}/report") as page:
        _stays_text(page)


def _stays_text(page: Page) -> None:
    assert page.evaluate(_INTERPRETED) == []
    shown = page.locator("body").inner_text() + "".join(page.get_by_role("region").all_inner_texts())
    assert any(one in shown for one in PAYLOADS), "a text is there to be seen"
    assert not chromium.abroad
