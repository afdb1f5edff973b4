"""The service over HTTP: the only way from the page to anything that is kept."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from agent.service import wire

T = TypeVar("T")
SECONDS = 30.0
"""What an answer may take; heavy work is answered with a job, so more would help nobody."""
LONG = 900.0
"""The same where a large file is sent or written."""
CONNECT = 2.0


class Away(Exception):
    """The service does not answer."""


class Refused(Exception):
    """The service answered with a problem; `card` says what would be done where it wants approval first."""

    def __init__(self, detail: str, *, status: int, card: wire.Receipt | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.card = card


Connection = httpx.Client


def connect(url: str) -> Connection:
    """Connections to the service at that address, to be shared by all who look at the page."""
    return httpx.Client(base_url=url, timeout=httpx.Timeout(SECONDS, connect=CONNECT), trust_env=False)


class Service:
    """What the page asks of the service, as the person whose token it has. Everything raises Away and Refused."""

    def __init__(self, http: Connection, token: str | None = None, *, logged_in: str | None = None) -> None:
        """`logged_in` is who has logged in at the page; the token is then the page's own."""
        self._http = http
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if logged_in is not None:
            self._headers[wire.LOGGED_IN] = quote(logged_in, safe="")

    # --- who and what -------------------------------------------------------------------------------------------------

    def health(self) -> wire.Health:
        """Whether it can work, and who answers in conversations."""
        return self._get("/health/ready", wire.Health)

    def me(self) -> wire.User:
        """Whose token this is."""
        return self._get("/me", wire.User)

    # --- conversations ------------------------------------------------------------------------------------------------

    def conversations(self, *, archived: bool = False) -> list[wire.Conversation]:
        """All conversations, newest first."""
        return self._get("/conversations", list[wire.Conversation], archived=archived)

    def begin(self, title: str) -> wire.Conversation:
        """A new conversation."""
        return self._send("POST", "/conversations", wire.Conversation, {"title": title})

    def view(self, conversation: str) -> wire.View:
        """A conversation as it stands."""
        return self._get(f"/conversations/{_part(conversation)}", wire.View)

    def change(self, conversation: str, **changes: Any) -> wire.Conversation:
        """Rename a conversation, put it away or bring it back."""
        return self._send("PATCH", f"/conversations/{_part(conversation)}", wire.Conversation, changes)

    def earlier(self, conversation: str, before: str) -> wire.Earlier:
        """Messages before the one of that id, which a long conversation does not show by itself."""
        return self._get(f"/conversations/{_part(conversation)}/messages", wire.Earlier, before=before)

    def say(self, conversation: str, text: str, *, key: str) -> wire.Turn:
        """Say something; the answer comes as events. Said again with the same key, it was said once."""
        path, body = f"/conversations/{_part(conversation)}/messages", {"text": text}
        return self._read(wire.Turn, self._request("POST", path, json=body, key=key))

    def reply(self, conversation: str, reply: Mapping[str, Any]) -> wire.Turn:
        """Answer the card that a conversation shows."""
        return self._send("POST", f"/conversations/{_part(conversation)}/replies", wire.Turn, dict(reply))

    def events(self, after: int, conversation: str, limit: int = 1_000) -> wire.Events:
        """What happened in a conversation past an offset, oldest first."""
        return self._get("/events", wire.Events, after=after, conversation=conversation, limit=limit)

    # --- files and jobs -----------------------------------------------------------------------------------------------

    def upload(self, name: str, content: Any) -> wire.Upload:
        """Send a file."""
        sent = self._request("POST", "/uploads", files={"file": (name, content)}, timeout=LONG)
        return self._read(wire.Upload, sent)

    def preview(self, file: str) -> wire.Preview:
        """The first rows of a file that was sent, and the column that seems to hold the texts."""
        return self._get(f"/uploads/{_part(file)}/preview", wire.Preview)

    def jobs(self, status: str) -> list[wire.Job]:
        """The jobs that stand so."""
        return self._get("/jobs", list[wire.Job], status=status)

    def stop(self, job: str) -> wire.Job:
        """Stop a job; what it did is kept."""
        return self._send("DELETE", f"/jobs/{_part(job)}", wire.Job)

    # --- tasks --------------------------------------------------------------------------------------------------------

    def tasks(self) -> list[wire.Task]:
        """All tasks."""
        return self._get("/tasks", list[wire.Task])

    def rounds(self, task: str) -> list[wire.Round]:
        """The rounds of a task, in order."""
        return self._get(f"/tasks/{_part(task)}/rounds", list[wire.Round])

    def results(self, task: str, show: str, **asked: Any) -> dict[str, Any]:
        """How good a task's model is, and the texts behind the numbers."""
        return self._get(f"/tasks/{_part(task)}/results", dict[str, Any], show=show, **asked)

    def labels(self, task: str, **asked: Any) -> wire.Labels:
        """A page of the labels of a task."""
        return self._get(f"/tasks/{_part(task)}/labels", wire.Labels, **asked)

    def report(self, task: str) -> str:
        """A page that stands alone, to send to somebody."""
        return self._request("GET", f"/tasks/{_part(task)}/report").text

    def thresholds(self, task: str) -> wire.Thresholds:
        """What each threshold for the rare class would mean."""
        return self._get(f"/tasks/{_part(task)}/thresholds", wire.Thresholds)

    def pool_map(self, task: str, color: str, part: Sequence[float]) -> wire.PoolMap:
        """A part of the map of a task's pool: left, right, bottom and top edge."""
        return self._get(f"/tasks/{_part(task)}/map", wire.PoolMap, color=color, **_edges(part))

    def map_texts(
        self, task: str, part: Sequence[float], cls: str | None, *, outline: Sequence[float] | None, limit: int
    ) -> wire.MapTexts:
        """Texts in a part of the map, or inside a line around some of it; of one class, where it is named."""
        where: dict[str, Any] = _edges(part) if outline is None else {"outline": list(outline)}
        return self._get(f"/tasks/{_part(task)}/map/texts", wire.MapTexts, cls=cls, limit=limit, **where)

    def reliability(self, task: str) -> wire.Reliability:
        """Whether the probabilities of the latest model mean what they say."""
        return self._get(f"/tasks/{_part(task)}/reliability", wire.Reliability)

    def random_labels(self, task: str) -> wire.RandomLine:
        """What labels of texts drawn at random would have brought."""
        return self._get(f"/tasks/{_part(task)}/random", wire.RandomLine)

    def advice(self, task: str) -> wire.StopAdvice:
        """Whether to go on labeling, and why."""
        return self._get(f"/tasks/{_part(task)}/advice", wire.StopAdvice)

    def origin(self, task: str, text: str) -> wire.Origin:
        """Where the label of a text comes from."""
        return self._get(f"/tasks/{_part(task)}/labels/{_part(text)}", wire.Origin)

    def comparison(self, task: str, first: int, second: int, *, limit: int) -> dict[str, Any]:
        """Two rounds against each other."""
        path = f"/tasks/{_part(task)}/results"
        return self._get(path, dict[str, Any], compare=[first, second], limit=limit)

    def oracles(self, task: str) -> list[wire.OracleReport]:
        """How far each oracle of a task can be believed."""
        return self._get(f"/tasks/{_part(task)}/oracles", list[wire.OracleReport])

    def costs(self, task: str) -> wire.Costs:
        """What the labels of a task have cost."""
        return self._get(f"/tasks/{_part(task)}/llm/costs", wire.Costs)

    def agreement(self, task: str) -> wire.Agreement:
        """How people who label a task agree."""
        return self._get(f"{_desk(task)}/agreement", wire.Agreement)

    def predict(self, model: str, texts: Sequence[str]) -> list[wire.Prediction]:
        """The classes of some texts, by a task's latest model."""
        path = f"/models/{_part(model)}/predictions"
        return self._send("POST", path, list[wire.Prediction], {"texts": list(texts)})

    def export(self, task: str, what: str, *, approve: bool) -> wire.ExportMade:
        """Write the result among the exports; raises Refused with a card where it would replace files."""
        path, body = f"/tasks/{_part(task)}/exports", {"format": what}
        made = self._request("POST", path, json=body, params={"approve": approve}, timeout=LONG)
        return self._read(wire.ExportMade, made)

    def exports(self) -> list[wire.Exported]:
        """The files among the exports."""
        return self._get("/exports", list[wire.Exported])

    def fetch(self, path: str) -> bytes:
        """The content of a file among the exports."""
        return self._request("GET", f"/exports/{quote(path)}", timeout=LONG).content

    # --- the desk -----------------------------------------------------------------------------------------------------

    def sit(self, task: str, *, ahead: int) -> wire.DeskOpened:
        """Sit down at the desk of a task: its classes, and the next texts."""
        return self._send("POST", _desk(task), wire.DeskOpened, {"ahead": ahead})

    def answer(self, task: str, answer: Mapping[str, Any]) -> wire.DeskTaken:
        """Answer a text and get the next ones."""
        return self._send("POST", f"{_desk(task)}/answers", wire.DeskTaken, dict(answer))

    def undo(self, task: str, *, ahead: int) -> wire.DeskUndone:
        """Take one's last answer back."""
        return self._send("POST", f"{_desk(task)}/undo", wire.DeskUndone, {"ahead": ahead})

    def desk_settings(self, task: str) -> wire.DeskSettings:
        """How people label the texts of a task."""
        return self._get(f"{_desk(task)}/settings", wire.DeskSettings)

    def set_desk(self, task: str, settings: wire.DeskSettings) -> wire.DeskSettings:
        """Set how people label; takes effect with the next text that is handed out."""
        return self._send("PUT", f"{_desk(task)}/settings", wire.DeskSettings, settings.model_dump())

    def conflicts(self, task: str) -> list[wire.Conflict]:
        """Texts on which people disagree."""
        return self._get(f"{_desk(task)}/conflicts", list[wire.Conflict])

    def decide(self, task: str, decisions: Mapping[str, Any]) -> wire.Decided:
        """Decide about texts in conflict."""
        return self._send("POST", f"{_desk(task)}/conflicts", wire.Decided, dict(decisions))

    def answered(self, task: str, *, limit: int) -> list[wire.DeskGiven]:
        """What one answered, the latest first."""
        return self._get(f"{_desk(task)}/answered", list[wire.DeskGiven], limit=limit)

    def jump(self, task: str, text: str) -> wire.DeskItem:
        """A text that one answered, to look at it again."""
        return self._get(f"{_desk(task)}/answered/{_part(text)}", wire.DeskItem)

    def groups(self, task: str, *, limit: int) -> list[wire.DeskGroup]:
        """Unlabeled texts that mean about the same."""
        return self._get(f"{_desk(task)}/groups", list[wire.DeskGroup], limit=limit)

    def doubts(self, task: str, *, limit: int) -> list[wire.Doubt]:
        """Labels that are likely wrong."""
        return self._get(f"/tasks/{_part(task)}/doubts", list[wire.Doubt], limit=limit)

    def decide_doubts(self, task: str, decisions: Mapping[str, Any]) -> wire.Labeled:
        """Decide about labels in doubt."""
        return self._send("POST", f"/tasks/{_part(task)}/doubts/decisions", wire.Labeled, dict(decisions))

    def take_back(self, task: str, count: int) -> wire.Undone:
        """Take back one's last labels."""
        return self._send("POST", f"/tasks/{_part(task)}/labels/undo", wire.Undone, {"count": count})

    def label(self, task: str, labels: Mapping[str, str]) -> wire.Labeled:
        """Store labels: text id to class."""
        return self._send("POST", f"/tasks/{_part(task)}/labels", wire.Labeled, {"labels": dict(labels)})

    # --- how it is asked ----------------------------------------------------------------------------------------------

    def _get(self, path: str, kind: type[T], **params: Any) -> T:
        given = {name: value for name, value in params.items() if value is not None}
        return self._read(kind, self._request("GET", path, params=given))

    def _send(self, method: str, path: str, kind: type[T], body: Any = None, **params: Any) -> T:
        return self._read(kind, self._request(method, path, json=body, params=params))

    def _read(self, kind: type[T], answer: httpx.Response) -> T:
        return TypeAdapter(kind).validate_json(answer.content)

    def _request(self, method: str, path: str, *, key: str | None = None, **given: Any) -> httpx.Response:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        try:
            answer = self._http.request(method, path, headers=headers, **given)
        except httpx.TransportError as error:
            raise Away from error
        if answer.is_success:
            return answer
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> Refused:
    try:
        problem = wire.Problem.model_validate_json(answer.content)
    except ValueError:
        return Refused(f"The service answered {answer.status_code} without saying why.", status=answer.status_code)
    return Refused(problem.detail, status=answer.status_code, card=problem.card)


def _part(name: str) -> str:
    return quote(name, safe="")


def _edges(part: Sequence[float]) -> dict[str, float]:
    return dict(zip(("left", "right", "bottom", "top"), part, strict=True))


def _desk(task: str) -> str:
    return f"/tasks/{_part(task)}/desk"
