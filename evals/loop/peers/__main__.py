"""`python -m evals.loop.peers PEER SPLIT… --encoder FOLDER --out FOLDER`, in the peers' own environment."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from evals.loop.peers.running import Peer, on_random_labels, run_peer
from evals.loop.peers.splits import read_split


def _logistic_margin() -> Peer:
    from evals.loop.peers.logistic import logistic_margin  # noqa: PLC0415 - each loads libraries of its own, slowly

    return logistic_margin


def _finetuned_random() -> Peer:
    from evals.loop.peers.finetuning import finetuned  # noqa: PLC0415

    return on_random_labels(finetuned)


def _setfit_random() -> Peer:
    from evals.loop.peers.setfit_training import setfit  # noqa: PLC0415

    return on_random_labels(setfit)


def _breaking_ties() -> Peer:
    from small_text import BreakingTies  # noqa: PLC0415

    from evals.loop.peers.small_text_loop import small_text  # noqa: PLC0415

    return small_text(BreakingTies)


def _contrastive() -> Peer:
    from small_text import ContrastiveActiveLearning  # noqa: PLC0415

    from evals.loop.peers.small_text_loop import small_text  # noqa: PLC0415

    return small_text(lambda: ContrastiveActiveLearning(pbar=None))


PEERS: Mapping[str, Callable[[], Peer]] = MappingProxyType(
    {
        "logistic-margin": _logistic_margin,
        "finetune-random": _finetuned_random,
        "setfit-random": _setfit_random,
        "small-text-breaking-ties": _breaking_ties,
        "small-text-contrastive": _contrastive,
    }
)
"""The cheapest first."""


def main(arguments: Sequence[str]) -> int:
    """Run one peer over the splits, seed by seed; what is done is skipped."""
    parser = argparse.ArgumentParser(prog="python -m evals.loop.peers", description="Run a peer over splits.")
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("split", type=Path, nargs="+", help="a folder that `python -m evals loop split` wrote")
    parser.add_argument("--encoder", type=Path, default=Path(sys.prefix) / "encoder", help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N - 1 (default %(default)s)")
    parser.add_argument("--checkpoints", type=int, nargs="+", help="numbers of labels (default: all of the split)")
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    given = parser.parse_args(arguments)
    peer = PEERS[given.peer]()
    splits = [read_split(folder) for folder in given.split]
    for seed in range(given.seeds):
        for split in splits:
            checkpoints = given.checkpoints or split.checkpoints
            run_peer(given.peer, peer, split, encoder=given.encoder, seed=seed, checkpoints=checkpoints, out=given.out)
    return 0


if __name__ == "__main__":
    # All is on this disk: no hub is asked. The rest keeps the log to the results.
    os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    sys.exit(main(sys.argv[1:]))
