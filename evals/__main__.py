"""`python -m evals NAME`: run one of the evaluations."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

EVALUATIONS: Mapping[tuple[str, ...], tuple[str, str]] = MappingProxyType(
    {
        ("agent",): ("evals.agent.running", "[--model interpreter|endpoint] [--case NAME]"),
        ("oracle", "throughput"): (
            "evals.oracle.throughput",
            "[rate|faults|limit|all] [--texts N] [--latency SECONDS]",
        ),
        ("oracle", "calibration"): ("evals.oracle.calibration", "[--seeds N]"),
        ("oracle", "gate"): ("evals.oracle.gate", "[--seeds N]"),
        ("oracle", "together"): (
            "evals.oracle.together",
            "[runs|weights|all] [--labels N] [--seeds N] [--learner NAME]",
        ),
        ("speed", "desk"): ("evals.speed.desk", "[ANSWERS]"),
    }
)
"""Module and arguments of each, by its name; only the one that is run is loaded."""


def main(arguments: list[str]) -> int:
    """Run the evaluation that is named first, with what else is given; returns the exit code."""
    for name, (module, _) in EVALUATIONS.items():
        if tuple(arguments[: len(name)]) == name:
            return int(import_module(module).main(arguments[len(name) :]))
    for name, (_, takes) in EVALUATIONS.items():
        sys.stderr.write(f"python -m evals {' '.join(name)} {takes}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
