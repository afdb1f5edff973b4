"""What the bench's peers share: the protocol they keep to and the lines they write. Their libraries are not needed."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from evals.loop.data_sets import load
from evals.loop.peers.running import Answer, on_random_labels, run_peer, scores
from evals.loop.peers.splits import Codes, Split, read_split
from evals.loop.results import read
from evals.loop.splitting import write_split
from tests.support import sources

PEERS = sources.ROOT / "evals/loop/peers"


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    """A rare target, as the peers read it."""
    folder = tmp_path_factory.mktemp("split")
    write_split(load("baby-care"), folder, labels=130)
    return read_split(folder)


def always_other(split: Split, _encoder: Path, seed: int, wanted: Sequence[int]) -> Iterator[Answer]:
    """A peer that needs no library."""
    for labels in wanted:
        yield Answer(labels=labels, predicted=np.ones(len(split.test), dtype=np.int64), seconds=seed, of_round=0)


def run(split: Split, out: Path, *checkpoints: int) -> list[str]:
    """The lines of results after a run."""
    run_peer("other", always_other, split, encoder=out, seed=2, checkpoints=checkpoints, out=out)
    return (out / "results.jsonl").read_text().splitlines()


def test_a_split_is_read_as_it_is(split: Split) -> None:
    data = load("baby-care")
    assert split.pool == tuple(item.text for item in data.pool)
    assert [split.classes[code] for code in split.test_truth] == [item.label for item in data.test]
    assert (split.positive, split.batch, split.checkpoints) == (0, 10, (16, 50, 100, 130))


def test_rounds_end_at_every_checkpoint(split: Split) -> None:
    assert list(split.steps(50)) == [16, 26, 36, 46, 50]
    assert list(split.steps(60)) == [16, 26, 36, 46, 50, 60]
    assert list(split.steps(16)) == [16]


def test_more_random_labels_hold_the_fewer_ones(split: Split) -> None:
    held: list[Codes] = []

    def training(_split: Split, _encoder: Path, labeled: Codes, _seed: int) -> Callable[[], Codes]:
        held.append(labeled)
        return lambda: labeled

    list(on_random_labels(training)(split, Path(), 3, [16, 50]))
    assert [len(labeled) for labeled in held] == [16, 50]
    assert held[1][:16].tolist() == held[0].tolist() == split.drawn(3)[:16].tolist() != split.drawn(4)[:16].tolist()


def test_scores_of_a_rare_target_are_those_of_its_class(split: Split) -> None:
    predicted = np.where(np.arange(len(split.test)) < 200, 0, 1)
    found = scores(split, predicted)
    positives = split.test_truth == 0
    hits = int(positives[:200].sum())
    assert found["precision"] == round(hits / 200, 5)
    assert found["recall"] == round(hits / positives.sum(), 5)
    assert found["accuracy"] == round(float((predicted == split.test_truth).mean()), 5)


def test_lines_are_the_bench_s_and_are_not_written_twice(split: Split, tmp_path: Path) -> None:
    first = run(split, tmp_path, 16, 50, 77)
    assert [json.loads(line)["labels"] for line in first] == [16, 50], "77 is no checkpoint"
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"data": "baby-c')  # what a kill leaves
    assert len(run(split, tmp_path, 16, 50, 100)) == len(first) + 2
    (made,) = read([tmp_path / "results.jsonl"]).values()
    assert [(line.labels, line.calls, line.scores.f1) for line in made] == [(16, 16, 0), (50, 50, 0), (100, 100, 0)]


def test_what_the_peers_import_is_pinned() -> None:
    pinned = set(re.findall(r"^([\w-]+)==", (PEERS / "requirements.txt").read_text(), re.MULTILINE))
    imported = {name.replace("_", "-") for module in sources.modules("evals/loop/peers") for name in module.libraries()}
    assert {"scikit-learn" if name == "sklearn" else name for name in imported} == pinned
