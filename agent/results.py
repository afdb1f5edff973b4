"""What `show_results` shows of a task: where it stands, how good it is, and the texts behind the numbers."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from agent import receipts
from agent.arguments import ShowResults
from tools import adjudication, annotators, benefit, doubts, labeling, oracle_report, repair, review
from tools.engine.errors import UnknownLabel
from tools.engine.records import Task
from tools.evaluation import HardText
from tools.standing import RunResult, status
from tools.workbench import Workbench

Receipt = dict[str, Any]
LAST_ROUNDS = 8
"""Rounds that the standing of a task lists."""
TEXTS_A_PAIR = 3
"""Texts shown of each pair of classes that a model confuses, unless one class is asked about."""


def show_results(bench: Workbench, args: ShowResults) -> Receipt:
    """What is asked for; two rounds against each other when `compare` names them."""
    task = bench.tasks.get(str(args.task))
    if args.cls is not None and args.cls not in task.class_names:
        raise UnknownLabel(f"Task {task.name!r} has no class {args.cls!r}. Its classes: {', '.join(task.class_names)}.")
    if args.compare is not None:
        return {"task": task.name, **_comparison(bench, task, args)}
    return {"task": task.name, "show": args.show, **_SHOWN[args.show](bench, task, args)}


def standing(bench: Workbench, result: RunResult) -> Receipt:
    """Where a task's loop stands."""
    return {
        "task": result.task.name,
        "stop": {"rule": result.stop.rule, "reason": result.stop.reason},
        "rounds": [receipts.round_card(one) for one in result.rounds[-LAST_ROUNDS:]],
        "labels": result.labels,
        "gold_labels": result.gold_labels,
        "seed_calls": result.seed_calls,
        "not_found": {name: {"have": have, "want": want} for name, (have, want) in result.unfilled.items()},
        "cost": round(result.cost, 6),
        "scores": receipts.scores(result.scores),
        "zero_shot": receipts.scores(result.zero_shot),
        "model": None if result.model is None else result.model.id,
        "waiting": len(labeling.waiting(bench, result.task)),
    }


