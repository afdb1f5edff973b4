"""Several oracles as one: the cheap one first, all of them and a vote, or one of them several times.

Each is an `Oracle`, so a panel can be asked, checked, paid for and stopped like any other. What the parts say is kept
as opinions, with what it cost, the moment it comes.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tools.checks import calibration_of, judged_by_people, store_opinion
from tools.engine.confidence import Calibration
from tools.engine.consensus import Vote, best, dawid_skene
from tools.engine.errors import AskAgain
from tools.engine.ports import Oracle
from tools.engine.records import Answer, Task, Text, TextId
from tools.opinions import is_person, standing
from tools.workbench import Workbench

MOST_REPEATS = 9
"""How often one oracle may be asked about a text."""


class Calibrated:
    """An oracle whose confidences are mapped through what its checks have taught; the raw ones are kept as opinions."""

    def __init__(self, bench: Workbench, task: Task, oracle: Oracle) -> None:
        """`oracle`, calibrated by the checks there are now; with too few its confidences stay as they are."""
        self._bench = bench
        self._oracle = oracle
        self._calibration = calibration_of(bench, task, oracle.source)

    @property
    def source(self) -> str:
        """The oracle's own."""
        return self._oracle.source

    def price(self, texts: Sequence[Text]) -> float:
        """The oracle's own."""
        return self._oracle.price(texts)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """The oracle's answers as they come."""
        for answer in self._oracle.answers(texts, task):
            store_opinion(self._bench, task, answer, source=self.source, purpose="vote", paid=False)
            yield replace(answer, confidence=believed(self._calibration, answer))


def believed(calibration: Calibration | None, answer: Answer) -> float | None:
    """The probability that an answer is right; its raw confidence where there is no calibration or no class."""
    if calibration is None or answer.label is None:
        return answer.confidence
    return calibration.probability(answer.label, answer.confidence)


class Cascade:
    """Asks the first oracle, and the next about what the first is unsure of.

    Unsure is an answer that names no class, or one whose calibrated confidence is below `wanted`: what the checks say
    of its class and confidence, or the confidence as given while there are too few checks. An answer without any
    confidence counts as sure until then.
    """

    def __init__(self, bench: Workbench, task: Task, first: Oracle, second: Oracle, *, wanted: float) -> None:
        """A cascade of two; more are nested in `second`."""
        self._bench = bench
        self._first = first
        self.second = second
        self._wanted = wanted
        self._calibration = calibration_of(bench, task, first.source)

    @property
    def source(self) -> str:
        """The sources of both, with `>` between."""
        return f"{self._first.source}>{self.second.source}"

    def price(self, texts: Sequence[Text]) -> float:
        """The most that both together can cost."""
        return self._first.price(texts) + self.second.price(texts)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Sure answers of the first as they come, then the second's about the others."""
        doubtful = {text.id: text for text in texts}
        for answer in self._first.answers(texts, task):
            paid = not self._sure(answer)
            if not is_person(self._first.source):
                store_opinion(self._bench, task, answer, source=self._first.source, purpose="vote", paid=paid)
            if not paid:
                doubtful.pop(answer.text_id, None)
                yield replace(answer, confidence=believed(self._calibration, answer))
        if doubtful:
            yield from self.second.answers(list(doubtful.values()), task)

    def _sure(self, answer: Answer) -> bool:
        if answer.outcome == "withdrawn":
            return True
        confidence = believed(self._calibration, answer)
        return answer.label is not None and (confidence is None or confidence >= self._wanted)


class Committee:
    """Asks every oracle about every text; a weighted vote decides (Dawid & Skene 1979).

    The weights come from all votes that the task has of these oracles, and from the labels of people on the texts that
    were checked. The confidence of an answer is the probability of its class.
    """

    def __init__(self, bench: Workbench, task: Task, members: Sequence[Oracle]) -> None:
        """A committee of at least two."""
        if len(members) < 2:
            raise AskAgain("A vote needs at least two oracles: vote:A,B or vote:A,B,C.")
        self._bench = bench
        self._members = tuple(members)
        self._known = {str(text): label for text, label in judged_by_people(bench, task).items()}

    @property
    def source(self) -> str:
        """`vote:` and the sources of the members."""
        return f"vote:{','.join(one.source for one in self._members)}"

    def price(self, texts: Sequence[Text]) -> float:
        """The most that all members together can cost."""
        return sum(one.price(texts) for one in self._members)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """One answer a text, when all members have said theirs; `unsure` where none named a class."""
        given: dict[TextId, list[Answer]] = {text.id: [] for text in texts}
        for member in self._members:
            for answer in member.answers(texts, task):
                store_opinion(self._bench, task, answer, source=member.source, purpose="vote")
                given[answer.text_id].append(answer)
        votes = self._votes(task)
        posterior = dawid_skene(votes, task.class_names, known=self._known).posterior if votes else {}
        for text, said in given.items():
            named = [one for one in said if one.label is not None]
            if not said:
                continue
            if not named:
                yield replace(said[-1], source=self.source, cost=0.0, confidence=None)
                continue
            label, sure = best(posterior[text])
            yield Answer(
                text_id=text,
                outcome="label",
                label=label,
                confidence=sure,
                seconds=sum(one.seconds for one in said),
                source=self.source,
                prompt_hash=named[0].prompt_hash,
            )

    def _votes(self, task: Task) -> list[Vote]:
        members = {one.source for one in self._members}
        return [
            (text, source, one.label)
            for (text, source, _), one in standing(self._bench.opinions.of(task.name, purpose="vote")).items()
            if source in members and one.label in task.class_names and one.label is not None
            if one.guideline_version == task.guideline_version
        ]


