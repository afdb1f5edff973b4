"""How the page is started: where, for whom, and what it is told of the service."""

import socket

import pytest

from agent.page import page_of, reached, usable_port
from tools.engine.errors import CannotDo


def test_the_page_is_told_where_the_service_is_and_whether_others_can_come() -> None:
    page = page_of("http://127.0.0.1:8765", host="127.0.0.1", port=0, max_upload=50 << 20)
    assert page.environment == {"LAUD_SERVICE_URL": "http://127.0.0.1:8765", "LAUD_PAGE_FOR": "this machine"}
    assert page.command[1:6] == ["-P", "-m", "agent.supervised", "streamlit", "run"]
    assert page.command[6].endswith("/ui/app.py")
    port = page.command[page.command.index("--server.port") + 1]
    assert page.url == f"http://127.0.0.1:{port}"
    assert page.command[page.command.index("--server.maxUploadSize") + 1] == "50"
    assert page_of("x", host="0.0.0.0", port=0, max_upload=1).environment["LAUD_PAGE_FOR"] == "others"  # noqa: S104 - what is judged


def test_a_taken_port_is_refused_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(CannotDo, match=f"127.0.0.1:{taken} cannot be listened at"):
            usable_port("127.0.0.1", taken)


def test_every_address_is_reached_from_this_machine() -> None:
    assert [reached(host, 1) for host in ("0.0.0.0", "::", "::1", "box")] == [  # noqa: S104 - a listener's address
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://[::1]:1",
        "http://box:1",
    ]
