"""What people said of texts before there is one label: votes, what they come to, and answers that check people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tools.engine.consensus import Consensus, dawid_skene
from tools.engine.records import Answer, Opinion, OpinionPurpose, Outcome, Task, TextId
from tools.workbench import Workbench

KEY = "key"
"""The source of known answers, by which people are checked."""
CONSENSUS = "consensus"
"""The source of a label that several people's answers made."""
PERSON = "human"
ALIKE = "alike"
"""The variant of an answer that was given to a text together with a near-duplicate, in one decision."""

Said = tuple[Outcome, str | None]
"""An outcome and its class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a person saw of a suggestion: its class, or the one that was kept back so that the answer is blind."""

    suggested: str | None = None
    withheld: str | None = None


NOTHING_SHOWN = Shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the votes on a text come to.

    `open` while `missing` votes more are wanted, `agreed` on what `said` holds, or `conflict`.
    """

    state: Literal["open", "agreed", "conflict"]
    missing: int = 0
    said: Said | None = None


def person_source(person: str | None) -> str:
    """The source that stands on a person's answers."""
    return PERSON if person is None else f"{PERSON}:{person}"


def is_person(source: str) -> bool:
    """Whether answers of this source are a person's."""
    return source.partition(":")[0] == PERSON


def by_people(source: str) -> bool:
    """Whether answers of this source are a person's, or what several people agree on."""
    return is_person(source) or source == CONSENSUS


def opinion_of(  # noqa: PLR0913 - keyword-only: what an opinion adds to an answer
    answer: Answer,
    task: Task,
    *,
    purpose: OpinionPurpose,
    at: datetime,
    shown: Shown = NOTHING_SHOWN,
    variant: str | None = None,
) -> Opinion:
    """An answer as an opinion under the task's guideline."""
    return Opinion(
        text_id=answer.text_id,
        source=answer.source,
        purpose=purpose,
        outcome=answer.outcome,
        label=answer.label,
        confidence=answer.confidence,
        cost=answer.cost,
        seconds=answer.seconds,
        note=answer.note,
        model=answer.model,
        prompt_hash=answer.prompt_hash,
        variant=variant,
        suggested=shown.suggested,
        withheld=shown.withheld,
        guideline_version=task.guideline_version,
        at=at,
    )


def standing(opinions: Iterable[Opinion]) -> dict[tuple[TextId, str, OpinionPurpose], Opinion]:
    """The newest opinion of each source with each purpose on each text, oldest first; withdrawn ones left out."""
    held: dict[tuple[TextId, str, OpinionPurpose], Opinion] = {}
    for one in opinions:
        key = (one.text_id, one.source, one.purpose)
        held.pop(key, None)
        if one.outcome != "withdrawn":
            held[key] = one
    return held


def votes_by_text(opinions: Iterable[Opinion]) -> dict[TextId, dict[str, Opinion]]:
    """The votes of people that stand, by text and source; the newest of a text last."""
    votes: dict[TextId, dict[str, Opinion]] = {}
    for (text, source, purpose), one in standing(opinions).items():
        if purpose == "vote" and is_person(source):
            votes.setdefault(text, {})[source] = one
    return votes


def verdict(votes: Mapping[str, Opinion], overlap: int) -> Verdict:
    """What the votes on one text come to, when `overlap` people are asked.

    The newest vote alone decides where one is asked. Several agree when all say the same, be it unsure or skip.
    """
    if len(votes) < overlap:
        return Verdict(state="open", missing=overlap - len(votes))
    said = [(vote.outcome, vote.label) for vote in votes.values()]
    if overlap == 1 or len(set(said)) == 1:
        return Verdict(state="agreed", said=said[-1])
    return Verdict(state="conflict")


def class_votes(opinions: Sequence[Opinion]) -> list[tuple[str, str, str]]:
    """(text, source, class) of what people chose that stands: their votes, and their answers to known texts."""
    return [
        (text, source, one.label)
        for (text, source, purpose), one in standing(opinions).items()
        if purpose in {"vote", "known"} and source != KEY and is_person(source) and one.label is not None
    ]


def known_answers(opinions: Sequence[Opinion]) -> dict[TextId, str]:
    """The classes that are known for certain: what the owner of the task said they are."""
    return {
        text: one.label
        for (text, source, purpose), one in standing(opinions).items()
        if purpose == "known" and source == KEY and one.label is not None
    }


def consensus_of(opinions: Sequence[Opinion], task: Task) -> Consensus | None:
    """What people's votes and the known answers come to together (Dawid & Skene 1979); None where nobody chose a class.

    Votes for what is no class of the task any more are left out.
    """
    votes = [vote for vote in class_votes(opinions) if vote[2] in task.class_names]
    known = {str(text): name for text, name in known_answers(opinions).items() if name in task.class_names}
    return dawid_skene(votes, task.class_names, known=known) if votes else None


def probability(bench: Workbench, task: Task, text: TextId, label: str) -> float | None:
    """How probable a class of a text is by all votes of the task; None where nobody chose one for it."""
    consensus = consensus_of(bench.opinions.of(task.name), task)
    shares = None if consensus is None else consensus.posterior.get(text)
    return None if shares is None else shares[label]
