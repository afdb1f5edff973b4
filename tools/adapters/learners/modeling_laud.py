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
    """The encoder's configuration as a dictionary, and the classes as `id2label`."""

    model_type = "laud"

    def __init__(self, encoder: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.encoder = encoder or {}
        super().__init__(**kwargs)


class LaudForSequenceClassification(PreTrainedModel):
    """Class logits of a text; the softmax of them is calibrated."""

    config_class = LaudConfig

    def __init__(self, config: LaudConfig) -> None:
        super().__init__(config)
        inner = AutoConfig.for_model(**config.encoder)
        self.encoder = AutoModel.from_config(inner)
        self.classifier = torch.nn.Linear(int(inner.hidden_size), int(config.num_labels or 2))
        self.post_init()  # type: ignore[no-untyped-call]

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Unit vectors of shape (n, d) in float32."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        weights = attention_mask.unsqueeze(-1).float()
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, dim=-1)

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


LaudConfig.register_for_auto_class()  # type: ignore[no-untyped-call]
LaudForSequenceClassification.register_for_auto_class(  # type: ignore[no-untyped-call]
    "AutoModelForSequenceClassification"
)
