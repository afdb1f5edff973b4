"""How far the labels of a task are to be believed: by what the checks of each source have measured."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tools.checks import calibration_of
from tools.engine.records import Label, Opinion, Task, TextId
from tools.engine.trust import label_weights
from tools.opinions import is_person, standing
from tools.workbench import Workbench


def beliefs(bench: Workbench, task: Task, labels: Mapping[TextId, Label]) -> dict[TextId, float]:
    """The probability that each label is right; texts whose source was not checked, or too little, are left out.

    People's labels are left out: they are what others are measured by.
    """
    sources = {label.answer.source for label in labels.values() if not is_person(label.answer.source)}
    learnt = {source: calibration_of(bench, task, source) for source in sources}
    votes: dict[tuple[TextId, str], Opinion] = {
        (text, source): one
        for (text, source, purpose), one in standing(bench.opinions.of(task.name)).items()
        if purpose in {"check", "vote"} and source in sources
    }
    found: dict[TextId, float] = {}
    for text, label in labels.items():
        answer, calibration = label.answer, learnt.get(label.answer.source)
        if answer.label is None or calibration is None:
            continue
        said = votes.get((text, answer.source))
        # Where the answer was kept beside it, the confidence on the label was calibrated by the checks there were then.
        raw = answer.confidence if said is None or said.label != answer.label else said.confidence
        found[text] = calibration.probability(answer.label, raw)
    return found


def weights_of(bench: Workbench, task: Task, labels: Mapping[TextId, Label]) -> NDArray[np.float64] | None:
    """The (n,) weights that models learn from these labels with, in their order; None where nothing was measured."""
    known = beliefs(bench, task, labels)
    if not known:
        return None
    return label_weights(np.array([known.get(text, 1.0) for text in labels]), len(task.classes))
