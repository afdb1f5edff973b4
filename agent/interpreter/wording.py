"""How numbers, texts and fixed sentences are said. Texts of the pool are quoted, cut and made one line."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TEXT_WIDTH = 100
NAME_WIDTH = 60
ERROR_WIDTH = 1_000

INTRODUCTION = (
    "(The built-in interpreter answers here. It is no language model: it knows a fixed set of requests, say help to "
    "see them. To talk freely, set LAUD_LLM_BASE_URL, LAUD_LLM_MODEL and, where needed, LAUD_LLM_API_KEY, and start "
    "again.)"
)
HELP = """\
What I understand, in your own word order; numbers, names and spelling are taken with patience:
- begin: find the baby products in receipts.csv · classify tickets.csv into bugs, praise, other · try the sample
- look: what is in the pool · themes · show me texts like baby carrots · show me 5 texts
- label: label 30 myself · label 30 with the llm · run 5 rounds · run until 95 % precision · batches of 10
- price: what would it cost
- judge: how good is it · what is it confused about · suspicious labels · hard texts · why did you pick these
- compare: show the rounds · compare round 2 with 5 · what would it return
- trust: check the llm · how good is the oracle · is the llm worth it · which labels are doubtful
- mend: propose edits of the guideline · accept edit 1 · label the doubtful ones again
- mend: undo · define baby care as nappies and wipes · set the budget to $2 · stop · delete the task
- take along: export · export the labels · predict new.csv
- also: status · help · yes, no, or the number of something I offered"""
IDENTITY = (
    "I am LAUD's built-in interpreter: no language model and no person. I match what you write against a documented "
    "set of requests and use the same tools that a language model would."
)
SET_A_MODEL = (
    "Set LAUD_LLM_BASE_URL to an OpenAI-compatible address (such as https://api.openai.com/v1), LAUD_LLM_MODEL to the "
    "name of a model that can call tools, and LAUD_LLM_API_KEY where a key is needed; then start LAUD again. The model "
    "then talks with you, and can label as well: label 30 with the llm. Texts it labels leave this machine, and you "
    "are asked first."
)
HELLO = "Hello. Tell me what you want to find or sort, and in which file."
THANKS = "You are welcome."
BYE = "Goodbye. Everything is kept; come back any time."
NOTHING_ASKED = "There is no question of mine to say that to."
ENGLISH_ONLY = "I understand requests in English only."
UNCLEAR = "I did not understand that."
NO_TASK = "There is no task yet. Tell me what to find or how to sort."
NO_POOL = "There are no texts yet."


def clean(text: object, width: int) -> str:
    """One line of at most `width` characters, without control, direction and other hidden characters."""
    safe = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(text)[: 4 * width])
    line = " ".join(safe.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def quoted(text: object) -> str:
    """A text of the pool in quotation marks."""
    return f"“{clean(text, TEXT_WIDTH)}”"


def name(text: object) -> str:
    """A class, task, pool or column."""
    return f"'{clean(text, NAME_WIDTH)}'"


def error(text: object) -> str:
    """What went wrong, as a tool said it."""
    return clean(text, ERROR_WIDTH)


def names(found: Iterable[object]) -> str:
    """Several names: 'a', 'b' and 'c'."""
    *most, last = [*map(name, found)] or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def count(number: object, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    value = number if isinstance(number, int) else 0
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def score(estimate: Mapping[str, Any]) -> str:
    """A score with its 95 % interval."""
    value, low, high = (float(estimate.get(key) or 0) for key in ("value", "low", "high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def percent(share: object) -> str:
    """A share in percent, with a decimal where it is small."""
    value = 100 * float(share) if isinstance(share, int | float) else 0.0
    return f"{value:.1f} %" if 0 < value < 10 else f"{value:.0f} %"


def span(low: float, high: float, form: str = "{:,.0f}") -> str:
    """A range, or the one number that both ends are."""
    first, last = form.format(low), form.format(high)
    return first if first == last else f"{first} to {last}"


def dollars(pair: Sequence[float]) -> str:
    """A price range."""
    form = "${:.2f}" if pair[1] >= 0.1 or pair[1] == 0 else "${:.4f}"
    return span(pair[0], pair[1], form)


def minutes(pair: Sequence[float], *, unit: float = 1.0) -> str:
    """A time range in minutes, or hours where it is long; `unit` is how many minutes one is."""
    low, high = pair[0] * unit, pair[1] * unit
    if high < 1:
        return "less than a minute"
    if low > 120:
        return f"{span(low / 60, high / 60, '{:.0f}')} hours"
    return f"{span(max(low, 1), high)} minutes"


def listed(lines: Iterable[str]) -> str:
    """Lines as a list."""
    return "\n".join(f"- {line}" for line in lines)


def paragraphs(*parts: str) -> str:
    """The parts that say something, each on lines of its own."""
    return "\n".join(part for part in parts if part)


def mappings(found: object) -> list[dict[str, Any]]:
    """The items of a list in a receipt; what a cut list ends with is left out."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
