"""How long a person takes for a label, and how long people have labeled a task."""

from collections.abc import Callable, Sequence
from statistics import fmean, median

import numpy as np

from tools.engine.records import Task, Text
from tools.opinions import is_person
from tools.workbench import Workbench

Range = tuple[float, float]

ENOUGH_TIMED = 10
"""Timed labels from which on a task's own pace is taken."""
SAMPLED = 100
"""Texts that reading times are taken from."""
TO_DECIDE: Range = (3.0, 6.0)
"""Seconds that a person takes to decide on a text once it is read, and to press a key."""
WORDS_PER_SECOND = 4.0
"""How fast a person reads: 238 words a minute (Brysbaert 2019, Journal of Memory and Language 109)."""


def pace(bench: Workbench, task: Task, texts: Sequence[Text]) -> tuple[Range, str]:
    """Seconds that a person needs for a label, and what that rests on; `texts` are such as she would read."""
    labels = bench.labels.history(task.name)
    timed = [one.answer.seconds for one in labels if is_person(one.answer.source) and one.answer.seconds > 0]
    if len(timed) >= ENOUGH_TIMED:
        own = median(timed)
        return (0.8 * own, 1.25 * own), f"A label by hand takes about {own:.0f} s, as {len(timed):,} did."
    reading = median([len(text.text.split()) for text in texts] or [0]) / WORDS_PER_SECOND
    needed = TO_DECIDE[0] + reading, TO_DECIDE[1] + reading
    return needed, (
        f"A label by hand is taken to need {needed[0]:.0f} to {needed[1]:.0f} s: {reading:.0f} s to read a text of "
        f"median length, {TO_DECIDE[0]:.0f} to {TO_DECIDE[1]:.0f} s to decide."
    )


def seconds_a_label(bench: Workbench, task: Task) -> float:
    """The middle of what a person needs for a label of this task."""
    ids = bench.pools.text_ids(task.pool)
    drawn = np.random.default_rng(0).permutation(len(ids))[:SAMPLED]
    return fmean(pace(bench, task, bench.pools.texts(task.pool, [ids[row] for row in drawn]))[0])


def minutes_spent(bench: Workbench, task: Task, by_hand: Callable[[str], bool] = is_person) -> float:
    """Minutes that people have given the task, the gold sample aside; an answer without a time counts as usual.

    `by_hand` tells the sources of answers that count as a person's.
    """
    labels = [label for label in bench.labels.history(task.name) if label.role != "gold"]
    answers = [label.answer for label in labels if by_hand(label.answer.source)]
    given = [one.seconds for one in answers if one.outcome not in {"withdrawn", "failed"}]
    usual = seconds_a_label(bench, task) if 0 in given else 0.0
    return sum(seconds or usual for seconds in given) / 60
