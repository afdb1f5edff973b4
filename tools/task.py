"""Tasks: what to learn, from which pool, into which classes. One model checks chat, API, files and flags."""

import hashlib
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tools.engine.errors import InvalidTask, StorageFailed, UnreadableInput
from tools.engine.records import ClassDefinition, DeskSettings, Task
from tools.engine.stopping import parse
from tools.files import replacing
from tools.workbench import Workbench

REST_NAMES = frozenset({"other", "others", "rest", "none", "none of these", "everything else", "anything else"})
"""Class names that mean "whatever no other class takes"."""


class ClassSpec(BaseModel):
    """A class as a person writes it: a bare name, or a name with definition and examples."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100)
    definition: str = Field(default="", max_length=5_000)
    examples: list[str] = Field(default_factory=list, max_length=100)


class DeskSpec(BaseModel):
    """How people label the texts of a task, as a person sets it; what is left out has its usual value."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        from_attributes=True,
        json_schema_extra={"examples": [{"overlap": 2, "suggestions": True, "blind_share": 0.2, "known_share": 0.05}]},
    )

    overlap: int = Field(default=1, ge=1, le=20, description="How many people answer each text before it has a label")
    suggestions: bool = Field(default=False, description="Whether the model's class is shown with a text")
    blind_share: float = Field(
        default=0.2, ge=0, le=1, description="Of texts with a suggestion, the part shown without, to measure its bias"
    )
    known_share: float = Field(default=0.0, ge=0, le=1, description="Part of the texts that are known, as checks")
    lease_seconds: float = Field(default=600, ge=10, le=86_400, description="How long a text is one person's")
    near_duplicates: bool = Field(
        default=True, description="Whether texts that are nearly the same come together, for one decision"
    )


class TaskSpec(BaseModel):
    """A task as a person writes it, in a file, a form or flags."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w][\w .\-]*$")
    pool: str = Field(min_length=1)
    description: str = Field(default="", max_length=20_000)
    classes: list[ClassSpec] = Field(min_length=2)
    positive: str | None = None
    rest: str | None = None
    oracle: str | None = None
    budget: float | None = Field(default=None, ge=0)
    stop: list[str] = Field(default_factory=list)
    desk: DeskSpec | None = None

    @field_validator("classes", mode="before")
    @classmethod
    def _names_alone(cls, classes: Any) -> Any:
        if isinstance(classes, dict):
            return [{"name": name, "definition": definition or ""} for name, definition in classes.items()]
        if isinstance(classes, list):
            return [{"name": str(c)} if isinstance(c, str | int | float | bool) else c for c in classes]
        return classes

    @field_validator("stop", mode="before")
    @classmethod
    def _one_rule(cls, stop: Any) -> Any:
        return [stop] if isinstance(stop, str) else stop

    @model_validator(mode="after")
    def _consistent(self) -> "TaskSpec":
        names = [c.name for c in self.classes]
        folded = [name.casefold() for name in names]
        repeated = sorted({name for name in names if folded.count(name.casefold()) > 1})
        if repeated:
            raise ValueError(f"class names must differ, ignoring case: {', '.join(map(repr, repeated))} is repeated")
        for role in ("positive", "rest"):
            chosen = getattr(self, role)
            if chosen is not None and chosen not in names:
                raise ValueError(f"{role} is {chosen!r}, which is none of the classes {', '.join(map(repr, names))}")
        if self.positive is not None and self.positive == self.rest:
            raise ValueError(f"{self.positive!r} cannot be both the positive class and the rest")
        return self


def with_inferred_roles(spec: TaskSpec) -> TaskSpec:
    """The spec with `rest` and `positive` filled in where the classes leave no doubt.

    A class called "other" takes the rest. In a task of two classes the one opposite the rest is the positive one, and
    the one opposite the positive takes the rest.
    """
    names = [c.name for c in spec.classes]
    rest, positive = spec.rest, spec.positive
    if rest is None:
        rest = next((name for name in names if name.casefold() in REST_NAMES and name != positive), None)
    if len(names) == 2:
        if rest is None and positive is not None:
            rest = names[1 - names.index(positive)]
        if positive is None and rest is not None:
            positive = names[1 - names.index(rest)]
    return spec.model_copy(update={"rest": rest, "positive": positive})


def create_task(bench: Workbench, spec: TaskSpec) -> Task:
    """Store a task, or a new version of its guideline when the name is known; returns it with its version.

    Raises UnknownName when the pool does not exist, InvalidTask when the classes or pool of a task that has labels
    would change, or a stop rule cannot be read.
    """
    spec = with_inferred_roles(spec)
    bench.pools.get(spec.pool)
    for rule in spec.stop:
        parse(rule)
    task = Task(
        name=spec.name,
        pool=spec.pool,
        description=spec.description,
        classes=tuple(
            ClassDefinition(name=c.name, definition=c.definition, examples=tuple(c.examples)) for c in spec.classes
        ),
        positive=spec.positive,
        rest=spec.rest,
        oracle=spec.oracle,
        budget=spec.budget,
        stop=tuple(spec.stop),
    )
    if spec.name in bench.tasks.names():
        old = bench.tasks.get(spec.name)
        _check_change(bench, old, task)
        task = replace(task, classes=_in_order(task.classes, old.class_names))
    saved = bench.tasks.save(task)
    if spec.desk is not None:
        set_desk(bench, saved.name, spec.desk.model_dump(exclude_unset=True))
    return saved


def set_desk(bench: Workbench, name: str, changes: dict[str, Any]) -> DeskSettings:
    """Set how people label a task's texts: what `changes` names, the rest stays as it is. Raises InvalidTask."""
    try:
        checked = DeskSpec.model_validate({**asdict(bench.tasks.desk(name)), **changes})
    except ValidationError as error:
        raise InvalidTask(f"the desk: {_first_problems(error)}") from error
    settings = DeskSettings(**checked.model_dump())
    if changes:
        bench.tasks.set_desk(name, settings)
    return settings


