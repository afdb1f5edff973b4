"""What runs while the service is up: the workspace, its jobs, its conversations, and who follows what happens."""

from collections import defaultdict
from datetime import datetime
from threading import Lock
from typing import Annotated, cast

from fastapi import Depends, Request
from langchain_core.language_models import BaseChatModel

from agent.conversation import Conversations
from agent.jobs import Jobs
from agent.places import Places
from agent.service.aside import Aside
from agent.service.metrics import Metrics
from agent.service.streams import Stream
from agent.toolbelt import handlers
from tools.workbench import Workbench


class Service:
    """The open workspace and everything that works on it.

    `model` answers in conversations; `local` says that only this machine can reach the service, whose files may then be
    named; `heartbeat` is in seconds. `desks` lets what is done at the desk of a task be done one after the other.
    """

    def __init__(self, bench: Workbench, model: BaseChatModel, *, local: bool, heartbeat: float) -> None:
        self.bench = bench
        self.local = local
        self.started_at: datetime = bench.clock()
        self.metrics = Metrics(bench)
        self.aside = Aside()
        # A page that is loaded anew sits down while its last answer is on the way: the label is to be made once.
        self.desks: defaultdict[str, Lock] = defaultdict(Lock)
        self.stream = Stream(bench.events, heartbeat=heartbeat, watch=self.metrics.count_event)
        self.jobs = Jobs(bench, handlers(), on_end=lambda job: self.conversations.job_ended(job))  # noqa: PLW0108 - each needs the other
        self.conversations = Conversations(bench, model, jobs=self.jobs, local_files=local)

    @property
    def places(self) -> Places:
        """Which files may be read and written."""
        return Places(workspace=self.bench.folder, local_files=self.local)

    def start(self) -> None:
        """Take up what an earlier service left, and begin to work."""
        self.jobs.start()
        self.conversations.start()

    def close(self) -> None:
        """Stop working; what is under way goes on at the next start."""
        self.aside.close()
        self.jobs.close()
        self.conversations.close()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be done now; None while all is well. Raises StorageFailed."""
        self.bench.events.last()
        return None if self.jobs.working else "The queue of jobs is not worked through. Start the service again."


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    return cast("Service", request.app.state.service)


ServiceDep = Annotated[Service, Depends(service_of)]
