"""Offline batches: what waits for a label goes to an endpoint as a file and comes back within hours, for less."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from tools.answers import Purpose, Purposes, is_settled, keep
from tools.engine.errors import AskAgain, BudgetSpent, UnreadableInput
from tools.engine.paid import OfflineBatch, OfflineText, under_way
from tools.engine.records import Answer, Task, TextId
from tools.labeling import spending_limit, spent_on, waiting
from tools.opinions import opinion_of
from tools.oracles import demonstrating
from tools.workbench import Workbench

VARIANT = "offline"
"""Stands on an opinion that came for a text which had got its label elsewhere in the meantime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of the texts that waited: the batch, and how many an earlier answer labeled for nothing."""

    batch: OfflineBatch | None
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What came back: the batches as they stand now, new labels, texts that wait again, and dollars."""

    batches: tuple[OfflineBatch, ...]
    labels: int
    unsure: int
    failed: int
    cost: float


def write(bench: Workbench, task: Task, *, model: str | None = None, budget: float | None = None) -> Sent:
    """Write a batch file about the texts that wait for a label and are in no batch yet.

    Texts that the model was asked about before get that answer at once. Raises AskAgain when no text is left,
    BudgetSpent when the batch could cost more than budget and cap have left, and what opening the oracle raises.
    """
    budget = task.budget if budget is None else budget
    demonstrate = demonstrating(bench, task)
    offline = bench.language_models.offline(task, model=model, priced=budget is not None, demonstrate=demonstrate)
    purposes = Purposes(bench, task)
    taken = {
        text.text_id
        for one in bench.language_models.batches.of(task.name)
        if one.state == "written"
        for text in one.texts
    }
    taken |= under_way(bench.language_models.batches.of(task.name)).keys()
    texts = [text for text in waiting(bench, task) if text.id not in taken]
    known: set[TextId] = set()
    for answer in offline.known(texts):
        keep(bench, answer, purposes.of(answer.text_id))
        known.add(answer.text_id)
    texts = [text for text in texts if text.id not in known]
    if not texts and known:
        return Sent(batch=None, known=len(known))
    if not texts:
        raise AskAgain(
            f"No text of task {task.name!r} waits for a label{' beside those in batches' if taken else ''}. Let a run "
            "pick some first: one with the oracle `offline` picks, and waits for the batch."
        )
    price = offline.price(texts)
    _check_budget(bench, task, price, len(texts), budget)
    name = f"{task.name}-{uuid4().hex[:12]}"
    path = bench.folder / "offline" / f"{name}.jsonl"
    offline.write(path, texts)
    batch = OfflineBatch(
        id=name,
        task=task.name,
        model=offline.model,
        guideline_version=task.guideline_version,
        path=str(path),
        texts=tuple(_with_purpose(text.id, purposes.of(text.id)) for text in texts),
        most_dollars=price,
        state="written",
        at=bench.clock(),
    )
    bench.language_models.batches.save(batch)
    return Sent(batch=batch, known=len(known))


def submit(bench: Workbench, task: Task, *, model: str | None = None, budget: float | None = None) -> Sent:
    """Hand a batch about the texts that wait to the endpoint: one that was written before, else a new one.

    A batch that a killed process had submitted already is found again at the endpoint, not submitted twice. Raises as
    `write` does, and OracleUnavailable.
    """
    written = [one for one in bench.language_models.batches.of(task.name) if one.state == "written"]
    sent = Sent(batch=written[-1], known=0) if written else write(bench, task, model=model, budget=budget)
    if sent.batch is None:
        return sent
    offline = bench.language_models.offline(task, model=sent.batch.model)
    remote = (offline.find(sent.batch.id) if written else None) or offline.submit(Path(sent.batch.path))
    batch = replace(sent.batch, state="submitted", remote=remote)
    bench.language_models.batches.save(batch)
    return replace(sent, batch=batch)


def drop(bench: Workbench, task: Task) -> int:
    """Forget batches that were written and not submitted; returns how many. Their texts wait as before."""
    written = [one for one in bench.language_models.batches.of(task.name) if one.state == "written"]
    for batch in written:
        bench.language_models.batches.save(replace(batch, state="failed", state_there="dropped"))
        Path(batch.path).unlink(missing_ok=True)
    return len(written)


