"""Batch files that an endpoint answers within hours, at a lower price: written, submitted, looked after, read back.

The form is that of OpenAI's Batch API (https://platform.openai.com/docs/guides/batch), which others serve as well: a
JSON object a line, each a request of its own with a name.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from tools.adapters.oracles.cost import FREE, Costing
from tools.adapters.oracles.endpoint import NO_COMPLETION, LlmEndpoint, read_completion
from tools.adapters.oracles.endpoint_faults import PassingFault, Refusal, sort_fault
from tools.adapters.oracles.llm import TOKENS_COUNTED, Demonstrate
from tools.adapters.oracles.prices import Price, price_of
from tools.adapters.oracles.prompt import LabelPrompt, ids_of
from tools.adapters.oracles.reading import Reader
from tools.engine.demonstrations import Demonstration
from tools.engine.errors import OracleUnavailable, StorageFailed, UnreadableInput
from tools.engine.paid import AnswerCache
from tools.engine.records import Answer, Task, Text

URL: Final = "/v1/chat/completions"
WINDOW: Final = "24h"
MARK = "laud"
"""Under this a batch carries the name of its file."""
ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
"""States from which a batch does not go on; all but the last may have answers, which are paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a batch stands: the endpoint's word for it, and the files with its answers once it has ended."""

    state: str
    files: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ENDED


class LaterOracle:
    """Leaves every text open: its answers come by batch files."""

    def __init__(self, source: str) -> None:
        self._source = source

    @property
    def source(self) -> str:
        """The source that will stand on the answers."""
        return self._source

    def price(self, texts: Sequence[Text]) -> float:  # noqa: ARG002 - part of the port
        """0: asking costs nothing yet."""
        return 0.0

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:  # noqa: ARG002 - part of the port
        """Nothing."""
        return iter(())


