"""`python -m evals NAME`: run one of the evaluations."""

import sys


def main(arguments: list[str]) -> int:
    """Run the evaluation that is named first, with what else is given; returns the exit code."""
    match arguments:
        case ["agent", *rest]:
            from evals.agent.running import main as run_agent  # noqa: PLC0415 - only the evaluation that is run is loaded

            return run_agent(rest)
        case ["oracle", "throughput", *rest]:
            from evals.oracle.throughput import main as run_throughput  # noqa: PLC0415 - as above

            return run_throughput(rest)
        case ["oracle", "calibration", *rest]:
            from evals.oracle.calibration import main as run_calibration  # noqa: PLC0415 - as above

            return run_calibration(rest)
        case ["oracle", "gate", *rest]:
            from evals.oracle.gate import main as run_gate  # noqa: PLC0415 - as above

            return run_gate(rest)
        case ["speed", "desk", *rest]:
            from evals.speed.desk import main as run_desk  # noqa: PLC0415 - as above

            return run_desk(rest)
        case _:
            sys.stderr.write(
                "python -m evals agent [--model interpreter|endpoint] [--case NAME]\n"
                "python -m evals speed desk [ANSWERS]\n"
                "python -m evals oracle throughput [rate|faults|limit|all] [--texts N] [--latency SECONDS]\n"
            )
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
