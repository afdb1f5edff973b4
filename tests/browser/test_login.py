"""Who may look at the page: a token is kept in its tab, an account elsewhere is believed by the service."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pydantic import SecretStr

from tests.support import chromium
from tests.support.chromium import tab
from tests.support.lived_in import page_over
from tests.support.oidc_provider import provider
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tools.settings import Settings
from tools.workbench import open_workbench

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
SECRET = "a secret of the service and its page"  # noqa: S105 - of this test
ADA = "ada@example.com"


def test_a_person_logs_in_by_an_account_or_a_token_and_out_again(
    workspace: Path, tmp_path: Path, wide: BrowserContext
) -> None:
    home = tmp_path / "home"
    (home / ".streamlit").mkdir(parents=True)
    settings = Settings(workspace=workspace, page_token=SecretStr(SECRET))
    with open_workbench(settings, write=True, attended=False) as bench:
        token = bench.users.add("olga", "owner")
        bench.users.add(ADA, "viewer")
        with served(bench, in_turn()) as client, provider(email="Ada@example.com", email_verified=True) as accounts:
            written = accounts.settings("http://127.0.0.1:{port}")
            (home / ".streamlit" / "secrets.toml").write_text(written, encoding="utf-8")
            with page_over(str(client.base_url), HOME=str(home), LAUD_PAGE_TOKEN=SECRET) as url, tab(wide, url) as page:
                _by_account(page)
                accounts.claims["email_verified"] = False
                page.get_by_role("button", name="Log in", exact=True).click()
                expect(page.get_by_text("is not verified")).to_be_visible()
                _out(page)
                _by_token(page, token)
            assert accounts.came == 2


def _by_account(page: Page) -> None:
    """The account is known by its address; it stays over a reload, and its role holds."""
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text(f"{ADA}, viewer")).to_be_visible()
    expect(page.get_by_text("You may read along")).to_be_visible()
    page.reload()
    expect(page.get_by_text(f"{ADA}, viewer")).to_be_visible()
    _out(page)


def _by_token(page: Page, token: str) -> None:
    """A token stays over a reload, and no longer than until it is given up."""
    page.get_by_label("Token").fill("laud_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("does not know that token")).to_be_visible()
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_text("olga, owner")).to_be_visible()
    page.wait_for_function("sessionStorage.getItem('laud-token') !== null")
    page.reload()
    expect(page.get_by_text("olga, owner")).to_be_visible()
    _out(page)
    page.wait_for_function("sessionStorage.getItem('laud-token') === null")
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()


def _out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
