"""Who looks at the page, the service it talks to, and what is shown when that does not answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.client import Away, Connection, Refused, Service, connect
from ui.parts import look

ADDRESS = "LAUD_SERVICE_URL"
USUAL_ADDRESS = "http://127.0.0.1:8765"
AUDIENCE, OTHERS = "LAUD_PAGE_FOR", "others"
_TOKEN = "token"  # noqa: S105 - the name under which it is kept
UNAUTHORIZED = 401
SECONDS_BETWEEN_TRIES = 1.5


def address() -> str:
    """Where the service is, as `laud ui` said it when it started the page."""
    return os.environ.get(ADDRESS) or USUAL_ADDRESS


@st.cache_resource(show_spinner=False)
def _connection(url: str) -> Connection:
    return connect(url)


def service() -> Service:
    """The service, for the person at this page. Raises Refused where everybody must give a token."""
    token = st.session_state.get(_TOKEN)
    if token is None and os.environ.get(AUDIENCE) == OTHERS:
        # The service trusts this machine, where the page runs; who looks at the page may be anywhere.
        raise Refused("Everybody gives a token here.", status=UNAUTHORIZED)
    return Service(_connection(address()), token)


@contextmanager
def guarded() -> Iterator[None]:
    """Tell in words what the service refused, ask for a token where one is needed, wait where it is away."""
    try:
        yield
    except Refused as error:
        if error.status == UNAUTHORIZED:
            _ask_for_token()
        else:
            told(error)
    except Away:
        _wait()


def told(error: Refused) -> None:
    """Show what was refused, beside what was tried."""
    st.error(look.label(error.detail), icon=":material/error:")


def _wait() -> None:
    """Say that the service is away, and look again until it is back."""
    st.subheader("The service does not answer")
    st.write("Nothing is lost: what was said and done is kept, and this page goes on by itself when it is back.")
    st.caption("If it was not started yet, start it with the page in one command:")
    st.code("laud up", language=None)
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


def _ask_for_token() -> None:
    st.subheader("Who are you?")
    st.write("This service has users. Give the token that `laud user add` showed for you.")
    if _TOKEN in st.session_state:
        st.warning("The service does not know that token, or it was taken back.")
    with st.form("who", border=False):
        given = st.text_input("Token", type="password", autocomplete="current-password")
        if st.form_submit_button("Go on", type="primary") and given.strip():
            st.session_state[_TOKEN] = given.strip()
            st.rerun()
