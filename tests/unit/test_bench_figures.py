"""What the bench makes of results: curves, intervals, comparisons, baselines, tables and plots."""

import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from evals.loop.baselines import check, load_baselines, renewed, write_baselines
from evals.loop.comparing import difference, sign_flip_p
from evals.loop.curves import Curve, common_range, spread
from evals.loop.groups import Group, groups
from evals.loop.plots import write_plots
from evals.loop.protocol import Key, method_parts, reference_of
from evals.loop.results import Line, Run, TestScores, append, read
from evals.loop.tables import shown, tables

LABELS = (16, 50, 100)
AUTO, RANDOM, PEER = "laud:auto:auto", "laud:random:auto", "peer:<small> & text"


def run_of(
    scores: Sequence[float], *, method: str = AUTO, seed: int = 0, data: str = "letters", rare: bool = False
) -> Run:
    """A run with these main scores at LABELS."""
    return tuple(
        Line(
            data=data,
            method=method,
            oracle="gold",
            seed=seed,
            labels=labels,
            calls=labels + 4,
            scores=TestScores(accuracy=0.9 if rare else value, macro_f1=value, f1=value if rare else None),
            seconds=labels / 10,
            of_round=number,
        )
        for number, (labels, value) in enumerate(zip(LABELS, scores, strict=False))
    )


def runs_of(*found: Run) -> Mapping[Key, Run]:
    return {run[0].key: run for run in found}


def five(method: str, last: Sequence[float], *, data: str = "letters") -> list[Run]:
    """A run a seed that rises to `last`."""
    return [run_of((0.4, 0.5, score), method=method, seed=seed, data=data) for seed, score in enumerate(last)]


BETTER, LOWER = (0.80, 0.82, 0.81, 0.79, 0.83), (0.70, 0.74, 0.72, 0.71, 0.73)


@pytest.fixture
def group() -> Group:
    """Five seeds of the default, all better than drawing at random, and a peer."""
    (made,) = groups(runs_of(*five(AUTO, BETTER), *five(RANDOM, LOWER), *five(PEER, LOWER[:2])))
    return made


# --- curves -----------------------------------------------------------------------------------------------------------


def test_a_curve_is_straight_between_its_checkpoints_and_unknown_beyond_them() -> None:
    curve = Curve(labels=(10, 20, 40), scores=(0.5, 0.7, 0.6))
    assert [curve.at(labels) for labels in (10, 15, 30, 40)] == pytest.approx([0.5, 0.6, 0.65, 0.6])
    assert curve.at(9) is None
    assert curve.at(41) is None
    assert curve.area(10, 40) == pytest.approx((10 * 0.6 + 20 * 0.65) / 30)
    assert curve.area(15, 30) == pytest.approx((5 * 0.65 + 10 * 0.675) / 15)
    assert curve.area(5, 40) is None


def test_a_level_is_reached_where_the_curve_first_stands_at_it() -> None:
    curve = Curve(labels=(10, 20, 40, 60), scores=(0.5, 0.7, 0.6, 0.8))
    assert curve.reaches(0.4) == 10
    assert curve.reaches(0.65) == pytest.approx(17.5)
    assert curve.reaches(0.75) == pytest.approx(55)
    assert curve.reaches(0.9) == math.inf


def test_curves_are_compared_where_all_of_them_run() -> None:
    long, short = Curve(labels=(10, 100), scores=(0, 1)), Curve(labels=(20, 60), scores=(0, 1))
    assert common_range([long, short]) == (20, 60)
    assert common_range([short, Curve(labels=(60, 90), scores=(0, 1))]) is None


def test_an_interval_over_seeds_holds_the_figure_and_takes_infinities() -> None:
    found = spread([0.6, 0.7, 0.65, 0.8, 0.62])
    assert (found.value, found.seeds) == (0.65, 5)
    assert 0.6 <= found.low < found.value < found.high <= 0.8
    assert spread([0.6, 0.7, 0.65, 0.8, 0.62]) == found
    assert spread([0.6]).low == spread([0.6]).high == 0.6
    never = spread([100.0, 120.0, math.inf])
    assert (never.value, never.high) == (120.0, math.inf)


# --- comparing --------------------------------------------------------------------------------------------------------


