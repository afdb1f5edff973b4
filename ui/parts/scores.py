"""The overview of a task's results: its scores, the learning curve, whether to go on, and the classes."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from agent.service import wire
from ui.client import Service
from ui.parts import advice, curve, look, words

BASES: Mapping[str, str] = {
    "gold": "on {} texts that were set apart at random and never learnt from",
    "cross-validated": "cross-validated on the {} training labels; a gold sample would judge more honestly",
}


def show(service: Service, task: wire.Task, standing: Mapping[str, Any]) -> None:
    """Tiles, curve and classes."""
    found = standing["scores"]
    _tiles(standing, found)
    basis = BASES.get(found["basis"], "on {} known labels").format(f"{found['n']:,}")
    look.put(look.html("<p class='dim'>Measured {}. Ranges are 95 % intervals.</p>", basis))
    curve.show(service, task, service.rounds(task.name), standing)
    advice.show(service, task, standing)
    _classes(service, task)


def _tiles(standing: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    zero = standing.get("zero_shot") or {}
    measures = [(words.MEASURES[name], found[name], zero.get(name)) for name in words.MEASURES if name in found]
    tiles = [
        look.tile(
            name if found["of"] == "all classes" else f"{name} of {found['of']}",
            words.percent(value["value"]),
            words.interval(value) + ("" if before is None else f"\nzero-shot {words.percent(before['value'])}"),
        )
        for name, value, before in measures
    ]
    more = f"{standing['gold_labels']:,} more to judge by\n{words.dollars(standing['cost'])}"
    look.put(look.tiles(*tiles, look.tile("Labels", f"{standing['labels']:,}", more)))


def _classes(service: Service, task: wire.Task) -> None:
    per_class = service.results(task.name, "scores")["per_class"]
    rows = [
        (name, *(_score(one[measure]) for measure in ("precision", "recall", "f1")), f"{one['texts']:,}")
        for name, one in per_class.items()
    ]
    look.put(
        look.html("<h3>Classes</h3>"),
        look.table(["Class", "Precision", "Recall", "F1", "Texts judged"], rows, numbers=[1, 2, 3, 4]),
    )


def _score(score: Mapping[str, float]) -> Markup:
    return look.html("{} <span class='dim'>{}</span>", words.percent(score["value"]), words.interval(score))
