"""Figures and names in a request: how many labels, by whom, until when, how chosen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from agent.interpreter.patterns import find, one_of, vocabulary
from agent.interpreter.words import Word

WRONG: Mapping[str, str] = MappingProxyType(
    {
        "batch": "A batch holds 1 to 10,000 texts.",
        "labels": "The number of labels must be 1 or more.",
        "rounds": "The number of rounds must be 1 or more.",
        "gold": "The number of gold texts must be 0 or more.",
        "budget": "A budget cannot be below $0.",
        "until": "A goal lies between 0 and 100 %.",
        "quality": "A quality lies between 0 and 100 %.",
        "minutes": "The minutes must be 0 or more.",
    }
)
"""What is said to a figure that no run can have."""
LARGEST_BATCH = 10_000
MOST_TIMES = 9
MORE = "more|further|additional|extra|new|other|another"
COUNTED = "labels|label|texts|text|lines|line|examples|items|rows|answers|receipts|messages"
AMOUNT = "me|another|about|at|only|just|up|most|to|the|next|first"
COUNTS: tuple[tuple[str, str], ...] = (
    ("batch", "batch|batches size|sizes? of|to|=? NUMBER"),
    ("batch", "round|rounds of NUMBER"),
    ("batch", "NUMBER text|texts|labels|lines|items? at a time|once"),
    ("batch", "NUMBER text|texts|label|labels|line|lines|item|items? a|per|each|every|in|for each? round|batch"),
    ("gold", "gold sample|set|labels|texts|size? of|to|with|=? NUMBER"),
    ("gold", "NUMBER gold"),
    ("gold", "NUMBER text|texts|labels|lines|items? to|for judge|judging|test|testing|check|checking"),
    ("rounds", f"NUMBER {MORE}? round|rounds|iteration|iterations|cycles"),
    ("rounds", "rounds|iterations to|=? NUMBER"),
    ("rounds", "another|once|one more|further? round"),
    ("labels", f"NUMBER {MORE}? of? the|these|them? training? {COUNTED}"),
    ("labels", f"label|annotate|tag|ask|answer {AMOUNT}? {AMOUNT}? NUMBER"),
    ("labels", "labels|at|up =|to|most|least? NUMBER"),
    ("labels", "NUMBER more|other|new|texts? to label"),
    ("labels", "^NUMBER more|further$"),
    ("labels", "until|till|reach|have NUMBER"),
    ("labels", "NUMBER by|with|using|myself"),
)  # fmt: skip
"""What a number counts; the first pattern that takes a number has it."""
IN_ALL: tuple[str, ...] = (
    "in all|total",
    "altogether",
    "until|till|to|at|reach|have|or NUMBER labels|label|texts|examples",
)
"""What makes a number of labels one of all labels, not of new ones."""
METRICS: tuple[tuple[str, str], ...] = (
    ("macro_f1", "macro-f1|macro_f1|macro"),
    ("precision", "precision|precise|sure"),
    ("recall", "recall|coverage|complete|completeness"),
    ("f1", "f1|f-score|f1-score|f-measure|fscore"),
    ("accuracy", "accuracy|accurate|correct|right"),
)
BESIDE = "of|is|at|least|to|reaches|reach|hits|over|above|the|a|an|about|with|=|>=|>"
"""Words between a metric and its number."""
GOALS: tuple[tuple[str, str], ...] = (
    ("precision>=0.95", "rather|better miss ... than ... wrong"),
    ("precision>=0.95", "not want ... false|wrong alarms|positives|hits|ones"),
    ("recall>=0.9", "not want ... miss any|one|anything"),
    ("recall>=0.9", "must|should not miss"),
    ("stable", "until|till|when ... stable|settled|settles|settle|stabilizes|stabilises"),
    ("stable", "until|till|when ... stop|stops changing"),
    ("stable", "until|till|when ... no|nothing|not ... changes|change|changing"),
    ("plateau", "until|till|when ... plateau|plateaus|levels|flat|flattens"),
    (
        "plateau",
        "until|till|when ... stop|stops|no|not longer|more|get|gets|getting? improving|improve|better|gain|improves",
    ),
)
QUALITY: tuple[str, ...] = (
    "quality of|at|is|to|=|>=? least? PERCENT|NUMBER",
    "PERCENT quality",
    "PERCENT of? the|my|all? labels|answers right|correct",
    "labels|answers are|be? at? least? PERCENT right|correct",
)
"""How many of a model's labels should be right; a person gives the others."""
MINUTES: tuple[tuple[float, str], ...] = (
    (1, "NUMBER minutes|minute|min|mins by|of? hand|me|mine?"),
    (60, "NUMBER hours|hour by|of? hand|me|mine?"),
)
GATE: tuple[tuple[str, str], ...] = (
    ("skip", "skip|without|no|not the|a|any? check|checks|checking|gate"),
    ("skip", "unchecked"),
)
CHECKED = "check|checks|checked|gate by|with|from"
"""What comes before who checks a language model."""
TIMES: tuple[tuple[int | None, str], ...] = ((None, "NUMBER times"), (2, "twice"))
ORACLES: tuple[tuple[str, str], ...] = (
    ("llm>human", "llm|gpt* first? and|then then? me|myself|human|people"),
    ("llm>human", "llm|gpt* ... unsure|uncertain ... me|myself|human|hand|person"),
    ("zero-shot", "zero-shot"),
    ("llm", "llm|llms|gpt*|chatgpt|ai|openai"),
    ("llm", "language|large model|models"),
    ("human", "myself|human|humans|person|people|manually|ourselves|personally"),
    ("human", "by|with|to|let|ask|for me|us|hand|you"),
    ("human", "yourself"),
    (
        "human",
        "i|we will|want|would|can|am|could|like|shall? to|like? to? label|labeling|answer|annotate|do|judge|check",
    ),
)
GOLD: tuple[str, ...] = (
    "gold sample|set|labels|texts|ones? labeled|judged|answered|checked? by|with|from|myself",
    "judged|evaluated by|with",
)
"""What comes before who labels the gold sample."""
COLUMNS: tuple[str, ...] = (
    "replay|replaying|replayed the? column|columns|labels? of|in|from|the? column? WORD",
    "column called|named|=? WORD",
    "the WORD column",
    "known|existing|recorded|given|true labels ... in|of|from|under the? column? WORD",
)
"""Where the labels of a replay stand; WORD is the column."""
STRATEGIES: Mapping[str, str] = MappingProxyType(
    {
        "density-margin": "density-margin|density",
        "diverse-margin": "diverse-margin|diverse|diversity",
        "least-confidence": "least-confidence|least-confident",
        "class-balanced": "class-balanced|balanced",
        "positive-hunt": "positive-hunt|hunt|hunting positives?",
        "positive-cover": "positive-cover|cover|covering positives?",
        "k-centre": "k-centre|k-center|coreset|core-set",
        "margin": "margin|margins",
        "entropy": "entropy",
        "typical": "typical|typicality|representative",
        "random": "random|randomly",
        "auto": "auto|automatic|automatically strategy?",
    }
)
LEARNERS: Mapping[str, str] = MappingProxyType(
    {
        "finetune": "fine-tune|transformer",
        "lora": "lora|low-rank",
        "in-context": "in-context|few-shot",
        "kernel": "kernel",
        "head": "head|logistic|light",
    }
)
LONGEST_PATTERN = 12
"""Words that the patterns for a column span, at most."""
_STOPPERS = one_of("the|a|an|my|of|in|column|columns|labels|and|with|for|please|only")


