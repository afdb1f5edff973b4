"""Runs programs side by side: starts again what dies, and stops all when one gives up or the person ends it."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from agent.supervised import SUPERVISOR

USER_MISTAKE = 2
"""The exit code that says that starting again would not help."""
DEATHS = 5
SECONDS_OF_DEATHS = 60.0
"""A program that died so often in this time is given up."""
SECONDS_BEFORE_RESTART = 1.0
SECONDS_TO_STOP = 15.0
"""What a program gets to end by itself before it is killed."""


@dataclass(slots=True, kw_only=True)
class _Program:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes]
    deaths: list[float] = field(default_factory=list)


class Supervisor:
    """Keeps the programs of `commands` (by name) running; `say` gets a line when something happens to one."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        say: Callable[[str], None],
        seconds_to_stop: float = SECONDS_TO_STOP,
    ) -> None:
        self._commands = commands
        self._say = say
        self._seconds_to_stop = seconds_to_stop
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End everything; `run` returns when all have ended."""
        self._stopping.set()

    def run(self) -> int:
        """Run until stopped; returns 0 then, and the exit code of the program that was given up otherwise."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop())
        programs = [
            _Program(name=name, command=command, process=_start(command)) for name, command in self._commands.items()
        ]
        try:
            return self._watch(programs)
        finally:
            self._stop_all(programs)

    def _watch(self, programs: list[_Program]) -> int:
        while not self._stopping.wait(0.1):
            for program in programs:
                code = program.process.poll()
                if code is not None and not self._stopping.is_set() and not self._restart(program, code):
                    return code if code > 0 else 1
        return 0

    def _restart(self, program: _Program, code: int) -> bool:
        """Start a program again that ended; whether that is worth trying."""
        now = time.monotonic()
        program.deaths = [at for at in program.deaths if now - at < SECONDS_OF_DEATHS] + [now]
        if code == USER_MISTAKE or len(program.deaths) >= DEATHS:
            self._say(f"{program.name} ended with exit code {code} and is not started again.")
            return False
        self._say(f"{program.name} ended with exit code {code} and is started again.")
        if not self._stopping.wait(SECONDS_BEFORE_RESTART):
            program.process = _start(program.command)
        return True

    def _stop_all(self, programs: list[_Program]) -> None:
        running = [program.process for program in programs if program.process.poll() is None]
        for process in running:
            process.terminate()
        until = time.monotonic() + self._seconds_to_stop
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
            process.kill()
            process.wait()


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # In a group of its own: Ctrl-C reaches this program alone, which then ends the others in order.
    environment = {**os.environ, SUPERVISOR: str(os.getpid())}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, env=environment)
