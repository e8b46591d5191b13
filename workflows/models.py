"""The checkpoint sets that `model_version` can name."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ModelSet(BaseModel):
    """One version: what people read about it, and the checkpoints its tasks use."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    description: str
    checkpoints: dict[str, str] = Field(default_factory=dict)


class Models(BaseModel):
    """`models.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    versions: Annotated[dict[str, ModelSet], Field(min_length=1)]