def test_the_sign_flip_test_is_exact_for_few_pairs() -> None:
    assert sign_flip_p([0.1, 0.2, 0.05, 0.3, 0.1]) == 2 / 32
    assert sign_flip_p([-0.1, -0.2, -0.05]) == 2 / 8
    assert sign_flip_p([0.1, -0.1]) == 1
    assert sign_flip_p([0.3, 0.1, -0.2]) == 6 / 8
    assert sign_flip_p([0.0, 0.0]) == 1


def test_the_sign_flip_test_is_drawn_for_many_pairs_and_right_when_nothing_differs() -> None:
    assert 0 < sign_flip_p([0.1] * 20) < 0.001
    rng = np.random.default_rng(0)
    found = [sign_flip_p(rng.normal(size=9).tolist()) for _ in range(300)]
    assert 0.02 < np.mean([p <= 0.05 for p in found]) < 0.09


def test_five_seeds_that_agree_lean_and_eight_prove() -> None:
    ours, theirs = [0.8 + seed / 100 for seed in range(8)], [0.7 + seed / 200 for seed in range(8)]
    assert difference(ours, theirs).verdict == "better"
    assert difference(theirs, ours).verdict == "worse"
    assert difference(ours[:5], theirs[:5]).verdict == "leans better"
    assert difference(theirs[:5], ours[:5]).verdict == "leans worse"
    assert difference(ours[:2], theirs[:2]).verdict == "open"
    assert difference([0.8, 0.6, 0.7], [0.7, 0.7, 0.7]).verdict == "open"
    assert difference(ours, theirs).mean.value == pytest.approx(0.1 + 3.5 / 200)


def test_seeds_are_paired_by_their_number() -> None:
    runs = runs_of(
        run_of((0.5, 0.6, 0.7), seed=1), run_of((0.5, 0.6, 0.9), seed=2), run_of((0.4, 0.4, 0.4), method=RANDOM, seed=2)
    )
    (only,) = groups(runs)
    assert only.pairs(AUTO, lambda curve: curve.scores[-1]) == [(0.9, 0.4)]


def test_every_method_has_its_reference() -> None:
    assert reference_of("laud:margin:head") == "laud:random:head"
    assert reference_of("peer:small-text") == RANDOM
    assert method_parts("laud:margin:head") == ("margin", "head")
    for wrong in ("peer:small-text", "laud:margin", "laud::head", "margin"):
        with pytest.raises(ValueError, match="no method of the product"):
            method_parts(wrong)


def test_what_is_saved_is_told_by_the_score_that_random_ends_with(group: Group) -> None:
    assert group.level(RANDOM) == (0.72, 100)
    # From 0.5 at 50 labels the median run rises to 0.81 at 100.
    assert group.saved(AUTO) == pytest.approx((50 + 50 * 0.22 / 0.31) / 100)
    assert group.saved(RANDOM) is None
    (lower,) = groups(runs_of(*five(AUTO, LOWER), *five(RANDOM, BETTER)))
    assert lower.saved(AUTO) == math.inf


# --- results ----------------------------------------------------------------------------------------------------------


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    runs = [run_of((0.5, 0.6, seed / 10), seed=seed, rare=True) for seed in range(8)]
    path = tmp_path / "out" / "results.jsonl"
    with ThreadPoolExecutor() as several:
        list(several.map(lambda run: append(path, run), runs))
    assert read([path]) == runs_of(*runs)
    assert json.loads(path.read_text().splitlines()[0]).keys() == {
        "data", "method", "oracle", "seed", "labels", "calls", "scores", "seconds", "of_round"
    }  # fmt: skip


def test_what_a_kill_cut_short_is_passed_over_and_what_is_written_later_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.jsonl"
    append(path, run_of((0.5, 0.6)))
    with path.open("a") as file:
        file.write('{"data":"letters","meth')
    append(path, run_of((0.7, 0.8, 0.9)))
    assert read([path, tmp_path / "none.jsonl"]) == runs_of(run_of((0.7, 0.8, 0.9)))
    assert "results.jsonl:3 is passed over" in capsys.readouterr().err


def test_the_main_score_is_f1_where_a_class_is_looked_for() -> None:
    assert run_of((0.3,), rare=True)[0].scores.main == 0.3
    assert run_of((0.3,))[0].scores.main == 0.3
    assert [one.metric for one in groups(runs_of(run_of((0.3,), rare=True)))] == ["F1"]


