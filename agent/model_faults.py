"""What can go wrong at a chat model, sorted by what to do about it, in words for the person."""

from tools.engine.errors import CannotDo


class ChatUnavailable(CannotDo):
    """The chat model cannot answer; the conversation goes on with the next message."""


class TooLong(Exception):
    """The conversation does not fit into the model's context."""


class PassingFault(Exception):
    """May go away: try again, after `wait` seconds where the endpoint said so."""

    def __init__(self, note: str, *, wait: float | None = None) -> None:
        super().__init__(note)
        self.note = note
        self.wait = wait


def cannot_call_tools(model: str) -> ChatUnavailable:
    """The error for a model that takes no tools, or writes its calls as text."""
    return ChatUnavailable(
        f"The model {model!r} cannot call tools, so it cannot work here. Set LAUD_LLM_MODEL to one with tool calling, "
        "or unset LAUD_LLM_BASE_URL to use the built-in interpreter, and start again."
    )
