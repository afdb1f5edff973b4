"""What the forms of the wire share."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Receipt = dict[str, JsonValue]
"""A short account of what a tool did or found; the documentation of the tool says what is in it."""


def example(**values: Any) -> ConfigDict:
    """The settings of an answer: read from records, and shown by this example."""
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [values]})


def open_example(**values: Any) -> ConfigDict:
    """The same for an answer that may tell more than its fields."""
    return ConfigDict(extra="allow", json_schema_extra={"examples": [values]})


def shown(examples: Mapping[str, Mapping[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """The description of an answer whose form depends on what is shown, by an example of each."""
    named = {name: {"value": value} for name, value in examples.items()}
    return {200: {"content": {"application/json": {"examples": named}}}}


class Asked(BaseModel):
    """What requests share: nothing unknown is taken, so that a misspelt field is noticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def plain(receipt: Mapping[str, Any]) -> Receipt:
    """A tool's receipt, as it goes over the wire."""
    return dict(receipt)
