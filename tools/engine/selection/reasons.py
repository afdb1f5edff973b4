"""Why a query strategy picked a text, in a sentence for the person who labels it."""

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "cold-start": "it was among the texts that the zero-shot pass was surest of, to fill the verified seed",
        "random": "it was drawn by lot",
        "least-confidence": "the model was least sure of it",
        "margin": "the model was torn between two classes",
        "entropy": "the model found all classes about equally likely",
        "typical": "it is the most typical text of a part of the pool without labels",
        "k-centre": "it is the text farthest from all that were labeled",
        "density-margin": "the model was torn about it, and many texts are like it",
        "diverse-margin": "the model was torn about it, and it stands for a group of such texts",
        "class-balanced": "it was predicted as a class that has few labels",
        "positive-hunt/likely": "it looked like the class that is looked for",
        "positive-hunt/boundary": "the model was torn whether it is of the class that is looked for",
        "positive-hunt/explore": "it was drawn by lot, to find what the model does not know of",
        "positive-cover/explore": "it may be of the class that is looked for, by its description, and nothing like it "
        "has a label yet",
        "positive-cover/boundary": "the model was torn about it, and it stands for a group of such texts",
        "given": "a person labeled it unasked",
        "check": "it was drawn by lot, to judge an oracle's answer to it",
    }
)
"""What each strategy picks a text for."""


def why(strategy: str, number: int, probabilities: Mapping[str, float]) -> str:
    """The strategy's reason, and what the model thought that stood before round `number`.

    `probabilities` are that model's, or the zero-shot pass's for the cold start (round 0), by class.
    """
    reason = REASONS.get(strategy, f"the strategy {strategy} chose it")
    said = f"{reason[0].upper()}{reason[1:]}."
    if len(probabilities) < 2:
        return said
    first, second = sorted(probabilities, key=lambda name: -probabilities[name])[:2]
    who = "The zero-shot pass" if number == 0 else f"The model of round {number - 1}"
    return f"{said} {who} gave {first!r} {probabilities[first]:.0%} and {second!r} {probabilities[second]:.0%}."
