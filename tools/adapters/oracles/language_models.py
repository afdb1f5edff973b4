"""The language models of an installation: one endpoint, what its models cost, and oracles over it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tools.adapters.learners import open_classifier
from tools.adapters.learners.in_context import Ask, InContextLearner, asked_about, write_model
from tools.adapters.oracles.endpoint import LlmEndpoint
from tools.adapters.oracles.llm import Demonstrate, LlmOracle
from tools.adapters.oracles.offline import OfflineEndpoint
from tools.adapters.oracles.prices import Price, load_prices
from tools.adapters.oracles.under_way import left_under_way
from tools.engine.demonstrations import Demonstration
from tools.engine.errors import AskAgain, OracleUnavailable
from tools.engine.learning import Fitted, TrainingSet
from tools.engine.paid import AnswerCache, OfflineStore
from tools.engine.ports import Classifier, Probabilities
from tools.engine.records import Task, Text, TextId


class LanguageModels:
    """Opens oracles; all of them share the endpoint, its limiters and the answers that were paid for.

    `batches` are the offline batches of all tasks; `notes` is the folder where it is noted what is under way.
    """

    def __init__(  # noqa: PLR0913 - the settings of an installation, each named by the caller
        self,
        *,
        base_url: str | None,
        model: str | None,
        api_key: SecretStr | None,
        concurrency: int,
        timeout: float,
        items: int,
        demonstrations: int,
        prices: Path | None,
        capped: bool,
        cache: AnswerCache,
        batches: OfflineStore,
        notes: Path,
    ) -> None:
        self.batches = batches
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._most = concurrency
        self._timeout = timeout
        self._items = items
        self._shown = demonstrations
        self._own_prices = prices
        self._capped = capped
        self._cache = cache
        self._notes = notes
        self._endpoint: LlmEndpoint | None = None

    def oracle(  # noqa: PLR0913 - how it is asked, each named by the caller
        self,
        task: Task,
        *,
        model: str | None = None,
        priced: bool = False,
        items: int | None = None,
        cached: bool = True,
        demonstrate: Demonstrate | None = None,
        before: Mapping[TextId, Sequence[Demonstration]] | None = None,
    ) -> LlmOracle:
        """The oracle of that model, else that of the settings; `before` as `LlmOracle` takes it.

        Its price must be known where it is to be `priced`, or what a task may cost is capped; without `cached` it
        asks all anew.

        Raises OracleUnavailable when no model is set, AskAgain when the price table lacks a model that must be priced,
        UnreadableInput for a broken price table.
        """
        endpoint, model = self._opened(model)
        oracle = LlmOracle(
            endpoint=endpoint,
            model=model,
            task=task,
            items=items or self._items,
            cache=self._cache if cached else None,
            demonstrate=demonstrate,
            shown=self._shown,
            before=before,
            prices=self.prices(),
            notes=self._notes,
        )
        if (priced or self._capped) and not oracle.price_known:
            raise _unpriced(model, priced=priced)
        return oracle

    def expected(
        self, task: Task, texts: Sequence[Text], *, model: str | None = None, offline: bool = False
    ) -> tuple[float, float, int] | None:
        """What asking about `texts` is likely to cost, as `LlmOracle.expected` says; None where the price is not known.

        With `offline` they are asked in a batch file. Raises as `oracle` does.
        """
        oracle = self.offline(task, model=model) if offline else self.oracle(task, model=model)
        return oracle.expected(texts) if oracle.price_known else None

    def offline(
        self,
        task: Task,
        *,
        model: str | None = None,
        priced: bool = False,
        demonstrate: Demonstrate | None = None,
    ) -> OfflineEndpoint:
        """The same endpoint's batch files; takes and raises what `oracle` does."""
        endpoint, model = self._opened(model)
        offline = OfflineEndpoint(
            endpoint=endpoint,
            model=model,
            task=task,
            prices=self.prices(),
            cache=self._cache,
            demonstrate=demonstrate,
            shown=self._shown,
        )
        if (priced or self._capped) and not offline.price_known:
            raise _unpriced(model, priced=priced)
        return offline

    def learn(  # noqa: PLR0913 - what is learnt, where to, and what is scored
        self,
        ask: Ask,
        task: Task,
        examples: TrainingSet,
        folder: Path,
        manifest: Mapping[str, Any],
        *,
        seed: int,
        score: Callable[[Classifier], Probabilities],
    ) -> Fitted:
        """Make a model that shows `examples` to the language model; its `folder` appears whole, or not at all.

        `score` gives the pool's probabilities by it. Raises OracleUnavailable when no model is set.
        """
        _, model = self._opened(None)
        learner = InContextLearner(ask, task=task, model=model, size=self._shown)
        return write_model(learner, examples, folder, manifest, ask=ask, seed=seed, score=score)

    def learnt(self, folder: Path, task: Task, asking: Callable[[Task, str], Ask]) -> Classifier:
        """The model that `learn` left in `folder`: `asking` gets the question as `task` put it then, and who is asked.

        Raises UnreadableInput for a damaged folder.
        """
        return open_classifier(folder, precision="auto", ask=asking(*asked_about(folder, task)))

    def left_under_way(self) -> int:
        """Answers that were asked for and not kept yet in processes that were killed: they may be paid for twice."""
        return left_under_way(self._notes)

    def prices(self) -> Mapping[str, Price]:
        """The price table: the installation's own over the shipped one."""
        return load_prices() | ({} if self._own_prices is None else load_prices(self._own_prices))

    def close(self) -> None:
        """Nothing is held open between questions."""

    def _opened(self, model: str | None) -> tuple[LlmEndpoint, str]:
        model = model or self._model
        if self._base_url is None or model is None:
            raise OracleUnavailable(
                "No language model is set. Set LAUD_LLM_BASE_URL and LAUD_LLM_MODEL (and LAUD_LLM_API_KEY where the "
                "endpoint wants a key), or take another oracle: human, zero-shot or replay:COLUMN."
            )
        if self._endpoint is None:
            self._endpoint = LlmEndpoint(
                base_url=self._base_url, api_key=self._api_key, most=self._most, timeout=self._timeout
            )
        return self._endpoint, model


def _unpriced(model: str, *, priced: bool) -> AskAgain:
    why = "no budget can be kept. Set none" if priced else "LAUD_MAX_DOLLARS cannot be kept. Unset it"
    return AskAgain(
        f"The price of model {model!r} is not known, so {why}, or add the model to the price table (see the "
        "documentation of its configuration)."
    )
