"""What is said about oracles and people who label: checks, agreement, costs, doubtful labels, edits of a guideline."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from agent.interpreter.wording import clean, count, listed, mappings, name, paragraphs, percent, quoted, score

Receipt = Mapping[str, Any]
DIFF_LINES = 12


def checked(receipt: Receipt) -> str:
    """What a run came to that only checks."""
    stop = receipt.get("stop") or {}
    return f"Checked. {clean(stop.get('reason'), 400)}"


def oracles(receipt: Receipt) -> str:
    """What the checks of each oracle proved."""
    parts = []
    for one in mappings(receipt.get("oracles")):
        lines = [
            f"{clean(each.get('name'), 60)}: of what it calls so, {_share(each.get('right'))} is right; of the texts "
            f"that are, it finds {_share(each.get('found'))} ({count(each.get('checked'), 'check')})"
            for each in mappings(one.get("classes"))
            if each.get("checked")
        ]
        waits = one.get("waiting") or 0
        waiting = f"{count(waits, 'answer waits', 'answers wait')} for your check." if waits else ""
        parts.append(paragraphs(f"{name(one.get('oracle'))}: {clean(one.get('advice'), 400)}", listed(lines), waiting))
    return "\n".join(parts) or "No oracle of this task was checked yet."


def people(receipt: Receipt) -> str:
    """How those who label agree."""
    if not receipt.get("texts"):
        return "No text has answers of two people yet, so there is nothing to compare."
    alpha = receipt.get("alpha")
    agreed = f"Krippendorff's alpha {score(alpha)}" if isinstance(alpha, dict) else "Krippendorff's alpha is not known"
    lines = [
        f"{clean(one.get('who'), 60)}: {count(one.get('answers'), 'answer')}"
        + (f", right on about {percent(one.get('accuracy'))}" if one.get("accuracy") is not None else "")
        for one in mappings(receipt.get("people"))
    ]
    conflicts = [
        f"{quoted(one.get('text'))}: "
        + ", ".join(f"{clean(who, 40)} says {clean(said, 40)}" for who, said in dict(one.get("said") or {}).items())
        for one in mappings(receipt.get("texts_in_conflict"))
    ]
    differ = receipt.get("conflicts") or 0
    return paragraphs(
        f"{count(receipt.get('texts'), 'text has', 'texts have')} answers of two people or more; {agreed}.",
        listed(lines),
        f"{count(differ, 'text waits', 'texts wait')} for a decision:\n{listed(conflicts)}" if differ else "",
    )


def benefit(receipt: Receipt) -> str:
    """A model alone, a person alone, or both."""
    found = receipt.get("benefit")
    found = found if isinstance(found, dict) else {}
    lines = [
        f"{clean(one.get('who'), 20)}: {_share(one.get('quality'))} right, ${float(one.get('dollars') or 0):.4f}, "
        f"{float(one.get('minutes') or 0):.0f} minutes, {count(one.get('by_hand'), 'label')} by hand"
        for one in mappings(found.get("ways"))
    ]
    if not lines:
        return "Nothing is known of that yet."
    return paragraphs(f"In short: {clean(found.get('advice'), 400)}", listed(lines))


def doubts(receipt: Receipt) -> str:
    """Labels least likely right."""
    lines = [
        f"{quoted(one.get('text'))} is labeled {clean(one.get('label'), 40)} by {clean(one.get('source'), 40)}, right "
        f"with {percent(one.get('right'))}; rather {clean(one.get('suggested'), 40)}"
        + (" (worth a second look)" if one.get("worth_a_second_look") else "")
        for one in mappings(receipt.get("labels"))
    ]
    return paragraphs("The labels least likely right:", listed(lines)) if lines else "No label is in doubt."


def edits(receipt: Receipt) -> str:
    """Edits of the guideline, numbered."""
    parts = []
    for number, one in enumerate(mappings(receipt.get("edits")), start=1):
        diff = [clean(line, 200) for line in str(one.get("diff", "")).splitlines() if line[:1] in {"+", "-"}]
        parts.append(
            paragraphs(
                f"Edit {number}, {name(one.get('edit'))}: {count(len(one.get('disagreements') or ()), 'text')} "
                f"disagree; {count(one.get('in_doubt'), 'label')} would be asked about again.",
                "\n".join(f"    {line}" for line in diff[:DIFF_LINES]),
            )
        )
    return "\n".join(parts) or "Model and people disagree about no kind of text twice, so I propose no edit."


def accepted(receipt: Receipt) -> str:
    """What became of accepted edits."""
    version, requeued = receipt.get("guideline_version"), receipt.get("requeued")
    return (
        f"The guideline is at version {clean(version, 10)}; {count(requeued, 'label is', 'labels are')} asked about "
        "again by the next run."
    )


SHOWN: Mapping[str, Callable[[Receipt], str]] = MappingProxyType(
    {"oracles": oracles, "people": people, "benefit": benefit, "doubts": doubts, "edits": edits}
)
"""How each thing that `show_results` shows of trust is said."""


def _share(found: object) -> str:
    if not isinstance(found, Mapping):
        return "an unknown share"
    value, low, high = (100 * float(found.get(key) or 0) for key in ("value", "low", "high"))
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"
