"""Feature spaces as files, and the features of texts by an encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from tools.adapters.encoder import layer_means, word_pieces
from tools.engine.errors import StorageFailed
from tools.engine.features import Features, FeatureSpace, fit_space

CENTRE_SAMPLE = 2_048
"""Texts that the centre is taken from: the first ones."""


def make_space(texts: Sequence[str], encoder: str, precision: str, path: Path) -> None:
    """Write the feature space of a pool, from texts drawn at random from it; the file appears whole."""
    centre = np.asarray(layer_means(texts[:CENTRE_SAMPLE], encoder, precision).mean(axis=0), dtype=np.float32)
    space = fit_space(centre, word_pieces(texts, encoder, precision))
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(save({"centre": space.centre, "codes": space.codes, "table": space.table}))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageFailed(f"{path} cannot be written: {error.strerror or error}. Free some space.") from error


def load_space(path: Path) -> FeatureSpace:
    """The feature space in a file."""
    arrays = load_file(path)
    return FeatureSpace(centre=arrays["centre"], codes=arrays["codes"], table=arrays["table"])


def features_of(texts: Sequence[str], encoder: str, precision: str, space: FeatureSpace) -> Features:
    """The features of texts, one row a text."""
    return space.features(layer_means(texts, encoder, precision), word_pieces(texts, encoder, precision))
