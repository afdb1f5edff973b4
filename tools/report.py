"""What a run leaves behind for people: an HTML page to send to a colleague, and a model card.

Pool texts are hostile: every value that reaches a template is made visible (no control or direction characters) and
escaped by default, for HTML by autoescape, for Markdown by `finalize`. Long texts are cut.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from tools import report_figures as figures
from tools.engine.records import Basis, Estimate, Role, Round, Scores, StopDecision, Task

TEXT_SHOWN = 160
"""Characters of a pool text that are shown before it is cut."""

FEW = 10
"""A class with fewer judged texts than this gets a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a model came to be: the part that a report and a model card share.

    `label_counts` counts labels by who gave them (an oracle's source) and role. `seed_calls` are the oracle calls
    that filling the seed took. `cost` is in dollars, `limits` are sentences. `gold_sampling` is how the gold sample
    was drawn.
    """

    task: Task
    pool_size: int
    encoder: str
    oracle: str
    strategy: str
    learner: str
    seed: int
    label_counts: Mapping[tuple[str, Role], int]
    seed_calls: int
    cost: float
    seconds: float
    gold_sampling: Literal["random", "stratified"] = "random"
    limits: Sequence[str] = ()
    created_at: datetime
    version: str

    @property
    def labels(self) -> int:
        """Labels that the model was trained on: the seed and what the rounds picked."""
        return sum(count for (_, role), count in self.label_counts.items() if role != "gold")

    @property
    def gold(self) -> int:
        """Labels of the gold sample."""
        return sum(count for (_, role), count in self.label_counts.items() if role == "gold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A pool text with what the model says of it; `true` is None where nobody has judged it."""

    text: str
    predicted: str
    confidence: float
    true: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """All that the report of a run shows.

    `scores` are the final model's, None before there is one; `zero_shot` those of the zero-shot pass alone, against
    the same labels. `samples` holds a few predictions by predicted class. `command` repeats the run.
    """

    made: Provenance
    rounds: Sequence[Round]
    scores: Scores | None
    zero_shot: Scores | None = None
    stop: StopDecision | None = None
    hard: Sequence[Example] = ()
    samples: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a model's card says; `languages` are ISO 639-1 codes, empty where unknown."""

    made: Provenance
    rounds: int
    scores: Scores
    zero_shot: Scores | None = None
    languages: Sequence[str] = ()


Format = Literal["html", "md"]


def render_report(report: RunReport) -> str:
    """One HTML page that needs nothing else: no network, no script, no other file."""
    scores = report.scores
    scored = next((round_.scores for round_ in report.rounds if round_.scores is not None), None)
    return (
        _environment("html")
        .get_template("report.html")
        .render(
            report=report,
            made=report.made,
            task=report.made.task,
            scores=scores,
            finding=headline_sentence(scores, labels=report.made.labels, zero_shot=report.zero_shot),
            curve=figures.learning_curve(report.rounds, report.zero_shot),
            matrix=() if scores is None else figures.confusion_rows(scores),
            pairs=() if scores is None else figures.confused_pairs(scores),
            weakest_first=[] if scores is None else _weakest_first(scores),
            rare=[] if scores is None else rarely_judged(scores),
            round_measures=[] if scored is None else list(measures(scored))[:3],
        )
    )


def render_model_card(card: ModelCard) -> str:
    """Markdown with the YAML front matter that the Hugging Face hub reads."""
    front: dict[str, object] = {
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["text-classification", "active-learning", "laud"],
        "metrics": ["accuracy", "f1"],
    }
    if card.languages:
        front["language"] = list(card.languages)
    return (
        _environment("md")
        .get_template("model_card.md")
        .render(
            card=card,
            made=card.made,
            task=card.made.task,
            scores=card.scores,
            finding=headline_sentence(card.scores, labels=card.made.labels, zero_shot=card.zero_shot),
            rare=rarely_judged(card.scores),
            front_matter=Markup(yaml.safe_dump(front, sort_keys=False)),  # noqa: S704 -- YAML quotes its own values
        )
    )


def headline_sentence(scores: Scores | None, *, labels: int, zero_shot: Scores | None) -> str:
    """What was learnt, in one sentence: the result with intervals, the labels it took, and zero-shot beside it."""
    if scores is None:
        return f"No model yet: {labels:,} labels so far."
    found = f"“{scores.positive}” found" if scores.positive else f"{len(scores.classes)} classes told apart"
    sentence = f"{found} with {_two_measures(scores)} from {labels:,} labels"
    return f"{sentence}; zero-shot alone: {_two_measures(zero_shot)}." if zero_shot else f"{sentence}."


def measures(scores: Scores) -> dict[str, Estimate]:
    """The scores that matter for this kind of task by name, the two that sum it up first."""
    if scores.positive is None:
        return {"accuracy": scores.accuracy, "macro F1": scores.macro_f1}
    target = scores.per_class[scores.positive]
    named = {"precision": target.precision, "recall": target.recall, "F1": target.f1}
    if scores.average_precision is not None:
        named["average precision"] = scores.average_precision
    return named | {"accuracy": scores.accuracy}


def rarely_judged(scores: Scores) -> list[str]:
    """Classes that were judged on so few texts that their scores say little."""
    return [name for name, score in scores.per_class.items() if score.support < FEW]


def basis_sentence(made: Provenance, scores: Scores) -> str:
    """What the scores were measured on, and how far that can be trusted."""
    drawn = "at random" if made.gold_sampling == "random" else "at random within strata of the zero-shot score"
    sentences: dict[Basis, str] = {
        "gold": f"Measured on {scores.n:,} gold texts, drawn {drawn} before learning began and never trained on.",
        "cross-validated": f"Cross-validated on the {scores.n:,} labeled training texts themselves: there is no gold "
        "sample. These texts were chosen because they teach most, so they are no fair picture of the pool: take the "
        "scores as a hint.",
        "test": f"Measured on {scores.n:,} labeled texts of a separate test file.",
    }
    return sentences[scores.basis]


def source_words(source: str) -> str:
    """Who stands behind an oracle's source, in plain words."""
    kind, _, detail = source.partition(":")
    kinds = {
        "human": "a person",
        "llm": "language model",
        "replay": "recorded labels",
        "zero-shot": "zero-shot model",
    }
    words = kinds.get(kind, kind)
    return f"{words} ({detail})" if detail else words


def plain(text: str, limit: int | None = None) -> str:
    """The text on one line, cut to `limit` characters, each control, direction or invisible character spelled out.

    Joiners stay, for scripts and emoji need them.
    """
    visible = "".join(
        f"⟨U+{ord(sign):04X}⟩" if unicodedata.category(sign) in _HIDDEN and sign not in _JOINERS else sign
        for sign in " ".join(text.split())
    )
    return visible if limit is None or len(visible) <= limit else visible[: limit - 1].rstrip() + "…"


_ROLES: dict[Role, str] = {
    "seed": "seed of the cold start",
    "train": "picked by the strategy",
    "gold": "gold sample, for measuring only",
}
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})
_JOINERS = frozenset({"\u200c", "\u200d"})
_INTERVAL = re.compile(r"\[\d\.\d+, \d\.\d+\]")
_MARKDOWN = re.compile(r"[\\`*_<>#|~&$@]|\](?=[(\[:])|:(?=//)|(?<=www)\.", re.IGNORECASE)


