"""What stands in addresses and pages of lists."""

from typing import Annotated

from fastapi import Path, Query

from agent.service.wire import NO_CONTROLS

LARGEST = 2**63 - 1

Name = Annotated[str, Path(min_length=1, max_length=200, pattern=NO_CONTROLS)]
"""A name or id in the address."""
After = Annotated[int, Query(ge=0, le=LARGEST, description="The offset to read on from; 0 begins at the beginning")]
ConversationFilter = Annotated[
    str | None, Query(max_length=200, pattern=NO_CONTROLS, description="Only what belongs to this conversation")
]
