"""A workspace with a small pool, and the service over it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    """An empty workspace."""
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as opened:
        yield opened


@pytest.fixture
def client(bench: Workbench) -> Iterator[httpx.Client]:
    """The service over the empty workspace."""
    with served(bench, in_turn(), heartbeat=0.2) as opened:
        yield opened
