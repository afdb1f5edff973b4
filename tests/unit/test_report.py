"""The report and the model card: complete, honest, self-contained, and safe against hostile texts."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import yaml

from tests.support.reports import (
    HOSTILE,
    REPORTS,
    card_of,
    empty_report,
    hostile_report,
    many_report,
    rare_report,
    scores_of,
    unfinished_report,
)
from tools import report_figures as figures
from tools.engine.records import Estimate
from tools.engine.scoring import headline
from tools.report import headline_sentence, plain, render_model_card, render_report

every_report = pytest.mark.parametrize("name", list(REPORTS))


class Page(HTMLParser):
    """Reads a page strictly: tags must close in order, and text and attributes are kept."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102 - see HTMLParser
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102 - see HTMLParser
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:  # noqa: D102 - see HTMLParser
        assert self.open.pop() == tag
        if tag in {"td", "th", "li", "p", "dt", "dd", "small", "pre", "h1", "h2", "h3"}:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:  # noqa: D102 - see HTMLParser
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        """What a reader sees, white space folded."""
        return " ".join("".join(self.words).split())


@every_report
def test_a_page_is_well_formed_and_needs_nothing_else(name: str) -> None:
    page = Page(render_report(REPORTS[name]()))

    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    targets = [value for _, key, value in page.attributes if key in {"src", "href", "xlink:href", "data", "action"}]
    assert targets == ["https://arxiv.org/abs/2511.14738"]
    assert "url(" not in render_report(REPORTS[name]())
    assert "@import" not in render_report(REPORTS[name]())


@every_report
def test_ids_are_unique_and_every_reference_resolves(name: str) -> None:
    page = Page(render_report(REPORTS[name]()))

    ids = [value for _, key, value in page.attributes if key == "id"]
    references = {part for _, key, value in page.attributes if key == "aria-labelledby" for part in value.split()}
    assert len(ids) == len(set(ids))
    assert references <= set(ids)


@every_report
def test_the_same_report_gives_the_same_page(name: str) -> None:
    assert render_report(REPORTS[name]()) == render_report(REPORTS[name]())


def test_the_headline_says_what_was_learnt_in_plain_words() -> None:
    report = rare_report()
    assert report.scores is not None
    assert report.zero_shot is not None
    target, before = report.scores.per_class["baby care"], report.zero_shot.per_class["baby care"]

    sentence = headline_sentence(report.scores, labels=116, zero_shot=report.zero_shot)

    assert sentence == (
        f"“baby care” found with precision {figures.estimate(target.precision)} and recall "
        f"{figures.estimate(target.recall)} from 116 labels; zero-shot alone: precision "
        f"{figures.estimate(before.precision)} and recall {figures.estimate(before.recall)}."
    )
    assert sentence in Page(render_report(report)).text


@pytest.mark.parametrize("name", ["rare", "many", "unfinished"])
def test_every_number_is_on_the_page(name: str) -> None:
    report = REPORTS[name]()
    scores = report.scores
    assert scores is not None
    text = Page(render_report(report)).text

    estimates = [scores.accuracy]
    estimates += [scores.macro_f1] if scores.positive is None else []
    estimates += [getattr(one, part) for one in scores.per_class.values() for part in ("precision", "recall", "f1")]
    estimates += [headline(round_.scores)[1] for round_ in report.rounds if round_.scores is not None]
    estimates += [report.zero_shot.accuracy] if report.zero_shot is not None else []
    estimates += [scores.average_precision] if scores.average_precision is not None else []
    missing = [figures.estimate(one) for one in estimates if figures.estimate(one) not in text]
    assert missing == []

    for count in (report.made.labels, report.made.gold, report.made.seed_calls, *report.made.label_counts.values()):
        assert re.search(rf"\b{count}\b", text)
    cells = " ".join(str(cell) for cell in scores.confusion[0])
    assert cells in " ".join(re.findall(r"\d+", text.partition("Columns: what the model says.")[2]))
    for part in (figures.money(report.made.cost), figures.duration(report.made.seconds), report.command, "0.1.0"):
        assert part in text


