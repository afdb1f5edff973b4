"""The whole way in a real browser: a file, a wish, questions, labels by keys, a service that dies, results, export."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.support import chromium
from tests.support.chromium import barriers, browser, pictures, tab
from tests.support.laud_process import PATIENCE, Laud, until, write_csv
from tests.support.small_loop import rows
from tests.support.tiny_encoder import write_tiny_encoder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
WORDS = "#board .words"
NOTHING_LEFT = "No text waits for a label"


@contextmanager
def _up(laud: Laud) -> Iterator[str]:
    """`laud up`, ready; the address of the page."""
    log = laud.workspace.parent / "log"
    with log.open("ab") as errors, laud.started("up", "--port", "0", "--page-port", "0", stderr=errors) as process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"LAUD serves ")
        (url,) = re.findall(r"the page is at (\S+)", log.read_text(encoding="utf-8"))
        until(lambda: _answers(url), "the page", every=0.05)
        yield url
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_stcore/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def opened() -> Iterator[Browser]:
    """A browser for all tests of this module."""
    with browser() as found:
        yield found


def test_the_whole_way(workspace: Path, tmp_path: Path, opened: Browser) -> None:
    encoder = write_tiny_encoder(tmp_path / "encoder")
    laud = Laud(workspace=workspace, env={"LAUD_ENCODER": str(encoder), "LAUD_PRECISION": "float32"})
    lines = write_csv(tmp_path / "two words.csv", rows())
    with _up(laud) as url, tab(opened, url) as page:
        _set_up(page, lines)
        _label_all(page, workspace)
        task = page.url.rpartition("task=")[2]
        _results(page)
        talk = _conversation(page)
        _look_at_all(opened, url, talk, task)
    assert not chromium.abroad, "the page loads nothing from elsewhere"


def _set_up(page: Page, lines: Path) -> None:
    """Send a file with a wish, answer what is asked, and say who labels how much."""
    page.wait_for_selector(".laud-hero")
    page.set_input_files("input[type=file]", lines)
    page.get_by_text(lines.name).first.wait_for()
    page.locator("textarea").first.fill("find the marked lines")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Read it").click()
    page.wait_for_selector(".st-key-replies button")
    if page.get_by_role("button", name="enough").count():
        page.get_by_role("button", name="enough").click()
    page.get_by_role("button", name="yes").wait_for()
    page.locator("textarea").first.fill("label 24 myself, 12 gold texts, batches of 8")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Label them").click()


def _label_all(page: Page, workspace: Path) -> None:
    """Answer by keys until nothing is left, with a reload and the death of the service on the way."""
    answered = 0
    deadline = time.monotonic() + PATIENCE
    while page.get_by_text(NOTHING_LEFT).count() == 0:
        assert time.monotonic() < deadline
        shown = page.locator(WORDS)
        if shown.count() == 0:
            page.wait_for_timeout(50)
            continue
        page.keyboard.press("1" if "zzz" in shown.first.inner_text() else "2")
        answered += 1
        if answered == 4:
            page.reload()
            page.wait_for_selector(WORDS)
        if answered == 8:
            os.kill(json.loads((workspace / "service.json").read_bytes())["process"], signal.SIGKILL)
    assert answered > 30


def _results(page: Page) -> None:
    """Look at the scores, try a text, write the result."""
    page.get_by_role("link", name="marked").first.click()
    page.wait_for_selector(".laud-tile")
    page.wait_for_selector("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    page.get_by_role("radio", name="Take it home").or_(page.get_by_role("button", name="Take it home")).first.click()
    page.get_by_label("Try some texts").fill("zzz zzz zzz zzz milk\nplain milk")
    page.get_by_role("button", name="What are they?").click()
    page.get_by_role("cell", name="plain milk").wait_for()
    page.get_by_role("button", name="Write it").click()
    page.get_by_text("files were written").wait_for()


def _conversation(page: Page) -> str:
    """Back in the conversation all is there, once."""
    page.get_by_role("link", name="find the marked lines").first.click()
    page.wait_for_selector(".laud-card")
    assert page.get_by_text("label 24 myself", exact=False).count() >= 1
    titles = page.locator(".laud-card h3").all_inner_texts()
    assert titles.count("Seed and first model") == 1
    return page.url


def _look_at_all(opened: Browser, url: str, talk: str, task: str) -> None:
    """Pictures of every view in both schemes and sizes, and no barrier in any of them."""
    views = {
        "first": (url, ".laud-hero"),
        "conversation": (talk, ".laud-log"),
        "desk": (f"{url}/label?task={task}", "#board"),
        "results": (f"{url}/results?task={task}", ".laud-tile"),
    }
    found = {
        (name, scheme): barriers(page)
        for name, (address, ready) in views.items()
        for scheme, page in pictures(opened, address, name, ready=ready)
    }
    assert not {where: what for where, what in found.items() if what}
