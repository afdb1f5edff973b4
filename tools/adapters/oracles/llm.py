"""A language model as oracle, over any OpenAI-compatible endpoint; one text a request, or several."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from tools.adapters.oracles.asking import Asking
from tools.adapters.oracles.cost import FREE, Costing
from tools.adapters.oracles.endpoint import LlmEndpoint
from tools.adapters.oracles.keeping import Keeper
from tools.adapters.oracles.prices import Price, load_prices, price_of
from tools.adapters.oracles.prompt import LabelPrompt
from tools.adapters.oracles.reading import Reader
from tools.adapters.oracles.under_way import noted
from tools.engine.demonstrations import Demonstration
from tools.engine.paid import AnswerCache, PaidAnswer
from tools.engine.records import Answer, Task, Text, TextId

TOKENS_COUNTED = 200
"""Earlier answers that an estimate looks at."""

Demonstrate = Callable[[Sequence[Text]], Sequence[Demonstration]]
"""Chooses what is shown before the texts that are asked about."""


class LlmOracle:
    """Asks a language model for the class of each text, as many requests at a time as the endpoint takes.

    With `items` above 1, a request is about that many texts. Every text needs exactly one valid answer; one that has
    none, and each text of a request that failed, is asked about alone. The cost of a request is divided among its
    texts by their size; what was paid for a text without success goes onto the answer it gets in the end.

    Answers are committed to `cache` as they arrive, before they are handed on and however slowly they are taken, and
    are never paid for again: not by another task with the same prompt, and not after a kill.

    Confidence is the probability of the label's tokens where the endpoint gives log-probabilities, else what the model
    states.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all are named by the caller
        self,
        *,
        endpoint: LlmEndpoint,
        model: str,
        task: Task,
        items: int = 1,
        max_output_tokens: int = 512,
        cache: AnswerCache | None = None,
        demonstrate: Demonstrate | None = None,
        shown: int = 0,
        before: Mapping[TextId, Sequence[Demonstration]] | None = None,
        prices: Mapping[str, Price] | None = None,
        notes: Path | None = None,
    ) -> None:
        """An oracle for `task`, which shows up to `shown` demonstrations where it is given a way to choose them.

        `before` are demonstrations of its own for every text that will be asked about, one text a request. Other than
        those chosen for all, they are part of what an answer is known by: with others the text is asked about anew.
        How many answers are under way is noted in the folder `notes`.
        """
        self._endpoint = endpoint
        self._notes = notes
        self._model = model
        self._before = before or {}
        self._items = 1 if self._before else items
        self._max_output_tokens = max_output_tokens
        self._cache = cache
        self._demonstrate = demonstrate
        self._shown = shown if demonstrate is not None else 0
        self._price = price_of(model, load_prices() if prices is None else prices)
        self._task = task
        self._costing = self.costing(task)

    @property
    def source(self) -> str:
        """`llm:` and the model's name."""
        return f"llm:{self._model}"

    @property
    def price_known(self) -> bool:
        """Whether the price table has this model; where not, every cost is 0."""
        return self._price is not None

    def price(self, texts: Sequence[Text]) -> float:
        """The most that one answer for each of `texts` can cost, in dollars; 0 where the price is not known."""
        if self._before:
            return sum(self._costing_before([text]).most([text.text]) for text in texts)
        return self._costing.most([text.text for text in texts], shown=self._shown)

    def expected(self, texts: Sequence[Text]) -> tuple[float, float, int]:
        """What asking about `texts` is likely to cost: dollars low and high, and the counted answers they rest on.

        Answers that the cache has are counted as if it had them not.
        """
        counted = [] if self._cache is None else self._cache.latest(self._model, limit=TOKENS_COUNTED)
        if not self._before:
            low, high = self._costing.expected([text.text for text in texts], counted)
            return low, high, len(counted)
        ranges = [self._costing_before([text]).expected([text.text], counted) for text in texts]
        return sum(one[0] for one in ranges), sum(one[1] for one in ranges), len(counted)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """Yield one answer a text, each as it arrives; closing the iterator cancels all open requests at once.

        Raises OracleUnavailable, after the answers that had arrived, when the endpoint is not there, refuses the key
        or the model, or fails again and again whatever it is asked.
        """
        unknown = texts
        reader = Reader(costing=self.costing(task), source=self.source, model=self._model, before=self._before)
        if self._cache is not None:
            met = set()
            for answer in reader.known(self._cache, texts):
                met.add(answer.text_id)
                yield answer
            unknown = [text for text in texts if text.id not in met]
        if not unknown:
            return
        costing = self.costing(task, () if self._demonstrate is None else self._demonstrate(unknown))
        alike: Callable[[Sequence[Text]], Costing] = lambda _: costing  # noqa: E731 - one of two
        costing_of = partial(self._costing_before, task=task) if self._before else alike
        with noted(self._notes) as under_way, self._endpoint.portal as portal:
            asking = Asking(
                endpoint=self._endpoint,
                model=self._model,
                costing_of=costing_of,
                reader=reader,
                under_way=under_way,
            )
            work, scope = portal.start_task(asking.run, unknown)
            work.add_done_callback(lambda _: asking.arrived.put(None))
            keeper = Keeper(asking.arrived, partial(self._save, asking.key), under_way)
            with ThreadPoolExecutor(max_workers=1) as thread:
                keeping = thread.submit(keeper.run)
                keeping.add_done_callback(lambda _: keeper.kept.put(None))
                try:
                    while (one := keeper.kept.get()) is not None:
                        yield one.answer
                        keeper.settle(one)
                finally:
                    if not work.done():
                        portal.call(scope.cancel)
                    work.result()
                    keeping.result()
                    keeper.finish()
        if asking.outage is not None:
            raise asking.outage

    def costing(self, task: Task, demonstrations: Sequence[Demonstration] = ()) -> Costing:
        """How `task` is asked about with these demonstrations, and what that costs."""
        prompt = LabelPrompt.of(
            task, several=self._items > 1, demonstrations=demonstrations[: self._shown], shown=self._shown
        )
        return Costing(
            price=self._price or FREE, prompt=prompt, items=self._items, max_output_tokens=self._max_output_tokens
        )

    def _costing_before(self, texts: Sequence[Text], task: Task | None = None) -> Costing:
        """How one text is asked about that has demonstrations of its own."""
        prompt = LabelPrompt.of(task or self._task, demonstrations=self._before[texts[0].id])
        return replace(self._costing, prompt=prompt)

    def _save(self, key: str, paid: Sequence[PaidAnswer], settled: Sequence[str]) -> None:
        if self._cache is not None:
            self._cache.keep(key, self._model, paid, settled)
