"""What a sentence asks for: to find something, to sort into named classes, or to sort by something."""

import pytest

from tools.engine.errors import AskAgain
from tools.engine.wish import read_wish


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        ("find the baby products in receipts.csv", "baby products"),
        ("Find the baby care products among the lines of receipts and e-invoices.", "baby care products"),
        ("find X", "X"),
        ("please find me all the complaints", "complaints"),
        ("Can you find every text about cars?", "cars"),
        ("I want to find all complaints about delivery", "complaints about delivery"),
        ("I'd like to spot toxic comments", "toxic comments"),
        ("which of these are baby products?", "baby products"),
        ("which lines are about billing", "billing"),
        ("which tickets are urgent", "urgent"),
        ("find all the lines in the pool that are about cars", "cars"),
        ("get me everything that is alcohol", "alcohol"),
        ("identify texts that mention a refund", "refund"),
        ("look for messages from customers in German", "messages from customers in German"),
        ("find the tickets about billing in tickets.csv", "tickets about billing"),
        ("find cats and dogs", "cats and dogs"),
        ("find the mac & cheese", "mac & cheese"),
        ("baby products", "baby products"),
        ("are they spam or not", "spam"),
        ("label tickets as bug or not", "bug"),
        ("detect 'nappies'!", "nappies"),
        ("трубы", "трубы"),
    ],
)
def test_something_to_find(request_: str, target: str) -> None:
    wish = read_wish(request_)
    assert (wish.target, wish.classes, wish.facet) == (target, (), "")


@pytest.mark.parametrize(
    ("request_", "classes"),
    [
        ("classify into a, b, c", ("a", "b", "c")),
        ("classify lines.csv into bug, feature request and question", ("bug", "feature request", "question")),
        ("classify the messages as spam or ham", ("spam", "ham")),
        ("please label each review as positive/negative/neutral", ("positive", "negative", "neutral")),
        ("sort these by sentiment: positive, negative", ("positive", "negative")),
        ("tag emails: urgent, normal, low", ("urgent", "normal", "low")),
        ("I'd like to separate spam from ham", ("spam", "ham")),
        ("split the reviews into good and bad", ("good", "bad")),
        ("spam vs ham", ("spam", "ham")),
        ("is it positive or negative?", ("positive", "negative")),
        ("tell me whether a line is food or non-food", ("food", "non-food")),
        ("sort into a, b, and A", ("a", "b")),
    ],
)
def test_classes_that_are_named(request_: str, classes: tuple[str, ...]) -> None:
    wish = read_wish(request_)
    assert (wish.target, wish.classes) == ("", classes)


@pytest.mark.parametrize(
    ("request_", "facet", "count"),
    [
        ("sort these tickets by product area", "product area", None),
        ("categorize tickets by product area into 6 categories", "product area", 6),
        ("group these into 5 groups", "", 5),
        ("group them into five themes", "themes", 5),
        ("classify by language", "language", None),
        ("cluster the questions", "", None),
        ("sort them", "", None),
    ],
)
def test_something_to_sort_by(request_: str, facet: str, count: int | None) -> None:
    wish = read_wish(request_)
    assert (wish.target, wish.classes, wish.facet, wish.count) == ("", (), facet, count)


@pytest.mark.parametrize("request_", ["", "   ", " ... ?"])
def test_a_request_that_says_nothing_is_asked_again(request_: str) -> None:
    with pytest.raises(AskAgain, match="Say what you want of these texts"):
        read_wish(request_)


def test_names_are_cut_and_never_empty() -> None:
    wish = read_wish("find " + "very " * 60 + "long names")
    assert 0 < len(wish.target) <= 90
    assert read_wish("find").target == "find"
    assert len(read_wish("sort into " + ", ".join(f"class {n}" for n in range(99))).classes) == 50
