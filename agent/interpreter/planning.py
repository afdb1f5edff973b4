"""What to do next: about a message of the person, the end of a job, or the result of a tool."""

from agent.interpreter.about_pools import still_open
from agent.interpreter.acts import Act
from agent.interpreter.asking import what_was_asked
from agent.interpreter.beginning import begin
from agent.interpreter.following import follow, refused
from agent.interpreter.history import Ended, Mine, Result, Said, Talk
from agent.interpreter.patterns import one_of
from agent.interpreter.requests import Request
from agent.interpreter.resolving import asked_before, open_questions, request_at
from agent.interpreter.wording import paragraphs

ASIDE = one_of(
    "overview|themes|texts|similar|status|guideline|scores|rounds|confused|suspicious|hard|why|predictions|oracles|people|benefit|doubts|edits|help|identity|model|"
    "hello|thanks|unclear|foreign"
)
"""Requests after which an open question of LAUD's is asked again."""


def next_act(talk: Talk) -> Act:
    """What is said or called next."""
    if not talk.entries:
        return begin(Request(kind="hello"), talk)
    last = talk.entries[-1]
    if isinstance(last, Said):
        return _with_open_question(_heard(talk), talk)
    if isinstance(last, Ended):
        return _job_ended(last, talk)
    if isinstance(last, Result):
        return _with_open_question(follow(last, talk), talk)
    return begin(Request(kind="status"), talk)


def _heard(talk: Talk) -> Act:
    """About what the person said, and what came just before."""
    request = request_at(talk, len(talk.entries) - 1)
    decided = _decided(talk)
    if decided is not None and (not refused(decided) or request.kind in {"yes", "no", "unclear"}):
        return follow(decided, talk)
    act = begin(request, talk)
    return Act(text=paragraphs(_news(talk), act.text), tool=act.tool, args=act.args)


def _decided(talk: Talk) -> Result | None:
    """The call that the person's message allowed or refused: its result came just before, and no answer since."""
    before = talk.entries[-2] if len(talk.entries) > 1 else None
    return before if isinstance(before, Result) and "job" not in before.receipt else None


def _job_ended(ended: Ended, talk: Talk) -> Act:
    _, result = talk.of_call(ended.call)
    return begin(Request(kind="status"), talk) if result is None else follow(result, talk)


def _news(talk: Talk) -> str:
    """What jobs brought that ended just before the person wrote."""
    said = talk.last(Mine)
    ended = [entry for entry in talk.entries[0 if said is None else said :] if isinstance(entry, Ended)]
    return paragraphs(*(act.text for act in (_job_ended(one, talk) for one in ended) if act.tool is None))


def _with_open_question(act: Act, talk: Talk) -> Act:
    """The act, with the question or plan that it leaves open said again."""
    place = talk.last(Said)
    if act.tool is not None or place is None:
        return act
    request = request_at(talk, place)
    if request.kind not in ASIDE and not request.said.get("wrong"):
        return act
    asked, now = asked_before(talk, place), what_was_asked(act.text)
    if now.border is not None or now.plan is not None or now.slot is not None:
        return act
    found = open_questions(talk)
    total = 0 if found is None else len(found.questions)
    question = (
        None if found is None or asked.border is None or asked.border > total else found.questions[asked.border - 1]
    )
    again = still_open(asked, question, total)
    return Act(text=f"{act.text}\n\n{again}") if again else act
