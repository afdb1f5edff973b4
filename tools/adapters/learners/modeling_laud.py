"""The classifier that LAUD fine-tunes: a transformers encoder, mean pooled to a unit vector, under a linear layer.

Transformers' own classification heads for BERT read the first token, which sentence encoders leave untrained. This
file needs nothing but torch and transformers and lies beside exported weights, so that
`pipeline("text-classification", model=FOLDER, trust_remote_code=True)` works without LAUD.
"""

from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class LaudConfig(PreTrainedConfig):
    """The encoder's configuration as a dictionary, the layers that are read, and the classes as `id2label`.

    Without `layers` the last one is read; with them each is centred, and they are laid side by side.
    """

    model_type = "laud"

    def __init__(self, encoder: dict[str, Any] | None = None, layers: list[int] | None = None, **kwargs: Any) -> None:
        self.encoder = encoder or {}
        self.layers = layers or []
        super().__init__(**kwargs)


class LaudForSequenceClassification(PreTrainedModel):
    """Class logits of a text; the softmax of them is calibrated."""

    config_class = LaudConfig

    def __init__(self, config: LaudConfig) -> None:
        super().__init__(config)
        inner = AutoConfig.for_model(**config.encoder)
        self.encoder = AutoModel.from_config(inner)
        width, count = int(inner.hidden_size), max(1, len(config.layers))
        self.classifier = torch.nn.Linear(count * width, int(config.num_labels or 2))
        if config.layers:
            self.centre = torch.nn.Parameter(torch.zeros(count, width), requires_grad=False)
        self.post_init()  # type: ignore[no-untyped-call]

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Unit vectors of shape (n, d) in float32."""
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        weights = attention_mask.unsqueeze(-1).float()
        read = [output.hidden_states[layer] for layer in self.config.layers] or [output.last_hidden_state]
        means = (
            torch.stack([(one.float() * weights).sum(1) for one in read], 1) / weights.sum(1).clamp(min=1e-9)[:, None]
        )
        if self.config.layers:
            means = means - self.centre.float()
        units: torch.Tensor = torch.nn.functional.normalize(means, dim=-1).flatten(1)
        return torch.div(units, len(read) ** 0.5)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Logits of shape (n, C), and the loss where labels are given."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        vectors = self.embed(input_ids, mask)
        logits = self.classifier(vectors.to(self.classifier.weight.dtype)).float()
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
