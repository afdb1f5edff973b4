"""What is said about pools, proposals, tasks and plans."""

from collections.abc import Mapping
from typing import Any

from agent.interpreter.asking import Asked, border_question, plan_line
from agent.interpreter.facts import KnownTask
from agent.interpreter.wording import (
    clean,
    count,
    dollars,
    listed,
    mappings,
    minutes,
    name,
    names,
    paragraphs,
    percent,
    quoted,
    span,
)

Receipt = Mapping[str, Any]


def added(receipt: Receipt) -> str:
    """What a file brought."""
    columns = [str(one) for one in receipt.get("other_columns", ())]
    return paragraphs(
        f"Read {clean(receipt.get('file', 'the file'), 60)}: {count(receipt.get('rows'), 'row')}, "
        f"{count(receipt.get('added'), 'new text')} in pool {name(receipt.get('pool'))} from column "
        f"{name(receipt.get('text_column'))}, {count(receipt.get('duplicates'), 'duplicate')} folded.",
        _skipped(receipt),
        f"Other columns, left alone: {names(columns)}. One that holds the names of your classes can stand in for a "
        f"person: say replay column {clean(columns[-1], 40)}."
        if columns
        else "",
        _notes(receipt),
    )


def _notes(receipt: Receipt) -> str:
    notes = receipt.get("notes")
    return "\n".join(f"Note: {clean(note, 300)}" for note in notes) if isinstance(notes, list) else ""


def _skipped(receipt: Receipt) -> str:
    rows = receipt.get("skipped_rows")
    if not rows:
        return ""
    first = "".join(
        f"; row {one.get('row')}: {clean(one.get('reason'), 100)}" for one in mappings(receipt.get("skipped"))[:1]
    )
    return f"{count(rows, 'row')} could not be used{first}."


def looked(receipt: Receipt, show: str) -> str:
    """What a look at a pool showed."""
    if show == "themes":
        return paragraphs(f"Themes of pool {name(receipt.get('pool'))}:", _themes(receipt)) or "No themes stand out."
    if show in {"texts", "similar"}:
        return _texts(receipt, show)
    lengths = receipt.get("characters") or {}
    languages = [f"{clean(code, 10)} {percent(share)}" for code, share in dict(receipt.get("languages", {})).items()][
        :4
    ]
    unusual = [quoted(one.get("text")) for one in mappings(receipt.get("unusual"))]
    return paragraphs(
        f"Pool {name(receipt.get('pool'))}: {count(receipt.get('texts'), 'text')} of "
        f"{count(receipt.get('rows'), 'row')}, {count(receipt.get('duplicates'), 'duplicate')} folded.",
        f"Length: {_length(lengths)}. Languages: {', '.join(languages) or 'not known'}. "
        f"Other columns: {names(receipt.get('columns', ())) if receipt.get('columns') else 'none'}.",
        f"Warning: {clean(receipt['warning'], 300)}" if receipt.get("warning") else "",
        "Themes:\n" + _themes(receipt) if receipt.get("themes") else "",
        f"Unlike the others: {', '.join(unusual)}." if unusual else "",
    )


def _length(lengths: Mapping[str, Any]) -> str:
    median, longest = clean(lengths.get("median", "?"), 20), clean(lengths.get("longest", "?"), 20)
    return f"half have up to {median} characters, the longest {longest}"


def _themes(receipt: Receipt) -> str:
    return listed(
        f"{percent(one.get('share'))} {', '.join(clean(word, 30) for word in one.get('words', ())[:5])}: "
        f"{', '.join(quoted(text) for text in one.get('examples', ())[:2])}"
        for one in mappings(receipt.get("themes"))
    )


def _texts(receipt: Receipt, show: str) -> str:
    found = mappings(receipt.get("texts"))
    if not found:
        return "No text of the pool is like that."
    about = receipt.get("query") or ", ".join(map(str, receipt.get("words") or ()))
    heading = (
        f"Nearest to {quoted(about)}, best first:" if show == "similar" else f"{count(len(found), 'text')} of the pool:"
    )
    return paragraphs(
        heading,
        listed(
            quoted(one.get("text")) + (f" ({float(one['similarity']):.2f})" if "similarity" in one else "")
            for one in found
        ),
    )


