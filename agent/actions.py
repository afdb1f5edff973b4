"""What the tools of the chat model do: each takes the workbench and its arguments and returns a short receipt.

Loaded when the first tool is used: it brings the learning libraries.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent import arguments, receipts, results
from agent.arguments import Estimate, RunRounds
from tools import account, doubts, estimate, export, labeling, pool, proposal, repair, rounds, task
from tools.engine.errors import AskAgain, CannotDo, LaudError
from tools.engine.learning import IN_CONTEXT
from tools.engine.records import Task
from tools.evaluation import latest_model
from tools.plan import RunPlan, within_caps
from tools.workbench import Workbench

Receipt = dict[str, Any]
DOUBTED = 20
"""Doubtful labels that are looked at where no number is named."""


def plan_of(args: RunRounds | Estimate) -> RunPlan:
    """The plan of a run; what is left out is left to the task and the defaults."""
    given = args.model_dump(exclude_none=True, exclude={"seed_only"})
    if getattr(args, "seed_only", False):
        given["rounds"] = 0
    return RunPlan(**{**given, "until": tuple(given.get("until", ()))})


def add_texts(bench: Workbench, args: arguments.AddTexts) -> Receipt:
    """Read a file into a pool."""
    added = pool.add_texts(bench, source=args.file, name=str(args.pool), text_column=args.text_column)
    return {
        "pool": added.pool,
        "file": Path(args.file).name,
        "rows": added.rows,
        "added": added.added,
        "duplicates": added.duplicates,
        "skipped": [{"row": row.row, "reason": row.reason} for row in added.skipped[:10]],
        "skipped_rows": len(added.skipped),
        "text_column": added.text_column,
        "other_columns": bench.pools.columns(added.pool),
        "notes": list(added.notes),
        "seconds": round(added.seconds, 1),
    }


def inspect_pool(bench: Workbench, args: arguments.InspectPool) -> Receipt:
    """Look at a pool."""
    name = str(args.pool)
    if args.show == "texts" and not (args.query or args.words):
        shown = bench.pools.iter_texts(name, start=0, size=args.limit)
        return {"pool": name, "size": bench.pools.get(name).texts, "texts": receipts.texts(shown)}
    if args.show == "similar" or args.query or args.words:
        words = args.query or " ".join(args.words)
        if not words:
            raise AskAgain("Say what to look for: query for a meaning, words for exact words.")
        hits = pool.search(bench, name, words=words, limit=args.limit, exact=args.words)
        found = [{**receipts.texts([hit.text])[0], "similarity": round(hit.similarity, 3)} for hit in hits]
        return {"pool": name, "query": args.query, "words": args.words, "texts": found}
    seen = pool.describe(bench, name)
    themes = [
        {"size": one.size, "share": round(one.share, 3), "words": list(one.words), "examples": list(one.examples[:3])}
        for one in seen.themes[: args.limit]
    ]
    if args.show == "themes":
        return {"pool": name, "themes": themes}
    lengths = seen.lengths.characters
    return {
        "pool": name,
        "texts": seen.pool.texts,
        "rows": seen.rows,
        "duplicates": seen.duplicates,
        "columns": list(seen.columns),
        "characters": {"shortest": lengths.min, "median": lengths.median, "longest": lengths.max},
        "languages": {code: round(share, 3) for code, share in list(seen.languages.items())[:8]},
        "themes": themes,
        "unusual": receipts.texts(hit.text for hit in seen.outliers[:3]),
        "warning": seen.warning,
    }


def propose_task(bench: Workbench, args: arguments.ProposeTask) -> Receipt:
    """Draft a task."""
    made = proposal.propose_task(bench, str(args.pool), args.request, args.classes or None)
    return {
        "pool": made.pool,
        "name": made.name,
        "description": made.description,
        "classes": receipts.classes(made.classes),
        "positive": made.positive,
        "expected_share": {name: [round(x, 4) for x in share] for name, share in made.expected_share.items()},
        "questions": [_question(one) for one in made.questions],
        "notes": list(made.notes),
    }


def set_task(bench: Workbench, args: arguments.SetTask) -> Receipt:
    """Create a task or change it; what is left out stays as it is."""
    given = args.model_dump(exclude_none=True, exclude_unset=True, exclude={"edits"})
    known = args.name in bench.tasks.names()
    # First, since nothing is changed where an edit is not proposed.
    requeued = repair.accept(bench, bench.tasks.get(args.name), args.edits).requeued if args.edits else 0
    if known:
        old = receipts.guideline(bench.tasks.get(args.name))
        given = {**{key: value for key, value in old.items() if key not in {"task", "guideline_version"}}, **given}
        names = [one["name"] for one in given["classes"]]
        # Other classes than before: a role that was given to one that is gone is worked out anew.
        given.update(
            {role: None for role in ("positive", "rest") if old[role] == given[role] and old[role] not in names}
        )
    elif args.classes is None:
        raise AskAgain(f"There is no task {args.name!r} yet. Give its classes, two or more, to create it.")
    made = task.create_task(bench, task.make_spec(given))
    return {
        **receipts.guideline(made),
        "desk": asdict(bench.tasks.desk(made.name)),
        "requeued": requeued,
        **_questions(bench, made),
    }


def answer_questions(bench: Workbench, args: arguments.AnswerQuestions) -> Receipt:
    """Store the person's answers."""
    answered = proposal.answer_questions(bench, bench.tasks.get(str(args.task)), args.answers, person=bench.person)
    return {
        "task": answered.task.name,
        "guideline_version": answered.task.guideline_version,
        "labels": answered.labels,
        "classes": receipts.classes(answered.task.classes),
    }


