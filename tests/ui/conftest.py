"""The service over a small pool, with the page pointed at it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from langchain_core.language_models import BaseChatModel

from tests.support.running_service import served
from tests.support.talk import set_up
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    """A workspace with a pool and a task."""
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as opened:
        set_up(opened)
        yield opened


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Starts the service over a workbench and points the page at it."""

    @contextmanager
    def start(bench: Workbench, model: BaseChatModel, *, local: bool = True) -> Iterator[httpx.Client]:
        with served(bench, model, local=local, heartbeat=0.2) as client:
            monkeypatch.setenv("LAUD_SERVICE_URL", str(client.base_url))
            yield client

    return start
