"""What follows on what a tool brought: the next step of the request behind it, or a report with offers."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agent.interpreter import about_pools, about_results, about_trust, trusting, wording
from agent.interpreter.acts import Act, planned
from agent.interpreter.asking import offer
from agent.interpreter.beginning import WORDS, estimate, look, propose
from agent.interpreter.history import Result, Talk
from agent.interpreter.requests import Request
from agent.interpreter.resolving import origin
from agent.interpreter.saying import offers, say

Follow = Callable[[Request, Result, Talk], Act]
LOOKS = frozenset({"overview", "themes", "texts", "similar"})


def follow(result: Result, talk: Talk) -> Act:
    """What comes after a result."""
    made, _ = talk.of_call(result.call)
    request = origin(talk, made) if made >= 0 else Request(kind="unclear")
    receipt = result.receipt
    if refused(result):
        return _refused(result, talk)
    if "error" in receipt or result.words:
        told = wording.error(receipt.get("error") or result.words)
        return say(f"That did not work. {told}", _after_error(request, talk))
    if "cancelled" in receipt:
        return say("Stopped; what was done until then is kept.", offers(talk.facts))
    if "job" in receipt and result.tool != "stop_job":
        return say("It runs now; I report when it is done.", offer("status", "stop"))
    return FOLLOW.get(result.tool, _unknown)(request, result, talk)


def refused(result: Result) -> bool:
    """Whether the person did not allow the call: then there is a reason, if an empty one."""
    return "reason" in result.receipt and "error" in result.receipt


def _after_error(request: Request, talk: Talk) -> str:
    return "" if request.kind in {"unclear", "help"} else offers(talk.facts)


def _refused(result: Result, talk: Talk) -> Act:
    reason = wording.clean(result.receipt.get("reason"), 200)
    text = f"Not done, as you wish{': ' + reason if reason else ''}."
    if result.tool == "run_rounds":
        return say(text, offer("label 30 myself", "what would it cost"))
    return say(text, offers(talk.facts))


def _added(request: Request, result: Result, _: Talk) -> Act:
    receipt = result.receipt
    told, pool = about_pools.added(receipt), str(receipt.get("pool"))
    if request.kind in {"find", "classify"}:
        return propose(request, pool, told)
    if request.kind in LOOKS:
        return look(request, pool)
    return say(told, "", offer("what is in the pool", "themes"), "Or tell me what to find or how to sort it.")


def _inspected(_: Request, result: Result, __: Talk) -> Act:
    return say(about_pools.looked(result.receipt, str(result.args.get("show", "overview"))))


def _proposed(request: Request, result: Result, _: Talk) -> Act:
    receipt = result.receipt
    known = {"description": receipt.get("description"), "positive": receipt.get("positive")}
    classes = [
        {"name": one["name"], "definition": one.get("definition", ""), "examples": list(one.get("examples", []))}
        for one in wording.mappings(receipt.get("classes"))
    ]
    figures = {"oracle": request.said["oracle"]} if request.said.get("oracle") not in {None, "replay:"} else {}
    args = {"name": receipt.get("name"), "pool": receipt.get("pool"), "classes": classes, **figures}
    return Act(tool="set_task", args={**args, **{key: value for key, value in known.items() if value}})


def _set(request: Request, result: Result, talk: Talk) -> Act:
    receipt = result.receipt
    if "edits" in result.args:
        return say(about_trust.accepted(receipt), offer("run 3 more rounds", "show the guideline"))
    if request.kind not in {"find", "classify"}:
        return say(about_pools.task_set(receipt, {}), offers(talk.facts))
    proposals = [entry for entry in talk.entries if isinstance(entry, Result) and entry.tool == "propose_task"]
    text = about_pools.task_set(receipt, proposals[-1].receipt if proposals else {})
    questions = wording.mappings(receipt.get("questions"))
    if questions:
        ready = "Some texts lie between the classes; your answers matter most there." if len(questions) > 1 else ""
        return say(text, "", ready, about_pools.border(questions[0], 1, len(questions)))
    return Act(text=text, tool="estimate", args=estimate(request.said, talk.facts).args)


def _answered(_: Request, result: Result, talk: Talk) -> Act:
    receipt = result.receipt
    text = (
        f"{wording.count(receipt.get('labels'), 'answer is', 'answers are')} kept as labels and as examples in "
        f"guideline version {receipt.get('guideline_version')}."
    )
    return Act(text=text, tool="estimate", args=estimate(_wished(talk), talk.facts).args)


def _wished(talk: Talk) -> Mapping[str, object]:
    """The figures that came with the wish that the current task was made for."""
    for at in range(len(talk.entries) - 1, -1, -1):
        entry = talk.entries[at]
        if isinstance(entry, Result) and entry.tool == "propose_task":
            made, _ = talk.of_call(entry.call)
            said = origin(talk, made).said if made >= 0 else {}
            return {
                key: value
                for key, value in said.items()
                if key not in {"wish", "classes", "file", "pool", "text_column"}
            }
    return {}


def _estimated(request: Request, result: Result, talk: Talk) -> Act:
    own = request.kind in {"estimate", "run", "settings", "find", "classify"}
    named = {"task": result.args["task"]} if "task" in result.args else {}
    figures = planned({**(request.said if own else _wished(talk)), **named}, talk.facts)
    oracle = result.receipt.get("oracle") or figures["oracle"]
    return say(about_pools.plan(result.receipt, {**figures, "oracle": oracle}, llm=talk.facts.llm))


def _ran(_: Request, result: Result, __: Talk) -> Act:
    receipt = result.receipt
    text = about_results.ran(receipt)
    rule = (receipt.get("stop") or {}).get("rule")
    if rule == "waiting":
        return say(text)
    if rule in {"checked", "oracle"}:
        return say(about_trust.checked(receipt), "", offer("how good is the oracle", "is the llm worth it", "edits"))
    return say(text, "", offer("what is it confused about", "what would it return", "run 3 more rounds", "export"))


def _labeled(_: Request, result: Result, talk: Talk) -> Act:
    receipt = result.receipt
    text = f"{wording.count(receipt.get('stored'), 'label is', 'labels are')} kept."
    waiting = receipt.get("waiting")
    return say(text, f"{wording.count(waiting, 'text waits', 'texts wait')} still." if waiting else offers(talk.facts))


def _shown(_: Request, result: Result, talk: Talk) -> Act:
    what = str(result.args.get("show", "status"))
    text = about_results.shown(result.receipt, what)
    running = f"At work: {wording.names(talk.facts.jobs)}." if what == "status" and talk.facts.jobs else ""
    return say(text, running, "", _offers_after(what, result.receipt, talk))


def _offers_after(what: str, receipt: Mapping[str, object], talk: Talk) -> str:
    match what:
        case "suspicious" if receipt.get("labels"):
            return "If one is wrong, the guideline may be unclear: define its class anew, or undo the latest labels."
        case "edits" if receipt.get("edits"):
            steps = trusting.choices(len(wording.mappings(receipt["edits"])))
        case "doubts" if receipt.get("labels"):
            steps = ["label the doubtful ones again"]
        case "oracles" if not receipt.get("oracles") and talk.facts.llm:
            steps = ["check the llm"]
        case "confused" if receipt.get("pairs"):
            steps = ["suspicious labels", "run 3 more rounds", "export"]
        case "status" | "scores" | "rounds" if "chance" not in receipt:
            return offers(talk.facts, without=WORDS["scores"] if what == "scores" else "")
        case _:
            steps = []
    return offer(*steps) if steps else ""


def _undone(_: Request, result: Result, __: Talk) -> Act:
    waiting = result.receipt.get("waiting")
    left = f"{wording.count(waiting, 'text waits', 'texts wait')} for a label now." if waiting else ""
    if result.args.get("doubtful") and not result.receipt.get("withdrawn"):
        return say("No label is worth a second look more than new texts are.", offer("check the oracle", "edits"))
    return say(about_results.undone(result.receipt), left)


def _deleted(_: Request, result: Result, talk: Talk) -> Act:
    return say(about_results.deleted(result.receipt), offers(talk.facts))


def _exported(_: Request, result: Result, __: Talk) -> Act:
    return say(about_results.exported(result.receipt), "", "Next, for example: predict new.csv")


def _predicted(_: Request, result: Result, __: Talk) -> Act:
    return say(about_results.predicted(result.receipt))


def _stopped(_: Request, result: Result, __: Talk) -> Act:
    status = result.receipt.get("status")
    return say("The job is stopped; what it did is kept." if status == "cancelled" else f"The job has ended: {status}.")


def _unknown(_: Request, result: Result, talk: Talk) -> Act:
    return say(f"{wording.clean(result.tool, 40) or 'The tool'} has answered.", offers(talk.facts))


FOLLOW: Mapping[str, Follow] = MappingProxyType(
    {
        "add_texts": _added,
        "inspect_pool": _inspected,
        "propose_task": _proposed,
        "set_task": _set,
        "answer_questions": _answered,
        "estimate": _estimated,
        "run_rounds": _ran,
        "label_texts": _labeled,
        "show_results": _shown,
        "undo": _undone,
        "delete_task": _deleted,
        "export": _exported,
        "predict": _predicted,
        "stop_job": _stopped,
    }
)
"""What follows on the result of each tool."""
