"""Proposals: from a sentence and a pool to a task, with the questions whose answers matter most on this pool.

Nothing but the local encoder and statistics: what a language model would know of the world is not here, so what is
proposed is for the person to mend, and each guess is told as one.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.answers import QUESTION
from tools.drafts import SAMPLE, PoolView, draft_classes, encode, sample_rows, spec_of, view_of
from tools.engine.borderline import Share, at_home, expected_shares, torn, without_words, worth_asking
from tools.engine.errors import AskAgain
from tools.engine.overview import ALIKE
from tools.engine.ports import Probabilities
from tools.engine.records import ClassDefinition, Task, TextId
from tools.engine.wish import Wish, read_wish
from tools.engine.zero_shot import class_descriptions, zero_shot_probabilities
from tools.labeling import Stored, example_of, label_texts, read_answers
from tools.task import ClassSpec, TaskSpec, with_inferred_roles
from tools.training import pool_texts, zero_shot
from tools.workbench import Workbench

QUESTIONS = 3
LIKELY_SHOWN = 5
MASKED = 500
"""Likely texts, at most, that are looked at without the words of the class's name."""
MOST_EXAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A borderline text of the pool to ask the person about: `choices` are the class names."""

    id: TextId
    text: str
    why: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A task that fits the person's sentence and the pool; nothing of it is stored.

    `expected_share` is the share of the pool that each class may have, (low, high). `likely` are the texts that the
    encoder finds nearest to each class: guesses, and no examples of the class until a person says so. `notes` say how
    the sentence was read.
    """

    pool: str
    name: str
    description: str
    classes: tuple[ClassDefinition, ...]
    positive: str | None
    rest: str | None
    expected_share: Mapping[str, Share]
    likely: Mapping[str, tuple[str, ...]]
    questions: tuple[Question, ...]
    notes: tuple[str, ...]

    @property
    def spec(self) -> TaskSpec:
        """The proposal as `create_task` takes it."""
        return spec_of(self.pool, self.name, self.description, self.classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of the answers: the task with its newest guideline, and how many labels were stored."""

    task: Task
    labels: int


def propose_task(
    bench: Workbench, pool: str, request: str, classes: Sequence[str | ClassSpec] | None = None, *, seed: int = 0
) -> Proposal:
    """A task for what the person wants of the pool; stores nothing. The same seed gives the same proposal.

    "find X" becomes a class X against the rest, "sort into a, b, c" (or `classes`) those classes, and "sort by …" the
    themes of the pool. The definition of a class is made of words of the pool: those that are frequent among the texts
    nearest to its name and rare elsewhere (pseudo-relevance feedback: Rocchio 1971; Lavrenko & Croft 2001, SIGIR), and
    that are as near to the name as those texts. On 82 names of classes in pools of 1,600 to 6,000 texts this helped the
    ranking of texts noticeably in 27 % of cases and harmed it in 11 %; in pools of 500 it changed little.

    Raises:
        UnknownName, EmptyPool: for the pool.
        AskAgain: when the request says nothing.
        InvalidTask: for classes that contradict each other.
    """
    view = view_of(bench, pool, seed)
    names = tuple(one.name if isinstance(one, ClassSpec) else one.strip() for one in classes or ())
    wish = Wish(classes=names) if names else read_wish(request)
    drafts, notes = draft_classes(bench, view, wish, [one for one in classes or () if isinstance(one, ClassSpec)])
    description = " ".join(request.split()) or _said(wish)
    spec = with_inferred_roles(spec_of(pool, _free_name(bench, pool, wish, drafts), description, drafts))
    task = Task(
        name=spec.name,
        pool=pool,
        description=spec.description,
        classes=tuple(drafts),
        positive=spec.positive,
        rest=spec.rest,
    )
    probabilities = _zero_shot(bench, view, task)
    rest = None if task.rest is None else task.class_names.index(task.rest)
    shares = expected_shares(probabilities, rest=rest)
    return Proposal(
        pool=pool,
        name=task.name,
        description=task.description,
        classes=task.classes,
        positive=task.positive,
        rest=task.rest,
        expected_share=dict(zip(task.class_names, shares, strict=True)),
        likely=_likely(bench, view, task, probabilities),
        questions=_questions(bench, view, task, probabilities, without=frozenset(), limit=QUESTIONS),
        notes=(*notes, *_to_mend(task)),
    )


def _to_mend(task: Task) -> list[str]:
    bare = [repr(one.name) for one in task.classes if not one.definition and one.name != task.rest]
    guess = "Definitions, likely texts and shares are the local encoder's guess: mend what is wrong."
    return [guess, *([f"No words of the pool define {', '.join(bare)}: say what belongs to it."] if bare else [])]


def questions(bench: Workbench, task: Task, *, limit: int = QUESTIONS, seed: int = 0) -> tuple[Question, ...]:
    """The borderline texts of a stored task whose answers matter most; answered and gold texts are left out."""
    view = view_of(bench, task.pool, seed)
    known = bench.labels.current(task.name).keys() | {item.text_id for item in bench.rounds.gold(task.name) or []}
    probabilities = zero_shot(bench, task, pool_texts(bench, task))
    return _questions(bench, view, task, probabilities, without=known, limit=limit)


def answer_questions(
    bench: Workbench, task: Task, answers: Mapping[str, str], *, person: str | None = None
) -> Answered:
    """Store a person's answers (text id → class, `unsure` or `skip`): labels to learn from, and guideline examples.

    All examples make one new version of the guideline. The texts count for the seed where the loop has not begun, are
    never asked about again, and stay out of the gold sample. The same answers again change nothing.

    Raises:
        UnknownLabel, UnknownName: for an answer that is no class, or a text that the pool does not hold.
        AskAgain: for a text of the gold sample, which must not be learnt from.
    """
    said = read_answers(task, answers)
    texts = {text.id: text.text for text in bench.pools.texts(task.pool, list(said))}
    judged = [i for i in said if i in {item.text_id for item in bench.rounds.gold(task.name) or []}]
    if judged:
        raise AskAgain(
            f"{len(judged)} of these texts belong to the gold sample, which judges models and teaches none "
            f"({', '.join(judged[:3])}). Leave them out; to judge by, they can be labeled."
        )
    new: dict[str, list[str]] = {name: [] for name in task.class_names}
    for text, (_, label) in said.items():
        if label is not None:
            new[label].append(example_of(texts[text]))
    task = bench.tasks.save(replace(task, classes=tuple(_with_examples(c, new) for c in task.classes)))
    stored: Stored = label_texts(bench, task, answers, person=person, note=QUESTION)
    return Answered(task=task, labels=stored.stored)


def _with_examples(one: ClassDefinition, new: Mapping[str, Sequence[str]]) -> ClassDefinition:
    """The class with its new examples; a text that now is one of another class is none of this one any more."""
    moved = {example for name, examples in new.items() if name != one.name for example in examples}
    examples = dict.fromkeys([*(e for e in one.examples if e not in moved), *new[one.name]])
    return replace(one, examples=tuple(examples)[-MOST_EXAMPLES:])


def _said(wish: Wish) -> str:
    return f"Find {wish.target}." if wish.target else f"Sort into {', '.join(wish.classes)}."


def _free_name(bench: Workbench, pool: str, wish: Wish, classes: Sequence[ClassDefinition]) -> str:
    """A short name that no other task has; a task over the same pool with the same classes is meant to be changed."""
    words = wish.target or " ".join(wish.classes[:3]) or wish.facet or "themes"
    slug = re.sub(r"[^\w]+", "-", words.casefold())[:40].strip("-_") or "task"
    names = bench.tasks.names()
    for name in (slug, *(f"{slug}-{number}" for number in range(2, len(names) + 3))):
        if name not in names:
            return name
        task = bench.tasks.get(name)
        if task.pool == pool and set(task.class_names) == {c.name for c in classes}:
            return name
    raise AssertionError("one more name than there are tasks is free")


# --- likely and borderline texts --------------------------------------------------------------------------------------


def _zero_shot(bench: Workbench, view: PoolView, task: Task, more: NDArray[np.float32] | None = None) -> Probabilities:
    """The pass over the pool; with `more` vectors (m, d) over these too, whose rows are given."""
    descriptions = class_descriptions(task)
    encoded = encode(bench, view, [text for texts in descriptions for text in texts])
    ends = np.cumsum([len(texts) for texts in descriptions])[:-1]
    vectors = view.vectors if more is None else np.concatenate([view.vectors, more.astype(np.float16)])
    rest = None if task.rest is None else task.class_names.index(task.rest)
    passed = zero_shot_probabilities(vectors, np.split(encoded, ends), rest=rest)
    return passed if more is None else passed[len(view.ids) :]


def _likely(bench: Workbench, view: PoolView, task: Task, probabilities: Probabilities) -> dict[str, tuple[str, ...]]:
    """The likeliest texts of each class, no two alike."""
    shown: dict[str, tuple[str, ...]] = {}
    for code, name in enumerate(task.class_names):
        if name == task.rest:
            continue
        chosen: list[int] = []
        for row in np.argsort(-probabilities[:, code], kind="stable")[: 10 * LIKELY_SHOWN]:
            vector = np.asarray(view.vectors[row], dtype=np.float32)
            others = np.asarray(view.vectors[chosen], dtype=np.float32)
            if not chosen or float((others @ vector).max()) < ALIKE:
                chosen.append(int(row))
        texts = bench.pools.texts(task.pool, [view.ids[row] for row in chosen[:LIKELY_SHOWN]])
        shown[name] = tuple(text.text for text in texts)
    return shown


def _questions(  # noqa: PLR0913 - keyword-only where it matters
    bench: Workbench,
    view: PoolView,
    task: Task,
    probabilities: Probabilities,
    *,
    without: AbstractSet[TextId],
    limit: int,
) -> tuple[Question, ...]:
    """The torn texts worth asking about, each with why."""
    how_torn = torn(probabilities)
    bare = _without_name(bench, view, task, probabilities)
    positive = None if task.positive is None else task.class_names.index(task.positive)
    for row, probability in bare.items():
        how_torn[row] = 1.0 - abs(float(probabilities[row, positive]) + probability - 1.0)
    how_torn[[row for row, text in enumerate(view.ids) if text in without]] = 0.0
    asked = worth_asking(view.vectors, how_torn, count=limit)
    texts = bench.pools.texts(task.pool, [view.ids[one.row] for one in asked])
    return tuple(
        Question(
            id=text.id,
            text=text.text,
            why=_why(task, probabilities[one.row], bare.get(one.row), one.alike),
            choices=task.class_names,
        )
        for one, text in zip(asked, texts, strict=True)
    )


def _without_name(bench: Workbench, view: PoolView, task: Task, probabilities: Probabilities) -> dict[int, float]:
    """Likely positives that are so by a word of the class's name alone: row → probability without the word.

    Such as "baby carrots" for baby products: without the word, the rest of the text is as near to another text of the
    pool that lacks the word as texts usually are to their nearest one, so it says something of its own.
    """
    if task.positive is None:
        return {}
    likely = probabilities[:, task.class_names.index(task.positive)]
    rows = np.flatnonzero(likely >= 0.5)
    rows = rows[np.argsort(-likely[rows], kind="stable")[:MASKED]]
    texts = bench.pools.texts(task.pool, [view.ids[row] for row in rows])
    masked = {
        int(row): rest for row, t in zip(rows, texts, strict=True) if (rest := without_words(t.text, task.positive))
    }
    if not masked:
        return {}
    vectors = encode(bench, view, list(masked.values()))
    sample = sample_rows(view, SAMPLE)
    others = bench.pools.texts(task.pool, [view.ids[row] for row in sample])
    lacking = np.array([without_words(text.text, task.positive) is None for text in others])
    home = at_home(vectors, np.asarray(view.vectors[sample], dtype=np.float32), lacking)
    bare = _zero_shot(bench, view, task, vectors)[:, task.class_names.index(task.positive)]
    return {row: float(bare[i]) for i, row in enumerate(masked) if home[i]}


def _why(task: Task, probabilities: NDArray[np.float32], bare: float | None, alike: int) -> str:
    """What makes a text worth an answer; no text of the pool is in it."""
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    names = task.class_names
    if bare is None:
        torn_ = f"The local guess is torn between {names[first]!r} ({probabilities[first]:.0%}) and {names[second]!r}."
    else:
        torn_ = (
            f"It looks like {task.positive!r} by a word of that name alone: {probabilities[first]:.0%} with it, "
            f"{bare:.0%} without."
        )
    return f"{torn_} {alike} other doubtful text{'s are' if alike > 1 else ' is'} like it." if alike else torn_
