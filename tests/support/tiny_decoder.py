"""A Llama of two narrow layers with random weights: a language model that costs nothing, written without torch."""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

WIDTH = 32
INNER = 48
LAYERS = 2
END = "</s>"


def write_tiny_decoder(folder: Path) -> Path:
    """Write the language model into a new folder; the same weights every time.

    It reads a text letter by letter, and has no token to fill up with, as many language models have none.
    """
    folder.mkdir()
    words = ["<unk>", END, *string.ascii_lowercase, *string.digits, " "]
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": len(words),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": INNER,
        "max_position_embeddings": 512,
        "tie_word_embeddings": False,
        "eos_token_id": 1,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(words)), encoding="utf-8")
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    rng = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens": (len(words), WIDTH), "lm_head": (len(words), WIDTH)}
    for layer in range(LAYERS):
        inside = f"model.layers.{layer}"
        shapes |= {f"{inside}.self_attn.{name}_proj": (WIDTH, WIDTH) for name in ("q", "o")}
        shapes |= {f"{inside}.self_attn.{name}_proj": (WIDTH // 2, WIDTH) for name in ("k", "v")}
        shapes |= {f"{inside}.mlp.{name}_proj": (INNER, WIDTH) for name in ("gate", "up")}
        shapes |= {f"{inside}.mlp.down_proj": (WIDTH, INNER)}
        shapes |= {f"{inside}.{name}_layernorm": (WIDTH,) for name in ("input", "post_attention")}
    shapes["model.norm"] = (WIDTH,)
    weights = {
        f"{name}.weight": np.ones(shape, dtype=np.float32)
        if len(shape) == 1
        else rng.normal(0, 0.2, shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _tokenizer(words: list[str]) -> dict[str, Any]:
    return {
        "version": "1.0",
        "added_tokens": [
            {
                "id": 1,
                "content": END,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
        ],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False},
        "model": {"type": "WordLevel", "vocab": {word: code for code, word in enumerate(words)}, "unk_token": "<unk>"},
    }
