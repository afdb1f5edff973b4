"""Reports as runs leave them: a rare class, many classes, unfinished, without a model, and full of hostile texts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from tools.engine.records import Basis, ClassDefinition, Round, RoundStatus, Scores, StopDecision, Task
from tools.engine.scoring import score
from tools.report import Example, ModelCard, Provenance, RunReport

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><h1>free</h1>",
    "{{ 7 * 7 }} {% raw %}",
    "evil \u202egnp.exe\u2066 \u200e \x00 \x1b[31m red \ud800",
    "](http://evil.example) `code` ``x`` | a | b <b>bold</b> https://evil.example www.evil.example",
    "x" * 5000,
    "---\nlibrary_name: evil\n---\n# heading",
)

RECEIPT_CLASSES = (
    "produce",
    "dairy & eggs",
    "bakery",
    "meat & fish",
    "frozen",
    "snacks & sweets",
    "breakfast & cereals",
    "pantry & cooking",
    "canned & jarred",
    "pasta rice & grains",
    "beverages",
    "alcohol",
    "household & cleaning",
    "personal care",
    "health & pharmacy",
    "baby care",
    "pet care",
    "home & garden",
)


def scores_of(  # a simulated judgement: each text keeps its true class with probability `skill`
    classes: Sequence[str],
    shares: Sequence[float],
    *,
    n: int,
    skill: float,
    positive: str | None = None,
    basis: Basis = "gold",
) -> Scores:
    rng = np.random.default_rng(7)
    count = len(classes)
    truth = rng.choice(count, size=n, p=np.array(shares) / sum(shares))
    near = (truth + rng.choice([1, 1, 1, 2, 5], size=n)) % count
    predicted = np.where(rng.random(n) < skill, truth, near)
    probabilities = np.full((n, count), 0.02)
    probabilities[np.arange(n), predicted] = rng.uniform(0.5, 1.0, size=n)
    return score(
        truth=truth,
        predicted=predicted,
        classes=classes,
        basis=basis,
        probabilities=probabilities,
        positive=positive,
        threshold=None if positive is None else 0.71,
    )


def rounds_of(scores: Sequence[Scores], *, strategy: str, first: int, step: int) -> tuple[Round, ...]:
    return tuple(
        Round(
            number=number,
            status=RoundStatus.CLOSED,
            strategy="coldstart" if number == 0 else strategy,
            learner="head",
            seed=7,
            labels=first + step * number,
            oracle_calls=41 if number == 0 else step,
            cost=0.0021 * step,
            seconds=1.3 + number,
            scores=one,
            agreement=None if number == 0 else 0.7 + 0.03 * number,
        )
        for number, one in enumerate(scores)
    )


def provenance(task: Task) -> Provenance:
    return Provenance(
        task=task,
        pool_size=1596,
        encoder="all-MiniLM-L6-v2",
        oracle="replay:category",
        strategy="auto",
        learner="head",
        seed=7,
        label_counts={
            ("human", "gold"): 120,
            ("llm:gpt-x", "seed"): 16,
            ("llm:gpt-x", "train"): 80,
            ("human", "train"): 20,
        },
        seed_calls=41,
        cost=0.0234,
        seconds=754.0,
        limits=("The language model was right on 24 of 25 answers that a person checked [0.80, 0.99].",),
        created_at=datetime(2026, 3, 2, 9, 5, tzinfo=UTC),
        version="0.1.0",
    )


def rare_report() -> RunReport:
    classes, shares = ("baby care", "other"), (0.2, 0.8)
    curve = [
        scores_of(classes, shares, n=120, skill=skill, positive="baby care")
        for skill in (0.72, 0.84, 0.9, 0.92, 0.95, 0.97)
    ]
    task = Task(
        name="baby-care",
        pool="receipts",
        description="find the baby care products",
        classes=(
            ClassDefinition(
                name="baby care",
                definition="Fed to, worn by or used on children under 3, or for feeding and changing them.",
                examples=("Pampers size 4, 44 pack", "SMA FOLLOW ON 800G"),
            ),
            ClassDefinition(name="other", definition="Everything else."),
        ),
        positive="baby care",
        rest="other",
        guideline_version=2,
    )
    return RunReport(
        made=replace(provenance(task), gold_sampling="stratified"),
        rounds=rounds_of(curve, strategy="diverse-margin", first=16, step=20),
        scores=curve[-1],
        zero_shot=scores_of(classes, shares, n=120, skill=0.6, positive="baby care"),
        stop=StopDecision(
            rule="plateau", reason="F1 rose by less than 0.01 in each of the last 2 rounds (116 labels)."
        ),
        hard=(
            Example(
                text="nappy sacks scented x100",
                true="baby care",
                predicted="other",
                confidence=0.52,
                note="close to household & cleaning",
            ),
            Example(text="BABY CARROTS 500G", true="other", predicted="baby care", confidence=0.81),
            Example(text="infant paracetamol 120mg/5ml", true="other", predicted="other", confidence=0.55),
            Example(text="milk frother SS", predicted="baby care", confidence=0.51, note="far from all labels"),
        ),
        samples={
            "baby care": (
                Example(text="PAMPERS NEW BABY SZ2 58PK", predicted="baby care", confidence=0.99),
                Example(text="Fruit pouch apple & pear 7 months+", predicted="baby care", confidence=0.97),
                Example(text="حفاضات أطفال مقاس ٤", predicted="baby care", confidence=0.91),
            ),
            "other": (
                Example(text="CAT YOGHURT DROPS 50G", predicted="other", confidence=0.99),
                Example(text="Toulouse saus.", predicted="other", confidence=0.98),
            ),
        },
        command="laud run baby-care --oracle replay:category --gold 120 --batch 20 --rounds 5 --seed 7",
    )


def many_report(classes: Sequence[str] = RECEIPT_CLASSES) -> RunReport:
    shares = tuple(1 + (number * 7) % 5 for number in range(len(classes)))
    curve = [scores_of(classes, shares, n=300, skill=skill) for skill in (0.42, 0.55, 0.66, 0.74, 0.8, 0.83, 0.86)]
    task = Task(
        name="receipts",
        pool="receipts",
        description="sort these receipt lines by department",
        classes=tuple(ClassDefinition(name=name) for name in classes),
    )
    return RunReport(
        made=replace(
            provenance(task), label_counts={("replay:category", "gold"): 300, ("replay:category", "train"): 276}
        ),
        rounds=rounds_of(curve, strategy="diverse-margin", first=36, step=40),
        scores=curve[-1],
        zero_shot=scores_of(classes, shares, n=300, skill=0.58),
        stop=StopDecision(rule="max-labels", reason="276 of 276 labels are used."),
        hard=tuple(
            Example(text=f"CREAM CRACKERS {number}00G", true=true, predicted=wrong, confidence=0.31 + number / 50)
            for number, (true, wrong) in enumerate(pairwise(classes[:6]))
        ),
        samples={
            name: (
                Example(text=f"{name} something 400 g", predicted=name, confidence=0.93),
                Example(text=f"some other {name}, a rather long line that wraps", predicted=name, confidence=0.88),
            )
            for name in classes
        },
        command="laud run receipts --oracle replay:category --gold 300 --batch 40 --labels 276",
    )


def unfinished_report() -> RunReport:
    rare = rare_report()
    scores = scores_of(
        ("baby care", "other"), (0.5, 0.5), n=16, skill=0.8, positive="baby care", basis="cross-validated"
    )
    first = replace(rare.rounds[0], status=RoundStatus.SCORED, scores=scores, cost=0.0)
    made = replace(rare.made, gold_sampling="random", label_counts={("human", "seed"): 16}, cost=0.0)
    return replace(rare, made=made, rounds=(first,), scores=scores, zero_shot=None, stop=None, hard=(), samples={})


def empty_report() -> RunReport:
    unfinished = unfinished_report()
    round_ = replace(unfinished.rounds[0], status=RoundStatus.LABELED, scores=None)
    return replace(unfinished, rounds=(round_,), scores=None)


def hostile_report() -> RunReport:
    rare = rare_report()
    name = HOSTILE[0]
    scores = scores_of((name, HOSTILE[1]), (0.3, 0.7), n=80, skill=0.9, positive=name)
    task = replace(
        rare.made.task,
        name=HOSTILE[2],
        description=HOSTILE[7],
        classes=(ClassDefinition(name=name, definition=HOSTILE[5], examples=HOSTILE), ClassDefinition(name=HOSTILE[1])),
        positive=name,
    )
    texts = tuple(Example(text=text, true=text, predicted=text, confidence=0.5, note=text) for text in HOSTILE)
    return replace(
        rare,
        made=replace(provenance(task), label_counts={(HOSTILE[4], "train"): 3}, limits=HOSTILE, encoder=HOSTILE[1]),
        rounds=rounds_of([scores, scores], strategy=HOSTILE[0], first=16, step=20),
        scores=scores,
        zero_shot=scores,
        stop=StopDecision(rule=HOSTILE[1], reason=HOSTILE[0]),
        hard=texts,
        samples=dict.fromkeys(HOSTILE, texts),
        command=HOSTILE[0],
    )


REPORTS = {
    "rare": rare_report,
    "many": many_report,
    "very many": lambda: many_report([f"intent {number}" for number in range(77)]),
    "unfinished": unfinished_report,
    "empty": empty_report,
    "hostile": hostile_report,
}


def card_of(report: RunReport) -> ModelCard:
    assert report.scores is not None
    return ModelCard(
        made=report.made, rounds=len(report.rounds), scores=report.scores, zero_shot=report.zero_shot, languages=("en",)
    )
