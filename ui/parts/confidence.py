"""How sure the model is: whether that means what it says, and what a threshold for a rare class would bring."""

from agent.service import wire
from ui.client import Service
from ui.parts import calibration, look, threshold


def show(service: Service, task: wire.Task) -> None:
    """The threshold of the class that is looked for, where there is one, and the calibration."""
    if task.positive is not None:
        look.put(look.html("<h3>From when on is a text {}?</h3>", task.positive))
        threshold.show(service, task)
    calibration.show(service, task)
