"""The endpoint of the tests with the Batch API beside it: files and batches, answered when the test says so."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

from tests.support.openai_endpoint import Fault, OpenAIEndpoint, Request


@dataclass(slots=True)
class Batch:
    """A batch as the endpoint holds it."""

    id: str
    metadata: Mapping[str, str]
    lines: list[dict[str, Any]]
    status: str = "in_progress"


class BatchEndpoint(OpenAIEndpoint):
    """Keeps batches; `finish` answers all of them, `faults_of` give single texts an error."""

    def __init__(self, label: Callable[[str], str], *, faults_of: Mapping[str, Fault] | None = None) -> None:
        super().__init__(label, faults_of=faults_of, logprobs=False)
        self.files: dict[str, bytes] = {}
        self.batches: list[Batch] = []
        self.lose_next_answer = False
        """The next batch is made, and the connection ends before the client learns of it."""

    def finish(self, status: str = "completed") -> None:
        """Answer what was submitted."""
        for batch in self.batches:
            if batch.status == "in_progress":
                batch.status = status
                self.files[f"out-{batch.id}"] = b"".join(map(self._answer, batch.lines))

    def other(self, method: str, path: str, content_type: str, raw: bytes) -> tuple[int, bytes] | None:
        """Answer what is no chat completion; None ends the connection."""
        match method, path.removeprefix("/v1").partition("?")[0].strip("/").split("/"):
            case "POST", ["files"]:
                parts = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + raw).get_payload()
                sent = {part.get_param("name", header="content-disposition"): part for part in parts}  # type: ignore[union-attr] # a multipart message has a list of messages
                assert sent["purpose"].get_payload(decode=True) == b"batch"  # type: ignore[union-attr]
                self.files["in"] = sent["file"].get_payload(decode=True)  # type: ignore[union-attr,assignment]
                return 200, json.dumps({"id": "in"}).encode()
            case "POST", ["batches"]:
                asked = json.loads(raw)
                assert (asked["endpoint"], asked["completion_window"]) == ("/v1/chat/completions", "24h")
                lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
                self.batches.append(Batch(f"batch-{len(self.batches)}", asked["metadata"], lines))
                lost, self.lose_next_answer = self.lose_next_answer, False
                return None if lost else (200, self._shown(self.batches[-1]))
            case "GET", ["batches"]:
                return 200, json.dumps({"data": [json.loads(self._shown(one)) for one in self.batches]}).encode()
            case "GET", ["batches", name]:
                return 200, self._shown(next(one for one in self.batches if one.id == name))
            case "GET", ["files", name, "content"]:
                return 200, self.files[name]
        return 404, b'{"error": {"message": "no such thing"}}'

    def _shown(self, batch: Batch) -> bytes:
        done = batch.status != "in_progress"
        shown = {"id": batch.id, "status": batch.status, "metadata": batch.metadata}
        return json.dumps({**shown, "output_file_id": f"out-{batch.id}" if done else None}).encode()

    def _answer(self, line: dict[str, Any]) -> bytes:
        raw = json.dumps(line["body"]).encode()
        request = Request(at=0.0, path=line["url"], key="", body=line["body"], raw=raw)
        fault = self.faults_of.get(request.text)
        if fault is not None and fault.status is not None:
            response: dict[str, Any] = {"status_code": fault.status, "body": {"error": {}}}
        else:
            response = {"status_code": 200, "body": json.loads(self.completion(request, fault))}
        return json.dumps({"custom_id": line["custom_id"], "response": response, "error": None}).encode() + b"\n"
