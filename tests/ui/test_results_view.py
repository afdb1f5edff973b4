"""Results of a task: scores, mistakes, thresholds, what it returns, and what is taken home."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.page import html, ran, results_of
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tests.support.small_loop import small_bench, small_run, small_task
from tools.workbench import Workbench

RARE, EVEN = "rare", "even"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A task that looks for a rare class and one of two classes, after some rounds each."""
    with small_bench(tmp_path_factory.mktemp("trained")) as bench:
        small_run(bench, small_task(bench, RARE, column="marked", positive="marked"))
        small_run(bench, small_task(bench, EVEN))
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
    ran(page)


def test_the_threshold_says_what_would_be_returned(client: httpx.Client) -> None:
    found = client.get(f"/tasks/{RARE}/thresholds").json()
    returned = [one["returned"] for one in found["points"]]
    assert returned == sorted(returned, reverse=True)
    assert returned[0] <= found["pool"]
    strict = next(one["returned"] for one in found["points"] if one["threshold"] == 0.95)
    page = results_of(RARE)
    page.segmented_control(key="see").set_value("Threshold")
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
    page.segmented_control(key="see").set_value("What it returns")
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
    page.segmented_control(key="see").set_value("Why these texts")
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


def test_a_task_without_a_model_says_what_to_do() -> None:
    page = results_of("new")
    assert "No model yet" in page.info[0].value
    assert "Choose a task" in results_of("nowhere").info[0].value
