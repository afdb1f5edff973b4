"""Where the graph goes next, from the state alone; a conversation that goes on after a restart takes the same way."""

from typing import Literal

from langchain_core.messages import ToolMessage

from agent.nodes import Nodes
from agent.state import State, open_calls, stretch
from agent.toolbelt import BY_NAME

Next = Literal["think", "approve", "tools", "await_labels", "__end__"]


class Routing:
    """The ways out of each node."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def start(self, state: State) -> Next:
        """Something came from outside: first what is open, then the model."""
        return self._calls(state) if open_calls(state) else "think"

    def after_thinking(self, state: State) -> Next:
        """Do what the model calls for, or rest."""
        return self._calls(state) if open_calls(state) else self._rest(state)

    def after_approval(self, state: State) -> Next:
        """Do what is still open; with all refused, the model goes on."""
        return "tools" if open_calls(state) else "think"

    def after_tools(self, state: State) -> Next:
        """Let the model go on, unless it was stopped or a job is under way, whose end begins another turn."""
        done = stretch(state)
        if not done or not isinstance(done[-1], ToolMessage):
            return self._rest(state)
        for message in reversed(done):
            if not isinstance(message, ToolMessage):
                break
            if message.name in BY_NAME and BY_NAME[str(message.name)].heavy and message.status == "success":
                return self._rest(state)
        return "think"

    def after_labels(self, state: State) -> Next:
        """The run goes on, unless there is nothing to go on with."""
        return self._calls(state) if open_calls(state) else "__end__"

    def _calls(self, state: State) -> Next:
        return "tools" if self._nodes.unapproved(state) is None else "approve"

    def _rest(self, state: State) -> Next:
        return "await_labels" if state.get("waiting") else "__end__"
