"""`laud chat`: the conversation with the agent in a terminal, or line by line through a pipe."""

import signal
import sys
from contextlib import contextmanager, suppress
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.session import Display, JsonOption, WorkspaceOption, print_json, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.conversation import Conversations
    from tools.engine.records import Event
    from tools.workbench import Workbench

OWNER = "local"
"""Whose conversations these are; the service calls the one person of this machine so too."""
TITLE = "Terminal"
LONGEST_TITLE = 60
LEAVE = frozenset({"quit", "exit", "q", "bye"})
LABEL = frozenset({"label", "labels", "l"})
SECONDS_BETWEEN_LOOKS = 0.2
KEPT = "\n\t\u200c\u200d"
"""Unprintable characters that are harmless; the last two join letters and emoji."""
YES = frozenset({"a", "approve", "y", "yes", "ok", "okay"})
REFUSE = frozenset({"r", "refuse", "n", "no"})


def chat(
    new: Annotated[bool, typer.Option("--new", help="Begin a new conversation instead of going on")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Talk: say what to find or sort, label, ask how good it is, export. Through a pipe: one request a line."""
    from agent.conversation import Conversations  # noqa: PLC0415 - `laud --help` loads nothing heavy
    from agent.jobs import Jobs  # noqa: PLC0415 - as above
    from agent.model import open_chat_model  # noqa: PLC0415 - as above
    from agent.toolbelt import handlers  # noqa: PLC0415 - as above
    from tools.workbench import open_workbench  # noqa: PLC0415 - as above

    settings = read_settings(workspace)
    with open_workbench(settings, write=True, attended=False) as bench:
        jobs = Jobs(bench, handlers(), on_end=lambda job: conversations.job_ended(job))  # noqa: PLW0108 - each needs the other
        conversations = Conversations(bench, open_chat_model(settings), jobs=jobs, local_files=True)
        talk = Chat(bench, conversations, Screen(quiet=as_json), new=new)
        jobs.start()
        conversations.start()
        try:
            talk.run()
            if as_json:
                print_json(talk.transcript())
        finally:
            jobs.close()
            conversations.close()


class Screen:
    """Where the person reads and writes: a terminal, or plain lines where there is none. `quiet` writes to stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = sys.stderr if quiet else sys.stdout
        self.is_terminal = sys.stdin.isatty() and self._out.isatty()

    def ask(self, prompt: str) -> str | None:
        """What the person writes next; None at the end of the input."""
        if not self.is_terminal:
            line = sys.stdin.readline()
            return line.strip() if line else None
        with suppress(ImportError):
            import readline  # noqa: F401, PLC0415 - gives the prompt a history where there is a terminal
        try:
            return input(prompt).strip()
        except EOFError:
            return None

    def say(self, text: str, *, style: str = "") -> None:
        """A paragraph."""
        self.write(f"{text.rstrip()}\n", style=style)

    def write(self, text: str, *, style: str = "") -> None:
        """Text as it comes."""
        from rich.console import Console  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        shown = safe(text)
        if self.is_terminal:
            Console(file=self._out, highlight=False, soft_wrap=True).print(Text(shown, style=style), end="")
        else:
            self._out.write(shown)
        self._out.flush()


def safe(text: str) -> str:
    """The text without what could steer a terminal; lines stay."""
    return "".join(c if c in KEPT or c.isprintable() else " " for c in text)


@contextmanager
def interrupts() -> "Iterator[list[int]]":
    """Ctrl-C is only noted meanwhile: Python raises it wherever it is, and in some places an error goes unheard."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


class Chat:
    """One conversation at a prompt: what was said and done since is shown, what waits for the person is asked."""

    def __init__(self, bench: "Workbench", conversations: "Conversations", screen: Screen, *, new: bool) -> None:
        self._bench = bench
        self._conversations = conversations
        self._screen = screen
        self._seen = bench.events.last()
        self._streamed: dict[str, str] = {}
        self._left: Mapping[str, Any] | None = None
        known = [] if new else bench.conversations.list(OWNER)
        self._resumed = bool(known)
        self.id = known[0].id if known else conversations.create(TITLE, OWNER).id

    def run(self) -> None:
        """Talk until the person leaves or the input ends."""
        self._greet()
        while True:
            try:
                self._settle()
            except KeyboardInterrupt:
                self._screen.say("\nIt goes on meanwhile: say status or stop. Ctrl-C here leaves.", style="dim")
            try:
                line = self._screen.ask("\nyou> ")
            except KeyboardInterrupt:
                break
            if line is None or line.casefold() in LEAVE:
                break
            if line.casefold() in LABEL and self._left is not None:
                self._left = None
            elif line:
                self._send(line)
        if self._conversations.at_work(self.id):
            self._screen.say("What is under way goes on with the next `laud chat`.", style="dim")

    def transcript(self) -> dict[str, Any]:
        """The conversation as JSON values."""
        view = self._conversations.view(self.id)
        return {
            "conversation": self.id,
            "messages": [{"role": one.role, "text": one.text, "calls": list(one.calls)} for one in view.messages],
            "pending": view.pending,
            "jobs": [{"id": job.id, "kind": job.kind, "status": job.status} for job in view.jobs],
        }

    def _greet(self) -> None:
        if not self._screen.is_terminal:
            return
        hint = "Say what you want, such as: find the baby products in receipts.csv. Also: help, quit."
        if not self._resumed:
            self._screen.say(hint, style="dim")
            return
        said = [one.text for one in self._conversations.view(self.id).messages if one.role == "assistant" and one.text]
        self._screen.say("The last conversation goes on (`laud chat --new` begins another).", style="dim")
        if said:
            self._screen.say(f"\n{said[-1]}")

    # --- following ----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Show what happens until nothing is at work, and ask the person about what waits for them."""
        while True:
            self._follow()
            pending = self._conversations.view(self.id).pending
            if pending is None or pending == self._left:
                return
            if pending["kind"] == "approval":
                if not self._decide(pending):
                    return
            elif not self._label(pending):
                return

    def _send(self, line: str) -> None:
        if self._bench.conversations.get(self.id).title == TITLE:
            self._bench.conversations.rename(self.id, line[:LONGEST_TITLE])
        self._conversations.send(self.id, line)

    def _follow(self) -> None:
        """Show what happens until nothing is at work; raises KeyboardInterrupt at Ctrl-C."""
        display = Display()
        try:
            with interrupts() as pressed:
                while not pressed:
                    working = self._conversations.at_work(self.id)
                    for event in self._new_events():
                        self._show(event, display)
                    if not working:
                        break
                    self._bench.events.wait(self._seen, timeout=SECONDS_BETWEEN_LOOKS)
        finally:
            display.close()
        if pressed:
            raise KeyboardInterrupt

    def _new_events(self) -> "list[Event]":
        found = self._bench.events.read(after=self._seen, conversation=self.id)
        if found:
            self._seen = found[-1].offset
        return found

    def _show(self, event: "Event", display: Display) -> None:
        data = event.data
        match event.kind:
            case "token" if self._screen.is_terminal:
                display.close()
                self._token(str(data["message"]), str(data["text"]))
            case "message" if data.get("role") == "assistant":
                display.close()
                self._message(str(data["id"]), str(data["text"]))
            case "job.progress":
                display(str(data["stage"]), int(data["done"]), data["total"])
            case "turn.failed":
                display.close()
                self._screen.say(f"That did not work: {data['error']}", style="red")

    def _token(self, message: str, text: str) -> None:
        if message not in self._streamed:
            self._screen.write("\n")
            self._streamed = {message: ""}
        self._streamed[message] += text
        self._screen.write(text)

    def _message(self, message: str, text: str) -> None:
        streamed = self._streamed.pop(message, "")
        if streamed and text.startswith(streamed):
            self._screen.say(text[len(streamed) :])
        else:
            self._screen.say(f"\n{text}" if self._screen.is_terminal else text)

    # --- what waits for the person ------------------------------------------------------------------------------------

    def _decide(self, card: "Mapping[str, Any]") -> bool:
        """Show a card and take the decision; false when the input ended."""
        from tools.engine.errors import AskAgain  # noqa: PLC0415 - as above

        self._screen.say(card_lines(card), style="yellow")
        while True:
            line = self._screen.ask("approve, refuse (or say why not), or change numbers, such as labels=20> ")
            if line is None:
                self._left = card
                return False
            if not line:
                continue
            try:
                self._conversations.resume(self.id, decision(line))
            except AskAgain as error:
                self._screen.say(str(error), style="red")
                continue
            return True

    def _label(self, wanted: "Mapping[str, Any]") -> bool:
        """Let the person label what waits, one key a text; false when texts are left."""
        from tools.labeling import label_waiting  # noqa: PLC0415 - as above

        task = self._bench.tasks.get(wanted["task"])
        desk = copy(self._bench)
        desk.attended = True
        try:
            left = len(label_waiting(desk, task).unanswered)
        except KeyboardInterrupt:
            left = -1
        if left:
            self._left = self._conversations.view(self.id).pending
            self._screen.say("What you labeled is kept. Say label to go on, or anything else meanwhile.", style="dim")
            return False
        self._left = None
        self._conversations.labeled(task.name)
        return True


def card_lines(card: "Mapping[str, Any]") -> str:
    """A card as a person reads it."""
    lines = [f"{card['title']}?", f"  {card['what']}"]
    if card.get("budget_left") is not None:
        lines.append(f"  ${card['budget_left']:.2f} of the budget is left.")
    numbers = {name: value for name, value in dict(card.get("editable") or {}).items() if value is not None}
    if numbers:
        lines.append("  " + ", ".join(f"{name}={value:g}" for name, value in numbers.items()))
    return "\n".join(lines)


def decision(line: str) -> dict[str, Any]:
    """What a line says about a card: to approve it, with other numbers where it has any, or to refuse it and why."""
    words = line.replace(",", " ").split()
    pairs = [word.partition("=") for word in words if "=" in word]
    plain = [word.casefold() for word in words if "=" not in word]
    numbers = {name.casefold(): _number(value) for name, _, value in pairs}
    if (pairs and set(plain) <= YES | {"change"} and None not in numbers.values()) or (not pairs and set(plain) <= YES):
        return {"decision": "approve", "changes": numbers}
    first, _, rest = line.partition(" ")
    return {"decision": "refuse", "reason": rest.strip() if first.casefold() in REFUSE else line}


def _number(text: str) -> float | int | None:
    try:
        value = float(text.lstrip("$"))
    except ValueError:
        return None
    return int(value) if value.is_integer() else value
