"""`python -m evals NAME`: run one of the evaluations."""

import sys


def main(arguments: list[str]) -> int:
    """Run the evaluation that is named first, with what else is given; returns the exit code."""
    match arguments:
        case ["agent", *rest]:
            from evals.agent.running import main as run_agent  # noqa: PLC0415 - only the evaluation that is run is loaded

            return run_agent(rest)
        case _:
            sys.stderr.write("python -m evals agent [--model interpreter|endpoint] [--case NAME]\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
