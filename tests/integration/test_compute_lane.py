"""The compute lane on this machine: another process, its deaths, and its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lane_work import die, fail, interrupted, process_id, work_on
from tests.support.laud_process import PATIENCE, ROOT, family, gone, until
from tools.adapters.compute.local import LocalCompute
from tools.engine.errors import ComputeFailed

PARENT = """
import sys
from pathlib import Path
from tests.support.lane_work import work_on
from tools.adapters.compute.local import LocalCompute
if __name__ == "__main__":
    LocalCompute().run(work_on, Path(sys.argv[1]))
"""


@pytest.fixture
def lane() -> Iterator[LocalCompute]:
    """A lane, closed at the end."""
    compute = LocalCompute()
    yield compute
    compute.close()


def test_functions_run_in_one_other_process_that_stays_warm(lane: LocalCompute) -> None:
    first = lane.run(process_id)
    assert first != os.getpid()
    assert lane.submit(process_id).result(PATIENCE) == first


def test_an_idle_process_is_left_to_the_next_lane(lane: LocalCompute) -> None:
    first = lane.run(process_id)
    lane.close()
    with pytest.raises(ComputeFailed, match="being closed"):
        lane.run(process_id)
    following = LocalCompute()
    assert following.run(process_id) == first
    dying = [member for member in family(os.getpid()) if member[0] == first]
    os.kill(first, signal.SIGKILL)
    until(lambda: all(map(gone, dying)), "the process to end")
    following.close()
    last = LocalCompute()
    assert last.run(process_id) != first, "a process that has died is of no use"
    last.close()


def test_an_error_of_the_function_comes_through_and_the_lane_lives_on(lane: LocalCompute) -> None:
    before = lane.run(process_id)
    with pytest.raises(LookupError, match="no such thing"):
        lane.run(fail, "no such thing")
    assert lane.run(process_id) == before


def test_ctrl_c_is_the_caller_s_affair(lane: LocalCompute) -> None:
    assert lane.run(interrupted) == "still here"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_a_lane_that_is_killed_once_is_started_again(lane: LocalCompute, tmp_path: Path) -> None:
    assert lane.run(die, 1, tmp_path / "deaths") == "survived 1"


def test_a_lane_that_is_killed_twice_is_given_up_and_the_next_call_has_a_new_one(
    lane: LocalCompute, tmp_path: Path
) -> None:
    with pytest.raises(ComputeFailed, match=r"`die` was killed twice.*memory"):
        lane.run(die, 3, tmp_path / "deaths")
    assert (tmp_path / "deaths").read_bytes() == b".."
    assert lane.run(process_id) != os.getpid()


def test_closing_ends_the_process_in_the_middle_of_its_work(lane: LocalCompute, tmp_path: Path) -> None:
    lane.submit(work_on, tmp_path / "begun")
    until((tmp_path / "begun").exists, "the work to begin")
    working = {member for member in family(os.getpid()) if str(member[0]) == (tmp_path / "begun").read_text()}
    assert len(working) == 1
    lane.close()
    until(lambda: all(map(gone, working)), "the process to end")


def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script, tmp_path / "begun"], env=environment) as parent:
        try:
            until((tmp_path / "begun").exists, "the work to begin")
            children = family(parent.pid)
        finally:
            parent.kill()
    assert (tmp_path / "begun").read_text() in {str(process) for process, _ in children}
    until(lambda: all(map(gone, children)), "the children of the killed program to end")