# --- baselines --------------------------------------------------------------------------------------------------------


def test_a_product_that_got_worse_is_found_out_and_one_that_did_not_is_not(group: Group, tmp_path: Path) -> None:
    path = tmp_path / "baselines.json"
    write_baselines(renewed([], [group]), path)
    before = load_baselines(path)
    assert [one.method for one in before] == [AUTO, RANDOM], "peers are no product of this project"
    assert not any(one.worse for one in check(before, [group]))
    for lost, worse in ((0.005, False), (0.1, True)):
        (now,) = groups(runs_of(*five(AUTO, [score - lost for score in BETTER])))
        area, last = check(before, [now])
        assert (area.figure, last.figure) == ("area", "last")
        assert last.now - last.then == pytest.approx(-lost)
        assert area.now - area.then == pytest.approx(-lost / 2 * 50 / 84, abs=1e-4)
        assert area.worse == last.worse == worse


def test_fewer_seeds_are_given_more_tolerance_and_other_seeds_are_not_compared(group: Group) -> None:
    before = renewed([], [group])
    (some,) = groups(runs_of(*five(AUTO, BETTER[:2])))
    (other,) = groups(runs_of(run_of((0.1, 0.1, 0.1), seed=77)))
    all_of_them, two = (check(before, [now])[1] for now in (group, some))
    assert two.seeds == 2
    assert two.then == pytest.approx(0.81)
    assert two.tolerance == pytest.approx(all_of_them.tolerance * math.sqrt(5 / 2))
    assert check(before, [other]) == []


def test_new_baselines_take_the_place_of_their_own_only(group: Group) -> None:
    (elsewhere,) = groups(runs_of(*five(AUTO, LOWER, data="numbers")))
    (again,) = groups(runs_of(*five(AUTO, LOWER)))
    made = renewed(renewed([], [group, elsewhere]), [again])
    last = {(one.data, one.method): one.seeds[0].last for one in made}
    assert last == {("letters", AUTO): 0.7, ("letters", RANDOM): 0.7, ("numbers", AUTO): 0.7}


def test_the_committed_baselines_can_be_read() -> None:
    assert all(one.seeds for one in load_baselines())


# --- tables and plots -------------------------------------------------------------------------------------------------


def test_the_tables_tell_scores_what_they_took_and_who_is_better(group: Group) -> None:
    told = tables(runs_of(*(run for by_seed in group.runs.values() for run in by_seed.values())))
    lines = told.splitlines()
    (scores,) = (line for line in lines if line.startswith(f"| `{AUTO}` | 5 | 0.400"))
    assert f"| 0.810 [{min(BETTER):.3f}, " in scores
    assert scores.endswith("| 104 | 10 |"), "calls and seconds of the whole run"
    (overall,) = (line for line in lines if line.startswith(f"| `{AUTO}` | 1 | 5 |"))
    assert "**leans better** | 85 % | none |" in overall
    (against,) = (line for line in lines if line.startswith(f"| `{AUTO}` | `{RANDOM}` | 5 |"))
    assert "+0.090" in against
    assert "p 0.062" in against
    assert tables({}) == "No results.\n"


def test_what_is_worse_at_a_checkpoint_is_named() -> None:
    told = tables(runs_of(*five(AUTO, LOWER), *five(RANDOM, BETTER)))
    assert "**leans worse** | never | letters |" in told


def test_a_figure_without_an_interval_is_shown_alone() -> None:
    assert shown(None) == "—"
    assert shown(spread([0.5])) == "0.500"
    assert shown(spread([100.0, math.inf, math.inf]), 0).startswith("never [")


def test_a_plot_is_an_svg_with_a_curve_a_method(group: Group, tmp_path: Path) -> None:
    (path,) = write_plots([group], tmp_path)
    drawing = ET.parse(path).getroot()  # noqa: S314 - what this project wrote itself
    space = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f"{space}polyline")) == len(drawing.findall(f"{space}polygon")) == 3
    assert {PEER, AUTO, RANDOM} <= {text.text for text in drawing.findall(f"{space}text")}
    heights = [float(point.split(",")[1]) for point in drawing.findall(f"{space}polyline")[0].get("points", "").split()]
    assert heights == sorted(heights, reverse=True), "a rising curve goes up"
