"""Whether to go on labeling, with the reasons."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from agent.service import wire
from ui.client import Refused, Service
from ui.parts import look

TITLES: Mapping[str, str] = {
    "label": "First label what waits",
    "stop": "You can stop here",
    "go on": "Going on may pay",
}


def show(service: Service, task: wire.Task, standing: Mapping[str, Any]) -> None:
    """The advice, what each rule says, and why the last run ended."""
    try:
        found = service.advice(task.name)
    except Refused as error:
        look.put(look.html("<p class='dim'>{}</p>", error.detail))
        return
    ended = standing["stop"]
    why = Markup("")
    if ended["rule"] not in {"open", "waiting"}:
        why = look.html("<p class='dim'>The last run ended because {}.</p>", ended["reason"].rstrip("."))
    rules = look.joined(map(_rule, found.rules))
    hints = look.joined(look.html("<li><span class='sign'>!</span><span>{}</span></li>", one) for one in found.hints)
    look.put(
        look.html(
            "<section class='laud-card laud-advice'><h3>{}</h3><p>{}</p>{}<ul class='laud-steps'>{}{}</ul></section>",
            TITLES[found.verdict],
            found.says,
            why,
            rules,
            hints,
        )
    )


def _rule(one: wire.Outlook) -> Markup:
    kind, sign = ("done", "✓") if one.holds else ("open", "·")
    says = one.says[:1].upper() + one.says[1:]
    return look.html("<li class='{}'><span class='sign'>{}</span><span class='what'>{}.</span></li>", kind, sign, says)