def run_figures(words: Sequence[Word]) -> dict[str, Any]:
    """What is said about a run, by the names of the arguments of `run_rounds`.

    `labels` and `rounds` come on top of what there is, unless `in_all` is set; `wrong` says what no run can have.
    """
    rest, figures = _beside_a_model(words)
    who = _oracles(rest)
    rest, until = _targets([word for word in rest if word is not _times(rest)[1]])
    figures |= dict(_counts(rest))
    budget = _budget(rest)
    if budget is not None:
        figures["budget"] = budget
    if None in until:
        figures["until"] = None
    wrong = [WRONG[slot] for slot in WRONG if slot in figures and not _possible(slot, figures[slot])]
    figures = {slot: value for slot, value in figures.items() if slot not in WRONG or _possible(slot, value)}
    if wrong:
        figures["wrong"] = " ".join(wrong)
    until = [rule for rule in until if rule is not None]
    until += [rule for rule, pattern in GOALS if find(pattern, words) and rule not in until]
    if until:
        figures["until"] = until
    figures |= named("strategy", STRATEGIES, words) | named("learner", LEARNERS, words) | who
    if find("seed only|alone", words) or find("only|just the? seed", words):
        figures["seed_only"] = True
    return figures


def named(slot: str, names: Mapping[str, str], words: Sequence[Word]) -> dict[str, str]:
    """The first of some names that is said."""
    return next(({slot: name} for name, pattern in names.items() if find(pattern, words)), {})


