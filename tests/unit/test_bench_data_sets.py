"""The bench's data sets: split alike every time, nothing in both parts, every class told of."""

import hashlib

import pytest

from evals.loop.data_sets import DataSet, load, names

SAMPLES = {"receipts", "baby-care"}


def digest(data: DataSet) -> str:
    """Of the items and their order."""
    ids = "\0".join([*(item.id for item in data.pool), "", *(item.id for item in data.test)])
    return hashlib.sha256(ids.encode()).hexdigest()[:12]


def test_the_sample_is_always_split_alike() -> None:
    receipts, baby_care = load("receipts"), load("baby-care")
    assert (len(receipts.pool), len(receipts.test)) == (800, 800)
    assert digest(receipts) == digest(baby_care) == "27b3d9881b13"


def test_a_rare_target_stands_against_the_rest() -> None:
    data, all_classes = load("baby-care"), load("receipts")
    assert (data.positive, data.classes) == ("baby care", ("baby care", "other"))
    positives = {item.id for item in all_classes.pool if item.label == "baby care"}
    assert {item.id for item in data.pool if item.label == "baby care"} == positives
    assert {item.label for item in data.pool} == {"baby care", "other"}


def test_only_what_is_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUD_DATA", "no-such-folder")
    assert set(names()) == SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_data_set_is_whole(name: str) -> None:
    data = load(name)
    both = [*data.pool, *data.test]
    assert {item.label for item in both} == set(data.classes) == set(data.definitions)
    assert len({item.id for item in both}) == len(both)
    assert not {item.text for item in data.pool} & {item.text for item in data.test}
    assert {item.model_label for item in data.pool} <= {*data.classes, None}
    if data.positive is None:
        assert len(data.pool) <= 10_000
        assert len(data.test) <= 4_000
