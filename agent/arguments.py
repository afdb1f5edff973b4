"""What each tool of the chat model takes: one model a tool, its docstring and field texts are what the model reads.

`pool` and `task` may be left out where there is one, or where the conversation is about one already.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tools.task import DeskSpec

PoolName = Annotated[str | None, Field(description="Name of the pool; leave out for the current one")]
TaskName = Annotated[str | None, Field(description="Name of the task; leave out for the current one")]
OracleName = Annotated[
    str | None,
    Field(
        description="Who labels: human, llm (costs money, texts leave this machine), zero-shot (a local guess), "
        "or replay:COLUMN for a column that holds known labels"
    ),
]
Dollars = Annotated[float | None, Field(ge=0, description="Dollars that may be spent on the task in all")]
Gate = Annotated[
    str | None,
    Field(
        description="Who checks a language model's answers before it labels: human (as usual), replay:COLUMN or skip"
    ),
]
Quality = Annotated[
    float | None,
    Field(gt=0, le=1, description="Share of right labels wanted; a person gives what the model is unsure of"),
]
Minutes = Annotated[float | None, Field(ge=0, description="Minutes that a person has for that, at most")]
TextColumn = Annotated[str | None, Field(description="Column that holds the texts; found by itself when left out")]
Show = Literal[
    "status",
    "scores",
    "rounds",
    "confused",
    "suspicious",
    "hard",
    "why",
    "predictions",
    "oracles",
    "people",
    "benefit",
    "edits",
    "doubts",
]
"""What of a task's results can be looked at."""
FILE = (
    "An uploaded file's name, sample:receipts for the sample, or a path where the service allows local files; "
    "csv, tsv, json, jsonl, parquet, txt or xlsx"
)


class Arguments(BaseModel):
    """What all tools share: nothing unknown is taken, so that a misspelt argument is noticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _left_out(cls, given: Any) -> Any:
        """Chat models write null or an empty string for what they leave out."""
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if value is not None and value != ""}
        return given


def _example(**values: Any) -> ConfigDict:
    """Shown to who writes requests by hand; the chat model is not sent it."""
    return ConfigDict(json_schema_extra={"examples": [values]})


class AddTexts(Arguments):
    """Read a file of texts into a pool and embed them. Always the first step. Runs as a job."""

    model_config = _example(file="receipts.csv")

    file: str = Field(min_length=1, description=FILE)
    pool: str | None = Field(default=None, description="Name for the pool; made from the file's name when left out")
    text_column: TextColumn = None


class InspectPool(Arguments):
    """Look at a pool: its size, languages and duplicates, its themes, sample texts, or the texts like some words."""

    pool: PoolName = None
    show: Literal["overview", "themes", "texts", "similar"] = Field(
        default="overview",
        description="overview: sizes, languages, duplicates, themes; themes: groups with typical texts; "
        "texts: texts as they come; similar: search, needs query or words",
    )
    query: str | None = Field(default=None, description="Find texts near this in meaning")
    words: list[str] = Field(default_factory=list, description="Only texts that hold each of these words exactly")
    limit: int = Field(default=10, ge=1, le=50, description="Texts or themes to show")


class ProposeTask(Arguments):
    """Draft a task from the person's wish and this pool: classes, definitions and the share to expect.

    Also gives the two or three borderline texts whose answers matter most. Changes nothing; show it to the person, then
    use set_task.
    """

    model_config = _example(request="find the baby care products")

    pool: PoolName = None
    request: str = Field(min_length=1, description="What the person wants, in their own words")
    classes: list[str] = Field(default_factory=list, description="Class names, where the person gave them")


class TaskClass(Arguments):
    """A class of a task."""

    name: str = Field(min_length=1, max_length=100, description="Short name")
    definition: str = Field(default="", max_length=5_000, description="What belongs to it, all things it is")
    examples: list[str] = Field(default_factory=list, max_length=100, description="Typical texts")


class SetTask(Arguments):
    """Create a task, or change the task of that name: what is left out stays as it is.

    A change of description, classes or examples makes a new guideline version; the classes of a task that has labels
    keep their names. Labels that accepted edits put in doubt are asked about again by the next run.
    """

    model_config = _example(
        name="baby-care",
        description="Find the baby care products.",
        classes=[{"name": "baby care", "definition": "nappies, wipes, formula"}, {"name": "other"}],
        positive="baby care",
    )

    name: str = Field(min_length=1, max_length=100, description="Short name, such as baby-care")
    pool: PoolName = None
    description: str | None = Field(default=None, max_length=20_000, description="What is looked for, in a sentence")
    classes: list[TaskClass] | None = Field(default=None, description="Two or more; call one 'other' to take the rest")
    positive: str | None = Field(default=None, description="The rare class that is looked for, if there is one")
    oracle: OracleName = None
    budget: Dollars = None
    stop: list[str] | None = Field(
        default=None, description="Rules that end the loop, such as precision>=0.95, labels=300, rounds=5, plateau"
    )
    desk: DeskSpec | None = Field(default=None, description="How people label its texts")
    edits: list[str] | None = Field(
        default=None, description="Proposed edits of the guideline that the person accepts, by their names in `edits`"
    )

    @model_validator(mode="after")
    def _one_change_of_the_guideline(self) -> Self:
        if self.edits and (self.classes is not None or self.description is not None):
            raise ValueError("edits change the guideline already; leave out description and classes")
        return self


class AnswerQuestions(Arguments):
    """Store the person's answers to the borderline texts: they become guideline examples and labels.

    Only what the person said, never a guess of yours.
    """

    model_config = _example(answers={"5d41402abc4b2a76b971": "other"})

    task: TaskName = None
    answers: dict[str, str] = Field(min_length=1, description="Text id → class name, as the person answered")


class Estimate(Arguments):
    """What a run would take: calls, dollars, time, and a person's minutes by hand. Changes and spends nothing."""

    model_config = _example(oracle="human", labels=200)

    task: TaskName = None
    oracle: OracleName = None
    labels: int | None = Field(default=None, ge=1, description="Training labels in all")
    rounds: int | None = Field(default=None, ge=0, description="Rounds after the cold start")
    batch: int | None = Field(default=None, ge=1, le=10_000, description="Texts labeled in a round")
    gold: int | None = Field(default=None, ge=0, description="Texts set apart to judge by")
    budget: Dollars = None
    learner: str | None = Field(default=None, description="As in run_rounds; in-context asks about the whole pool")
    gate: Gate = None
    quality: Quality = None
    minutes: Minutes = None


