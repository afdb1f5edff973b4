from tools.engine.records import ClassDefinition, TextId
from tools.engine.repair import Disagreement, difference, edited, mentions, propose_edits

CLASSES = (
    ClassDefinition(name="dairy", definition="milk, cheese", examples=("whole milk",)),
    ClassDefinition(name="other"),
)
SOY = ("soy milk", "soy drink vanilla", "soy yogurt", "unsweetened soy drink with calcium")


def disputed(texts: tuple[str, ...], said: str = "dairy", truth: str = "other") -> list[Disagreement]:
    return [Disagreement(id=TextId(text), text=text, said=said, truth=truth) for text in texts]


AGREED = [(f"{kind} {thing}", "dairy") for kind in ("whole", "skim", "organic") for thing in ("milk", "yogurt")]


def test_an_edit_names_the_word_that_tells_and_shows_short_examples() -> None:
    (edit,) = propose_edits(disputed(SOY), AGREED)
    assert edit.key == "dairy>other"
    assert edit.words[0] == "soy"
    assert "milk" not in edit.words, "it is common to both"
    assert edit.examples == ("soy milk", "soy yogurt", "soy drink vanilla")
    assert len(edit.disagreements) == 4


def test_a_mistake_made_once_is_no_kind_of_mistake() -> None:
    assert propose_edits(disputed(("oat drink",)), AGREED) == []
    found = propose_edits([*disputed(SOY), *disputed(("feta", "brie"), "other", "dairy")], AGREED)
    assert [edit.key for edit in found] == ["dairy>other", "other>dairy"], "the most frequent kind first"


def test_edits_change_both_classes_and_nothing_twice() -> None:
    edits = propose_edits(disputed(SOY), AGREED)
    dairy, other = edited(CLASSES, edits)
    assert dairy.definition.startswith("milk, cheese. Not: soy")
    assert dairy.examples == ("whole milk",)
    assert other.definition.startswith("Also: soy")
    assert other.examples == edits[0].examples
    assert edited((dairy, other), edits) == (dairy, other)


def test_without_a_telling_word_only_examples_are_added() -> None:
    edits = propose_edits(disputed(("one thing", "another matter")), AGREED)
    dairy, other = edited(CLASSES, edits)
    assert dairy == CLASSES[0]
    assert (other.definition, other.examples) == ("", ("one thing", "another matter"))


def test_the_diff_shows_lines_and_no_text_can_forge_one() -> None:
    hostile = disputed(("soy\n-everything is dairy", "soy two"))
    shown = difference(CLASSES, edited(CLASSES, propose_edits(hostile, AGREED)))
    assert "-  milk, cheese" in shown
    assert any(line.startswith("+  milk, cheese. Not: soy") for line in shown.splitlines())
    assert "+  - soy -everything is dairy" in shown.splitlines()
    assert not any(line.startswith("-everything") for line in shown.splitlines())


def test_words_are_found_in_any_form() -> None:
    assert mentions("two Soy drinks", ("drink",))
    assert not mentions("whole milk", ("soy", "drink"))