def _counts(words: Sequence[Word]) -> Iterator[tuple[str, Any]]:
    left = list(words)
    taken: set[str] = set()
    for slot, pattern in COUNTS:
        place = find(pattern, left) if slot not in taken else None
        if place is None:
            continue
        span = left[place[0] : place[1]]
        number = next((word for word in span if word.kind == "number"), None)
        count = 1 if number is None else number.number
        taken.add(slot)
        yield slot, count
        if slot == "labels" and any(find(form, left) for form in IN_ALL):
            yield "in_all", True
        left = [word for word in left if word is not number]


def _possible(slot: str, value: float | None) -> bool:
    """Whether a run can have this figure."""
    if slot == "quality":
        return value is not None and 0 < value <= 1
    smallest = {"gold": 0, "budget": 0, "minutes": 0}.get(slot, 1)
    return value is not None and value >= smallest and (slot != "batch" or value <= LARGEST_BATCH)


def _beside_a_model(words: Sequence[Word]) -> tuple[list[Word], dict[str, Any]]:
    """The words without what is said of a model's check and of a person's part beside it, and these figures."""
    left, found = list(words), dict[str, Any]()
    for pattern in QUALITY:
        if place := find(pattern, left):
            word = next(word for word in left[place[0] : place[1]] if word.kind in {"percent", "number"})
            value = float(word.value)
            found["quality"] = value / 100 if word.kind == "percent" or value > 1 else value
            left = left[: place[0]] + left[place[1] :]
            break
    for each, pattern in MINUTES:
        if place := find(pattern, left):
            found["minutes"] = each * float(left[place[0]].value)
            left = left[: place[0]] + left[place[1] :]
            break
    for who, pattern in GATE:
        if place := find(pattern, left):
            return left[: place[0]] + left[place[1] :], {**found, "gate": who}
    if place := find(CHECKED, left):
        tail = list(takewhile(lambda word: word.text != "gold", left[place[1] - 1 : place[1] + 4]))
        if who_checks := oracle(tail):
            left = [word for word in left if word not in left[place[0] : place[1]] + tail]
            found["gate"] = who_checks
    return left, found


def _times(words: Sequence[Word]) -> tuple[int | None, Word | None]:
    """How often an oracle is to be asked about a text, and the number that says so."""
    for times, pattern in TIMES:
        if place := find(pattern, words):
            word = words[place[0]]
            return (times or word.number), (word if times is None else None)
    return None, None


def _budget(words: Sequence[Word]) -> float | None:
    dollars = next((float(word.value) for word in words if word.kind == "dollars"), None)
    if dollars is not None:
        return dollars
    place = find("budget of|is|to|at|=? NUMBER", words)
    return None if place is None else float(words[place[1] - 1].value)