class OfflineEndpoint:
    """Writes, submits and reads batch files about one task; each request is about one text, named by the text's id."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all are named by the caller
        self,
        *,
        endpoint: LlmEndpoint,
        model: str,
        task: Task,
        prices: Mapping[str, Price],
        cache: AnswerCache,
        demonstrate: Demonstrate | None,
        shown: int,
    ) -> None:
        """The batches about `task`, with up to `shown` demonstrations where it is given a way to choose them."""
        self.model = model
        self._task = task
        self._demonstrate = demonstrate
        self._endpoint = endpoint
        self._price = price_of(model, prices)
        self._cache = cache
        self._shown = 0 if demonstrate is None else shown

    @property
    def price_known(self) -> bool:
        """Whether the price table has this model."""
        return self._price is not None

    @property
    def source(self) -> str:
        """`llm:` and the model's name, as it stands on the answers."""
        return f"llm:{self.model}"

    def price(self, texts: Sequence[Text]) -> float:
        """The most that a batch about `texts` can cost, in dollars: each is asked once."""
        costing = self._costing()
        return costing.most([text.text for text in texts], shown=self._shown) / costing.asks

    def expected(self, texts: Sequence[Text]) -> tuple[float, float, int]:
        """What a batch about `texts` is likely to cost: dollars low and high, and the counted answers they rest on."""
        counted = self._cache.latest(self.model, limit=TOKENS_COUNTED)
        low, high = self._costing().expected([text.text for text in texts], counted)
        return low, high, len(counted)

    def known(self, texts: Sequence[Text]) -> Iterator[Answer]:
        """Yield the answers that were paid for before, in a batch or not."""
        return self._reader().known(self._cache, texts)

    def write(self, path: Path, texts: Sequence[Text]) -> None:
        """Write a request a text to `path`, which appears whole or not at all; raises StorageFailed."""
        costing = self._costing(() if self._demonstrate is None else self._demonstrate(texts))
        lines = "".join(json.dumps(self._request(costing, text), ensure_ascii=False) + "\n" for text in texts)
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(lines, encoding="utf-8", errors="replace")
            part.replace(path)
        except OSError as error:
            raise StorageFailed(f"{path} cannot be written: {error.strerror}. Give another place.") from error

    def submit(self, path: Path) -> str:
        """Hand the file over; returns the endpoint's name for the batch. Raises OracleUnavailable."""
        form = aiohttp.FormData({"purpose": "batch"})
        form.add_field("file", path.read_bytes(), filename=path.name, content_type="application/jsonl")
        sent = self._say("POST", "/files", data=form)
        asked = {
            "input_file_id": sent["id"],
            "endpoint": URL,
            "completion_window": WINDOW,
            "metadata": {MARK: path.stem},
        }
        return str(self._say("POST", "/batches", json=asked)["id"])

    def find(self, name: str) -> str | None:
        """The batch that was submitted for the file of that name, where the endpoint has one among its newest.

        A process that is killed while it submits does not learn what it has submitted. Raises OracleUnavailable.
        """
        newest = self._say("GET", "/batches", params={"limit": "100"})["data"]
        return next((str(one["id"]) for one in newest if (one.get("metadata") or {}).get(MARK) == name), None)

    def look(self, remote: str) -> Found:
        """How a batch stands; raises OracleUnavailable."""
        batch = self._say("GET", f"/batches/{remote}")
        files = (batch.get("output_file_id"), batch.get("error_file_id"))
        return Found(state=str(batch["status"]), files=tuple(str(name) for name in files if name))

    def fetch(self, found: Found) -> Iterator[bytes]:
        """The lines of a batch's answers; raises OracleUnavailable."""
        for name in found.files:
            yield from self._load("GET", f"/files/{name}/content").splitlines()

    def answers(self, lines: Iterable[bytes], texts: Sequence[Text]) -> Iterator[Answer]:
        """The answers in `lines` about `texts`, committed to the cache; what the file lacks is missing here too.

        Raises UnreadableInput for a file that is no batch's answer.
        """
        reader = self._reader()
        key = reader.costing.prompt.key
        by_id = {text.id: text for text in texts}
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                text = by_id.pop(row["custom_id"], None)
                response = row.get("response") or {}
                body = (
                    None
                    if response.get("status_code") != 200
                    else read_completion(json.dumps(response["body"]).encode())
                )
            except NO_COMPLETION as error:
                raise UnreadableInput(f"Line {number:,} of the batch's answers is none ({error}).") from error
            if text is None:
                continue
            if body is None:
                why = response.get("status_code") or "no response"
                yield reader.failed(text, f"The endpoint did not answer this text ({why}).").answer
                continue
            one = reader.alone(text, body)
            if one.paid is not None:
                self._cache.keep(key, self.model, [one.paid])
            yield one.answer
            if one.paid is not None:
                self._cache.keep(key, self.model, (), [one.paid.item])

    def silent(self) -> "LaterOracle":
        """The oracle that a run takes which is to wait for batches."""
        return LaterOracle(self.source)

    # --- requests -----------------------------------------------------------------------------------------------------

    def _reader(self) -> Reader:
        return Reader(costing=self._costing(), source=self.source, model=self.model)

    def _costing(self, demonstrations: Sequence[Demonstration] = ()) -> Costing:
        prompt = LabelPrompt.of(self._task, demonstrations=demonstrations[: self._shown], shown=self._shown)
        price = FREE if self._price is None else self._price.offline()
        return Costing(price=price, prompt=prompt, items=1, max_output_tokens=512)

    def _request(self, costing: Costing, text: Text) -> dict[str, Any]:
        prompt = costing.prompt
        [(key, _)] = ids_of([text]).items()
        options = self._endpoint.options(self.model, schema=prompt.schema, max_output_tokens=costing.output_limit(1))
        messages = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user({key: text.text})},
        ]
        body = {"model": self.model, "messages": messages, **options}
        return {"custom_id": text.id, "method": "POST", "url": URL, "body": body}

    def _say(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        try:
            said: dict[str, Any] = json.loads(self._load(method, path, **what))
        except ValueError as error:
            raise self._in_words(error) from None
        return said

    def _load(self, method: str, path: str, **what: Any) -> bytes:
        async def load() -> bytes:
            async with self._endpoint.client() as client:
                return (await self._endpoint.request(client, method, path, **what))[0]

        try:
            with self._endpoint.portal as portal:
                return portal.call(load)
        except (Refusal, aiohttp.ClientError, OSError) as error:
            raise self._in_words(error) from None

    def _in_words(self, error: Exception) -> OracleUnavailable:
        fault = sort_fault(error, endpoint=self._endpoint.address, model=self.model)
        if isinstance(fault, OracleUnavailable) and not (isinstance(error, Refusal) and error.status == 404):
            return fault
        note = f" {fault.note}" if isinstance(fault, PassingFault) else ""
        return OracleUnavailable(
            f"The endpoint {self._endpoint.address} does not answer for batch files.{note} Not every endpoint "
            "has them: ask it directly with --oracle llm, or try again later."
        )
