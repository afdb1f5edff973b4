"""The text encoder: a transformers model, mean pooled to unit vectors, run in length-sorted, token-budgeted batches."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from tools.adapters.encoder_card import PACKAGED, resolve
from tools.engine.errors import UnreadableInput
from tools.engine.ports import Vectors

MAX_TOKENS = 256
"""The length that the default encoder was trained for; longer texts are cut."""
TOKENS_PER_BATCH = 8_192
"""Padded tokens in one forward pass: keeps the matrices large and the memory flat whatever the lengths."""


def device() -> torch.device:
    """CUDA or MPS where there is one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def fast_bfloat16() -> bool:
    """Whether this device multiplies bfloat16 matrices natively, so that it is faster than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    flags = Path("/proc/cpuinfo")
    return flags.exists() and any(flag in flags.read_text() for flag in ("avx512_bf16", "amx_bf16", " bf16"))


def number_format(precision: str) -> torch.dtype:
    """The dtype of encoder weights for the setting `precision` (auto, float32 or bfloat16)."""
    if precision == "auto":
        return torch.bfloat16 if fast_bfloat16() else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


@lru_cache(maxsize=2)  # reading and fine-tuning want one each
def load(encoder: str, precision: str) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Tokenizer and model, kept warm in this process; raises UnreadableInput when they cannot be loaded."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(resolve(encoder))
        model: PreTrainedModel = AutoModel.from_pretrained(resolve(encoder), dtype=number_format(precision))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableInput(
            f"The encoder {encoder!r} cannot be loaded: {reason}. "
            f"Give a Hugging Face id or a folder in LAUD_ENCODER, or leave it unset for {PACKAGED}."
        ) from error
    torch.nn.Module.to(model, device())
    model.eval()
    return tokenizer, model


def dimension(encoder: str, precision: str) -> int:
    """Length of the encoder's vectors."""
    return int(load(encoder, precision)[1].config.hidden_size)


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Unit-length mean of the token states that `mask` keeps; float32 of shape (n, d)."""
    return torch.nn.functional.normalize(masked_mean(hidden, mask), dim=-1)


def masked_mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the token states that `mask` keeps; float32 of shape (n, d)."""
    weights = mask.unsqueeze(-1).to(torch.float32)
    return (hidden.to(torch.float32) * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def batches(lengths: Sequence[int], tokens_per_batch: int = TOKENS_PER_BATCH) -> Iterator[list[int]]:
    """Indices grouped by similar length, so that one padded batch holds at most `tokens_per_batch` tokens."""
    batch: list[int] = []
    for index in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[index] > tokens_per_batch:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def tokenise(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], limit: int = MAX_TOKENS) -> list[list[int]]:
    """Token ids of each text, with special tokens, cut to `limit`."""
    if not texts:  # of which the tokenizer makes an error
        return []
    longest = min(limit, tokenizer.model_max_length)
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return ids


def edges(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The ids of the tokens that stand before, after and between texts, and are no part of them."""
    ids = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    return {int(i) for i in (*ids, tokenizer.pad_token_id) if i is not None}


def word_pieces(texts: Sequence[str], encoder: str, precision: str = "auto") -> list[list[int]]:
    """The word pieces of each text that the encoder reads."""
    tokenizer = load(encoder, precision)[0]
    outside = edges(tokenizer)
    return [[token for token in row if token not in outside] for row in tokenise(tokenizer, texts)]


def pad(rows: Sequence[list[int]], pad_id: int, target: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids padded to the longest row and the mask of the real ones, both of shape (n, longest)."""
    width = max(len(row) for row in rows)
    ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return torch.from_numpy(ids).to(target), torch.from_numpy(mask).to(target)


def encode(texts: Sequence[str], encoder: str, precision: str = "auto") -> Vectors:
    """Unit-length embeddings of shape (len(texts), d) as float16."""
    tokenizer, model = load(encoder, precision)
    rows = tokenise(tokenizer, texts)
    vectors: NDArray[np.float16] = np.empty((len(texts), model.config.hidden_size), dtype=np.float16)
    with torch.inference_mode():
        for batch in batches([len(row) for row in rows]):
            ids, mask = pad([rows[i] for i in batch], int(tokenizer.pad_token_id or 0), model.device)
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
            vectors[batch] = mean_pool(hidden, mask).to(torch.float16).cpu().numpy()
    return vectors


def layers_of(depth: int) -> list[int]:
    """The hidden states that features are made of: the last, and the one two thirds of the way up.

    The last carries what a text means, a middle one also its form, such as what a question asks for (Tenney et al.
    2019, arXiv:1905.05950).
    """
    return [depth, round(depth * 2 / 3)]


def layer_means(texts: Sequence[str], encoder: str, precision: str = "auto") -> NDArray[np.float32]:
    """Mean-pooled hidden states of shape (n, layers, d), not normalised."""
    tokenizer, model = load(encoder, precision)
    rows = tokenise(tokenizer, texts)
    layers = layers_of(model.config.num_hidden_layers)
    means = np.empty((len(texts), len(layers), model.config.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        for batch in batches([len(row) for row in rows]):
            ids, mask = pad([rows[i] for i in batch], int(tokenizer.pad_token_id or 0), model.device)
            states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
            for place, layer in enumerate(layers):
                means[batch, place] = masked_mean(states[layer], mask).cpu().numpy()
    return means