def _in_order(classes: tuple[ClassDefinition, ...], before: tuple[str, ...]) -> tuple[ClassDefinition, ...]:
    """The classes in the order they had before, new ones last: probabilities that models keep have a column a class."""
    places = {name: place for place, name in enumerate(before)}
    return tuple(sorted(classes, key=lambda one: places.get(one.name, len(before))))


def _check_change(bench: Workbench, old: Task, new: Task) -> None:
    labels = len(bench.labels.current(old.name))
    if labels and (old.pool != new.pool or set(old.class_names) != set(new.class_names)):
        raise InvalidTask(
            f"Task {old.name!r} holds {labels:,} labels over pool {old.pool!r} and the classes "
            f"{', '.join(map(repr, old.class_names))}; its pool and class names can no longer change. "
            "Definitions, examples and description can. For other classes create a task with another name."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What was deleted with a task: answers ever given, and models."""

    task: str
    labels: int
    models: int


def delete_task(bench: Workbench, name: str) -> Deleted:
    """Delete a task for good: its guideline versions, gold sample, rounds, labels, models and report; its pool stays.

    The database forgets all of it at once. A call that is killed before that has deleted nothing; one that is killed
    after it leaves files that nobody sees, and the same call again takes them away. Raises UnknownName, StorageFailed.
    """
    left = [*_model_folders(bench, name), *(path for path in [report_path(bench, name)] if path.exists())]
    if name not in bench.tasks.names() and left:
        _remove(left)
        return Deleted(task=name, labels=0, models=0)
    labels = len(bench.labels.history(bench.tasks.get(name).name))
    models = len(bench.rounds.models(name))
    # Passes are kept by name and guideline version, which a new task of this name would begin anew. All are made again.
    _remove([*(bench.folder / "zero_shot").glob("*.npy")])
    bench.tasks.delete(name)
    _remove(left)
    return Deleted(task=name, labels=labels, models=models)


def model_stem(name: str) -> str:
    """What the ids of a task's models begin with: readable, and unique among tasks."""
    return f"{'-'.join(name.split())}-{hashlib.sha256(name.encode()).hexdigest()[:4]}-round-"


def report_path(bench: Workbench, name: str) -> Path:
    """Where the report of a task's loop lies."""
    return bench.folder / "reports" / f"{'-'.join(name.split())}.html"


def _model_folders(bench: Workbench, name: str) -> list[Path]:
    """The folders of the task's models, unfinished ones too."""
    stem = model_stem(name)
    folders = bench.folder / "models"
    return [path for path in folders.glob("*") if path.name.removeprefix(".").startswith(stem)]


def _remove(paths: list[Path]) -> None:
    try:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"{error.filename} cannot be deleted: {error.strerror}. Make it writable and give the same command again."
        ) from error


def load_task_file(path: Path, definitions: Path | None = None) -> TaskSpec:
    """The task that a YAML file describes; raises UnreadableInput or InvalidTask with the place of the mistake."""
    content = _read_yaml(path)
    if not isinstance(content, dict):
        raise InvalidTask(f"{path} must hold a mapping with name, pool, description and classes.")
    return make_spec(content, definitions=definitions, source=str(path))


def write_task_file(path: Path, spec: TaskSpec) -> None:
    """Write a task as a YAML file that `load_task_file` reads; raises StorageFailed."""
    with replacing(path) as file:
        file.write(yaml.safe_dump(spec.model_dump(exclude_defaults=True), sort_keys=False, allow_unicode=True).encode())


def make_spec(content: dict[str, Any], *, definitions: Path | None = None, source: str = "the task") -> TaskSpec:
    """A checked spec of plain values; `definitions` is a YAML file of class name → definition to add."""
    try:
        spec = TaskSpec.model_validate(content)
    except ValidationError as error:
        raise InvalidTask(f"{source}: {_first_problems(error)}") from error
    return spec if definitions is None else _with_definitions(spec, definitions)


def _with_definitions(spec: TaskSpec, path: Path) -> TaskSpec:
    content = _read_yaml(path)
    if not isinstance(content, dict):
        raise InvalidTask(f"{path} must hold a mapping of class name to definition.")
    known = {c.name: c for c in spec.classes}
    unknown = sorted(set(map(str, content)) - set(known))
    if unknown:
        raise InvalidTask(
            f"{path} defines {', '.join(map(repr, unknown))}, which is none of the classes "
            f"{', '.join(map(repr, known))}."
        )
    classes = [
        c.model_copy(update={"definition": str(content.get(c.name, c.definition)).strip()}) for c in spec.classes
    ]
    return spec.model_copy(update={"classes": classes})


def _read_yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnreadableInput(f"There is no file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise UnreadableInput(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error


def _first_problems(error: ValidationError) -> str:
    parts = []
    for problem in error.errors()[:3]:
        place = ".".join(str(p) for p in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        parts.append(f"{place}: {message}" if place else message)
    return "; ".join(parts) + "."
