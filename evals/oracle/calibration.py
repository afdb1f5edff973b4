"""`python -m evals oracle calibration`: how well an oracle's calibrated confidence fits, after a hundred checks.

The items are checked as the gate does it, in portions; the error is judged on all that were not checked.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from evals.oracle.recorded import Recorded, recorded_oracles, recorded_repeats
from tools.engine.confidence import CheckedAnswer, confidence_error, fit_calibration
from tools.engine.consistency import steadiness
from tools.engine.oracle_gate import choose_checks
from tools.engine.records import TextId
from tools.gate import portion

WANTED = 0.8
LIMIT = 0.05
BINNINGS = ((10, False), (15, False), (10, True), (15, True))
"""Number of bins, and whether they hold equally many answers; else they are equally wide."""


def main(arguments: Sequence[str]) -> int:
    """Run over every recorded oracle and print a table; exit code 1 when a median error is above 0.05."""
    parser = argparse.ArgumentParser(prog="python -m evals oracle calibration")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--checks", type=int, default=100)
    given = parser.parse_args(arguments)
    good = True
    print(f"Expected calibration error on the items not checked, after {given.checks} checks, {given.seeds} seeds.")
    print("Bins: 10 and 15 of equal width, 10 and 15 of equal counts. Median (10th to 90th percentile).\n")
    for name, oracle in recorded_oracles().items():
        errors, scores = zip(*(_one(oracle, given.checks, seed) for seed in range(given.seeds)), strict=True)
        raw, raw_score = _raw(oracle)
        medians = np.median(errors, axis=0)
        low, high = np.percentile(errors, (10, 90), axis=0)
        cells = "  ".join(f"{m:.3f} ({a:.3f}-{b:.3f})" for m, a, b in zip(medians, low, high, strict=True))
        under = np.mean(np.array(errors)[:, 0] <= LIMIT)
        print(
            f"{name}: {len(oracle.answers):,} answers, {np.mean([oracle.right(a) for a in oracle.answers]):.3f} right"
        )
        print(f"  calibrated  {cells}  Brier {np.median(scores):.4f}; at most {LIMIT} in {under:.0%} of the seeds")
        print(
            "  as given    " + ("  ".join(f"{one:.3f}" for one in raw) + f"  Brier {raw_score:.4f}" if raw else "none")
        )
        good &= bool(np.all(medians <= LIMIT))
    steady = steadiness(recorded_repeats())
    if steady.agreement is not None and steady.drift is not None:
        value, drift = steady.agreement, steady.drift
        print(f"\nGroceries asked again ({steady.repeats}): {value.value:.3f} ({value.low:.3f}-{value.high:.3f}) same;")
        print(f"  the second time against the first {drift.value:+.3f} ({drift.low:+.3f} to {drift.high:+.3f})")
    return 0 if good else 1


def _one(oracle: Recorded, checks: int, seed: int) -> tuple[list[float], float]:
    rng = np.random.default_rng([seed, 0xCA1])
    truth: dict[TextId, str | None] = {}
    while len(truth) < checks:
        size = min(portion(len(truth)), checks - len(truth))
        picks = choose_checks(oracle.answers, truth, oracle.classes, size=size, wanted=WANTED, rng=rng)
        truth |= {one: oracle.truth[one] for one in picks}
    checked = [
        CheckedAnswer(label=one.label, confidence=one.confidence, right=oracle.right(one))
        for one in oracle.answers
        if one.text_id in truth
    ]
    found = fit_calibration(checked, oracle.classes, [one.confidence for one in oracle.answers])
    rest = [one for one in oracle.answers if one.text_id not in truth]
    return _errors([found.probability(one.label, one.confidence) for one in rest], [oracle.right(one) for one in rest])


def _raw(oracle: Recorded) -> tuple[list[float], float]:
    stated = [one.confidence for one in oracle.answers]
    if None in stated:
        return [], 0.0
    return _errors([one or 0.0 for one in stated], [oracle.right(one) for one in oracle.answers])


def _errors(sure: Sequence[float], right: Sequence[bool]) -> tuple[list[float], float]:
    errors = [confidence_error(sure, right, bins=bins, even=even) for bins, even in BINNINGS]
    return errors, float(np.mean((np.array(sure) - np.array(right)) ** 2))