def task_set(receipt: Receipt, proposal: Receipt) -> str:
    """The task as it stands now, with the share to expect where a proposal told."""
    shares = proposal.get("expected_share", {})
    positive, rest = receipt.get("positive"), receipt.get("rest")
    lines = []
    for one in mappings(receipt.get("classes")):
        role = (
            " (looked for)" if one.get("name") == positive else " (takes the rest)" if one.get("name") == rest else ""
        )
        definition = clean(one.get("definition"), 300) or (
            "any other text" if one.get("name") == rest else "no definition yet"
        )
        share = shares.get(one.get("name"))
        expected = f" I expect {_between(share)} of the texts." if share and role != " (takes the rest)" else ""
        examples = [quoted(text) for text in one.get("examples", ())[:3]]
        like = f" Such as {', '.join(examples)}." if examples else ""
        lines.append(f"{clean(one.get('name'), 60)}{role}: {definition.rstrip('.')}.{expected}{like}")
    return paragraphs(
        f"Task {name(receipt.get('task'))} over pool {name(receipt.get('pool'))}{_version(receipt)}:",
        listed(lines),
        _notes(proposal),
    )


def guideline(task: KnownTask) -> str:
    """A task as the facts have it."""
    told = {"task": task.name, "pool": task.pool, "positive": task.positive, "classes": [*task.guideline]}
    kept = [f"labeled by {clean(task.oracle, 40)}"] if task.oracle else []
    kept += [f"budget ${task.budget:g}"] if task.budget is not None else []
    kept += [f"until {clean(rule, 40)}" for rule in task.stop]
    return paragraphs(task_set(told, {}), f"When nothing else is said: {', '.join(kept)}." if kept else "")


def _version(receipt: Receipt) -> str:
    version = receipt.get("guideline_version")
    return f", guideline version {version}" if version else ""


def _between(share: Any) -> str:
    if not isinstance(share, list) or len(share) != 2:
        return "some"
    low, high = 100 * float(share[0]), 100 * float(share[1])
    return f"{span(low, high, '{:.1f}' if high < 10 else '{:.0f}')} %"


def border(question: Mapping[str, Any], number: int, total: int) -> str:
    """A borderline text to be answered."""
    return border_question(question, number, total, quoted(question.get("text")))


def plan(receipt: Receipt, figures: Mapping[str, Any], *, llm: bool) -> str:
    """What a run would take, and the plan to say yes to."""
    oracle = str(figures["oracle"])
    ways = ["a number to change, such as batches of 10"]
    ways += ["with the llm"] if llm and not oracle.startswith("llm") else []
    ways += ["myself"] if oracle != "human" else []
    return paragraphs(
        _effort(receipt, oracle), plan_line(figures), f"Say yes to start, no to leave it, or {', '.join(ways)}."
    )


def _effort(receipt: Receipt, oracle: str) -> str:
    calls = receipt.get("calls") or [0, 0]
    by_hand = minutes(receipt.get("minutes_by_hand") or [0, 0])
    machine = minutes(receipt.get("seconds") or [0, 0], unit=1 / 60)
    hers = receipt.get("minutes") or [0, 0]
    price, left = receipt.get("dollars"), receipt.get("budget_left")
    said = [
        f"{span(calls[0], calls[1])} answers are needed, {receipt.get('gold_calls') or 0:,} of them for the gold",
        f"sample to judge by; the machine works {machine}.",
    ]
    if oracle.startswith("llm"):
        said.append(f"By the language model: {dollars(price)}." if price else "The price of the model is not known.")
        said.append(f"By you it would be about {by_hand}.")
    elif oracle == "human":
        said.append(f"By you: about {by_hand}.")
    if oracle != "human" and hers[1]:
        said.append(f"Checks and what is handed to you: {minutes(hers)}.")
    if left is not None:
        said.append(f"${float(left):.2f} of the budget is left.")
    return " ".join(said)


def still_open(asked: Asked, question: Mapping[str, Any] | None, total: int) -> str:
    """The question or plan that an answer to something else leaves open."""
    if asked.border is not None and question is not None:
        return border(question, asked.border, total)
    return plan_line(asked.plan) + "\nSay yes to start it." if asked.plan else ""
