"""The page in a real browser: Debian's Chromium, driven through Playwright."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.laud_process import PATIENCE
from tests.support.sources import ROOT

PROGRAM = shutil.which("chromium")
PICTURES = ROOT / "test-artefacts" / "screenshots"
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDE, NARROW = (1280, 900), (390, 844)
TALLEST = 4_000
"""Pixels of a picture; what lies below is cut."""
GRAVE = {"serious", "critical"}
MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
"""What every test in a browser is marked with."""
_SETTLED = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
  const moves = document.getAnimations().filter((one) => one.playState === "running");
  return app?.dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-testid="stSkeleton"]')
    && charts.every((one) => one.querySelector("canvas, svg.marks"))
    && moves.every((one) => one.effect.getComputedTiming().endTime === Infinity)
    && document.fonts.status === "loaded";
}"""
"""Nothing runs, loads or moves, but for what moves for ever."""
_HEIGHT = """() => {
  const side = document.querySelector('[aria-expanded="true"] > [data-testid="stSidebarContent"]');
  return Math.max(...[document.querySelector("main"), side].filter(Boolean).map((one) => one.scrollHeight));
}"""
_TOO_WIDE = """() => {
  const main = document.querySelector("main");
  return Math.max(main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - innerWidth);
}"""
abroad: list[str] = []
"""What any page asked for that is not of this machine."""


def answers(url: str) -> bool:
    """Whether the page at that address is there."""
    try:
        return httpx.get(f"{url}/_stcore/health", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        # Root may not use Chromium's own sandbox, and the pages are our own.
        opened = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def window(opened: Browser, size: tuple[int, int], *, bypass_csp: bool = False) -> Iterator[BrowserContext]:
    """A window of that size, whose tabs load what they share once.

    With `bypass_csp` axe-core looks also at a page whose policy lets no script run, on which it would wait for ever.
    """
    width, height = size
    context = opened.new_context(viewport={"width": width, "height": height}, bypass_csp=bypass_csp)
    context.set_default_timeout(1_000 * PATIENCE)
    expect.set_options(timeout=1_000 * PATIENCE)
    context.on("request", lambda request: abroad.append(request.url) if _is_abroad(request.url) else None)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def tab(opened: BrowserContext, url: str) -> Iterator[Page]:
    """A new tab at that address."""
    page = opened.new_page()
    page.goto(url)
    try:
        yield page
    finally:
        page.close()


def settled(page: Page) -> None:
    """Wait until the page has drawn all that it has to draw."""
    page.wait_for_function(_SETTLED)


def picture(page: Page, name: str) -> Path:
    """Keep a picture of the whole page as it stands, also of what one would have to scroll to."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    assert size
    settled(page)
    page.set_viewport_size({**size, "height": max(size["height"], min(TALLEST, int(page.evaluate(_HEIGHT))))})
    settled(page)
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    page.set_viewport_size(size)
    return file


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than its window, so that one would have to scroll sideways."""
    return max(0, int(page.evaluate(_TOO_WIDE)))


def barriers(page: Page, *rules: str) -> Sequence[str]:
    """What keeps people from using the page, by these rules of axe-core or all: rule, and where."""
    wanted = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": list(rules)}} if rules else {})}
    found = Axe().run(page, options=wanted).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[-160:]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def _is_abroad(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))