class RunRounds(Arguments):
    """Run the loop: gold sample, seed, then rounds of choosing, labeling, training, judging, until a rule holds.

    Goes on from where the task stands. Runs as a job. With oracle llm the person is asked first, with the price. When a
    person labels, it stops each time texts wait for them, and goes on by itself when these are labeled.
    """

    model_config = _example(oracle="human", labels=200, batch=20, until=["precision>=0.95"])

    task: TaskName = None
    oracle: OracleName = None
    rounds: int | None = Field(default=None, ge=1, description="Rounds after the cold start, at most")
    labels: int | None = Field(default=None, ge=1, description="Training labels, at most")
    batch: int | None = Field(default=None, ge=1, le=10_000, description="Texts labeled in a round")
    gold: int | None = Field(
        default=None, ge=0, description="Texts set apart to judge by; 0 judges by cross-validation"
    )
    gold_oracle: OracleName = None
    until: list[str] = Field(default_factory=list, description="Rules such as precision>=0.95, recall>=0.8, plateau")
    strategy: str | None = Field(default=None, description="Query strategy; leave out to let LAUD choose")
    learner: str | None = Field(
        default=None, description="head, kernel, finetune, lora, in-context or auto; leave out to let LAUD choose"
    )
    budget: Dollars = None
    gate: Gate = None
    quality: Quality = None
    minutes: Minutes = None
    seed_only: bool = Field(default=False, description="Stop after the cold start")
    check_only: bool = Field(default=False, description="Only have the person check some answers of the oracle")


class LabelTexts(Arguments):
    """Store labels that the person gave in the conversation. Never your own opinion."""

    model_config = _example(labels={"5d41402abc4b2a76b971": "baby care"})

    task: TaskName = None
    labels: dict[str, str] = Field(min_length=1, description="Text id → class name, or unsure, or skip")


class ShowResults(Arguments):
    """Where a task stands and how good it is, with intervals.

    Also the texts it is confused about, labels that look wrong, the hardest texts, why texts were picked, or what it
    would return.
    """

    task: TaskName = None
    show: Show = Field(
        default="status",
        description="people: how those who label agree; benefit: who should label; edits: of the guideline; "
        "doubts: labels least likely right",
    )
    cls: str | None = Field(default=None, description="Only this class")
    compare: list[int] | None = Field(
        default=None, min_length=2, max_length=2, description="Two round numbers to compare"
    )
    round: int | None = Field(default=None, ge=0, description="why: of this round; else of the latest")
    limit: int = Field(default=10, ge=1, le=50, description="Texts to show")


class Undo(Arguments):
    """Take back the person's latest labels; or, with doubtful, the labels that are most worth a person's second look.

    The texts of those wait for a person, before all others.
    """

    model_config = _example(count=3)

    task: TaskName = None
    count: int | None = Field(default=None, ge=1, le=1_000, description="How many labels; 1, or 20 of the doubtful")
    doubtful: bool = Field(default=False, description="Labels by whomever that are likely wrong, not the latest")


class DeleteTask(Arguments):
    """Delete a task with its labels and models for good. Only when the person asks for it; they are asked first."""

    task: str = Field(min_length=1, description="Name of the task")


class Export(Arguments):
    """Write the result into a folder: the model, its card, the labels and the predictions for the pool."""

    model_config = _example(format="labels")

    task: TaskName = None
    format: Literal["all", "hf", "onnx", "labels", "predictions", "card"] = Field(
        default="all", description="Which part"
    )
    out: str | None = Field(default=None, description="Folder; in the workspace's exports when left out")


class Predict(Arguments):
    """Give the texts of a file their classes with the task's model. Runs as a job."""

    model_config = _example(file="new.csv")

    task: TaskName = None
    file: str = Field(min_length=1, description=FILE)
    out: str | None = Field(default=None, description="File for the result; in the workspace's exports when left out")
    text_column: TextColumn = None


class StopJob(Arguments):
    """Stop a running or queued job; what it did is kept."""

    job: str | None = Field(default=None, description="Id of the job; leave out for the one that runs")