def estimate_run(bench: Workbench, args: Estimate) -> Receipt:
    """What a run would take."""
    found = estimate.estimate(bench, plan_of(args))
    return {
        "task": found.task,
        "oracle": found.oracle,
        "calls": list(found.calls),
        "gold_calls": found.gold_calls,
        "sample": found.sample,
        "labels": list(found.labels),
        "dollars": _rounded(found.dollars, 4),
        "seconds": _rounded(found.seconds, 0),
        "by_hand": list(found.by_hand),
        "minutes": _rounded(found.minutes, 0),
        "minutes_by_hand": _rounded(found.minutes_by_hand, 0),
        "budget_left": found.budget_left,
        "stop": list(found.stop),
        "assumptions": list(found.assumptions),
    }


def run_rounds(bench: Workbench, args: RunRounds) -> Receipt:
    """Carry the loop on."""
    done = rounds.run(_telling_of_rounds(bench, str(args.task)), within_caps(bench, plan_of(args)))
    account.write_report(bench, done)
    return {**results.standing(bench, done), "answers_held": len(bench.labels.current(done.task.name))}


def _telling_of_rounds(bench: Workbench, name: str) -> Workbench:
    """The workbench with a progress display that also makes an event of each round that closes."""

    def show(stage: str, done: int, total: int | None) -> None:
        bench.progress(stage, done, total)
        closed = [one for one in bench.rounds.rounds(name) if stage == f"round {one.number}"]
        for job in bench.jobs.list("running") if closed else []:
            card = {**receipts.round_card(closed[0]), "status": "closed"}
            data = {"task": name, "round": card}
            bench.events.append("round.closed", data, conversation=job.conversation, job=job.id)

    return bench.lent(progress=show)


def label_texts(bench: Workbench, args: arguments.LabelTexts) -> Receipt:
    """Store labels that the person gave."""
    of = bench.tasks.get(str(args.task))
    stored = labeling.label_texts(bench, of, args.labels, person=bench.person)
    return {"task": of.name, "stored": stored.stored, "unchanged": stored.unchanged, "waiting": stored.waiting}