def _two_measures(scores: Scores) -> str:
    (one, first), (other, second), *_ = measures(scores).items()
    return f"{one} {figures.estimate(first)} and {other} {figures.estimate(second)}"


def _weakest_first(scores: Scores) -> list[str]:
    """The classes in reading order: a task with a positive class starts with it, others with what needs work."""
    if scores.positive is not None:
        return sorted(scores.classes, key=lambda name: name != scores.positive)
    return sorted(scores.classes, key=lambda name: scores.per_class[name].f1.value)


def _environment(form: Format) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html"]),
        finalize=_visible if form == "html" else _markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "estimate": figures.estimate,
        "number": figures.number,
        "percent": figures.percent,
        "money": figures.money,
        "duration": figures.duration,
        "unmeasured": figures.unmeasured,
        "cut": _cut,
        "soften": _soften_intervals,
        "source": source_words,
        "role": _ROLES.__getitem__,
        "quote": _code_span,
    }
    environment.globals |= {
        "measures": measures,
        "basis": basis_sentence,
        "label_rows": _label_rows,
        "most_pairs": figures.PAIRS_SHOWN,
    }
    return environment


def _label_rows(made: Provenance) -> list[tuple[tuple[str, Role], int]]:
    roles = list(_ROLES)
    return sorted(made.label_counts.items(), key=lambda row: (roles.index(row[0][1]), -row[1]))


def _cut(text: str, limit: int = TEXT_SHOWN) -> str:
    return plain(text, limit)


def _soften_intervals(sentence: str) -> Markup:
    """Set intervals back, so that the eye finds the scores first."""
    safe = str(escape(plain(sentence)))
    return Markup(_INTERVAL.sub(r'<span class="soft">\g<0></span>', safe))  # noqa: S704 -- escaped just above


def _visible(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown(value: object) -> object:
    """Escape what Markdown would act on; code spans and front matter come as Markup and stay."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _MARKDOWN.sub(r"\\\g<0>", plain(value))


def _code_span(text: str) -> Markup:
    """A pool text as a Markdown code span, whose fence is longer than any run of backticks in it."""
    shown = plain(text, TEXT_SHOWN)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if "`" in shown else ""
    return Markup(f"{fence}{pad}{shown}{pad}{fence}")  # noqa: S704 -- nothing is markup inside a code span
