"""The table of the agent's tools in the README, written from the tools themselves by `make format`."""

from agent.toolbelt import TOOLS, Tool
from tests.support.sources import ROOT

BEGIN, END = "<!-- tools: begin, written by `make format` -->", "<!-- tools: end -->"
README = ROOT / "README.md"


def table() -> str:
    """One row a tool: what it does, whether the person is asked, and where else the same can be done."""
    rows = [f"| `{tool.name}` | {tool.summary} | {_asks(tool)} | `{tool.api}` | {_cli(tool)} |" for tool in TOOLS]
    head = ["| Tool | Does | Asks first | Service | Command line |", "|---|---|---|---|---|"]
    return "\n".join([BEGIN, *head, *rows, END])


def in_readme() -> str:
    """The table as it stands in the README; raises ValueError where it has none."""
    text = README.read_text(encoding="utf-8")
    return text[text.index(BEGIN) : text.index(END) + len(END)]


def write() -> None:
    """Bring the README up to date."""
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(in_readme(), table()), encoding="utf-8")


def _asks(tool: Tool) -> str:
    asks = {"spend": "when it costs money", "delete": "always", "send": "before it writes over files"}
    return asks.get(tool.effect, "")


def _cli(tool: Tool) -> str:
    return ", ".join(f"`{command}`" for command in tool.cli.split(", "))


if __name__ == "__main__":
    write()
