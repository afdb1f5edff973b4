"""What is a package, where it comes from, and what a wheel holds."""

import importlib
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support import sources

PROJECT = tomllib.loads((sources.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", sources.ROOMS)
def test_a_room_is_the_one_of_this_checkout(room: str) -> None:
    package = importlib.import_module(room)
    assert [Path(place).resolve() for place in package.__path__] == [sources.ROOT / room]


def test_every_package_on_disk_is_listed() -> None:
    on_disk = {module.path.parent for module in sources.modules("tools", "agent", "ui")}
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(".".join(folder.relative_to(sources.ROOT).parts) for folder in on_disk)


def test_no_file_of_the_ui_hides_a_package() -> None:
    # Streamlit puts ui/ first on the path of imports, and takes a folder `pages` for views of its own.
    taken = {*sources.ROOMS, "pages", *sys.stdlib_module_names, *PROJECT["project"]["scripts"]}
    assert not taken & {path.stem for path in (sources.ROOT / "ui").iterdir() if path.stem != "__pycache__"}


def test_a_wheel_holds_all_that_is_needed_and_no_tests(tmp_path: Path) -> None:
    for path in sources.files():
        copy = tmp_path / "source" / path.relative_to(sources.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(tmp_path / "source")]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("laud-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    names = {path.relative_to(sources.ROOT).as_posix() for path in sources.files()}
    assert packed == {name for name in names if name.startswith(("tools/", "agent/", "ui/"))}
