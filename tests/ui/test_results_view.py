"""Results of a task: scores, mistakes, thresholds, what it returns, and what is taken home."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.page import comes, html, ran, results_of
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tests.support.small_loop import small_bench, small_run, small_task
from tools.workbench import Workbench
from ui.parts import charts, curve, look

RARE, EVEN = "rare", "even"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A task that looks for a rare class and one of two classes, after some rounds each."""
    with small_bench(tmp_path_factory.mktemp("trained")) as bench:
        small_run(bench, small_task(bench, RARE, column="marked", positive="marked"), gold=60)
        small_run(bench, small_task(bench, EVEN, rest=None))
        small_task(bench, "new")
        yield bench


@pytest.fixture(scope="module")
def client(trained: Workbench) -> Iterator[httpx.Client]:
    """The service over them."""
    with served(trained, in_turn()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _pointed(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUD_SERVICE_URL", str(client.base_url))


def test_the_overview_has_scores_with_intervals_and_a_curve() -> None:
    page = results_of(RARE)
    shown = html(page)
    assert "F1 of marked" in shown
    assert "95 % intervals" in shown
    assert "zero-shot" in shown
    assert len(page.get("vega_lite_chart")) == 1
    page.segmented_control(key="measure").set_value("recall")
    page.segmented_control(key="across").set_value("answers")
    ran(page)


def test_the_overview_says_whether_to_go_on_and_what_random_labels_would_have_brought(client: httpx.Client) -> None:
    page = results_of(RARE)
    advice = client.get(f"/tasks/{RARE}/advice").json()
    shown = html(page)
    assert look.html("{}", advice["says"]) in shown
    assert "The last run ended because" in shown
    comes(page, lambda page: "Random labels: an estimate." in html(page), "the estimate")
    comes(results_of(EVEN), lambda page: "are needed" in html(page), "why there is none")


def test_the_chart_of_the_curve_has_its_lines_where_there_is_something_to_draw() -> None:
    row = {"labels": 16, "answers": 30, "cost": 0.1, "round": 0, "value": 0.5, "low": 0.4, "high": 0.6}
    line = {"name": "random, estimated", "labels": 16, "answers": 16, "value": 0.2, "low": 0.1, "high": 0.3}
    bare = curve.curve_spec([row], None, "F1")["layer"]
    whole = curve.curve_spec([row], 0.3, "F1", across="cost", random=[line])["layer"]
    assert len(whole) == len(bare) + 5
    named = [layer["data"]["values"][0]["name"] for layer in whole if layer["mark"]["type"] == "text"]
    assert named == ["random, estimated", "zero-shot"]


def test_the_map_opens_texts_that_are_labeled_together(client: httpx.Client) -> None:
    page = results_of(EVEN)
    page.segmented_control(key="see").set_value("Map")
    comes(page, lambda page: page.get("bidi_component"), "the map")
    assert "Each dot is a text" in html(page)
    for color in ("label", "uncertainty", "round"):
        page.segmented_control(key="map-color").set_value(color)
        ran(page)
    page.slider(key="map-across").set_range(0.3, 0.6)
    page.button(key="map-show").click()
    ran(page)
    part = {"left": 0.3, "right": 0.6, "limit": 25}
    found = client.get(f"/tasks/{EVEN}/map/texts", params=part).json()
    ticks = [one for one in page.checkbox if one.key and one.key.startswith("tick-")]
    assert len(ticks) == len(found["texts"])
    next(one for one in page.button if one.key == "map-is-1").click()
    assert "Tick the texts" in ran(page).warning[0].value
    for one in ticks[:2]:
        page.checkbox(key=str(one.key)).check()
    next(one for one in page.button if one.key == "map-is-1").click()
    assert "2 texts were labeled" in ran(page).success[0].value
    labels = {one["text_id"]: one["label"] for one in client.get(f"/tasks/{EVEN}/labels?limit=500").json()["labels"]}
    assert [labels[one["id"]] for one in found["texts"][:2]] == ["words", "words"]
    page.button(key="map-whole").click()
    ran(page)


def test_colors_go_to_the_most_frequent_classes_and_the_rest_is_grey() -> None:
    names = [f"class {number}" for number in range(10)]
    colors = charts.named_colors(names, counts=list(range(10)), rest="class 9")
    assert colors["class 9"] == colors["class 0"] == charts.GREY
    own = [colors[name] for name in names if colors[name] != charts.GREY]
    assert len(own) == len(set(own)) == len(charts.CLASSES)


def test_how_torn_a_model_is_has_a_color_for_each_step() -> None:
    colors = [charts.step_color(number) for number in range(charts.STEPS + 1)]
    assert (colors[0].upper(), colors[-1].upper()) == tuple(one.upper() for one in charts.RAMP)
    assert len(set(colors)) == len(colors)
    assert [charts.step(share) for share in (0.0, 0.46, 1.0)] == [0, 5, charts.STEPS]


def test_rounds_stand_side_by_side_and_against_each_other(client: httpx.Client) -> None:
    rounds = client.get(f"/tasks/{RARE}/rounds").json()
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Rounds")
    shown = html(ran(page))
    found = client.get(f"/tasks/{RARE}/results", params={"compare": [0, len(rounds) - 1]}).json()
    assert f"{found['changed']:,} of {found['of']:,} texts of the pool differently" in shown
    page.selectbox(key="second-round").set_value(0)
    assert "two different rounds" in ran(page).caption[0].value


def test_the_oracle_page_has_costs_and_says_what_is_missing() -> None:
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Oracle")
    assert "replay:marked" in html(ran(page))
    assert "No oracle was checked" in page.info[0].value


def test_calibration_says_by_what_it_was_judged() -> None:
    page = results_of(EVEN)
    page.segmented_control(key="see").set_value("Confidence")
    assert "gold texts, weighted" in html(ran(page))


def test_the_threshold_says_what_would_be_returned(client: httpx.Client) -> None:
    found = client.get(f"/tasks/{RARE}/thresholds").json()
    returned = [one["returned"] for one in found["points"]]
    assert returned == sorted(returned, reverse=True)
    assert returned[0] <= found["pool"]
    strict = next(one["returned"] for one in found["points"] if one["threshold"] == 0.95)
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Confidence")
    ran(page)
    page.select_slider(key="threshold").set_value(0.95)
    ran(page)
    assert f">{strict:,}</div>" in html(page)
    assert client.get("/tasks/new/thresholds").status_code in {409, 422}


def test_mistakes_open_the_texts_behind_a_number(client: httpx.Client) -> None:
    pairs = client.get(f"/tasks/{EVEN}/results", params={"show": "confused"}).json()["pairs"]
    page = results_of(EVEN)
    page.segmented_control(key="see").set_value("Mistakes")
    ran(page)
    for pair in pairs[:1]:
        assert pair["texts"][0]["text"].replace("&", "&amp;") in html(page)


def test_what_it_returns_and_texts_that_are_tried() -> None:
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Predictions")
    ran(page)
    assert "Surest" in html(page)
    page.segmented_control(key="see").set_value("Take it home")
    ran(page)
    page.text_area(key="tried").set_value("zzz zzz zzz zzz <b>\n\nplain milk")
    next(one for one in page.button if one.label == "What are they?").click()
    ran(page)
    assert "&lt;b&gt;" in html(page)
    page.button(key="export").click()
    ran(page)
    assert "files were written" in page.success[0].value
    page.button(key="export").click()
    ran(page)
    assert "replaced" in ran(page).warning[0].value
    page.button(key="replace").click()
    assert "files were written" in ran(page).success[0].value
    page.button(key="report").click()
    ran(page)
    assert any(getattr(one, "label", "") == "Save the report" for one in page.get("download_button"))


def test_why_texts_were_picked_and_who_labeled_them(client: httpx.Client) -> None:
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Rounds")
    assert "Why it was picked" in html(ran(page))
    page.segmented_control(key="see").set_value("Labels")
    assert "replay:marked" in html(ran(page))
    total = client.get(f"/tasks/{RARE}/labels").json()["total"]
    assert total > 50
    page.number_input(key="labels-at-None-False").set_value(2)
    shown = html(ran(page))
    assert shown.count("<tr>") == min(50, total - 50) + 1
    page.selectbox(key="role").set_value("To judge by")
    ran(page)


def test_a_label_opens_where_it_comes_from(client: httpx.Client) -> None:
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Labels")
    ran(page)
    page.selectbox(key="role").set_value("Of the rounds")
    ran(page)
    one = client.get(f"/tasks/{RARE}/labels", params={"role": "train"}).json()["labels"][0]
    page.selectbox(key="origin-labels-at-train-False-0").set_value(one["text_id"])
    shown = html(ran(page))
    assert f"{one['label']}, by replay:marked" in shown
    assert f"Picked in round {one['round']}." in shown
    assert "learnt from it" in shown


def test_a_task_without_a_model_says_what_to_do() -> None:
    page = results_of("new")
    assert "No model yet" in page.info[0].value
    assert "Choose a task" in results_of("nowhere").info[0].value
