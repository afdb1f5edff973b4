"""The training of a whole encoder: its loss, its steps, and what it makes of texts.

Cross-entropy together with a supervised contrastive loss in the same batch (Khosla et al. 2020, arXiv:2004.11362;
for few labels Gunel et al. 2021, arXiv:2011.01403), over batches in which every class weighs the same. The word
embeddings and the lower half of the layers stay as they are: they carry form and words, which few labels can only
spoil (Lee et al. 2019, arXiv:1911.03090), and half of the work is saved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.adapters.encoder import batches, device, fast_bfloat16, pad
from tools.adapters.learners.modeling_laud import LaudConfig, LaudForSequenceClassification
from tools.engine.learning import balanced

BATCH = 24
ENCODER_RATE = 1e-4
HEAD_RATE = 1e-2
WARM_UP = 0.1
DECAY = 0.01
CLIP = 1.0
DROPOUT = 0.1
CONTRAST = 1.0
"""Weight of the contrastive loss."""
CONTRAST_TEMPERATURE = 0.1
SCALE = 10.0
"""Factor from unit vectors to what the linear layer sees: lets it be sure with small weights."""
CHECKS = (0.75, 0.875, 1.0)
"""Parts of a training after which its held-out loss is looked at, for the early stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenised:
    """Tokenised texts, their codes (n,), and how far each label is to be believed (n,)."""

    rows: list[list[int]]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    pad_id: int

    @property
    def chances(self) -> NDArray[np.float64]:
        """How likely each text is to be drawn (n,): classes alike, a label that is believed half half as often."""
        return np.asarray(balanced(self.labels, self.weights) / self.weights.sum())

    def part(self, kept: NDArray[np.bool_]) -> "Tokenised":
        """Those that are `kept` (n,)."""
        places = np.flatnonzero(kept)
        return replace(
            self, rows=[self.rows[i] for i in places], labels=self.labels[places], weights=self.weights[places]
        )

    def with_more(self, rows: list[list[int]], labels: NDArray[np.int64], weights: NDArray[np.float64]) -> "Tokenised":
        """These, and others after them."""
        return replace(
            self,
            rows=[*self.rows, *rows],
            labels=np.concatenate([self.labels, labels]),
            weights=np.concatenate([self.weights, weights]),
        )


def new_model(base: Any, classes: Sequence[str], *, seed: int) -> LaudForSequenceClassification:
    """A classifier over a copy of the encoder `base`, its head untrained."""
    torch.manual_seed(seed)
    names = dict(enumerate(classes))
    config = LaudConfig(
        encoder=base.config.to_dict(),
        id2label=names,
        label2id={name: code for code, name in names.items()},
    )
    model = LaudForSequenceClassification(config)
    model.encoder.load_state_dict(base.state_dict(), strict=False)
    torch.nn.Module.to(model, device())
    return model


def train(  # noqa: PLR0913 - keyword-only
    model: LaudForSequenceClassification,
    data: Tokenised,
    *,
    steps: int,
    rate: float = ENCODER_RATE,
    held_out: Tokenised | None = None,
    seed: int,
) -> tuple[float, NDArray[np.float32]]:
    """Train in place; early stop: of the looks at the held-out loss the best one counts.

    Returns the share of the steps after which the loss was lowest, and the held-out logits (n, C) then.
    """
    rng, chances = np.random.default_rng(seed), data.chances
    optimizer, schedule = _optimizer(model, steps, rate)
    best = (float("inf"), 1.0, np.empty((0, 0), dtype=np.float32))
    checks = {round(steps * part) for part in CHECKS}
    model.train()
    for step in range(1, steps + 1):
        batch = rng.choice(len(data.labels), min(BATCH, len(data.labels)), p=chances)
        loss = _loss(model, data, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        if held_out is not None and step in checks:
            logits = predict_logits(model, held_out.rows, held_out.pad_id, scale=SCALE)
            wrong = _cross_entropy(logits, held_out.labels)
            if wrong < best[0]:
                best = (wrong, step / steps, logits)
            model.train()
    model.eval()  # type: ignore[no-untyped-call]
    return best[1], best[2]


def predict_logits(
    model: LaudForSequenceClassification, rows: Sequence[list[int]], pad_id: int, *, scale: float = 1.0
) -> NDArray[np.float32]:
    """Logits (n, C) of tokenised texts, in length-sorted batches."""
    logits = np.empty((len(rows), model.classifier.out_features), dtype=np.float32)
    model.eval()  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        for batch in batches([len(row) for row in rows]):
            ids, mask = pad([rows[i] for i in batch], pad_id, model.device)
            vectors = model.embed(ids, mask) * scale
            logits[batch] = model.classifier(vectors.to(model.classifier.weight.dtype)).float().cpu().numpy()
    return logits


def _cross_entropy(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)))


def _optimizer(
    model: LaudForSequenceClassification, steps: int, rate: float
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    kept = frozen([name for name, _ in model.encoder.named_parameters()])
    for name, weight in model.encoder.named_parameters():
        weight.requires_grad = name not in kept
    encoder = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder, "lr": rate},
            {"params": model.classifier.parameters(), "lr": HEAD_RATE},
        ],
        weight_decay=DECAY,
        fused=True,
    )
    return optimizer, paced(optimizer, steps)


def paced(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Rates that rise over the first steps and fall to nothing at the last."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.0, 1 - step / steps)
    )


def steps_for(labels: int, *, of_hundred: int, span: tuple[float, float]) -> int:
    """Steps for so many labels: `of_hundred` for a hundred, others in proportion, within `span` times."""
    return round(of_hundred * min(span[1], max(span[0], labels / 100)))


def frozen(names: Sequence[str]) -> set[str]:
    """Of an encoder's weights those that are not trained: the embeddings and the lower half of numbered layers.

    An encoder that shares one layer's weights among all has no lower half.
    """
    layers = {name: int(found[1]) for name in names if (found := re.search(r"\.(\d+)\.", f".{name}"))} | {
        name: -1 for name in names if name.startswith("embeddings")
    }
    half = (max(layers.values(), default=0) + 1) // 2
    return {name for name, layer in layers.items() if layer < half}


def _loss(model: LaudForSequenceClassification, data: Tokenised, batch: NDArray[np.int64]) -> torch.Tensor:
    ids, mask = pad([data.rows[i] for i in batch], data.pad_id, model.device)
    codes = torch.from_numpy(data.labels[batch]).to(model.device)
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=fast_bfloat16()):
        vectors = model.embed(ids, mask)
    vectors = vectors.float()
    logits = model.classifier(torch.nn.functional.dropout(vectors * SCALE, DROPOUT))
    return torch.nn.functional.cross_entropy(logits, codes) + CONTRAST * contrast(vectors, codes)


def contrast(vectors: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Supervised contrastive loss of unit vectors (n, d): texts of a class attract, others repel; 0 without pairs."""
    others = ~torch.eye(len(codes), dtype=torch.bool, device=codes.device)
    similar = (vectors @ vectors.T / CONTRAST_TEMPERATURE).masked_fill(~others, -torch.inf)
    shares = similar - torch.logsumexp(similar, 1, keepdim=True)
    alike = (codes[:, None] == codes[None]) & others
    counts = alike.sum(1)
    paired = counts > 0
    if not bool(paired.any()):
        return vectors.sum() * 0.0
    return -(shares.masked_fill(~alike, 0.0).sum(1)[paired] / counts[paired]).mean()
