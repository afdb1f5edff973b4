"""A BERT of one narrow layer with random weights: an encoder that costs nothing, written without loading torch."""

import json
import string
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

WIDTH = 16
LONGEST = 64


def write_tiny_encoder(folder: Path) -> Path:
    """Write the encoder into a new folder; the same weights every time."""
    folder.mkdir()
    words = [*string.ascii_lowercase, *string.digits]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *(f"##{word}" for word in words)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": len(vocabulary),
        "hidden_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 2 * WIDTH,
        "max_position_embeddings": LONGEST,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": LONGEST}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    rng = np.random.default_rng(7)
    shapes = {
        "embeddings.word_embeddings": (len(vocabulary), WIDTH),
        "embeddings.position_embeddings": (LONGEST, WIDTH),
        "embeddings.token_type_embeddings": (2, WIDTH),
        "encoder.layer.0.attention.self.query": (WIDTH, WIDTH),
        "encoder.layer.0.attention.self.key": (WIDTH, WIDTH),
        "encoder.layer.0.attention.self.value": (WIDTH, WIDTH),
        "encoder.layer.0.attention.output.dense": (WIDTH, WIDTH),
        "encoder.layer.0.intermediate.dense": (2 * WIDTH, WIDTH),
        "encoder.layer.0.output.dense": (WIDTH, 2 * WIDTH),
        "pooler.dense": (WIDTH, WIDTH),
    }
    weights = {f"{name}.weight": rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if "embeddings" not in name:
            weights[f"{name}.bias"] = np.zeros(shape[0], dtype=np.float32)
    norms = ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output")
    for name in norms:
        weights[f"{name}.LayerNorm.weight"] = np.ones(WIDTH, dtype=np.float32)
        weights[f"{name}.LayerNorm.bias"] = np.zeros(WIDTH, dtype=np.float32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
