"""Consistency: what re-asked answers say of an oracle."""

import numpy as np
import pytest

from tools.engine.consistency import Repeat, steadiness


def test_agreement_by_variant_and_drift() -> None:
    order = ("b", "a")
    first = [Repeat(before="a", now="a", round=1, order=order)] * 18 + [Repeat(before="a", now="b", round=1)] * 2
    last = [Repeat(before="a", now="a", round=2)] * 10 + [Repeat(before="a", now="b", round=2)] * 10
    found = steadiness(first + last)
    assert found.repeats == 40
    assert found.agreement is not None
    assert found.agreement.value == pytest.approx(28 / 40)
    assert found.by_order is not None
    assert found.by_order.value == 1.0
    assert found.by_paraphrase is not None
    assert found.by_paraphrase.value == pytest.approx(10 / 22)
    assert found.drift is not None
    assert found.drift.value == pytest.approx(0.5 - 0.9)
    assert found.drift.high < 0, "it has become less steady, beyond chance"


def test_nothing_seen_is_nothing_said() -> None:
    nothing = steadiness([])
    assert nothing.repeats == 0
    assert nothing.agreement is nothing.position is nothing.drift is None
    assert steadiness([Repeat(before="a", now="a", round=1)]).drift is None, "there is no round before"


@pytest.mark.parametrize(("pull", "biased"), [(0.0, False), (0.6, True)])
def test_a_preference_for_the_first_class_shows(pull: float, *, biased: bool) -> None:
    rng = np.random.default_rng(3)
    classes = ["a", "b", "c", "d"]
    repeats = []
    for _ in range(400):
        before, order = str(rng.choice(classes)), tuple(rng.permutation(classes).tolist())
        now = order[0] if rng.random() < pull else (before if rng.random() < 0.7 else str(rng.choice(classes)))
        repeats.append(Repeat(before=before, now=now, round=1, order=order))
    found = steadiness(repeats).position
    assert found is not None
    assert (found.low > 0.5) == biased
