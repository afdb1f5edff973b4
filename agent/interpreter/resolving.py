"""What a message asks for when it answers a question: the question's request with the answer filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent.interpreter import cues, wishes
from agent.interpreter.asking import Asked, what_was_asked
from agent.interpreter.details import ORDINALS
from agent.interpreter.facts import Facts
from agent.interpreter.figures import oracle, run_figures
from agent.interpreter.history import Ended, Mine, Result, Said, Talk
from agent.interpreter.patterns import find, one_of
from agent.interpreter.requests import Request, read_request
from agent.interpreter.wording import mappings
from agent.interpreter.words import Word, readable, split

UNSURE = "unsure"
NOT_SAID = one_of(
    "unsure|not sure|i am not sure|i do not know|do not know|no idea|dunno|cannot say|can not say|skip|skip it|"
    "skip this|pass|either|both|neither|hard to say|?|maybe|idk|u|s|depends"
)
ENOUGH = one_of("enough|stop|no more questions|no more|that is enough|skip them|skip all|skip the questions|later|done")
BACK = one_of("undo|back|go back|oops|z|wrong|previous|i was wrong|that was wrong|mistake")
FILLS: Mapping[str, str] = MappingProxyType({"new_file": "file"})
"""What a slot is called in the request."""
OPEN = one_of("unclear|find|classify|add|yes|similar|overview|texts|themes|predictions|define")
"""Kinds of requests that an answer to a question can look like; any other is one of its own."""
_NO_FACTS = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The borderline texts that were put to the person, and what was answered so far, by number from 1 on."""

    task: str | None
    questions: Sequence[Mapping[str, Any]]
    answers: Mapping[int, str]


def request_at(talk: Talk, place: int) -> Request:
    """The request that the person's message at a place makes."""
    entry = talk.entries[place]
    if not isinstance(entry, Said):
        return Request(kind="unclear")
    asked = asked_before(talk, place)
    read = read_request(entry.text, talk.facts)
    if asked.border is not None:
        return _about_border(talk.before(place), entry.text, asked.border) or read
    chosen = _chosen(entry.text, read, asked)
    if chosen is not None:
        return read_request(chosen, talk.facts)
    if asked.slot is not None and read.kind in OPEN and not _is_whole(entry.text, read):
        earlier = talk.before(place).last(Said)
        before = Request(kind="unclear") if earlier is None else request_at(talk, earlier)
        return _filled(before, asked.slot, entry.text, read)
    if asked.plan is not None:
        return _about_plan(asked.plan, entry.text, read)
    return read


def asked_before(talk: Talk, place: int) -> Asked:
    """What LAUD's last words before a place leave open."""
    said = [entry for entry in talk.entries[:place] if isinstance(entry, Mine) and entry.text.strip()]
    return what_was_asked(said[-1].text) if said else Asked()


def origin(talk: Talk, place: int) -> Request:
    """The request behind what was done at a place: the person's last message, or the one that its job goes back to."""
    for at in range(place - 1, -1, -1):
        entry = talk.entries[at]
        if isinstance(entry, Said):
            return request_at(talk, at)
        if isinstance(entry, Ended):
            made, _ = talk.of_call(entry.call)
            return origin(talk, made) if 0 <= made < at else Request(kind="unclear")
    return Request(kind="unclear")


def open_questions(talk: Talk) -> Questions | None:
    """The borderline texts of the latest receipt that brought some, with the answers given since."""
    for at in range(len(talk.entries) - 1, -1, -1):
        entry = talk.entries[at]
        if isinstance(entry, Result) and entry.receipt.get("questions"):
            asked = mappings(entry.receipt["questions"])
            return Questions(task=entry.receipt.get("task"), questions=asked, answers=_answers(talk, at, asked))
    return None


