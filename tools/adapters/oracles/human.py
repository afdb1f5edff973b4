"""A person at the terminal as oracle: one key a class, with skip, unsure, note, undo, jump back and quit.

Near-duplicates come together: one key answers all of them, unless the person wants them one by one.
"""

import os
import select
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TextIO

from tools.engine.records import Answer, Outcome, Task, Text, TextId

CLASS_KEYS = "123456789abcdefghijklmnoprtvwxy"
"""Keys of the classes in their order; the letters left out are commands."""
SKIP, UNSURE, UNDO, QUIT, HELP = "s", "u", "z", "q", "?"
NOTE, BACK, APART = "+", "<", "/"
COMMANDS = "s skip   u unsure   + note   z undo   < jump back   q quit   ? definitions"
LISTED = 9
"""Answers that one can jump back to: one digit each."""
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


Alike = Callable[[Sequence[Text], Task], Mapping[TextId, Sequence[TextId]]]
"""Which of the texts stand for themselves, each with its near-duplicates among the others."""
Group = tuple[Text, ...]
"""A text and its near-duplicates."""


class HumanOracle:
    """Shows one text after the other and takes a key for each.

    Undo and jump back withdraw an answer before, also one of an earlier call of `answers`, and ask for it again. After
    quit, `stopped` is set and later calls ask nothing.
    """

    def __init__(self, *, stdin: TextIO, stdout: TextIO, source: str = "human", alike: Alike | None = None) -> None:
        self._in = stdin
        self._out = stdout
        self._source = source
        self._alike = alike
        self._answered: list[tuple[Group, str]] = []
        self._by_key = False
        self.stopped = False

    @property
    def source(self) -> str:
        """`human`, or `human:NAME`."""
        return self._source

    def price(self, texts: Sequence[Text]) -> float:  # noqa: ARG002 - part of the port
        """0: the person's time is not counted in dollars."""
        return 0.0

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield an answer as each key is pressed, with outcome `withdrawn` first for one that is taken back.

        Ends early, with fewer answers than texts, when the person quits or the input ends.
        """
        keys = _class_keys(task)
        self._by_key = self._in.isatty() and len(keys) <= len(CLASS_KEYS)
        waiting = deque(self._groups(texts, task))
        note: str | None = None
        while waiting and not self.stopped:
            group = waiting[0]
            left = sum(map(len, waiting))
            self._show(group, keys, place=max(len(texts) - left + 1, 1), total=len(texts))
            started = time.perf_counter()
            pressed = self._ask(keys, task)
            if pressed == QUIT:
                self.stopped = True
            elif pressed == NOTE:
                note = self._line("Note: ")
            elif pressed == APART:
                waiting.popleft()
                waiting.extendleft((one,) for one in reversed(group))
            elif pressed in {UNDO, BACK}:
                before = self._before(pressed)
                if before is not None:
                    waiting.appendleft(before)
                    for text in reversed(before):
                        yield self._answer(text, "withdrawn", seconds=0.0)
            else:
                waiting.popleft()
                seconds = (time.perf_counter() - started) / len(group)
                said: Outcome = "label" if pressed in keys else "skip" if pressed == SKIP else "unsure"
                self._answered.append((group, keys.get(pressed, said)))
                for text in group:
                    yield self._answer(text, said, seconds=seconds, label=keys.get(pressed), note=note)
                note = None

    def _groups(self, texts: Sequence[Text], task: Task) -> list[Group]:
        """The texts with their near-duplicates, in the order of the first of each."""
        if self._alike is None or len(texts) < 2:
            return [(text,) for text in texts]
        by_id = {text.id: text for text in texts}
        found = self._alike(texts, task)
        return [(by_id[one], *(by_id[i] for i in others)) for one, others in found.items()]

    def _before(self, pressed: str) -> Group | None:
        """The group to ask again: the last one answered, or the one that the person chooses from a list."""
        if pressed == UNDO:
            return self._answered.pop()[0]
        latest = self._answered[: -LISTED - 1 : -1]
        for number, ((first, *_), said) in enumerate(latest, start=1):
            self._say(f"  {number} {printable(first.text[:60])} → {printable(said)}")
        chosen = self._line(f"Back to which (1 to {len(latest)}, Enter for none)? ").strip()
        if not chosen.isdecimal() or not 1 <= int(chosen) <= len(latest):
            return None
        return self._answered.pop(len(self._answered) - int(chosen))[0]

    def _line(self, prompt: str) -> str:
        """A line that the person types."""
        self._out.write(prompt)
        self._out.flush()
        if self._by_key:
            return _read_line(self._in.fileno())
        return self._in.readline().strip()

    def _ask(self, keys: dict[str, str], task: Task) -> str:
        """The key of a class or command that can be carried out."""
        while True:
            pressed = self._key(keys)
            if pressed == HELP:
                self._define(keys, task)
            elif pressed in {UNDO, BACK} and not self._answered:
                self._say("There is nothing to undo yet.")
            elif pressed in {NOTE, BACK, APART}:
                return pressed
            elif pressed in keys or pressed in {SKIP, UNSURE, UNDO, QUIT}:
                chosen = keys.get(pressed) or {SKIP: "skipped", UNSURE: "unsure", UNDO: "undo", QUIT: "quit"}[pressed]
                self._say(f"  → {printable(chosen)}")
                return pressed
            else:
                self._say(f"  {printable(pressed)!r} is none of the keys. ? shows them with their meaning.")

    def _key(self, keys: dict[str, str]) -> str:
        if self._by_key:
            return _read_key(self._in.fileno())
        line = self._in.readline()
        if not line:
            return QUIT
        typed = line.strip().casefold()
        by_name = {name.strip().casefold(): key for key, name in keys.items()}
        return typed if typed in keys else by_name.get(typed, typed)

    def _show(self, group: Group, keys: dict[str, str], *, place: int, total: int) -> None:
        first, *alike = group
        shown = first.text[:MAX_CHARACTERS]
        lines = [f"  │ {printable(line)}" for line in shown.replace("\r\n", "\n").split("\n")]
        left_out = len(first.text) - len(shown)
        if left_out:
            lines.append(f"  … and {left_out:,} more characters")
        if alike:
            lines.append(f"  and {len(alike):,} like it, for the same key (/ takes them one by one):")
            lines += [f"  ≈ {printable(' '.join(one.text.split())[:100])}" for one in alike]
        choices = "   ".join(f"{key} {printable(name)}" for key, name in keys.items())
        self._say(f"\n{place:,} of {total:,}", *lines, choices, COMMANDS)

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

    def _answer(
        self, text: Text, outcome: Outcome, *, seconds: float, label: str | None = None, note: str | None = None
    ) -> Answer:
        return Answer(
            text_id=text.id, outcome=outcome, label=label, seconds=seconds, source=self.source, note=note or None
        )


def _class_keys(task: Task) -> dict[str, str]:
    """Class names by key: single keys, or numbers (typed with Enter) when there are more classes than keys."""
    names = task.class_names
    keys = CLASS_KEYS if len(names) <= len(CLASS_KEYS) else [str(number) for number in range(1, len(names) + 1)]
    return dict(zip(keys, names, strict=False))


def _read_line(terminal: int) -> str:
    """The next line, read byte by byte: keys that were pressed after it stay for whoever reads keys."""
    line = b""
    with suppress(OSError):  # the terminal was closed
        while (byte := os.read(terminal, 1)) not in {b"", b"\n"}:
            line += byte
    return line.decode(errors="replace").strip()


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
