"""Logging in with an account elsewhere (OpenID Connect), by Streamlit's own means; docs/page.md has the settings."""

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.client import Refused

PAGE_TOKEN = "LAUD_PAGE_TOKEN"  # noqa: S105 - the name of the variable
EMAIL = "email"
FORBIDDEN = 403


def offered() -> bool:
    """Whether the page's settings name somebody to log in with."""
    return "is_logged_in" in st.user


def is_in() -> bool:
    """Whether the person at this page has logged in."""
    return bool(st.user.get("is_logged_in"))


def name() -> str:
    """Who has logged in, by the name that the service knows. Raises Refused where that cannot be told."""
    settings = st.secrets.get("laud", {})
    return named(st.user.to_dict(), str(settings.get("claim", EMAIL)))


def token() -> str:
    """The secret by which the service believes the page. Raises Refused where there is none."""
    found = os.environ.get(PAGE_TOKEN)
    if not found:
        detail = f"The service does not know this page. Start both with `laud up`, or with the same {PAGE_TOKEN}."
        raise Refused(detail, status=FORBIDDEN)
    return found


def named(claims: Mapping[str, Any], claim: str) -> str:
    """The name in what the account's provider says. Raises Refused.

    An address counts only when the provider has verified it: else anybody could give somebody else's.
    """
    found = claims.get(claim)
    if not isinstance(found, str) or not found.strip():
        raise Refused(f"Your account says no {claim!r}, by which you would be known here.", status=FORBIDDEN)
    if claim != EMAIL:
        return found.strip()
    if claims.get("email_verified") is not True:
        raise Refused("Your account's address is not verified, so it could be anybody's.", status=FORBIDDEN)
    return found.strip().lower()


def buttons() -> None:
    """A button for each provider."""
    for provider, label in _providers().items():
        st.button(label, key=f"login-{provider}", on_click=st.login, args=[provider], type="primary")


def leave() -> None:
    """A button to log out."""
    st.button("Log out", key="logout", on_click=st.logout, icon=":material/logout:", type="tertiary")


def _providers() -> dict[str | None, str]:
    """Names of providers in the settings, with what their buttons say; None is the one without a name."""
    settings = st.secrets.get("auth", {})
    known = [one for one, value in settings.items() if isinstance(value, Mapping) and "client_id" in value]
    unnamed: dict[str | None, str] = {None: "Log in"} if "client_id" in settings else {}
    return unnamed | {one: f"Log in with {one}" for one in known}
