"""A language model that knows nothing but what it is shown, behind the endpoint of the tests."""

import copy
import json
from collections import Counter

from tests.support.openai_endpoint import Fault, OpenAIEndpoint, Request


class PromptedEndpoint(OpenAIEndpoint):
    """Gives each text the label of the demonstration that is spelled most like it, and cannot tell without any."""

    def __init__(self) -> None:
        super().__init__(lambda _: "unsure")

    def completion(self, request: Request, fault: Fault | None) -> bytes:
        """The body of a chat completion."""
        shown = demonstrations_of(request)
        if not shown:
            return super().completion(request, fault)
        knowing = copy.copy(self)  # requests come at the same time
        knowing.label = lambda text: shown[max(shown, key=lambda one: _alike(one, text))]
        return OpenAIEndpoint.completion(knowing, request, fault)


def demonstrations_of(request: Request) -> dict[str, str]:
    """The texts with their labels that stand in the request before the one that it asks about."""
    lines = str(request.body["messages"][0]["content"]).splitlines()
    read = [json.loads(line.removeprefix("- ")) for line in lines if line.startswith('- {"text"')]
    return {one["text"]: one["label"] for one in read}


def _alike(one: str, other: str) -> float:
    """Share of letters in common."""
    letters = Counter(one.lower()), Counter(other.lower())
    return (letters[0] & letters[1]).total() / max(1, (letters[0] | letters[1]).total())