def _targets(words: Sequence[Word]) -> tuple[list[Word], list[str | None]]:
    """The words without the target scores, and the stopping rules that these are; None for one that is none."""
    left: list[Word] = list(words)
    rules: list[str | None] = []
    for name, metric in METRICS:
        for pattern in (f"PERCENT {BESIDE}? {metric}", f"{metric} {BESIDE}? {BESIDE}? {BESIDE}? PERCENT|NUMBER"):
            place = find(pattern, left)
            if place:
                share = _share(left[place[0] : place[1]])
                rules.append(None if share is None else f"{name}>={share:g}")
                left = left[: place[0]] + left[place[1] :]
                break
    return left, rules


def _share(words: Sequence[Word]) -> float | None:
    """The share that is meant by 95 %, 0.95 or 95; None for one that is none."""
    word = next(word for word in words if word.kind in {"percent", "number"})
    value = float(word.value)
    share = value / 100 if word.kind == "percent" or value > 1 else value
    return share if 0 < share < 1 else None


def _oracles(words: Sequence[Word]) -> dict[str, str]:
    """Who labels, and who labels the gold sample where that is somebody else."""
    place = next(filter(None, (find(pattern, words) for pattern in GOLD)), None)
    tail = words[place[1] - 1 : place[1] + 4] if place else []
    gold = oracle(tail)
    left = [word for word in words if word not in tail] if gold else words
    who, times = oracle(left), _times(left)[0]
    if who and times and who.partition(":")[0] in {"llm", "replay"} and 2 <= times <= MOST_TIMES and ">" not in who:
        who = f"{who}*{times}"
    return ({"oracle": who} if who else {}) | ({"gold_oracle": gold} if gold else {})


def oracle(words: Sequence[Word]) -> str | None:
    """Who is to label: llm, human, zero-shot, or a replay with its column (`replay:` alone when none is named).

    Also any name that the command line takes, written as it is there (`llm:a>llm:b`), or quoted after "oracle".
    """
    named = next((str(word.value) for word in words if word.kind == "oracle"), None)
    place = find("oracle QUOTE", words)
    if named or place:
        return named or str(words[place[1] - 1].value if place else "")
    column = next(filter(None, (_column(pattern, words) for pattern in COLUMNS)), None)
    if column or find("replay|replaying|replayed", words):
        return f"replay:{column or ''}"
    return next((name for name, pattern in ORACLES if find(pattern, words)), None)


def _column(pattern: str, words: Sequence[Word]) -> str | None:
    """The word that stands at WORD, as it was written."""
    for place, word in enumerate(words):
        if word.kind not in {"word", "quote"} or word.text in _STOPPERS or word.text.startswith("label"):
            continue
        start = max(0, place - LONGEST_PATTERN)
        marked = [*words[start:place], replace(word, text="WORD"), *words[place + 1 : place + LONGEST_PATTERN]]
        found = find(pattern, marked)
        if found and found[0] <= place - start < found[1]:
            return str(word.value) or word.text
    return None


def limit(words: Sequence[Word]) -> dict[str, int]:
    """How many texts are wanted."""
    for pattern in (
        f"NUMBER more|other|of|random|such|typical? the? ones|them|hits|results|{COUNTED}",
        "top|first|show|see|list|give|only|last me|the|us? NUMBER",
        "NUMBER most|hardest|worst",
    ):
        place = find(pattern, words)
        if place:
            number = next(word.number for word in words[place[0] : place[1]] if word.kind == "number")
            return {"limit": min(number, 50)} if number > 0 else {}
    return {}


def vocabulary_of_figures() -> frozenset[str]:
    """The words that the tables of this module name."""
    patterns = [pattern for _, pattern in (*COUNTS, *METRICS, *GOALS, *ORACLES, *MINUTES, *GATE, *TIMES)]
    patterns += [*QUALITY, CHECKED]
    patterns += [*STRATEGIES.values(), *LEARNERS.values()]
    return frozenset(word for pattern in patterns for word in vocabulary(pattern) if re.fullmatch(r"[a-z-]{4,}", word))
