"""Where one label comes from."""

from collections.abc import Mapping

from markupsafe import Markup

from agent.service import wire
from ui.parts import look, words

KINDS: Mapping[str, str] = {
    "label": "said",
    "vote": "voted",
    "repeat": "said, asked again,",
    "check": "said, to be checked,",
    "adjudication": "decided",
    "known": "said, asked what is known,",
}
PURPOSES: Mapping[str, str] = {
    "judge": "It was set apart to judge by: no model has learnt from it.",
    "learn": "Models learn from it.",
    "none": "It has no label now.",
}


def show(found: wire.Origin) -> None:
    """A card with why the text was picked, who said what, and which models learnt from it."""
    said = look.joined(map(_said, found.said))
    look.put(
        look.html(
            "<section class='laud-card'><p class='laud-quote'>{}</p><h3>{}</h3><p class='dim'>{}</p>{}"
            "<ol class='laud-log laud-origin'>{}</ol>{}</section>",
            found.text,
            "No label" if found.label is None else f"{found.label}, by {_who(found.source or '')}",
            PURPOSES[found.purpose],
            _picked(found),
            said,
            _models(found.models),
        )
    )


def _picked(found: wire.Origin) -> Markup:
    if found.picked is None:
        return look.html("<p>{}</p>", "It was drawn by lot." if found.purpose == "judge" else "No strategy picked it.")
    one = found.picked
    return look.html("<p>Picked in round {}. {}</p>", one.round, one.why)


def _said(one: wire.Said) -> Markup:
    about = [f"{one.at:%Y-%m-%d %H:%M}", f"guideline version {one.guideline_version}"]
    if one.confidence is not None:
        about.append(f"{words.percent(one.confidence)} sure")
    if one.cost:
        about.append(words.dollars(one.cost))
    if one.model:
        about.append(f"model {one.model}")
    if one.prompt:
        about.append(f"prompt {one.prompt[:12]}")
    if one.variant:
        about.append(one.variant)
    note = look.html("<div class='dim'>“{}”</div>", one.note) if one.note else ""
    kind = "took it back" if one.outcome == "withdrawn" else KINDS.get(one.kind, one.kind)
    what = "" if one.outcome == "withdrawn" else one.label or one.outcome
    return look.html(
        "<li>{} {} <strong>{}</strong>{}<div class='dim small'>{}</div></li>",
        _who(one.source),
        kind,
        what,
        note,
        ", ".join(about),
    )


def _who(source: str) -> str:
    return source.removeprefix("human:")


def _models(models: list[str]) -> Markup:
    if not models:
        return Markup("")
    return look.html(
        "<p class='dim'>{} learnt from it: {}.</p>",
        "1 model" if len(models) == 1 else f"{len(models)} models",
        ", ".join(models) if len(models) <= 3 else f"{models[0]} to {models[-1]}",
    )