def test_a_rare_class_comes_with_its_threshold_and_hard_texts() -> None:
    text = Page(render_report(rare_report())).text

    assert "from a probability of 0.71 on" in text
    assert "nappy sacks scented x100 52 % sure model: other · wrong, it is baby care · close to household" in text
    assert "BABY CARROTS 500G 81 % sure model: baby care · wrong, it is other" in text
    assert "milk frother SS 51 % sure model: baby care · not judged · far from all labels" in text
    assert "weigh each text by how many of the pool it stands for" in text


def test_the_curve_has_a_point_a_round_and_the_zero_shot_line() -> None:
    report = rare_report()
    page = Page(render_report(report))

    assert [key for _, key, value in page.attributes if key == "class" and value == "dot"].count("class") == 6
    assert "Zero-shot alone:" in page.text
    assert ("svg", "role", "img") in page.attributes


def test_places_on_the_curve_follow_labels_and_scores() -> None:
    report = rare_report()
    curve = figures.learning_curve(report.rounds, report.zero_shot)

    assert curve is not None
    assert [dot.labels for dot in curve.dots] == [16, 36, 56, 76, 96, 116]
    assert [dot.x for dot in curve.dots] == [pytest.approx(100 * dot.labels / 116, abs=0.01) for dot in curve.dots]
    for dot in curve.dots:
        assert 0 <= dot.high <= dot.y <= dot.low <= 100
    assert curve.dots[-1].y < curve.dots[0].y
    assert 0 <= (curve.zero_shot or 0) <= 100
    assert [tick.text for tick in curve.x_ticks] == ["0", "50", "100"]


def test_without_gold_the_page_says_that_scores_are_cross_validated() -> None:
    text = Page(render_report(unfinished_report())).text

    assert "Cross-validated on the 16 labeled training texts themselves" in text
    assert "No gold sample." in text
    assert "never trained on" not in text
    assert "the learning curve begins with the second" in text
    assert "0 (scored)" in text


def test_before_there_is_a_model_the_page_says_so() -> None:
    text = Page(render_report(empty_report())).text

    assert "No model yet: 16 labels so far." in text
    assert "No round has scores yet" in text
    assert "How good it is" not in text


def test_eighteen_classes_keep_the_table_and_more_become_pairs() -> None:
    table = Page(render_report(REPORTS["many"]()))
    pairs = Page(render_report(REPORTS["very many"]()))

    assert "Columns: what the model says." in table.text
    assert "Columns: what the model says." not in pairs.text
    assert "these are the 20 pairs confused most" in pairs.text


def test_confused_pairs_come_by_count() -> None:
    scores = replace(
        scores_of(("a", "b", "c"), (1, 1, 1), n=30, skill=0.9), confusion=((8, 2, 0), (5, 5, 0), (0, 1, 9))
    )

    found = [(pair.true, pair.predicted, pair.count, pair.share) for pair in figures.confused_pairs(scores)]

    assert found == [("b", "a", 5, 0.5), ("a", "b", 2, 0.2), ("c", "b", 1, 0.1)]


def test_a_class_judged_on_few_texts_is_named_as_a_limit() -> None:
    report = many_report()
    assert report.scores is not None
    few = [name for name, one in report.scores.per_class.items() if one.support < 10]
    listed = Page(render_report(report)).text.partition("fewer than 10 texts")[2]

    assert few
    assert all(f"{name} ({report.scores.per_class[name].support})" in listed for name in few)


def test_hostile_texts_stay_text_on_the_page() -> None:
    html = render_report(hostile_report())
    page = Page(html)

    assert set(page.tags).isdisjoint({"script", "img", "b onerror"})
    assert page.tags.count("h1") == 1
    assert not [key for _, key, _ in page.attributes if key.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00\x1b\ud800]", html)
    assert "⟨U+202E⟩" in html
    assert "x" * 600 not in html
    html.encode()


