"""The whole way in a real browser: a file, a wish, questions, labels by keys, a service that dies, results, export."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support import chromium
from tests.support.chromium import answers, tab
from tests.support.laud_process import PATIENCE, Laud, rows, sample_rows, until, write_csv
from tests.support.tiny_encoder import write_tiny_encoder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
WISH = "find the marked lines"
PLAN = "label 24 myself, 12 gold texts, batches of 8"
MARK = "marked line marked line"
"""Even the random encoder of the tests finds these words like the wish."""
LINES, EVERY = 120, 4
"""Lines of the file, and one in how many of them is marked."""
RELOAD_AT, KILL_AT = 4, 8
"""After how many answers the page is reloaded, and the service killed."""


def test_the_whole_way(workspace: Path, tmp_path: Path, wide: BrowserContext) -> None:
    encoder = write_tiny_encoder(tmp_path / "encoder")
    laud = Laud(workspace=workspace, env={"LAUD_ENCODER": str(encoder), "LAUD_PRECISION": "float32"})
    file = write_csv(tmp_path / "two words.csv", _lines())
    with _up(laud) as url, tab(wide, url) as page:
        _send(page, file)
        _set_up(page)
        _label_all(page, workspace)
        _results(page, workspace)
        _conversation(page)


def _lines() -> list[dict[str, str]]:
    texts = [row["text"] for row in sample_rows(LINES)][:LINES]
    return [{"text": f"{MARK} {text[:12]}" if n % EVERY == 0 else text} for n, text in enumerate(texts)]


@contextmanager
def _up(laud: Laud) -> Iterator[str]:
    """`laud up`, ready; the address of the page."""
    log = laud.workspace.parent / "log"
    with log.open("ab") as errors, laud.started("up", "--port", "0", "--page-port", "0", stderr=errors) as process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"LAUD serves ")
        (url,) = re.findall(r"the page is at (\S+)", log.read_text(encoding="utf-8"))
        until(lambda: answers(url), "the page", every=0.05)
        try:
            yield url
        finally:  # whatever became of the test, so that nothing stays behind
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0


def _say(page: Page, words: str) -> None:
    line = page.get_by_role("textbox", name="What are you looking for?")
    line.fill(words)
    line.press("Enter")


def _send(page: Page, file: Path) -> None:
    """Send a file with a wish, look at its first rows, and have it read."""
    expect(page.get_by_role("heading", name="From a pile of text")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").click()
    chooser.value.set_files(file)
    expect(page.get_by_text(file.name)).to_be_visible()
    expect(page.get_by_role("button", name="Send message")).to_be_enabled()
    _say(page, WISH)
    expect(page.get_by_role("table").get_by_role("row")).not_to_have_count(0)
    page.get_by_role("button", name="Read it").click()


def _set_up(page: Page) -> None:
    """Leave the questions for later, and say who labels how much; a reload on the way changes nothing."""
    enough, begin = page.get_by_role("button", name="enough", exact=True), page.get_by_role("button", name="Begin")
    expect(begin.or_(enough)).to_be_visible()
    page.reload()
    expect(begin.or_(enough)).to_be_visible()
    if enough.is_visible():
        enough.click()
    expect(begin).to_be_visible()
    _say(page, PLAN)
    page.get_by_role("button", name="Label them").click()


def _label_all(page: Page, workspace: Path) -> None:
    """Answer by keys until nothing is left, with a reload and the death of the service on the way."""
    shown: list[str] = []
    for text in _texts(page):
        assert text not in shown, "no answer is lost"
        page.keyboard.press("1" if MARK in text else "2")
        shown.append(text)
        if len(shown) == RELOAD_AT:
            page.reload()
        if len(shown) == KILL_AT:
            os.kill(json.loads((workspace / "service.json").read_bytes())["process"], signal.SIGKILL)
    assert len(shown) > KILL_AT
    stored = dict(
        rows(workspace, "SELECT texts.text, labels.label FROM labels JOIN texts ON texts.id = labels.text_id")
    )
    (count,) = rows(workspace, "SELECT count(*) FROM labels")[0]
    assert len(stored) == count >= len(shown), "no answer counts twice; near-duplicates are answered together"
    assert all((MARK in text) == (stored[text] == "marked lines") for text in shown)


def _texts(page: Page) -> Iterator[str]:
    """The texts that the desk shows, one after the other, until it says that nothing is left."""
    text = page.get_by_role("region", name="The text to label")
    end = page.get_by_role("heading", name="No text waits for a label")
    while True:
        expect(text.or_(end)).to_be_visible()
        if end.is_visible():
            return
        yield from text.all_inner_texts()


def _results(page: Page, workspace: Path) -> None:
    """Look at the scores, try a text, write the result."""
    _link(page, "marked").click()
    expect(page.get_by_text("F1 of marked")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("img").first).to_be_visible()
    page.get_by_role("radio", name="Take it home").click()
    page.get_by_role("textbox", name="Try some texts").fill("zzz zzz zzz zzz milk\nplain milk")
    page.get_by_role("button", name="What are they?").click()
    expect(page.get_by_role("row", name="plain milk")).to_be_visible()
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_text("files were written")).to_be_visible()
    assert list((workspace / "exports").rglob("model.safetensors"))


def _conversation(page: Page) -> None:
    """Back in the conversation all is there, once."""
    _link(page, WISH).click()
    log = page.get_by_role("log", name="Conversation")
    expect(log.get_by_text(PLAN, exact=True)).to_have_count(1)
    expect(log.get_by_role("region", name="Seed and first model")).to_have_count(1)


def _link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=re.compile(rf"^\W*(\w+ )?{name}"))
