"""Who looks at the page, the service it talks to, and what is shown when that does not answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from agent.service import wire
from ui.client import Away, Connection, Refused, Service, connect
from ui.parts import login, look, unsent

ADDRESS = "LAUD_SERVICE_URL"
USUAL_ADDRESS = "http://127.0.0.1:8765"
AUDIENCE, OTHERS = "LAUD_PAGE_FOR", "others"
TOKEN = "token"  # noqa: S105 - the name under which it is kept
ROLE, LEFT = "role", "left"
_KEEPER = Path(__file__).with_name("keeper.js")
UNAUTHORIZED = 401
SECONDS_BETWEEN_TRIES = 1.5
WIDTH = 420
"""Pixels of what is asked of who comes in."""


def address() -> str:
    """Where the service is, as `laud ui` said it when it started the page."""
    return os.environ.get(ADDRESS) or USUAL_ADDRESS


@st.cache_resource(show_spinner=False)
def _connection(url: str) -> Connection:
    return connect(url)


def service() -> Service:
    """The service, for the person at this page. Raises Refused where everybody must say who they are."""
    http = _connection(address())
    token = st.session_state.get(TOKEN)
    if token is not None:
        return Service(http, token)
    if login.is_in():
        return Service(http, login.token(), logged_in=login.name())
    if login.offered() or os.environ.get(AUDIENCE) == OTHERS:
        # The service trusts this machine, where the page runs; who looks at the page may be anywhere.
        raise Refused("Everybody says who they are here.", status=UNAUTHORIZED)
    return Service(http)


@contextmanager
def guarded() -> Iterator[None]:
    """Tell in words what the service refused, ask who it is where that is needed, wait where it is away."""
    try:
        yield
    except Refused as error:
        if error.status == UNAUTHORIZED:
            _ask_who()
            return
        told(error)
        if login.is_in() and TOKEN not in st.session_state:
            login.leave()
    except Away:
        _wait()


def rank(user: wire.User) -> None:
    """Note what the person may do, for what is shown; the service checks it all the same."""
    st.session_state[ROLE] = user.role


def is_owner() -> bool:
    """Whether the person may do everything."""
    return bool(st.session_state.get(ROLE, "owner") == "owner")


def may_label() -> bool:
    """Whether the person may label."""
    return bool(st.session_state.get(ROLE, "owner") != "viewer")


def leave() -> None:
    """A way to be nobody again: the token is forgotten, or the account logged out of."""
    if TOKEN in st.session_state:
        _keep(token=st.session_state[TOKEN])
        if st.button("Log out", key="logout", icon=":material/logout:", type="tertiary"):
            del st.session_state[TOKEN]
            st.session_state[LEFT] = st.session_state.get(LEFT, 0) + 1
            st.rerun()
    elif login.is_in():
        login.leave()


def told(error: Refused) -> None:
    """Show what was refused, beside what was tried."""
    st.error(look.label(error.detail), icon=":material/error:")


def _wait() -> None:
    """Say that the service is away, and look again until it is back."""
    unsent.keep_line(st.session_state.get(unsent.LINE))
    st.subheader("The service does not answer")
    st.write("Nothing is lost: what was said and done is kept, and this page goes on by itself when it is back.")
    st.caption("If it was not started yet, start it with the page in one command:")
    st.code("laud up", language=None)
    unsent.tell()
    _look_again()


@st.fragment(run_every=SECONDS_BETWEEN_TRIES)
def _look_again() -> None:
    try:
        service().health()
    except Away:
        st.caption("Looking for it…")
        return
    except Refused:
        pass  # it answers
    st.rerun()


def _ask_who() -> None:
    with st.container(horizontal_alignment="center"), st.container(key="who", width=WIDTH):
        look.put(look.html("<span class='laud-mark'>LAUD</span>"))
        _login()


def _login() -> None:
    st.subheader("Who are you?")
    kept = _keep(forget=TOKEN in st.session_state or LEFT in st.session_state)
    if kept and TOKEN not in st.session_state:
        st.session_state[TOKEN] = kept
        st.rerun()
    if TOKEN in st.session_state:
        st.warning("The service does not know that token, or it was taken back.")
    if login.offered():
        st.write("Log in with your account, or give the token that `laud user add` showed for you.")
        login.buttons()
    else:
        st.write("This service has users. Give the token that `laud user add` showed for you.")
    with st.form("who", border=False):
        given = st.text_input("Token", type="password", autocomplete="current-password")
        if st.form_submit_button("Go on", type="secondary" if login.offered() else "primary") and given.strip():
            st.session_state[TOKEN] = given.strip()
            st.rerun()


def _keep(*, token: str | None = None, forget: bool = False) -> str | None:
    """Keep the token in the tab, or forget it; what the tab had kept, once it has answered."""
    key = f"keeper-{st.session_state.get(LEFT, 0)}"  # what an earlier one said is not heard again
    found = _keeper()(key=key, data={"token": token, "forget": forget}, on_token_change=lambda: None)
    return getattr(found, "token", None) or None


@cache
def _keeper() -> Any:
    return st.components.v2.component("laud_keeper", js=_KEEPER.read_text(encoding="utf-8"))