def undo(bench: Workbench, args: arguments.Undo) -> Receipt:
    """Take back the latest labels, or the doubtful ones."""
    of = bench.tasks.get(str(args.task))
    if args.doubtful:
        return _put_again(bench, of, limit=args.count or DOUBTED)
    undone = labeling.undo(bench, of, count=args.count or 1, person=bench.person)
    return {
        "task": undone.task.name,
        "withdrawn": [{"id": one.id, "text": one.text, "label": one.label} for one in undone.withdrawn],
        "waiting": undone.waiting,
    }


def _put_again(bench: Workbench, of: Task, *, limit: int) -> Receipt:
    """Take back those of the most doubtful labels that are worth a person's time."""
    found = [one for one in doubts.doubts(bench, of, limit=limit) if one.worth]
    doubts.put_again(bench, of, [one.id for one in found])
    return {
        "task": of.name,
        "withdrawn": [{"id": one.id, "text": one.text, "label": one.label} for one in found],
        "waiting": len(labeling.waiting(bench, of)),
    }


def delete_task(bench: Workbench, args: arguments.DeleteTask) -> Receipt:
    """Delete a task for good."""
    for job in bench.jobs.list("running", "queued"):
        if job.args.get("task") == args.task:
            raise CannotDo(
                f"Job {job.id} ({job.kind}, {job.status}) is about the task {args.task!r}. Stop it first, then delete "
                "the task. Nothing was deleted."
            )
    deleted = task.delete_task(bench, args.task)
    return {"task": args.task, "labels": deleted.labels, "models": deleted.models}


def export_result(bench: Workbench, args: arguments.Export) -> Receipt:
    """Write the result into a folder."""
    written = export.export(bench, str(args.task), out=Path(str(args.out)), what=args.format)
    return {"task": args.task, "out": args.out, "paths": [str(path) for path in written]}


def predict(bench: Workbench, args: arguments.Predict) -> Receipt:
    """Classify a file; not by a language model, whose price nobody was asked to allow."""
    if latest_model(bench, str(args.task)).learner == IN_CONTEXT:
        raise CannotDo(
            f"The model of {args.task!r} is a language model, which is paid for each row, so a person has to begin "
            f"that: laud predict {args.task} FILE --out OUT. A run with another learner on the same labels is free."
        )
    done = export.predict_file(
        bench, str(args.task), source=args.file, out=Path(str(args.out)), text_column=args.text_column
    )
    return {
        "task": args.task,
        "rows": done.rows,
        "counts": done.counts,
        "skipped": [{"row": row.row, "reason": row.reason} for row in done.skipped[:10]],
        "skipped_rows": len(done.skipped),
        "out": done.out,
        "seconds": round(done.seconds, 1),
    }


def stop_job(_: Workbench, args: arguments.StopJob) -> Receipt:
    """Jobs are stopped by their queue, which the graph holds."""
    raise AskAgain(f"Job {args.job!r} is stopped through the queue of jobs.")


def _questions(bench: Workbench, made: Task) -> Receipt:
    """The questions of a task that is stored already: whatever becomes of them, the task stays."""
    try:
        return {"questions": [_question(one) for one in proposal.questions(bench, made)]}
    except LaudError as error:
        return {"questions": [], "no_questions": str(error)}


def _question(one: proposal.Question) -> Receipt:
    return {"id": one.id, "text": one.text, "why": one.why, "choices": list(one.choices)}


def _rounded(pair: tuple[float, float] | None, digits: int) -> list[float] | None:
    return None if pair is None else [round(value, digits) for value in pair]


ACTIONS: Mapping[str, Callable[[Workbench, Any], Receipt]] = MappingProxyType(
    {
        "add_texts": add_texts,
        "inspect_pool": inspect_pool,
        "propose_task": propose_task,
        "set_task": set_task,
        "answer_questions": answer_questions,
        "estimate": estimate_run,
        "run_rounds": run_rounds,
        "label_texts": label_texts,
        "show_results": results.show_results,
        "undo": undo,
        "delete_task": delete_task,
        "export": export_result,
        "predict": predict,
        "stop_job": stop_job,
    }
)
"""What each tool does, by its name."""