def test_hostile_texts_stay_text_in_the_card() -> None:
    report = hostile_report()
    card = render_model_card(replace(card_of(report), languages=("en\nlicense: evil",)))
    front, body = re.fullmatch(r"---\n(.*?\n)---\n(.*)", card, re.DOTALL).groups()  # type: ignore[union-attr]
    outside_code = re.sub(r"(?<!\\)(`+)[^`].*?\1(?!`)", "", body)

    assert set(yaml.safe_load(front)) == {"library_name", "pipeline_tag", "tags", "metrics", "language"}
    assert not re.search(r"(?<!\\)<script", outside_code)
    assert not re.search(r"(?<!\\)<", outside_code)
    assert f"``` {HOSTILE[5]} ```" in body
    assert "https://evil" not in outside_code
    assert "www.evil" not in outside_code
    assert "](http://evil" not in outside_code
    assert [line for line in body.splitlines() if line.startswith("# ")] == [
        "# \\</td\\>\\</table\\>\\<h1\\>free\\</h1\\>"
    ]
    assert "---" not in [line.strip() for line in body.splitlines()]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", card)


def test_the_front_matter_is_what_the_hub_reads() -> None:
    card = render_model_card(card_of(rare_report()))

    front = yaml.safe_load(card.split("---\n")[1])
    assert front["library_name"] == "transformers"
    assert front["pipeline_tag"] == "text-classification"
    assert front["language"] == ["en"]
    assert "active-learning" in front["tags"]


def test_the_card_tells_how_the_model_was_made_and_how_to_use_it() -> None:
    report = rare_report()
    card = render_model_card(card_of(report))
    assert report.scores is not None
    target = report.scores.per_class["baby care"]

    for part in (
        "arXiv 2511.14738",
        "Guideline version 2, 2 classes",
        "**baby care** (the target): Fed to, worn by",
        "For example `Pampers size 4, 44 pack`, `SMA FOLLOW ON 800G`",
        "| language model (gpt-x) | picked by the strategy | 80 |",
        "| a person | gold sample, for measuring only | 120 |",
        " | ".join(
            ["| baby care", str(target.support), *map(figures.estimate, (target.precision, target.recall, target.f1))]
        ),
        "from a probability of **0.71** on",
        "Measured on 120 gold texts, drawn at random within strata",
        "Seed of the random generator: 7",
        "Cost: \\$0.023",
        "trust_remote_code=True",
        "laud predict FOLDER texts.csv --out predictions.csv",
        "right on 24 of 25 answers",
    ):
        assert part in card
    assert "\n\n\n" not in card


def test_the_card_of_a_task_without_zero_shot_has_no_column_for_it() -> None:
    card = render_model_card(replace(card_of(many_report()), zero_shot=None, languages=()))

    assert "Zero-shot alone" not in card
    assert "language" not in yaml.safe_load(card.split("---\n")[1])


@pytest.mark.parametrize(
    ("value", "shown"), [(0.973, "0.97"), (0.9966, "0.997"), (0.99999, "0.999"), (1.0, "1.00"), (0.0, "0.00")]
)
def test_scores_have_two_digits_and_never_round_up_to_perfect(value: float, shown: str) -> None:
    assert figures.number(value) == shown


@pytest.mark.parametrize(
    ("dollars", "shown"), [(0, "$0"), (0.00042, "$0.00042"), (0.0234, "$0.023"), (1.5, "$1.50"), (1234.5, "$1,234.50")]
)
def test_prices_keep_the_digits_that_matter(dollars: float, shown: str) -> None:
    assert figures.money(dollars) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(1.34, "1.3 s"), (42.2, "42 s"), (59.7, "1 min 0 s"), (754, "12 min 34 s"), (7300, "2 h 1 min")],
)
def test_times_have_the_two_units_that_matter(seconds: float, shown: str) -> None:
    assert figures.duration(seconds) == shown


def test_a_score_of_nothing_is_a_dash() -> None:
    assert figures.estimate(Estimate(value=0, low=0, high=1)) == "—"
    assert figures.estimate(Estimate(value=0, low=0, high=0.3)) == "0.00 [0.00, 0.30]"


def test_plain_text_is_one_visible_line() -> None:
    assert plain("  a\n\tb\u2028c ") == "a b c"
    assert plain("a\u202eb\x07\u00ad") == "a⟨U+202E⟩b⟨U+0007⟩⟨U+00AD⟩"
    assert plain("\u0645\u06cc\u200c\u062e 👩\u200d👧") == "\u0645\u06cc\u200c\u062e 👩\u200d👧"
    assert plain("x" * 500, 160) == "x" * 159 + "…"
