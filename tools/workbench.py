"""The workbench: every open port of one workspace, handed to the tools as their first argument.

The only module that imports the adapters, each when it is first used: a command that only reads the database never
loads torch or Chroma.
"""

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from tools.engine.errors import CannotDo, StorageFailed
from tools.engine.exchanged import ExchangedText, LabelForm, ReadRow
from tools.engine.ports import (
    Clock,
    Compute,
    LabelStore,
    LeaseStore,
    OpinionStore,
    Oracle,
    PoolStore,
    Probabilities,
    Progress,
    RoundStore,
    TaskStore,
    VectorIndex,
    Vectors,
)
from tools.engine.records import Pool, Task, Text, TextId
from tools.engine.service_ports import ConversationStore, EventStore, JobStore, UserStore
from tools.opened import Opened
from tools.settings import Settings
from tools.whereabouts import acquire

if TYPE_CHECKING:
    from tools.adapters.oracles.batch_file import BatchReading
    from tools.adapters.oracles.human import Alike
    from tools.adapters.oracles.language_models import LanguageModels
    from tools.adapters.oracles.llm import LlmOracle
    from tools.adapters.oracles.replay import RecordedLabels
    from tools.adapters.readers import Input, Peek
    from tools.adapters.sql import Database
    from tools.engine.features import Features
    from tools.engine.learning import Fitted, TrainingSet


