"""What is said about rounds, scores, labels and models: the numbers of the receipts, with their intervals."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from agent.interpreter import about_trust
from agent.interpreter.wording import clean, count, listed, mappings, name, paragraphs, percent, quoted, score

Receipt = Mapping[str, Any]
METRICS: Mapping[str, str] = MappingProxyType(
    {"precision": "precision", "recall": "recall", "f1": "F1", "accuracy": "accuracy", "macro_f1": "macro F1"}
)
SOURCES: Mapping[str, str] = MappingProxyType(
    {"gold": "the gold sample", "cross-validated": "cross-validation on the labels", "test": "a test file"}
)


def ran(receipt: Receipt) -> str:
    """What came of a run."""
    stop = receipt.get("stop") or {}
    rounds = mappings(receipt.get("rounds"))
    done = max((int(one.get("round", 0)) for one in rounds), default=0)
    if stop.get("rule") == "waiting":
        waiting = count(receipt.get("waiting"), "text waits", "texts wait")
        return f"{waiting} for your label; the run goes on by itself when they have one."
    return paragraphs(
        f"{count(done, 'round')} after the cold start: {count(receipt.get('labels'), 'training label')}, "
        f"{count(receipt.get('gold_labels'), 'gold label')}{_spent(receipt)}.",
        standing(receipt),
        *(
            f"Of class {name(label)} only {one.get('have')} of the {one.get('want')} labels for the seed were found."
            for label, one in dict(receipt.get("not_found") or {}).items()
            if isinstance(one, dict)
        ),
        f"It ended by {clean(stop.get('rule'), 60)}: {clean(stop.get('reason'), 300)}." if stop.get("reason") else "",
    )


def _spent(receipt: Receipt) -> str:
    cost = float(receipt.get("cost") or 0)
    return f", ${cost:.4f} spent" if cost else ""


def standing(receipt: Receipt) -> str:
    """How good the model is, beside the zero-shot guess."""
    scores, before = receipt.get("scores"), receipt.get("zero_shot")
    if not scores:
        return "There are no scores yet: they come with the first round."
    judged = SOURCES.get(str(scores.get("basis")), "labeled texts")
    of = "" if scores.get("of") in {None, "all classes"} else f" for {name(scores['of'])}"
    lines = [f"Now{of}, by {judged} ({count(scores.get('n'), 'text')}): {_scores(scores)}."]
    if before:
        lines.append(f"Zero-shot alone: {_scores(before)}.")
    return " ".join([*lines, "In brackets: where the true value lies, with 95 % confidence."])


def _scores(scores: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{word} {score(scores[key])}" for key, word in METRICS.items() if isinstance(scores.get(key), dict)
    )


def status(receipt: Receipt) -> str:
    """Where a task stands."""
    waits = receipt.get("waiting") or 0
    waiting = f"{count(waits, 'text waits', 'texts wait')} for a label." if waits else ""
    stop, rounds = receipt.get("stop") or {}, mappings(receipt.get("rounds"))
    if not rounds and not receipt.get("gold_labels"):
        return paragraphs(f"Task {name(receipt.get('task'))} is set; no round was run yet.", waiting)
    last = int(rounds[-1].get("round", 0)) if rounds else 0
    ended = f"It ended by {clean(stop.get('rule'), 60)}: {clean(stop.get('reason'), 300)}."
    return paragraphs(
        f"Task {name(receipt.get('task'))}: {count(last, 'round')} after the cold start, "
        f"{count(receipt.get('labels'), 'training label')}, {count(receipt.get('gold_labels'), 'gold label')}"
        f"{_spent(receipt)}.",
        standing(receipt) if receipt.get("scores") else "",
        waiting,
        "" if waits or stop.get("rule") in {None, "open"} else ended,
    )


def scores(receipt: Receipt) -> str:
    """How good the model is, class by class."""
    classes = dict(receipt.get("per_class") or {})
    lines = [
        f"{clean(label, 60)}: precision {score(one.get('precision', {}))}, recall {score(one.get('recall', {}))}, "
        f"{count(one.get('texts'), 'judged text')}"
        for label, one in classes.items()
        if isinstance(one, dict)
    ]
    return paragraphs(standing(receipt), listed(lines))


def rounds(receipt: Receipt) -> str:
    """All rounds in a line each."""
    lines = []
    for one in mappings(receipt.get("rounds")):
        found = one.get("scores")
        shown = _scores(found) if isinstance(found, dict) else f"not scored yet ({clean(one.get('status'), 20)})"
        lines.append(
            f"round {one.get('round')}: {count(one.get('labels'), 'label')}, {shown}, "
            f"by {clean(one.get('strategy'), 30)}"
        )
    return paragraphs("Round 0 is the cold start.", listed(lines)) if lines else "No round was run yet."


def compared(receipt: Receipt) -> str:
    """Two rounds against each other."""
    both = mappings(receipt.get("rounds"))
    shown = [
        f"Round {one.get('round')} ({count(one.get('labels'), 'label')}): "
        + ", ".join(f"{word} {score(one[key])}" for key, word in METRICS.items() if isinstance(one.get(key), dict))
        for one in both
    ]
    chance = float(receipt.get("chance", 1))
    verdict = "that is more than chance" if chance < 0.05 else "that may well be chance"
    gained, lost = receipt.get("gained", 0), receipt.get("lost", 0)
    changes = [
        f"{quoted(one.get('text'))}: {clean(one.get('before'), 40)} → {clean(one.get('after'), 40)}"
        for one in mappings(receipt.get("texts"))
    ]
    return paragraphs(
        *shown,
        f"Called differently: {receipt.get('changed', 0):,} of the pool's {count(receipt.get('of'), 'text')}. Of "
        f"the gold sample the second is newly right about {gained} and newly wrong about {lost}: {verdict} "
        f"(p = {chance:.2f}).",
        listed(changes),
    )


def confused(receipt: Receipt) -> str:
    """What the model takes for something else."""
    lines = [
        f"{clean(one.get('label'), 40)} taken for {clean(one.get('predicted'), 40)}, "
        f"{one.get('count')} of {one.get('of')}: "
        + ", ".join(quoted(text.get("text")) for text in mappings(one.get("texts")))
        for one in mappings(receipt.get("pairs"))
    ]
    if not lines:
        return "Nothing: it is right about every labeled text that it had not seen."
    return paragraphs("On labeled texts that it had not seen:", listed(lines))


def suspicious(receipt: Receipt) -> str:
    """Labels that look wrong."""
    lines = [
        f"{quoted(one.get('text'))} is labeled {clean(one.get('label'), 40)} by {clean(one.get('source'), 40)}; "
        f"{clean(one.get('suggested'), 40)} seems likelier"
        for one in mappings(receipt.get("labels"))
    ]
    return paragraphs("Look at these labels again:", listed(lines)) if lines else "No label looks wrong."


def hard(receipt: Receipt) -> str:
    """The hardest labeled texts."""
    lines = [
        f"{quoted(one.get('text'))} is {clean(one.get('label'), 40)}; a model that had not seen it said "
        f"{clean(one.get('predicted'), 40)} ({float(one.get('confidence') or 0):.2f})"
        for one in mappings(receipt.get("texts"))
    ]
    return (
        paragraphs("The hardest labeled texts:", listed(lines))
        if lines
        else "There are no labeled texts to judge by yet."
    )


def why(receipt: Receipt) -> str:
    """Why texts were picked."""
    found = mappings(receipt.get("texts"))
    if not found:
        return "No text was picked yet."
    return paragraphs(
        f"Picked in round {found[0].get('round')} by {clean(found[0].get('strategy'), 30)}:",
        listed(f"{quoted(one.get('text'))}: {clean(one.get('why'), 200)}" for one in found),
    )


def predictions(receipt: Receipt) -> str:
    """What the model calls the texts of the pool."""
    parts = []
    for one in mappings(receipt.get("classes")):
        sure = [
            f"{quoted(text.get('text'))} ({float(text.get('probability') or 0):.2f})"
            for text in mappings(one.get("most_sure"))
        ]
        torn = [
            f"{quoted(text.get('text'))} ({float(text.get('probability') or 0):.2f})"
            for text in mappings(one.get("least_sure"))
        ]
        parts.append(
            f"Called {name(one.get('name'))}: {count(one.get('count'), 'text')} of the pool "
            f"({percent(one.get('share'))})."
            + ("\n" + listed(sure) if sure else "")
            + (f"\n  least sure: {', '.join(torn[:3])}" if torn else "")
        )
    return "\n".join(parts) or "There are no predictions yet."


SHOWN: Mapping[str, Callable[[Receipt], str]] = MappingProxyType(
    {
        "status": status,
        "scores": scores,
        "rounds": rounds,
        "confused": confused,
        "suspicious": suspicious,
        "hard": hard,
        "why": why,
        "predictions": predictions,
        **about_trust.SHOWN,
    }
)
"""How each thing that `show_results` shows is said."""


def shown(receipt: Receipt, what: str) -> str:
    """What `show_results` showed."""
    return compared(receipt) if "chance" in receipt else SHOWN.get(what, status)(receipt)


def undone(receipt: Receipt) -> str:
    """Labels that were taken back."""
    taken = mappings(receipt.get("withdrawn"))
    if not taken:
        return "There was no label to take back."
    lines = [f"{quoted(one.get('text'))} was {clean(one.get('label'), 40)}" for one in taken]
    return paragraphs(f"{count(len(taken), 'label is', 'labels are')} taken back:", listed(lines))


def deleted(receipt: Receipt) -> str:
    """A task that is gone."""
    return (
        f"Task {name(receipt.get('task'))} is deleted, with {count(receipt.get('labels'), 'label')} and "
        f"{count(receipt.get('models'), 'model')}. Its pool is still there."
    )


def exported(receipt: Receipt) -> str:
    """What was written."""
    paths = [clean(path, 200) for path in receipt.get("paths", ())]
    return paragraphs("Written:", listed(paths)) if paths else "Nothing was written."


def predicted(receipt: Receipt) -> str:
    """What a file went through."""
    counts = ", ".join(f"{clean(label, 40)} {number:,}" for label, number in dict(receipt.get("counts") or {}).items())
    skipped = receipt.get("skipped_rows") or 0
    return paragraphs(
        f"{count(receipt.get('rows'), 'text')} predicted into {clean(receipt.get('out'), 200)}: {counts}.",
        f"{count(skipped, 'row')} could not be used." if skipped else "",
    )
