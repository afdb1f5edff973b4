"""The page in this process, over the real service: a view is run as Streamlit runs it, and looked at."""

import sys
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.support.laud_process import PATIENCE, until
from tests.support.sources import ROOT


def opened(**address: str) -> AppTest:
    """The page at that address, after its first run."""
    page = AppTest.from_file(str(ROOT / "ui" / "app.py"), default_timeout=PATIENCE)
    for name, value in address.items():
        page.query_params[name] = value
    return ran(page)


def desk_of(task: str, *, token: str | None = None, **address: str) -> AppTest:
    """The labeling desk alone, for a task and the person whose token it is."""

    def script() -> None:
        from ui.parts import entrance  # noqa: PLC0415 - the function is run as a script of its own
        from ui.views import desk  # noqa: PLC0415 - as above

        with entrance.guarded():
            service = entrance.service()
            entrance.rank(service.me())
            desk.show()

    page = AppTest.from_function(script, default_timeout=PATIENCE)
    if token is not None:
        page.session_state["token"] = token
    for name, value in {"task": task, **address}.items():
        page.query_params[name] = value
    return ran(page)


def conversation_of(talk: str) -> AppTest:
    """What follows a conversation, alone."""

    def script() -> None:
        import streamlit as st  # noqa: PLC0415 - as above

        from ui.views import chat  # noqa: PLC0415 - as above

        chat.follow(st.query_params["chat"], chat.REST)

    page = AppTest.from_function(script, default_timeout=PATIENCE)
    page.query_params["chat"] = talk
    return ran(page)


def results_of(task: str) -> AppTest:
    """The results alone, for a task."""

    def script() -> None:
        from ui.parts import entrance  # noqa: PLC0415 - as above
        from ui.views import results  # noqa: PLC0415 - as above

        with entrance.guarded():
            results.show()

    page = AppTest.from_function(script, default_timeout=PATIENCE)
    page.query_params["task"] = task
    return ran(page)


def ran(page: AppTest) -> AppTest:
    """The page after another run, in which nothing went wrong."""
    own = sys.modules["__main__"]
    try:
        page.run()
    finally:
        # Streamlit puts its script in this place; a child process that is started later would run it.
        sys.modules["__main__"] = own
    assert not page.exception, [one.value for one in page.exception]
    return page


def html(page: AppTest) -> str:
    """All HTML that the page shows, but for its style sheet."""
    return "\n".join(one.value for one in page.html if not one.value.startswith("<style>"))


def rest(page: AppTest) -> str:
    """What went through Markdown: text, messages, and the labels of buttons."""
    alerts = [*page.info, *page.warning, *page.error, *page.success]
    shown = [*page.markdown, *page.caption, *alerts]
    return "\n".join([*(str(one.value) for one in shown), *(str(one.label) for one in page.button)])


def comes(page: AppTest, condition: Callable[[AppTest], object], what: str) -> AppTest:
    """The page when the condition holds; it is run again until then."""

    def look() -> object:
        return condition(ran(page))

    until(look, what, every=0.05)
    return page
