"""`python -m evals oracle gate`: does the gate see an oracle that fails on a class, and leave a good one alone?

Simulated oracles of 2, 3, 6 and 18 classes answer as many texts as a run has them answer; a person who is always right
checks at most 100. One class is bad in one of two ways: of the answers naming it 45 % are right, or of its texts 45 %
are found. The other answers are right in 92 %. A good oracle is right on every class alike. A class is accused in vain
where the share itself, not only that among the answers of the sample, is as large as wanted. Then the recorded oracles
of LAUD_DATA: with the sizes of their classes, each bad in turn; and as they are, where it is judged on all answers
whether the advice was true.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evals.oracle.recorded import Recorded, recorded_oracles
from tools.engine.oracle_gate import GivenAnswer, Judgement, choose_checks, judge
from tools.engine.records import TextId
from tools.gate import MOST, portion, sample_size

WANTED = 0.8
BAD, GOOD = 0.45, 0.92
CLASSES = (2, 3, 6, 18)
CLOSE = 1e-9
Floats = NDArray[np.float64]
Way = Literal["wrong", "missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One run of the gate.

    Checks until the bad class was named; whether one was accused in vain; whether the interval holds the accuracy.
    """

    at: int | None
    falsely: bool
    held: bool
    last: Judgement


def main(arguments: Sequence[str]) -> int:
    """Run and print; exit code 1 when an oracle of up to 6 classes that is right 45 % of the time passes unseen."""
    parser = argparse.ArgumentParser(prog="python -m evals oracle gate")
    parser.add_argument("--seeds", type=int, default=200)
    seeds = range(parser.parse_args(arguments).seeds)
    print(f"{len(seeds)} seeds; wanted {WANTED}, at most {MOST} checks.\n")
    print(
        "A bad class (share of the texts): seen | checks until then | one accused in vain | interval holds the accuracy"
    )
    good = True
    for count in CLASSES:
        for share in dict.fromkeys((round(1 / count, 2), 0.1)):
            for way in ("wrong", "missed"):
                runs = [_bad(_shares(count, share), 0, way, seed) for seed in seeds]
                print(f"  {count:2} classes, {share:.2f}, {way:6}: {_told(runs)}")
                good &= way == "missed" or count > 6 or _rate(runs) >= 0.95
    print("\nThe same with the sizes of a recorded oracle's classes, each bad in turn, mean over the classes of a size")
    for oracle in recorded_oracles().values():
        if len(oracle.classes) > 2:
            _sized(oracle, len(seeds) // 4)
    print("\nA good oracle: one accused in vain | interval holds the accuracy | verdict")
    for count in CLASSES:
        for right in (0.95, 0.92, 0.9, 0.85, 0.8):
            runs = [_fine(count, right, seed) for seed in seeds]
            verdicts = Counter(run.last.verdict for run in runs)
            shown = ", ".join(f"{name} {times / len(runs):.0%}" for name, times in verdicts.most_common())
            checks = np.median([run.last.checks for run in runs])
            print(f"  {count:2} classes, right {right:.2f}: {_vain(runs)} | {shown} after {checks:.0f}")
    print("\nRecorded oracles: verdict | share kept | accuracy of what is kept, over all answers | below wanted")
    for oracle in recorded_oracles().values():
        _replay(oracle, seeds)
    return 0 if good else 1


def _rate(runs: Sequence[Seen]) -> float:
    return float(np.mean([run.at is not None for run in runs]))


def _vain(runs: Sequence[Seen]) -> str:
    return f"{np.mean([run.falsely for run in runs]):5.1%} | {np.mean([run.held for run in runs]):.1%}"


def _told(runs: Sequence[Seen]) -> str:
    seen = [run.at for run in runs if run.at is not None]
    return f"{_rate(runs):6.1%} | {f'median {np.median(seen):.0f}' if seen else '-'} | {_vain(runs)}"


def _sized(oracle: Recorded, seeds: int) -> None:
    named = Counter(one.label for one in oracle.answers)
    shares = np.array([named[name] / len(oracle.answers) for name in oracle.classes])
    for low, high in ((0.0, 0.03), (0.03, 0.06), (0.06, 1.0)):
        bad = np.flatnonzero((shares >= low) & (shares < high))
        for way in ("wrong", "missed"):
            runs = [_bad(shares, int(code), way, seed) for code in bad for seed in range(seeds)]
            print(f"  {oracle.name}, {len(bad)} classes of {low:.0%} to {high:.0%}, {way:6}: {_told(runs)}")


def _shares(count: int, first: float) -> Floats:
    return np.array([first, *np.full(count - 1, (1 - first) / (count - 1))])


def _bad(shares: Floats, code: int, way: Way, seed: int) -> Seen:
    rng = np.random.default_rng([seed, len(shares), code, round(shares[code] * 100)])
    right = np.where(np.arange(len(shares)) == code, BAD, GOOD)
    return _run(_joint(shares, right, way), code, way, rng)


def _fine(count: int, right: float, seed: int) -> Seen:
    rng = np.random.default_rng([seed, count, round(right * 100)])
    return _run(_joint(np.full(count, 1 / count), np.full(count, right), "wrong"), None, "wrong", rng)


def _joint(shares: Floats, right: Floats, way: Way) -> Floats:
    """(C, C) how often a text is said to be of one class and is of another; mistakes fall on all classes alike."""
    count = len(shares)
    other = (1 - right) / (count - 1)
    chances = shares[:, None] * (np.diag(right - other) + other[:, None])
    # What `right` conditions on is the answer, or the truth.
    return chances if way == "wrong" else chances.T


def _run(joint: Floats, bad: int | None, way: Way, rng: np.random.Generator) -> Seen:
    count = len(joint)
    said, true = np.divmod(rng.choice(count * count, sample_size(count), p=joint.ravel() / joint.sum()), count)
    names = tuple(f"c{code}" for code in range(count))
    ids = [TextId(str(place)) for place in range(len(said))]
    answers = [
        GivenAnswer(text_id=one, label=names[code], confidence=float(rng.random()))
        for one, code in zip(ids, said, strict=True)
    ]
    known = {one: names[code] for one, code in zip(ids, true, strict=True)}
    right = np.diag(joint) / joint.sum(axis=1) > WANTED - CLOSE
    found = np.diag(joint) / joint.sum(axis=0) > WANTED - CLOSE
    truth: dict[TextId, str | None] = {}
    at: int | None = None
    falsely = False
    while len(truth) < MOST:
        picks = choose_checks(answers, truth, names, size=portion(len(truth)), wanted=WANTED, rng=rng)
        truth |= {one: known[one] for one in picks}
        it = judge(answers, truth, names, wanted=WANTED, most=MOST)
        if bad is not None and at is None:
            one = it.classes[bad]
            at = len(truth) if (one.wrong if way == "wrong" else one.missed) else None
        falsely |= any(
            (one.wrong and right[code]) or (one.missed and found[code]) for code, one in enumerate(it.classes)
        )
        if it.verdict != "more":
            break
    held = it.accuracy.low <= np.trace(joint) <= it.accuracy.high
    return Seen(at=at, falsely=falsely, held=bool(held), last=it)


def _replay(oracle: Recorded, seeds: range) -> None:
    verdicts: Counter[str] = Counter()
    shares, kept = [], []
    for seed in seeds:
        rng = np.random.default_rng([seed, 0x6A7E])
        answers = [
            oracle.answers[place]
            for place in rng.choice(len(oracle.answers), sample_size(len(oracle.classes)), replace=False)
        ]
        truth: dict[TextId, str | None] = {}
        found: Judgement | None = None
        while found is None or found.verdict == "more":
            picks = choose_checks(answers, truth, oracle.classes, size=portion(len(truth)), wanted=WANTED, rng=rng)
            truth |= {one: oracle.truth[one] for one in picks}
            found = judge(answers, truth, oracle.classes, wanted=WANTED, most=MOST)
        verdicts[found.verdict] += 1
        if found.verdict != "not":
            least = found.threshold or 0.0
            right = [
                oracle.right(one)
                for one in oracle.answers
                if found.calibration.probability(one.label, one.confidence) >= least
            ]
            shares.append(len(right) / len(oracle.answers))
            kept.append(float(np.mean(right)))
    shown = ", ".join(f"{name} {times / len(seeds):.0%}" for name, times in verdicts.most_common())
    print(
        f"  {oracle.name}: {shown} | {np.median(shares):.2f} | {np.median(kept):.3f}, lowest {min(kept):.3f} | "
        f"{np.mean(np.array(kept) < WANTED):.1%}"
    )