def collect(bench: Workbench, task: Task, *, file: Path | None = None) -> Collected:
    """Look after the batches under way, and label what has come back; `file` holds answers that were fetched by hand.

    Doing it again changes nothing. A text without an answer waits as before; one that got a label meanwhile keeps it,
    and the answer is kept as an opinion. Raises OracleUnavailable, UnreadableInput.
    """
    states = {"submitted"} if file is None else {"submitted", "written"}
    batches: list[OfflineBatch] = []
    answers: list[Answer] = []
    for batch in bench.language_models.batches.of(task.name):
        if batch.state not in states:
            continue
        state, lines = _come(bench, task, batch, file)
        now = replace(batch, state_there=state)
        if lines is not None:
            found = _take_over(bench, task, batch, lines)
            if file is not None and not found:
                continue  # the answers of another batch
            answers += found
            failed = sum(answer.outcome == "failed" for answer in found)
            now = replace(
                now,
                state="failed" if state == "failed" else "collected",
                answered=len(found) - failed,
                failed=len(batch.texts) - len(found) + failed,
                cost=sum(answer.cost for answer in found),
            )
        bench.language_models.batches.save(now)
        batches.append(now)
    outcomes = [answer.outcome for answer in answers]
    return Collected(
        batches=tuple(batches),
        labels=outcomes.count("label"),
        unsure=outcomes.count("unsure"),
        failed=sum(batch.failed for batch in batches),
        cost=sum(answer.cost for answer in answers),
    )


def reserved(batches: Iterable[OfflineBatch]) -> float:
    """Dollars that batches under way may still cost."""
    return sum(batch.most_dollars for batch in batches if batch.state in {"written", "submitted"})


def _come(bench: Workbench, task: Task, batch: OfflineBatch, file: Path | None) -> tuple[str, Iterable[bytes] | None]:
    """The batch's state there, and the lines of its answers once it has ended."""
    if file is not None:
        try:
            return "completed", file.read_bytes().splitlines()
        except OSError as error:
            raise UnreadableInput(f"{file} cannot be read: {error.strerror}.") from error
    offline = bench.language_models.offline(task, model=batch.model)
    found = offline.look(str(batch.remote))
    return found.state, offline.fetch(found) if found.ended else None


def _take_over(bench: Workbench, task: Task, batch: OfflineBatch, lines: Iterable[bytes]) -> list[Answer]:
    """Keep the answers of a batch, each committed as it is read."""
    asked = replace(task, guideline_version=batch.guideline_version)
    purposes = {text.text_id: Purpose(task=asked, role=text.role, round=text.round) for text in batch.texts}
    texts = bench.pools.texts(task.pool, list(purposes))
    offline = bench.language_models.offline(asked, model=batch.model, demonstrate=demonstrating(bench, task))
    current = bench.labels.current(task.name)
    answers: list[Answer] = []
    for answer in offline.answers(lines, texts):
        held = current.get(answer.text_id)
        if not is_settled(held):
            keep(bench, answer, purposes[answer.text_id])
        elif held is not None and held.answer.source != answer.source:
            opinion = opinion_of(answer, asked, purpose="repeat", at=bench.clock(), variant=VARIANT)
            bench.opinions.append(task.name, opinion)
        answers.append(answer)
    return answers


def _with_purpose(text: TextId, purpose: Purpose) -> OfflineText:
    return OfflineText(text_id=text, role=purpose.role, round=purpose.round)


def _check_budget(bench: Workbench, task: Task, price: float, texts: int, budget: float | None) -> None:
    limit = spending_limit(bench, budget)
    spent = spent_on(bench, task)
    under = reserved(bench.language_models.batches.of(task.name))
    if limit is not None and spent + under + price > limit:
        raise BudgetSpent(
            f"A batch about the {texts:,} texts that wait can cost up to ${price:.4f}. Of the ${limit:.4f} that task "
            f"{task.name!r} may spend, ${spent:.4f} is spent and ${under:.4f} kept for batches under way. Raise the "
            "budget, or let fewer texts wait."
        )
