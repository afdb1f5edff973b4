"""The classifier that LAUD hands over: a transformers encoder, mean pooled, under a linear layer or a kernel.

Transformers' own classification heads for BERT read the first token, which sentence encoders leave untrained. This
file needs nothing but torch and transformers and lies beside exported weights, so that
`pipeline("text-classification", model=FOLDER, trust_remote_code=True)` works without LAUD.
"""

from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

# How LAUD makes features, told again: this file stands alone. A test holds that both give the same.
PAIR_CODES = 65_536
PAIR_FACTOR = 1_000_003
LAYER_FALL = 0.7
LEXICAL_WEIGHT = 0.7


class LaudConfig(PreTrainedConfig):
    """The encoder's configuration as a dictionary, what is read of a text, and the classes as `id2label`.

    Without `layers` the last one is read; with them each is centred, and they are laid side by side. `words` is the
    shape of the table of word pieces whose vectors are laid beside these, `edges` the tokens that are no part of a
    text. With `points`, their number, a kernel of `width` judges for the class `positive` in place of the linear layer.
    """

    model_type = "laud"

    def __init__(  # noqa: PLR0913 - as transformers builds it
        self,
        *,
        encoder: dict[str, Any] | None = None,
        layers: list[int] | None = None,
        words: list[int] | None = None,
        edges: list[int] | None = None,
        points: int = 0,
        width: float = 1.0,
        positive: int = 0,
        **kwargs: Any,
    ) -> None:
        self.encoder = encoder or {}
        self.layers = layers or []
        self.words = words or [0, 0]
        self.edges = edges or []
        self.points = points
        self.width = width
        self.positive = positive
        super().__init__(**kwargs)


def _fixed(*shape: int) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.zeros(shape), requires_grad=False)


class Words(torch.nn.Module):
    """Unit vectors of the word pieces of a text and of their pairs, which have `rows` of `table`, or -1 for none."""

    pieces: torch.Tensor
    pairs: torch.Tensor

    def __init__(self, vocabulary: int, rows: int, width: int) -> None:
        super().__init__()
        self.register_buffer("pieces", torch.full((vocabulary,), -1))
        self.register_buffer("pairs", torch.full((PAIR_CODES,), -1))
        self.table = _fixed(rows, width)

    def forward(self, input_ids: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """(n, width) from token ids (n, t) and which of them are part of the text."""
        codes = (input_ids[:, :-1] * PAIR_FACTOR + input_ids[:, 1:]) % PAIR_CODES
        found = torch.cat([self.pieces[input_ids], self.pairs[codes]], 1)
        known = torch.cat([inside, inside[:, :-1] & inside[:, 1:]], 1) & (found >= 0)
        alike = (found[:, :, None] == found[:, None, :]) & known[:, None, :]
        times = alike.sum(2).clamp(min=1).float()
        # A code that stands there k times weighs 1 + log k in all.
        weights = torch.where(known, (1 + times.log()) / times, 0.0)
        vectors = self.table[found.clamp(min=0)].float()
        units: torch.Tensor = torch.nn.functional.normalize((weights[:, :, None] * vectors).sum(1), dim=-1)
        return units


class Kernel(torch.nn.Module):
    """Log-odds by nearness to points: `scale` times how far the weighed nearness lies above `edge`."""

    def __init__(self, points: int, size: int) -> None:
        super().__init__()
        self.points = _fixed(points, size)
        self.weights = _fixed(points)
        self.edge = _fixed(1)
        self.scale = _fixed(1)

    def forward(self, vectors: torch.Tensor, width: float) -> torch.Tensor:
        """(n,) log-odds of vectors (n, f)."""
        squares = (vectors**2).sum(1)[:, None] + (self.points**2).sum(1)[None] - 2 * vectors @ self.points.T
        odds: torch.Tensor = self.scale * (torch.exp(-width * squares.clamp(min=0)) @ self.weights - self.edge)
        return odds


class LaudForSequenceClassification(PreTrainedModel):
    """Class logits of a text; the softmax of them is calibrated."""

    config_class = LaudConfig
    _keep_in_fp32_modules_strict = ["words", "kernel"]  # noqa: RUF012 - as transformers declares it

    def __init__(self, config: LaudConfig) -> None:
        super().__init__(config)
        inner = AutoConfig.for_model(**config.encoder)
        self.encoder = AutoModel.from_config(inner)
        width, count = int(inner.hidden_size), max(1, len(config.layers))
        if config.layers:
            self.centre = _fixed(count, width)
        if config.words[0]:
            self.words = Words(int(inner.vocab_size), *config.words)
        size = count * width + config.words[1]
        if config.points:
            self.kernel = Kernel(config.points, size)
        else:
            self.classifier = torch.nn.Linear(size, int(config.num_labels or 2))
        self.post_init()  # type: ignore[no-untyped-call]

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """What is judged, (n, f) in float32: unit vectors of the encoder, and of the words where they are read."""
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        weights = attention_mask.unsqueeze(-1).float()
        read = [output.hidden_states[layer] for layer in self.config.layers] or [output.last_hidden_state]
        means = (
            torch.stack([(one.float() * weights).sum(1) for one in read], 1) / weights.sum(1).clamp(min=1e-9)[:, None]
        )
        if self.config.layers:
            means = means - self.centre.float()
        lengths = LAYER_FALL ** torch.arange(len(read), device=means.device, dtype=torch.float32)
        lengths = lengths / lengths.norm()
        units: torch.Tensor = (torch.nn.functional.normalize(means, dim=-1) * lengths[:, None]).flatten(1)
        if not self.config.words[0]:
            return units
        inside = attention_mask.bool()
        for edge in self.config.edges:
            inside = inside & (input_ids != edge)
        return torch.cat([units, LEXICAL_WEIGHT * self.words(input_ids, inside)], 1)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Logits of shape (n, C), and the loss where labels are given."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        logits = self.judge(self.embed(input_ids, mask))
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def judge(self, vectors: torch.Tensor) -> torch.Tensor:
        """Logits (n, C) in float32 of what `embed` gave."""
        if not self.config.points:
            logits: torch.Tensor = self.classifier(vectors.to(self.classifier.weight.dtype)).float()
            return logits
        odds = self.kernel(vectors, self.config.width)
        return torch.stack([odds, torch.zeros_like(odds)][:: -1 if self.config.positive else 1], 1)
