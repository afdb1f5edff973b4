"""The page in a real browser: Debian's Chromium, driven through Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.laud_process import PATIENCE
from tests.support.sources import ROOT

PROGRAM = shutil.which("chromium")
PICTURES = ROOT / "test-artefacts" / "screenshots"
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES = ((1280, 900), (390, 844))
GRAVE = {"serious", "critical"}


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
def tab(opened: Browser, url: str, *, scheme: Scheme = "light", size: tuple[int, int] = SIZES[0]) -> Iterator[Page]:
    """A new tab at that address, which may reach this machine only."""
    width, height = size
    context = opened.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(1_000 * PATIENCE)
    expect.set_options(timeout=1_000 * PATIENCE)
    page = context.new_page()
    page.on("request", lambda request: abroad.append(request.url) if _is_abroad(request.url) else None)
    page.goto(url)
    try:
        yield page
    finally:
        context.close()


abroad: list[str] = []
"""What any page asked for that is not of this machine."""


def pictures(opened: Browser, url: str, name: str, *, ready: str) -> Iterator[tuple[Scheme, Page]]:
    """The page at that address in both schemes at both sizes; a picture of each is kept."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        for size in SIZES:
            with tab(opened, url, scheme=scheme, size=size) as page:
                page.wait_for_selector(ready)
                page.wait_for_timeout(700)  # what fades in
                page.screenshot(path=_file(name, scheme, size[0]), animations="disabled")
                yield scheme, page


def barriers(page: Page) -> list[str]:
    """What keeps people from using the page, by axe-core: rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def _file(name: str, scheme: str, width: int) -> Path:
    return PICTURES / f"{name}-{scheme}-{width}.png"


def _is_abroad(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))