class Repeated:
    """Asks one oracle several times about each text, the classes in another order each time.

    The class with the most support is the answer, each reply counting with its confidence (1 where it has none), and
    the mean support over the replies is its confidence.
    """

    def __init__(self, bench: Workbench, oracle: Oracle, times: int) -> None:
        """`oracle`, asked `times` times."""
        self._bench = bench
        self._oracle = oracle
        self._times = times

    @property
    def source(self) -> str:
        """The oracle's source, `*` and how often it is asked."""
        return f"{self._oracle.source}*{self._times}"

    def price(self, texts: Sequence[Text]) -> float:
        """The most that all times together can cost."""
        return self._times * self._oracle.price(texts)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """One answer a text, after the last time."""
        given: dict[TextId, list[Answer]] = {text.id: [] for text in texts}
        for turn in range(self._times):
            asked, order = reordered(task, np.random.default_rng([turn, len(task.classes)])) if turn else (task, None)
            for answer in self._oracle.answers(texts, asked):
                store_opinion(
                    self._bench, task, answer, source=self._oracle.source, purpose="repeat", variant="again", note=order
                )
                given[answer.text_id].append(answer)
        for text, said in given.items():
            named = [one for one in said if one.label is not None]
            if not said:
                continue
            if not named:
                yield replace(said[-1], source=self.source, cost=0.0)
                continue
            support: dict[str, float] = {}
            for one in named:
                name = str(one.label)
                support[name] = support.get(name, 0.0) + (1.0 if one.confidence is None else one.confidence)
            label, sum_of_label = best(support)
            yield replace(
                next(one for one in named if one.label == label),
                text_id=text,
                confidence=sum_of_label / len(said),
                cost=0.0,
                seconds=sum(one.seconds for one in said),
                source=self.source,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """How the oracles of a panel's name are put together: one after the other, in a vote, or one several times."""

    form: Literal["chain", "vote", "again"]
    parts: tuple[str, ...]
    times: int = 1

    def named(self, change: Callable[[str], str]) -> str:
        """The panel's name with each part's name changed."""
        parts = [change(part) for part in self.parts]
        match self.form:
            case "chain":
                return ">".join(parts)
            case "vote":
                return f"vote:{','.join(parts)}"
            case "again":
                return f"{parts[0]}*{self.times}"


def read_panel(oracle: str) -> Panel | None:
    """What the name of an oracle says of a panel: `A>B`, `vote:A,B` or `A*3`; None where it is a single one's."""
    first, chained, rest = oracle.partition(">")
    if chained:
        return Panel(form="chain", parts=(first.strip(), rest.strip()))
    if oracle.startswith("vote:"):
        return Panel(form="vote", parts=tuple(part.strip() for part in oracle.removeprefix("vote:").split(",")))
    one, repeated, times = oracle.rpartition("*")
    if repeated and times.isdecimal() and 2 <= int(times) <= MOST_REPEATS:
        return Panel(form="again", parts=(one,), times=int(times))
    return None


def asks_a_model(oracle: str) -> bool:
    """Whether the oracle of that name asks a language model while a run goes on, by itself or in a panel."""
    panel = read_panel(oracle)
    if panel is None:
        return oracle.partition(":")[0] == "llm"
    return any(asks_a_model(part) for part in panel.parts)


def reordered(task: Task, rng: np.random.Generator) -> tuple[Task, str]:
    """The task with its classes in a random order, and that order as JSON."""
    places = rng.permutation(len(task.classes))
    classes = tuple(task.classes[int(place)] for place in places)
    return replace(task, classes=classes), json.dumps([one.name for one in classes], ensure_ascii=False)