def _status(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    return {
        **standing(bench, status(bench, task.name)),
        "classes": receipts.classes(task.classes),
        "to_label": receipts.texts(labeling.waiting(bench, task)[: args.limit]),
    }


def _scores(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    found = status(bench, task.name)
    last = found.scores
    classes = {} if last is None else receipts.per_class(last)
    return {
        "scores": receipts.scores(last),
        "zero_shot": receipts.scores(found.zero_shot),
        "per_class": {name: one for name, one in classes.items() if args.cls in {None, name}},
        "confusion": None
        if last is None
        else {"classes": list(last.classes), "counts": list(map(list, last.confusion))},
        "labels": found.labels,
        "gold_labels": found.gold_labels,
    }


def _rounds(bench: Workbench, task: Task, _: ShowResults) -> Receipt:
    return {"rounds": [receipts.round_card(one) for one in bench.rounds.rounds(task.name)]}


def _confused(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    pairs = review.confused(bench, task, limit=TEXTS_A_PAIR if args.cls is None else max(TEXTS_A_PAIR, args.limit))
    wanted = [one for one in pairs if args.cls in {None, one.label, one.predicted}][: args.limit]
    return {
        "pairs": [
            {
                "label": one.label,
                "predicted": one.predicted,
                "count": one.count,
                "of": one.of,
                "texts": [_hard_text(text) for text in one.texts],
            }
            for one in wanted
        ]
    }


def _suspicious(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    return {
        "labels": [
            {
                "id": one.id,
                "text": one.text,
                "label": one.label,
                "suggested": one.suggested,
                "probability_of_label": round(one.probability_of_label, 3),
                "source": one.source,
                "round": one.round,
            }
            for one in review.suspicious(bench, task, limit=args.limit)
            if args.cls in {None, one.label, one.suggested}
        ]
    }


def _hard(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    found = review.hard(bench, task, limit=args.limit)
    return {"texts": [_hard_text(one) for one in found if args.cls in {None, one.truth, one.predicted}]}


def _oracles(bench: Workbench, task: Task, _: ShowResults) -> Receipt:
    found = oracle_report.oracle_reports(bench, task)
    return {"oracles": TypeAdapter(list[oracle_report.OracleReport]).dump_python(found, mode="json")}


def _benefit(bench: Workbench, task: Task, _: ShowResults) -> Receipt:
    return {"benefit": TypeAdapter(benefit.Benefit).dump_python(benefit.benefit(bench, task), mode="json")}


def _edits(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    found = repair.proposals(bench, task)[: args.limit]
    return {"edits": TypeAdapter(list[repair.Proposal]).dump_python(found, mode="json")}


def _doubts(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    found = doubts.doubts(bench, task, limit=args.limit)
    return {
        "labels": [
            {
                "id": one.id,
                "text": one.text,
                "label": one.label,
                "suggested": one.suggested,
                "right": round(one.right, 3),
                "worth_a_second_look": one.worth,
                "source": one.source,
                "round": one.round,
            }
            for one in found
            if args.cls in {None, one.label, one.suggested}
        ]
    }


def _why(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    return {
        "texts": [
            {
                "id": one.id,
                "text": one.text,
                "round": one.round,
                "strategy": one.strategy,
                "probabilities": {name: round(value, 3) for name, value in one.probabilities.items()},
                "label": one.label,
                "why": one.why,
            }
            for one in review.why_picked(bench, task, number=args.round, limit=args.limit)
        ]
    }


def _predictions(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    return {
        "classes": [
            {
                "name": one.name,
                "count": one.count,
                "share": round(one.share, 4),
                "most_sure": [_prediction(text) for text in one.most_sure],
                "least_sure": [_prediction(text) for text in one.least_sure],
            }
            for one in review.predictions(bench, task, args.cls, limit=args.limit)
        ]
    }


def _comparison(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    first, second = args.compare or [0, 0]
    found = review.compare(bench, task, first, second, limit=args.limit)
    return {
        "rounds": [
            {"round": one.round, "labels": one.labels, one.metric: receipts.interval(one.headline)}
            for one in (found.first, found.second)
        ],
        "changed": found.changed,
        "of": found.texts,
        "agreement": round(found.agreement, 3),
        "gained": found.gained,
        "lost": found.lost,
        "chance": round(found.chance, 3),
        "texts": [{"id": one.id, "text": one.text, "before": one.before, "after": one.after} for one in found.changes],
    }


def _hard_text(one: HardText) -> Receipt:
    return {"text": one.text, "label": one.truth, "predicted": one.predicted, "confidence": round(one.confidence, 3)}


def _prediction(one: review.Prediction) -> Receipt:
    return {"id": one.id, "text": one.text, "probability": round(one.probability, 3)}


def _people(bench: Workbench, task: Task, args: ShowResults) -> Receipt:
    """How those who label agree, and the texts on which they do not."""
    report = annotators.agreement(bench, task)
    found = adjudication.conflicts(bench, task)
    return {
        "texts": report.texts,
        "alpha": None if report.alpha is None else receipts.interval(report.alpha),
        "people": [
            {
                "who": one.source,
                "answers": one.answers,
                "accuracy": None if one.accuracy is None else round(one.accuracy, 3),
            }
            for one in report.annotators
        ],
        "conflicts": len(found),
        "texts_in_conflict": [
            {"id": one.id, "text": one.text, "said": {vote.source: vote.label or vote.outcome for vote in one.votes}}
            for one in found[: args.limit]
        ],
    }


_SHOWN: Mapping[str, Callable[[Workbench, Task, ShowResults], Receipt]] = MappingProxyType(
    {
        "status": _status,
        "scores": _scores,
        "rounds": _rounds,
        "confused": _confused,
        "suspicious": _suspicious,
        "hard": _hard,
        "why": _why,
        "predictions": _predictions,
        "oracles": _oracles,
        "people": _people,
        "benefit": _benefit,
        "edits": _edits,
        "doubts": _doubts,
    }
)
