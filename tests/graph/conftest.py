"""A workspace whose database is made already: that takes longer than most conversations."""

import shutil
from pathlib import Path

import pytest

from tools.settings import Settings
from tools.workbench import open_workbench


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with open_workbench(Settings(workspace=folder)) as bench:
        assert not bench.pools.names()
    return folder / "laud.db"


@pytest.fixture
def workspace(tmp_path: Path, made_database: Path) -> Path:
    """A folder for one test, with an empty database."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    shutil.copy(made_database, folder / "laud.db")
    return folder
