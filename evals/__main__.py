"""`python -m evals NAME …`: run one of the evaluations."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

EVALUATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "agent": ("evals.agent.running", "[--model interpreter|endpoint] [--case NAME]"),
        "loop": ("evals.loop.commands", "run|table|plot|check|split [--help]"),
        "oracle calibration": ("evals.oracle.calibration", "[--seeds N]"),
        "oracle gate": ("evals.oracle.gate", "[--seeds N]"),
        "oracle throughput": ("evals.oracle.throughput", "[rate|faults|limit|all] [--texts N] [--latency SECONDS]"),
        "oracle together": ("evals.oracle.together", "[runs|weights|all] [--labels N] [--seeds N] [--learner NAME]"),
        "speed desk": ("evals.speed.desk", "[ANSWERS]"),
        "speed page": ("evals.speed.page", "[TEXTS]"),
        "speed service": ("evals.speed.service", ""),
        "speed turn": ("evals.speed.agent_turn", "[TURNS]"),
    }
)
"""The module of each evaluation, whose `main` takes the arguments and gives the exit code, and what these may be."""


def main(arguments: list[str]) -> int:
    """Run the evaluation that is named first, with what else is given; returns the exit code."""
    for words in (1, 2):
        name = " ".join(arguments[:words])
        if name in EVALUATIONS:
            code: int = import_module(EVALUATIONS[name][0]).main(arguments[words:])
            return code
    sys.stderr.writelines(f"python -m evals {name} {how}\n" for name, (_, how) in EVALUATIONS.items())
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
