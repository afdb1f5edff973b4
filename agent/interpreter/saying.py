"""What acts are made of that only say or ask something, and the next sensible steps."""

from agent.interpreter import wording
from agent.interpreter.acts import Act
from agent.interpreter.asking import SLOTS, offer
from agent.interpreter.facts import Facts

SAMPLE_OFFER = "find the baby products in the sample"


def ask(slot: str, before: str = "") -> Act:
    """Ask for what is missing."""
    return Act(text=wording.paragraphs(before, SLOTS[slot]))


def say(*parts: str) -> Act:
    """Say something."""
    return Act(text=wording.paragraphs(*parts))


def offers(facts: Facts, *, without: str = "") -> str:
    """The next sensible steps, from what there is; what was just asked for is left out."""
    task = facts.current
    if task is not None and task.rounds + task.labels:
        steps = ("how good is it", "what is it confused about", "run 3 more rounds", "export")
        return offer(*(step for step in steps if step != without))
    if task is not None:
        return offer("what would it cost", "label 30 myself", "show me some texts")
    if facts.current_pool is not None:
        return offer("what is in the pool", "themes") + "\nOr tell me what to find, such as: find the complaints."
    return offer(SAMPLE_OFFER) + "\nOr name your own file: find the complaints in tickets.csv."
