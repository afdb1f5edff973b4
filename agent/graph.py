"""The conversation as a graph: think, then approve, tools or await_labels, and back."""

from functools import cache
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.model import Chat, Patience, open_chat_model
from agent.nodes import Listener, Nodes
from agent.places import Places
from agent.routing import Routing
from agent.state import State
from agent.toolbelt import handlers, schemas
from tools.settings import Settings
from tools.workbench import Workbench

Graph = CompiledStateGraph[State, Listener, State, State]


def build_graph(nodes: Nodes, *, checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """The graph over these nodes; with a checkpointer it can be interrupted, and goes on in another process."""
    routing = Routing(nodes)
    builder = StateGraph(State, context_schema=Listener)
    for name in ("think", "approve", "await_labels", "tools"):
        builder.add_node(name, getattr(nodes, name))
    calls = ["think", "approve", "tools"]
    builder.add_conditional_edges(START, routing.start, calls)
    builder.add_conditional_edges("think", routing.after_thinking, ["approve", "tools", "await_labels", "__end__"])
    builder.add_conditional_edges("approve", routing.after_approval, ["think", "tools"])
    builder.add_conditional_edges("tools", routing.after_tools, ["think", "await_labels", "__end__"])
    builder.add_conditional_edges("await_labels", routing.after_labels, ["approve", "tools", "__end__"])
    return builder.compile(checkpointer=checkpointer, name="laud")


@cache
def studio() -> Graph:
    """The graph for LangGraph Studio (`langgraph.json`), over the workspace of the settings; Studio keeps its state."""
    from agent.jobs import Jobs  # noqa: PLC0415 - only here

    settings = Settings()
    folder = settings.workspace.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    bench = Workbench(settings, folder=folder, attended=False)
    jobs = Jobs(bench, handlers(), on_end=lambda _: None)
    jobs.start()
    chat = Chat(open_chat_model(settings), schemas(), patience=Patience())
    return build_graph(Nodes(bench=bench, chat=chat, jobs=jobs, places=Places(workspace=folder, local_files=True)))
