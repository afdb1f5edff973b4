"""A model's folder: it appears whole or not at all, and says itself what it is."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tools.engine.errors import StorageFailed, UnreadableInput
from tools.engine.learning import Fitted

MANIFEST = "laud.json"


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill that takes its name when the block ends well; an older one of that name is replaced."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise StorageFailed(
            f"{folder} cannot be written: {error.strerror or error}. Free some space, or give another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the model in `folder` says of itself; raises UnreadableInput when it is no model of LAUD's."""
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableInput(f"{folder} holds no model: {MANIFEST} is missing or damaged.") from error


def write_fitted(folder: Path, fitted: Fitted, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write what came of a training beside the weights; returns what the model says of itself."""
    np.save(folder / "held_out.npy", fitted.held_out)
    told = {"learner": fitted.learner, "temperature": fitted.temperature, "compared": dict(fitted.compared)}
    write_manifest(folder, {**manifest, **told})
    return {**manifest, **told}


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write what the model says of itself."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
