"""The supervisor: what dies is started again, what cannot help itself is given up, and nothing is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.laud_process import PATIENCE, ROOT, family, gone, until

PROGRAM = """
import sys
from agent.supervisor import Supervisor
commands = {{name: [sys.executable, "-c", code] for name, code in {codes!r}.items()}}
sys.exit(Supervisor(commands, say=lambda line: print(line, flush=True)).run())
"""
SLEEP = "import time; time.sleep(600)"


def _started(**codes: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM.format(codes=codes)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def test_a_program_that_dies_is_started_again_and_the_others_stay(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    once = f"import pathlib, time; p = pathlib.Path({str(mark)!r})\nif p.exists(): time.sleep(600)\np.touch(); exit(7)"
    with _started(steady=SLEEP, once=once) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == "once ended with exit code 7 and is started again.\n"
        until(lambda: len(family(supervisor.pid)) == 2, "both to run")
        children = family(supervisor.pid)
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(PATIENCE) == 0
        assert all(map(gone, children))


def test_a_mistake_that_a_person_must_mend_ends_all() -> None:
    with _started(steady=SLEEP, wrong="import sys; sys.exit(2)") as supervisor:
        out, _ = supervisor.communicate(timeout=PATIENCE)
        assert supervisor.returncode == 2
    assert out == "wrong ended with exit code 2 and is not started again.\n"


def test_a_program_that_dies_again_and_again_is_given_up() -> None:
    with _started(wrong="raise SystemExit(1)") as supervisor:
        out, _ = supervisor.communicate(timeout=PATIENCE)
        assert supervisor.returncode == 1
    assert out.count("is started again") == 4
    assert out.endswith("wrong ended with exit code 1 and is not started again.\n")


def test_a_program_that_does_not_heed_the_signal_is_killed() -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    quick = PROGRAM.replace("flush=True)", "flush=True), seconds_to_stop=0.2")
    command = [sys.executable, "-c", quick.format(codes={"deaf": deaf})]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == "deaf\n"
        children = family(supervisor.pid)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(PATIENCE) == 0
        assert all(map(gone, children))


def test_what_a_killed_supervisor_leaves_ends_by_itself(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    steady = f"""
import pathlib, signal, sys, time
from agent.supervised import end_with_supervisor
signal.signal(signal.SIGTERM, lambda *_: sys.exit(pathlib.Path({str(noted)!r}).touch()))
end_with_supervisor()
print("steady", flush=True)
time.sleep(600)
"""
    with _started(steady=steady) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == "steady\n"
        children = family(supervisor.pid)
        assert children
        supervisor.kill()
        until(lambda: all(map(gone, children)), "what it started to end", every=0.05)
    assert noted.exists(), "in order, as SIGTERM ends it"


def test_a_program_without_a_supervisor_is_not_ended(tmp_path: Path) -> None:
    script = tmp_path / "alone.py"
    script.write_text("import sys; print(*sys.argv[1:], flush=True)", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "agent.supervised", "alone", "one", "two"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ran.stdout == "one two\n"