def utc_now() -> datetime:
    """The time now in UTC."""
    return datetime.now(UTC)


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Shows nothing."""


class Workbench:
    """The open ports of a workspace, its folder, settings, clock and progress display.

    Threads may share one. `attended` says whether a person sits at this process's terminal and can be asked there,
    `person` who gives the labels that come through it, where that is known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        folder: Path,
        clock: Clock = utc_now,
        progress: Progress = no_progress,
        attended: bool = True,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.clock = clock
        self.progress = progress
        self.attended = attended
        self.person: str | None = None
        self._opened = Opened()

    def lent(
        self, *, progress: Progress | None = None, person: str | None = None, clock: Clock | None = None
    ) -> "Workbench":
        """The same workbench over the same open ports, with another progress display or clock, or for a person."""
        other = copy(self)
        other.clock = clock or self.clock
        other.progress = progress or self.progress
        other.person = person or self.person
        return other

    @property
    def _database(self) -> "Database":
        def make() -> "Database":
            from tools.adapters.sql import open_database  # noqa: PLC0415 - see the module's docstring

            return open_database(self.settings.database_url or f"sqlite:///{self.folder / 'laud.db'}", clock=self.clock)

        return self._opened.get("database", make)

    @property
    def pools(self) -> PoolStore:
        """Pools and their texts."""
        return self._database.pools

    @property
    def tasks(self) -> TaskStore:
        """Tasks and their guideline versions."""
        return self._database.tasks

    @property
    def labels(self) -> LabelStore:
        """Every answer of every oracle."""
        return self._database.labels

    @property
    def opinions(self) -> OpinionStore:
        """What single people and models said of texts."""
        return self._database.opinions

    @property
    def leases(self) -> LeaseStore:
        """Which texts are with whom."""
        return self._database.leases

    @property
    def rounds(self) -> RoundStore:
        """Gold samples, rounds and models."""
        return self._database.rounds

    @property
    def conversations(self) -> ConversationStore:
        """Conversations with their turns."""
        return self._database.conversations

    @property
    def jobs(self) -> JobStore:
        """Heavy work, queued and done."""
        return self._database.jobs

    @property
    def events(self) -> EventStore:
        """Everything that happens."""
        return self._database.events

    @property
    def users(self) -> UserStore:
        """Who may use the service."""
        return self._database.users

    @property
    def vectors(self) -> VectorIndex:
        """The pools' embeddings."""

        def make() -> VectorIndex:
            from tools.adapters.chroma_index import ChromaIndex  # noqa: PLC0415 - as above

            return ChromaIndex(self.folder, url=self.settings.chroma_url)

        return self._opened.get("vectors", make)

    @property
    def compute(self) -> Compute:
        """Where heavy work runs: Ray when its address is set, else one warm child process."""

        def make() -> Compute:
            if self.settings.ray_address is not None:
                try:
                    from tools.adapters.compute.on_ray import RayCompute  # noqa: PLC0415 - as above
                except ModuleNotFoundError:
                    raise CannotDo(
                        "LAUD_RAY_ADDRESS is set and Ray is not installed: pip install 'laud[ray]', or unset it to "
                        "compute on this machine."
                    ) from None
                return RayCompute(self.settings.ray_address)
            from tools.adapters.compute.local import LocalCompute  # noqa: PLC0415 - as above

            return LocalCompute()

        return self._opened.get("compute", make)

    def check_learner(self, name: str) -> None:
        """Raise UnknownName for a learner that is none, CannotDo where its packages are not installed."""
        from tools.adapters.learners import check_learner  # noqa: PLC0415 - as above

        check_learner(name)

    def submit_encode(self, texts: list[str], encoder: str | None = None) -> Future[Vectors]:
        """Start encoding in the compute lane; unit vectors as float16, one row a text."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        return self.compute.submit(work.encode, texts, encoder or self.settings.encoder, self.settings.precision)

    def submit_features(self, texts: list[str], encoder: str, space: Path) -> "Future[Features]":
        """Start making features in the compute lane, one row a text."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        return self.compute.submit(work.encode_features, texts, encoder, self.settings.precision, str(space))

    def make_feature_space(self, texts: list[str], encoder: str, path: Path) -> None:
        """Write what the features of a pool are made with, from texts drawn at random from it."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        self.compute.run(work.make_feature_space, texts, encoder, self.settings.precision, str(path))

    def fit(
        self, learner: str, examples: "TrainingSet", folder: Path, manifest: dict[str, Any], *, seed: int
    ) -> "Fitted":
        """Train in the compute lane; the model's `folder` appears whole or not at all."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        return self.compute.run(
            work.fit, learner, examples, str(folder), manifest, precision=self.settings.precision, seed=seed
        )

    def try_out(self, learner: str, examples: "TrainingSet", features: "Features", *, seed: int) -> Probabilities:
        """Class probabilities of `features` by what `learner` makes of the examples; no model is kept."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        return self.compute.run(work.try_out, learner, examples, features, precision=self.settings.precision, seed=seed)

    def predict(self, folder: Path, texts: list[str], features: "Features | None" = None) -> Probabilities:
        """Class probabilities by the model in `folder`, computed in the lane."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        return self.compute.run(work.predict, str(folder), texts, features, self.settings.precision)

    def open_input(
        self, source: str, *, text_column: str | None = None, id_column: str | None = None, exclude: Sequence[str] = ()
    ) -> "Input":
        """The file, data set or standard input (`-`) that `source` names, ready to be read.

        Columns in `exclude` are never taken for the text.
        """
        from tools.adapters import readers  # noqa: PLC0415 - as above

        shown_as = None
        if source == "-":
            source = str(readers.spool(sys.stdin.buffer, self.folder / "inputs", progress=self.progress))
            shown_as = "standard input"
        return readers.open_input(
            source,
            text_column=text_column,
            id_column=id_column,
            exclude=exclude,
            max_text_length=self.settings.max_text_length,
            shown_as=shown_as,
        )

    def peek(self, path: Path, *, rows: int = 5) -> "Peek":
        """The beginning of a file, without taking it in. Raises UnreadableInput."""
        from tools.adapters import readers  # noqa: PLC0415 - as above

        return readers.peek(path, rows=rows)

    def export_model(self, folder: Path, out: Path) -> None:
        """Write the model in `folder` as a Hugging Face folder."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        self.compute.run(work.export_hugging_face, str(folder), str(out), self.settings.precision)

    def export_onnx(self, folder: Path, out: Path, texts: Sequence[str]) -> float:
        """Write the model in `folder` as ONNX; the largest difference of a probability on `texts`. Raises CannotDo."""
        from tools.adapters.compute import work  # noqa: PLC0415 - as above

        return self.compute.run(work.export_onnx, str(folder), str(out), list(texts))

    @property
    def language_models(self) -> "LanguageModels":
        """The endpoint of the settings: oracles over it, what they cost, and its offline batches."""

        def make() -> "LanguageModels":
            from tools.adapters.oracles.language_models import LanguageModels  # noqa: PLC0415 - as above

            store = self._database
            notes = self.folder / "under_way"
            given = self.settings.language_models()
            return LanguageModels(cache=store.paid, batches=store.offline, notes=notes, **given)

        return self._opened.get(f"language models {self.settings.llm_base_url} {self.settings.max_dollars}", make)

    def llm_oracle(self, task: Task, *, model: str | None = None, priced: bool = False, **how: Any) -> "LlmOracle":
        """The language model of the settings; `how` as `LanguageModels.oracle` takes it.

        Raises OracleUnavailable when none is set, AskAgain when the price table lacks it and it must be `priced`, or
        what a task may cost is capped.
        """
        return self.language_models.oracle(task, model=model, priced=priced, **how)

    def human_oracle(self, *, source: str = "human", alike: "Alike | None" = None) -> Oracle:
        """The person at this terminal; where none sits there, one who leaves every text open."""
        from tools.adapters.oracles.human import HumanOracle  # noqa: PLC0415 - as above

        if not self.attended:
            return HumanOracle(stdin=io.StringIO(), stdout=io.StringIO(), source=source)
        return HumanOracle(stdin=sys.stdin, stdout=sys.stderr, source=source, alike=alike)

    def zero_shot_oracle(self, probabilities: Mapping[TextId, NDArray[np.float32]], pool: Pool) -> Oracle:
        """The zero-shot pass as an oracle."""
        from tools.adapters.oracles.zero_shot import ZeroShotOracle  # noqa: PLC0415 - as above

        return ZeroShotOracle(probabilities, model=pool.encoder)

    def replay_oracle(self, labels: Mapping[TextId, str], **how: Any) -> Oracle:
        """Recorded labels as an oracle; `how` as `ReplayOracle` takes it."""
        from tools.adapters.oracles.replay import ReplayOracle  # noqa: PLC0415 - as above

        return ReplayOracle(labels, **how)

    def normalise_labels(self, raw: Mapping[TextId, str], task: Task) -> "RecordedLabels":
        """Recorded labels as classes of the task; raises UnknownLabel for others, unless a class takes the rest."""
        from tools.adapters.oracles.replay import normalise_labels  # noqa: PLC0415 - as above

        return normalise_labels(raw, task)

    def write_batch(self, path: Path, texts: Sequence[Text], task: Task) -> None:
        """Write texts to a file to be labeled elsewhere."""
        from tools.adapters.oracles.batch_file import write_batch  # noqa: PLC0415 - as above

        write_batch(path, texts, task)

    def read_batch(self, path: Path, texts: Sequence[Text], task: Task) -> "BatchReading":
        """Read such a file back."""
        from tools.adapters.oracles.batch_file import read_batch  # noqa: PLC0415 - as above

        return read_batch(path, texts, task)

    def write_labels(self, path: Path, texts: Sequence[ExchangedText], form: LabelForm) -> None:
        """Write texts with their labels in the form of another labeling tool."""
        from tools.adapters.label_formats import write_labels  # noqa: PLC0415 - as above

        write_labels(path, texts, form)

    def read_labels(self, path: Path, form: LabelForm) -> list[ReadRow]:
        """Read such a file back; raises UnreadableInput."""
        from tools.adapters.label_formats import read_labels  # noqa: PLC0415 - as above

        return read_labels(path, form)

    def languages(self, texts: Sequence[str], *, rng: np.random.Generator) -> dict[str, float]:
        """Share of each language among `texts`, by ISO code."""
        from tools.adapters.language import language_shares  # noqa: PLC0415 - as above

        return language_shares(texts=texts, rng=rng)

    def encoder_languages(self, encoder: str) -> str | None:
        """The language an encoder was trained for, `multilingual`, or None when it does not say."""
        from tools.adapters.encoder_card import languages  # noqa: PLC0415 - as above

        return languages(encoder)

    def model_folder(self, model_id: str) -> Path:
        """Where a model of this workspace lies."""
        return self.folder / "models" / model_id

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()


@contextmanager
def open_workbench(
    settings: Settings,
    *,
    write: bool = False,
    clock: Clock = utc_now,
    progress: Progress = no_progress,
    attended: bool = True,
) -> Iterator[Workbench]:
    """A workbench over the settings' workspace, closed at the end.

    With `write`, no other process can hold the workspace for writing at the same time: raises WorkspaceBusy. The lock
    goes with its process, also after `kill -9`.
    """
    folder = settings.workspace.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"The workspace {folder} cannot be made: {error.strerror}. Give another with --workspace."
        ) from error
    bench = Workbench(settings, folder=folder, clock=clock, progress=progress, attended=attended)
    lock = FileLock(folder / "lock")
    if write:
        acquire(lock, folder)
    try:
        yield bench
    finally:
        bench.close()
        lock.release()
