"""Proposals, estimates and reviews as a person reads them in a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.cli.session import say
from agent.cli.show import interval, one_line

if TYPE_CHECKING:
    from tools.engine.records import Task
    from tools.estimate import RunEstimate
    from tools.evaluation import HardText
    from tools.proposal import Proposal, Question
    from tools.review import ClassPredictions, Comparison, Confusion, Picked, Suspicion


def show_proposal(proposal: "Proposal") -> None:
    """The classes, what is likely of each, and the questions."""
    say(f"Task {proposal.name!r} over pool {proposal.pool!r}: {proposal.description}")
    for one in proposal.classes:
        low, high = proposal.expected_share[one.name]
        role = " (looked for)" if one.name == proposal.positive else ""
        say(
            f"  {one.name}{role}, {low:.1%} to {high:.0%} of the texts{': ' + one.definition if one.definition else ''}"
        )
        for text in proposal.likely.get(one.name, ()):
            say(f"      likely  {one_line(text)}")
    show_questions(proposal.questions)
    for note in proposal.notes:
        say(note)


def show_questions(questions: "Sequence[Question]") -> None:
    """Each text with why it is asked about."""
    for one in questions:
        say(f"  ? {one.id}  {one_line(one.text)}")
        say(f"      {one.why}")
    if not questions:
        say("No text is borderline enough to ask about.")


def show_task(task: "Task") -> None:
    """The guideline."""
    say(f"Task {task.name!r} over pool {task.pool!r}, guideline version {task.guideline_version}: {task.description}")
    for one in task.classes:
        role = " (looked for)" if one.name == task.positive else " (takes the rest)" if one.name == task.rest else ""
        say(f"  {one.name}{role}{': ' + one.definition if one.definition else ''}")
        for example in one.examples:
            say(f"      for example  {one_line(example)}")
    said = {"oracle": task.oracle, "budget": task.budget, "stop": ", ".join(task.stop)}
    for name, value in said.items():
        if value:
            say(f"  {name}: {value}")


def show_estimate(found: "RunEstimate") -> None:
    """Calls, dollars, time."""
    low, high = found.calls
    say(f"Task {found.task!r}, oracle {found.oracle}: {low:,} to {high:,} answers, {found.gold_calls:,} of them gold.")
    say(f"  new training labels  {found.labels[0]:,} to {found.labels[1]:,}")
    dollars = "not known" if found.dollars is None else f"${found.dollars[0]:,.4f} to ${found.dollars[1]:,.4f}"
    left = "" if found.budget_left is None else f", ${found.budget_left:,.4f} of the budget left"
    say(f"  cost                 {dollars}{left}")
    say(f"  machine time         {found.seconds[0]:,.0f} to {found.seconds[1]:,.0f} s")
    few, many = found.by_hand
    say(f"  by a person          {few:,} to {many:,} answers, {found.minutes[0]:,.0f} to {found.minutes[1]:,.0f} min")
    say(f"  all by hand          {found.minutes_by_hand[0]:,.0f} to {found.minutes_by_hand[1]:,.0f} min")
    for line in found.assumptions:
        say(f"  {line}")


def show_confused(pairs: "Sequence[Confusion]") -> None:
    """Pairs of classes with their texts."""
    for pair in pairs:
        say(f"{pair.label} taken for {pair.predicted}: {pair.count:,} of {pair.of:,}")
        for text in pair.texts:
            say(f"  {text.confidence:.2f}  {text.id}  {one_line(text.text)}")
    if not pairs:
        say("Nothing: each labeled text was told right by a model that had not seen it.")


def show_suspicious(found: "Sequence[Suspicion]") -> None:
    """Labels that look wrong."""
    for one in found:
        say(f"{one.id}  {one_line(one.text)}")
        say(
            f"  labeled {one.label} by {one.source} ({one.probability_of_label:.2f}), "
            f"looks like {one.suggested} ({one.probability_of_suggested:.2f})"
        )
    if not found:
        say("No label looks wrong.")


def show_hard(found: "Sequence[HardText]") -> None:
    """The hardest texts."""
    for one in found:
        say(f"{one.id}  {one_line(one.text)}: {one.truth}, taken for {one.predicted} ({one.confidence:.2f})")


def show_picked(found: "Sequence[Picked]") -> None:
    """Why texts were picked."""
    for one in found:
        say(f"{one.id}  {one_line(one.text)}  (round {one.round}, {one.strategy}, {one.label or 'waits'})")
        say(f"  {one.why}")


def show_comparison(found: "Comparison") -> None:
    """Two rounds against each other."""
    for one in (found.first, found.second):
        say(f"round {one.round}: {one.metric} {interval(one.headline)}, {one.labels:,} labels")
    say(
        f"{found.changed:,} of {found.texts:,} predictions changed (kappa {found.agreement:.3f}); of the gold sample "
        f"{found.gained:,} are newly right and {found.lost:,} newly wrong, as likely as {found.chance:.2f} by chance."
    )
    for before, counts in found.by_class.items():
        for after, count in counts.items():
            say(f"  {before} → {after}: {count:,}")
    for text in found.changes:
        say(f"  {text.id}  {one_line(text.text)}: {text.before} → {text.after}")


def show_predictions(found: "Sequence[ClassPredictions]") -> None:
    """What a model gives each class."""
    for one in found:
        say(f"{one.name}: {one.count:,} texts, {one.share:.1%} of the pool")
        for title, texts in (("surest", one.most_sure), ("least sure", one.least_sure)):
            for text in texts:
                say(f"  {title:10}  {text.probability:.2f}  {text.id}  {one_line(text.text)}")
