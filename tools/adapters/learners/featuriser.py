"""Features of texts for a model that stands on a pool's feature space; loads the encoder only when it is needed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.engine.features import Features

SPACE = "space.safetensors"
"""Name of the feature space in a model's folder."""


@dataclass(frozen=True, slots=True)
class Featuriser:
    """Makes the features that the model in `folder` was trained on."""

    folder: Path
    encoder: str
    precision: str

    def features(self, texts: Sequence[str]) -> Features:
        """The features of texts, one row a text."""
        from tools.adapters.feature_space import features_of, load_space  # noqa: PLC0415 - torch only where it is needed

        return features_of(texts, self.encoder, self.precision, load_space(self.folder / SPACE))


def bring_along(space: Path | None, folder: Path) -> None:
    """Put a feature space into a model's folder: as a second name of the same file where the disk can, as it is big."""
    if space is None:
        return
    try:
        (folder / SPACE).hardlink_to(space)
    except OSError:
        shutil.copyfile(space, folder / SPACE)
