"""What stands in addresses and pages of lists."""

from typing import Annotated, Any

from fastapi import Path, Query

from agent.service.wire import NO_CONTROLS

LARGEST = 2**63 - 1

LONGEST = 200


def _name(description: str, *examples: str) -> Any:
    return Path(min_length=1, max_length=LONGEST, pattern=NO_CONTROLS, description=description, examples=list(examples))


PoolName = Annotated[str, _name("Name of the pool", "receipts")]
TaskName = Annotated[str, _name("Name of the task", "baby-care")]
ConversationId = Annotated[str, _name("Id of the conversation", "0d3c6f2a")]
JobId = Annotated[str, _name("Id of the job", "b1946ac9")]
TextName = Annotated[str, _name("Id of the text", "5d41402abc4b2a76b971")]
ModelId = Annotated[str, _name("Id of a model, or name of a task for its latest one", "baby-care")]
UserName = Annotated[str, _name("Name of the user", "ada")]
PageSize = Annotated[int, Query(ge=1, le=1_000, description="How many, at most")]
After = Annotated[int, Query(ge=0, le=LARGEST, description="The offset to read on from; 0 begins at the beginning")]
ConversationFilter = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        pattern=NO_CONTROLS,
        description="Only what belongs to this conversation",
        examples=["0d3c6f2a"],
    ),
]