def _answers(talk: Talk, since: int, questions: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    answers: dict[int, str] = {}
    for at in range(since + 1, len(talk.entries)):
        entry = talk.entries[at]
        number = asked_before(talk, at).border if isinstance(entry, Said) else None
        if isinstance(entry, Said) and number is not None and 1 <= number <= len(questions):
            choice = choice_of(entry.text, questions[number - 1])
            if choice is not None:
                answers[number] = choice
    return answers


def choice_of(text: str, question: Mapping[str, Any]) -> str | None:
    """The class that an answer to a borderline text means, `unsure`, or None when it means neither."""
    choices = [str(one) for one in question.get("choices", ())]
    said = readable(text).strip(" .!\"'").casefold()
    words = split(said)
    plain = " ".join(word.text for word in words)
    if said in NOT_SAID or plain in NOT_SAID:
        return UNSURE
    if len(words) == 1 and words[0].kind == "number":
        number = words[0].number
        return choices[number - 1] if 1 <= number <= len(choices) else UNSURE if number == len(choices) + 1 else None
    folded = [choice.casefold() for choice in choices]
    if said in folded:
        return choices[folded.index(said)]
    if len(choices) == 2:
        read = read_request(text, _NO_FACTS).kind
        if read in {"yes", "no"}:
            return choices[0 if read == "yes" else 1]
    meant = [
        choice
        for choice, low in zip(choices, folded, strict=True)
        if low in said or (len(said) > 2 and low.startswith(said))
    ]
    longest = sorted(meant, key=len)[-1:]
    return longest[0] if longest and len(words) <= len(longest[0].split()) + 5 else None


def _about_border(talk: Talk, text: str, number: int) -> Request | None:
    """What an answer to a borderline text asks for; None when it is something else."""
    found = open_questions(talk)
    if found is None or not 1 <= number <= len(found.questions):
        return None
    plain = (
        " ".join(word.text for word in wishes.without_politeness(split(readable(text)))) or readable(text).casefold()
    )
    if plain in ENOUGH:
        return Request(kind="answer", said={"number": len(found.questions)})
    if plain in BACK:
        return Request(kind="answer", said={"number": max(number - 2, 0)})
    choice = choice_of(text, found.questions[number - 1])
    return None if choice is None else Request(kind="answer", said={"number": number, "choice": choice})


def _chosen(text: str, read: Request, asked: Asked) -> str | None:
    """The offer that is meant by a number, or by a yes where no plan waits for one."""
    if not asked.offers:
        return None
    number = read.said.get("number") if read.kind == "unclear" else None
    if number is None:
        place = find("first|second|third|fourth one|option?", wishes.without_politeness(split(readable(text)))[-2:])
        words = split(readable(text))
        number = (
            next((ORDINALS[word.text] for word in words if word.text in ORDINALS), None)
            if place and len(words) < 5
            else None
        )
    if number is None and read.kind == "yes" and asked.plan is None:
        number = 1
    return asked.offers[number - 1] if number is not None and 1 <= number <= len(asked.offers) else None


def _is_whole(text: str, read: Request) -> bool:
    """Whether a message says what to find or sort and in which file: then it is no answer to a question."""
    words = wishes.without_politeness(split(readable(text)))
    return bool(read.said.get("file")) and bool(find(f"^{cues.FIND}|{cues.SORT}", words))


def _filled(before: Request, slot: str, text: str, read: Request) -> Request:
    """The earlier request with the answer in the place of what was missing."""
    words = wishes.with_sample(split(readable(text)))
    plain = readable(text).strip(" .!?\"'")
    found: Any = None
    match slot:
        case "file" | "new_file":
            found = read.said.get("file") or wishes.file_of(words)
            pool = read.said.get("pool")
            if found is None and pool is not None:
                return before.having(pool=pool)
        case "wish":
            found = read.said.get("wish") if read.kind == "find" else plain
        case "classes":
            if find("^by", words):
                return before.having(wish=f"{before.said.get('wish', 'sort')} {plain}", themes=True)
            found = read.said.get("classes") or wishes.split_names(plain)
            found = found if len(found) > 1 else None
        case "compare":
            numbers = [word.number for word in words if word.kind == "number"]
            found = numbers[:2] if len(numbers) > 1 else None
        case "column":
            column = (oracle(words) or "replay:").partition(":")[2]
            return before.having(oracle=f"replay:{column or plain}")
        case "query":
            found = read.said.get("query") or plain
        case "cls" | "definition":
            found = plain
    return read if not found else before.having(**{FILLS.get(slot, slot): found})


def _bare_number(plan: Mapping[str, Any], words: Sequence[Word], read: Request) -> dict[str, int]:
    """A number alone, as in "make it 20", is about what the plan counts first: its rounds or its labels."""
    numbers = [word.number for word in words if word.kind == "number"]
    if read.kind != "unclear" or len(numbers) != 1 or numbers[0] < 1:
        return {}
    return {"rounds" if "rounds" in plan else "labels": numbers[0]}


def _about_plan(plan: Mapping[str, Any], text: str, read: Request) -> Request:
    """What an answer to a plan asks for: to run it, to change it, or something else."""
    words = split(readable(text))
    figures = run_figures(words) or _bare_number(plan, words, read)
    begins = bool(
        find("^yes|ok|okay|sure|go|start|run|do", wishes.without_politeness(words) or words)
        or find("^yes|ok|okay|sure", words)
    )
    if read.kind == "yes" or (read.kind == "run" and not figures):
        return Request(kind="run", said=plan)
    if figures and read.kind in {"run", "settings", "estimate", "unclear", "yes"}:
        return Request(kind="run" if begins or read.kind == "run" else "estimate", said={**plan, **figures})
    return read
