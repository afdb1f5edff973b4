"""The bench of label efficiency, over the sample that comes with LAUD."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from evals.__main__ import main
from evals.loop.protocol import Key
from evals.loop.results import RESULTS, Run, read
from tools.engine.scoring import summary
from tools.evaluation import evaluate
from tools.plan import RunPlan
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

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

    def run(self, data: str, *arguments: str) -> int:
        """The same for `run` with one seed, and for drawing at random unless a method is named."""
        given = ("--methods", RANDOM, "--seeds", "1", "--labels", str(LABELS))
        return self.loop("run", "--data", data, *given, *arguments)

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
    """Two data sets, run side by side once for all tests, then a second method on one of them."""
    made = Benched(folder=tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as environment:
        # Sums over one thread come out the same wherever a run is repeated.
        environment.setenv("OMP_NUM_THREADS", "1")
        assert made.run("baby-care,receipts", "--jobs", "2") == 0
        assert made.run("baby-care", "--methods", f"{RANDOM},{MARGIN}") == 0
        yield made


def key(data: str, method: str) -> Key:
    """The run with the first seed."""
    return Key(data=data, oracle="gold", method=method, seed=0)


def test_every_run_is_judged_at_its_checkpoints(benched: Benched) -> None:
    assert list(benched.results) == [key("baby-care", MARGIN), key("baby-care", RANDOM), key("receipts", RANDOM)]
    for one, lines in benched.results.items():
        seed = {"baby-care": 16, "receipts": 36}[one.data]
        assert [line.labels for line in lines] == [seed, LABELS]
        assert lines[0].of_round < lines[1].of_round
        assert all(line.calls >= line.labels for line in lines)
        assert 0 < lines[0].seconds < lines[1].seconds
        assert (lines[0].scores.f1 is None) == (one.data == "receipts")
    starts = [benched.results[key("baby-care", method)][0] for method in (RANDOM, MARGIN)]
    assert starts[0].scores == starts[1].scores, "the cold start is the same for all strategies"


def test_a_second_start_skips_what_is_done(benched: Benched) -> None:
    written = (benched.folder / RESULTS).read_text(encoding="utf-8").splitlines()
    assert len(written) == 6, "what was done when a method was added is written once"
    assert benched.run("baby-care,receipts", "--jobs", "2") == 0
    assert (benched.folder / RESULTS).read_text(encoding="utf-8").splitlines() == written


def test_a_run_that_was_killed_is_begun_anew_and_comes_out_alike(benched: Benched, tmp_path: Path) -> None:
    with benched.workspace("baby-care") as bench:
        assert bench.tasks.names() == [], "what is judged is deleted"
        left = make_spec({"name": "gold margin head 0", "pool": "baby-care", "classes": ["other", "baby care"]})
        create_task(bench, left)
        run(bench, RunPlan(task=left.name, oracle="replay:label", labels=20, gold=0, learner="head", seed=9))
    again = Benched(folder=tmp_path)
    assert again.run("baby-care", "--methods", MARGIN, "--pools", str(benched.folder / "pools")) == 0
    (lines,) = again.results.values()
    assert [line.scores for line in lines] == [line.scores for line in benched.results[key("baby-care", MARGIN)]]


def test_the_scores_are_those_of_the_product(benched: Benched, tmp_path: Path) -> None:
    assert main(["loop", "split", "baby-care", "--out", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "data_set.json").read_text(encoding="utf-8"))
    batch = told["batch"]
    classes = [{"name": name, "definition": told["definitions"][name]} for name in told["classes"]]
    spec = {"name": "by hand", "pool": told["name"], "classes": classes, "positive": told["positive"]}
    plan = RunPlan(task="by hand", oracle="replay:label", gold=0, batch=batch, strategy="margin", learner="head")
    with benched.workspace("baby-care") as bench:
        create_task(bench, make_spec({**spec, "description": told["description"]}))
        for line in benched.results[key("baby-care", MARGIN)]:
            run(bench, replace(plan, labels=line.labels))
            scores = summary(evaluate(bench, "by hand", test=str(tmp_path / "test.jsonl")).scores)
            assert scores["f1"] > 0
            seen = line.scores.model_dump()
            assert seen == pytest.approx({name: value for name, value in scores.items() if name in seen}, abs=1e-5)


def test_a_check_fails_when_the_product_got_worse(
    benched: Benched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "baselines.json")
    assert benched.loop("check", "--baselines", kept) == 1
    assert "No baseline can be compared" in capsys.readouterr().err
    assert benched.loop("check", "--baselines", kept, "--write") == 0
    assert benched.loop("check", "--baselines", kept) == 0
    assert "None of 6 figures got worse." in capsys.readouterr().out
    better = json.loads(Path(kept).read_text(encoding="utf-8"))
    better[0]["seeds"]["0"]["last"] += 0.2
    Path(kept).write_text(json.dumps(better), encoding="utf-8")
    assert benched.loop("check", "--baselines", kept) == 1
    assert "1 of 6 figures got worse." in capsys.readouterr().out
    assert benched.loop("check", "--baselines", kept, "--data", "receipts") == 0


def test_tables_and_plots_are_of_the_runs_chosen(benched: Benched, capsys: pytest.CaptureFixture[str]) -> None:
    assert benched.loop("table", "--data", "baby-care") == 0
    told = capsys.readouterr().out
    assert "## baby-care, gold labels (F1)" in told
    assert f"| `{MARGIN}` | `{RANDOM}` | 1 |" in told
    assert "receipts" not in told
    assert benched.loop("plot") == 0
    assert {path.name for path in (benched.folder / "plots").iterdir()} == {"baby-care-gold.svg", "receipts-gold.svg"}


def test_a_mistake_is_told(benched: Benched, capsys: pytest.CaptureFixture[str]) -> None:
    assert benched.run("recipes") == 2
    assert "No data set recipes" in capsys.readouterr().err
    assert benched.run("receipts", "--methods", "margin") == 2
    assert "'margin' is no method of the product" in capsys.readouterr().err
    assert benched.run("receipts", "--methods", "laud:nothing:head") == 1
    assert "There is no strategy 'nothing'" in capsys.readouterr().err
    assert benched.run("receipts", "--oracle", "model") == 1
    assert "no labels of a language model are recorded" in capsys.readouterr().err
