"""Texts on which people disagree: what each said, how probable each class is, and a decision."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.answers import Purposes, keep_decision
from tools.engine.consensus import best
from tools.engine.errors import AskAgain
from tools.engine.records import Answer, Opinion, Task, TextId
from tools.labeling import read_answers, waiting_ids
from tools.opinions import CONSENSUS, consensus_of, person_source, verdict, votes_by_text
from tools.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A text on which people disagree: their opinions, with notes, and how probable each class is by all votes."""

    id: TextId
    text: str
    votes: tuple[Opinion, ...]
    probabilities: Mapping[str, float]


def conflicts(bench: Workbench, task: Task) -> list[Conflict]:
    """The texts that wait for a decision, the least clear first."""
    votes = _in_conflict(bench, task)
    shares = posterior(bench, task)
    texts = bench.pools.texts(task.pool, list(votes))
    found = [
        Conflict(id=t.id, text=t.text, votes=tuple(votes[t.id].values()), probabilities=shares.get(t.id, {}))
        for t in texts
    ]
    return sorted(found, key=lambda one: max(one.probabilities.values(), default=0.0))


def adjudicate(
    bench: Workbench, task: Task, labels: Mapping[str, str], *, person: str | None = None, note: str | None = None
) -> int:
    """Decide about texts on which people disagree: text id → a class, `unsure` or `skip`; returns how many.

    Raises UnknownLabel, or AskAgain for a text that is not in conflict; then nothing is stored.
    """
    said = read_answers(task, labels)
    open_ones = _in_conflict(bench, task)
    for text in said:
        if text not in open_ones:
            raise AskAgain(
                f"Nobody disagrees about the text {text!r}; {len(open_ones):,} texts wait for a decision. To correct a "
                "label, give it anew as a label. Nothing was stored."
            )
    purposes = Purposes(bench, task)
    for text, (outcome, label) in said.items():
        one = Answer(text_id=text, outcome=outcome, label=label, source=person_source(person), note=note)
        keep_decision(bench, one, purposes.of(text))
    return len(said)


def accept_consensus(bench: Workbench, task: Task, *, at_least: float) -> list[TextId]:
    """Give the texts in conflict their likeliest class where it has this probability or more; returns which.

    By all votes of the task, each person's weighed by her confusions (Dawid & Skene 1979).
    """
    shares = posterior(bench, task)
    purposes = Purposes(bench, task)
    taken = []
    for text in _in_conflict(bench, task):
        if text not in shares:
            continue
        label, sure = best(shares[text])
        if sure >= at_least:
            note = f"likeliest of differing answers, accepted from {at_least:.2f} on"
            one = Answer(text_id=text, outcome="label", label=label, confidence=sure, source=CONSENSUS, note=note)
            keep_decision(bench, one, purposes.of(text))
            taken.append(text)
    return taken


def posterior(bench: Workbench, task: Task) -> Mapping[str, Mapping[str, float]]:
    """How probable each class of each text is by people's votes; empty where nobody voted."""
    consensus = consensus_of(bench.opinions.of(task.name), task)
    return {} if consensus is None else consensus.posterior


def _in_conflict(bench: Workbench, task: Task) -> dict[TextId, dict[str, Opinion]]:
    overlap = bench.tasks.desk(task.name).overlap
    votes = votes_by_text(bench.opinions.of(task.name, purpose="vote"))
    waiting = waiting_ids(bench, task, bench.labels.current(task.name))
    return {i: votes[i] for i in waiting if i in votes and verdict(votes[i], overlap).state == "conflict"}
