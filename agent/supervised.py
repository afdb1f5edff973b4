"""A program that a supervisor started: it ends when the supervisor is gone, also where that was killed.

`python -P -m agent.supervised MODULE ARGUMENTS` runs a module as such a program.
"""

import os
import runpy
import signal
import sys
import threading
import time

SUPERVISOR = "LAUD_SUPERVISOR"
"""The variable in which a supervisor tells those that it starts the id of its process."""
SECONDS_BETWEEN_LOOKS = 0.5


def end_with_supervisor() -> None:
    """From now on, end as SIGTERM ends this program once its supervisor is gone; without one, nothing happens.

    What lost its parent is given another one, on Linux as on macOS.
    """
    parent = os.environ.pop(SUPERVISOR, None)  # what is started from here has another parent
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), name="laud-supervisor", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    end_with_supervisor()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
