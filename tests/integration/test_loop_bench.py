"""The bench of label efficiency, over the sample that comes with LAUD."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from evals.__main__ import main
from evals.loop.protocol import Key
from evals.loop.results import RESULTS, Run, read
from tools.evaluation import evaluate
from tools.plan import RunPlan
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

DATA = ("baby-care", "receipts")
RANDOM, MARGIN = "laud:random:head", "laud:margin:head"
LABELS = 50
"""One checkpoint after the seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benched:
    """A folder of results, and how the bench is called for it."""

    folder: Path

    def loop(self, *arguments: str) -> int:
        """The exit code of `python -m evals loop …`."""
        return main(["loop", *arguments, "--out", str(self.folder)])

    def run(self, *arguments: str) -> int:
        """The same for `run`, with the methods and labels of these tests."""
        methods = f"{RANDOM},{MARGIN}"
        return self.loop("run", "--methods", methods, "--seeds", "1", "--labels", str(LABELS), *arguments)

    @property
    def results(self) -> Mapping[Key, Run]:
        """What the file of results holds."""
        return read([self.folder / RESULTS])

    @contextmanager
    def workspace(self, data: str) -> Iterator[Workbench]:
        """Where the pool of a data set is kept."""
        (found,) = (self.folder / "pools").glob(f"{data}-*")
        with open_workbench(Settings(workspace=found, oracle_repeats=0.0), write=True, attended=False) as bench:
            yield bench


@pytest.fixture(scope="module")
def benched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benched]:
    """Two data sets, two methods, one seed, run side by side once for all tests."""
    made = Benched(folder=tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as environment:
        # Sums over one thread come out the same wherever a run is repeated.
        environment.setenv("OMP_NUM_THREADS", "1")
        assert made.run("--data", ",".join(DATA), "--jobs", "2") == 0
        yield made


def test_every_run_is_judged_at_its_checkpoints(benched: Benched) -> None:
    assert {(key.data, key.method, key.oracle, key.seed) for key in benched.results} == {
        (data, method, "gold", 0) for data in DATA for method in (RANDOM, MARGIN)
    }
    for key, lines in benched.results.items():
        seed = {"baby-care": 16, "receipts": 36}[key.data]
        assert [line.labels for line in lines] == [seed, LABELS]
        assert lines[0].of_round < lines[1].of_round
        assert all(line.calls >= line.labels for line in lines)
        assert 0 < lines[0].seconds < lines[1].seconds
        assert (lines[0].scores.f1 is None) == (key.data == "receipts")
    for data in DATA:
        starts = [
            benched.results[Key(data=data, oracle="gold", method=method, seed=0)][0] for method in (RANDOM, MARGIN)
        ]
        assert starts[0].scores == starts[1].scores, "the cold start is the same for all strategies"


def test_a_second_start_skips_what_is_done(benched: Benched) -> None:
    before = (benched.folder / RESULTS).read_bytes()
    assert benched.run("--data", "receipts") == 0
    assert (benched.folder / RESULTS).read_bytes() == before


def test_a_run_that_was_killed_is_begun_anew_and_comes_out_alike(benched: Benched, tmp_path: Path) -> None:
    with benched.workspace("receipts") as bench:
        assert bench.tasks.names() == [], "what is judged is deleted"
        classes = sorted({text.fields["label"] for text in bench.pools.texts("receipts")})
        left = create_task(bench, make_spec({"name": "gold margin head 0", "pool": "receipts", "classes": classes}))
        run(bench, RunPlan(task=left.name, oracle="replay:label", labels=44, gold=0, learner="head", seed=9))
    again = Benched(folder=tmp_path)
    assert again.run("--data", "receipts", "--methods", MARGIN, "--pools", str(benched.folder / "pools")) == 0
    key = Key(data="receipts", oracle="gold", method=MARGIN, seed=0)
    assert [line.scores for line in again.results[key]] == [line.scores for line in benched.results[key]]


def test_the_scores_are_those_of_the_product(benched: Benched, tmp_path: Path) -> None:
    assert main(["loop", "split", "receipts", "--out", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "data_set.json").read_text(encoding="utf-8"))
    classes = [{"name": name, "definition": told["definitions"][name]} for name in told["classes"]]
    spec = make_spec({"name": "by hand", "pool": "receipts", "description": told["description"], "classes": classes})
    with benched.workspace("receipts") as bench:
        task = create_task(bench, spec)
        for line in benched.results[Key(data="receipts", oracle="gold", method=MARGIN, seed=0)]:
            run(
                bench,
                RunPlan(
                    task=task.name, oracle="replay:label", labels=line.labels, gold=0, batch=told["batch"],
                    strategy="margin", learner="head",
                ),
            )  # fmt: skip
            scores = evaluate(bench, task.name, test=str(tmp_path / "test.jsonl")).scores
            assert line.scores.accuracy == pytest.approx(scores.accuracy.value, abs=1e-5)
            assert line.scores.macro_f1 == pytest.approx(scores.macro_f1.value, abs=1e-5)


def test_a_check_fails_when_the_product_got_worse(
    benched: Benched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "baselines.json")
    assert benched.loop("check", "--baselines", kept) == 1
    assert "No baseline can be compared" in capsys.readouterr().err
    assert benched.loop("check", "--baselines", kept, "--write") == 0
    assert benched.loop("check", "--baselines", kept) == 0
    assert "None of 8 figures got worse." in capsys.readouterr().out
    better = json.loads(Path(kept).read_text(encoding="utf-8"))
    better[0]["seeds"]["0"]["last"] += 0.2
    Path(kept).write_text(json.dumps(better), encoding="utf-8")
    assert benched.loop("check", "--baselines", kept) == 1
    assert "1 of 8 figures got worse." in capsys.readouterr().out
    assert benched.loop("check", "--baselines", kept, "--data", "receipts") == 0


def test_tables_and_plots_are_of_the_runs_chosen(benched: Benched, capsys: pytest.CaptureFixture[str]) -> None:
    assert benched.loop("table", "--data", "receipts") == 0
    told = capsys.readouterr().out
    assert "## receipts, gold labels (accuracy)" in told
    assert f"| `{MARGIN}` | `{RANDOM}` | 1 |" in told
    assert "baby-care" not in told
    assert benched.loop("plot") == 0
    assert {path.name for path in (benched.folder / "plots").iterdir()} == {f"{data}-gold.svg" for data in DATA}


def test_a_mistake_is_told(benched: Benched, capsys: pytest.CaptureFixture[str]) -> None:
    assert benched.loop("run", "--data", "recipes") == 2
    assert "No data set recipes" in capsys.readouterr().err
    assert benched.loop("run", "--data", "receipts", "--methods", "margin") == 2
    assert "'margin' is no method of the product" in capsys.readouterr().err
    assert benched.loop("run", "--data", "receipts", "--methods", "laud:nothing:head", "--seeds", "1") == 1
    assert "There is no strategy 'nothing'" in capsys.readouterr().err
    assert benched.loop("run", "--data", "receipts", "--oracle", "model", "--seeds", "1") == 1
    assert "No labels of a language model are recorded" in capsys.readouterr().err
