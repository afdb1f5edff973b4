"""A person at the terminal as oracle: one key a class, with skip, unsure, undo and quit."""

import os
import select
import time
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TextIO

from tools.engine.records import Answer, Outcome, Task, Text

CLASS_KEYS = "123456789abcdefghijklmnoprtvwxy"
"""Keys of the classes in their order; the letters left out are commands."""
SKIP, UNSURE, UNDO, QUIT, HELP = "s", "u", "z", "q", "?"
MAX_CHARACTERS = 2_000
"""Longer texts are shown cut."""
_JOINERS = "\u200c\u200d"  # needed inside words of some scripts, and inside emoji
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable(text: str) -> str:
    r"""`text` so that it cannot steer a terminal: control and format characters are shown as `\x1b`."""
    return "".join(
        c if c in _JOINERS or unicodedata.category(c) not in _UNPRINTABLE else c.encode("unicode_escape").decode()
        for c in text.replace("\t", "    ")
    )


class HumanOracle:
    """Shows one text after the other and takes a key for each.

    Undo withdraws the answer before, also one of an earlier call of `answers`, and asks for it again. After quit,
    `stopped` is set and later calls ask nothing.
    """

    def __init__(self, *, stdin: TextIO, stdout: TextIO) -> None:
        self._in = stdin
        self._out = stdout
        self._answered: list[Text] = []
        self.stopped = False

    @property
    def source(self) -> str:
        """`human`."""
        return "human"

    def price(self, texts: Sequence[Text]) -> float:  # noqa: ARG002 - part of the port
        """0: the person's time is not counted in dollars."""
        return 0.0

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield an answer as each key is pressed, with outcome `withdrawn` first for one that is undone.

        Ends early, with fewer answers than texts, when the person quits or the input ends.
        """
        keys = _class_keys(task)
        waiting = deque(texts)
        while waiting and not self.stopped:
            text = waiting[0]
            self._show(text, keys, place=max(len(texts) - len(waiting) + 1, 1), total=len(texts))
            started = time.perf_counter()
            pressed = self._ask(keys, task)
            if pressed == QUIT:
                self.stopped = True
            elif pressed == UNDO:
                previous = self._answered.pop()
                waiting.appendleft(previous)
                yield self._answer(previous, "withdrawn", seconds=0.0)
            else:
                self._answered.append(waiting.popleft())
                seconds = time.perf_counter() - started
                if pressed in keys:
                    yield self._answer(text, "label", seconds=seconds, label=keys[pressed])
                else:
                    yield self._answer(text, "skip" if pressed == SKIP else "unsure", seconds=seconds)

    def _ask(self, keys: dict[str, str], task: Task) -> str:
        """The key of a class or command that can be carried out."""
        while True:
            pressed = self._key(keys)
            if pressed == HELP:
                self._define(keys, task)
            elif pressed == UNDO and not self._answered:
                self._say("There is nothing to undo yet.")
            elif pressed in keys or pressed in {SKIP, UNSURE, UNDO, QUIT}:
                chosen = keys.get(pressed) or {SKIP: "skipped", UNSURE: "unsure", UNDO: "undo", QUIT: "quit"}[pressed]
                self._say(f"  → {printable(chosen)}")
                return pressed
            else:
                self._say(f"  {printable(pressed)!r} is none of the keys. ? shows them with their meaning.")

    def _key(self, keys: dict[str, str]) -> str:
        if self._in.isatty() and len(keys) <= len(CLASS_KEYS):
            return _read_key(self._in.fileno())
        line = self._in.readline()
        if not line:
            return QUIT
        typed = line.strip().casefold()
        by_name = {name.strip().casefold(): key for key, name in keys.items()}
        return typed if typed in keys else by_name.get(typed, typed)

    def _show(self, text: Text, keys: dict[str, str], *, place: int, total: int) -> None:
        shown = text.text[:MAX_CHARACTERS]
        lines = [f"  │ {printable(line)}" for line in shown.replace("\r\n", "\n").split("\n")]
        left_out = len(text.text) - len(shown)
        if left_out:
            lines.append(f"  … and {left_out:,} more characters")
        choices = "   ".join(f"{key} {printable(name)}" for key, name in keys.items())
        self._say(f"\n{place:,} of {total:,}", *lines, choices, "s skip   u unsure   z undo   q quit   ? definitions")

    def _define(self, keys: dict[str, str], task: Task) -> None:
        for key, definition in zip(keys, task.classes, strict=True):
            self._say(f"{key} {printable(definition.name)}: {printable(definition.definition) or 'no definition'}")
            for example in definition.examples:
                self._say(f"    for example: {printable(example)}")

    def _say(self, *lines: str) -> None:
        encoding = getattr(self._out, "encoding", None) or "utf-8"
        for line in lines:
            self._out.write(line.encode(encoding, errors="backslashreplace").decode(encoding) + "\n")
        self._out.flush()

    def _answer(self, text: Text, outcome: Outcome, *, seconds: float, label: str | None = None) -> Answer:
        return Answer(text_id=text.id, outcome=outcome, label=label, seconds=seconds, source=self.source)


def _class_keys(task: Task) -> dict[str, str]:
    """Class names by key: single keys, or numbers (typed with Enter) when there are more classes than keys."""
    names = task.class_names
    keys = CLASS_KEYS if len(names) <= len(CLASS_KEYS) else [str(number) for number in range(1, len(names) + 1)]
    return dict(zip(keys, names, strict=False))


def _read_key(terminal: int) -> str:
    """The next key, without Enter; `q` at the end of input. The terminal is only changed while it waits."""
    import termios  # noqa: PLC0415 - not on Windows, where input is never read this way
    import tty  # noqa: PLC0415 - as above

    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        try:
            byte = os.read(terminal, 1)
            # An arrow or function key sends escape, "[" or "O", and bytes up to one from "@" on: none of it is a key.
            if byte == b"\x1b" and select.select([terminal], [], [], 0)[0] and os.read(terminal, 1) in {b"[", b"O"}:
                while b"" < os.read(terminal, 1) < b"@":
                    pass
        except OSError:  # the terminal was closed
            byte = b""
    finally:
        with suppress(termios.error):  # as above
            termios.tcsetattr(terminal, termios.TCSANOW, before)
    return QUIT if byte in {b"", b"\x04"} else byte.decode("ascii", errors="replace").casefold()
