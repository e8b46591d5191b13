"""The checkpoint sets that `model_version` can name, and the style adapters that may be used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from engine.spec.model_tasks import ModelTask

# A checkpoint on the hub, and which state of it where it is pinned.
_ON_HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(@[\w-][\w.-]*)?")


def _named(name: str) -> str:
    if is_folder(name) or is_on_hub(name):
        return name
    raise ValueError("must be a folder (/…, ~/…, ./…), or ORG/NAME of the model hub, which may end in @REVISION")


def is_on_hub(name: str) -> bool:
    """Whether `name` is ORG/NAME, perhaps @REVISION."""
    return _ON_HUB.fullmatch(name) is not None


def is_folder(name: str) -> bool:
    """Whether the name of a checkpoint is a folder of the operator's, not one on the hub."""
    return name.startswith(("/", "~", "."))


def expanded(path: str) -> Path:
    """`path` with the home of whoever `~` names; as it is where nobody is called so, and then nothing lies there."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def folder_of(name: str, home: Path) -> Path:
    """Where the checkpoint called `name` lies in the house at `home`, or will once it is fetched."""
    return home / expanded(name) if is_folder(name) else home / "models" / name


Planner = Literal["planner"]
Use = ModelTask | Planner
Named = Annotated[str, AfterValidator(_named)]


class ModelSet(BaseModel):
    """One version: what people read about it, and the checkpoints its tasks use."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    description: str
    checkpoints: dict[Use, Named] = Field(default_factory=dict)

    @field_validator("checkpoints", mode="before")
    @classmethod
    def _known(cls, checkpoints: Any) -> Any:
        uses = (*get_args(ModelTask), *get_args(Planner))
        unknown = [use for use in checkpoints if use not in uses] if isinstance(checkpoints, dict) else []
        if unknown:
            raise ValueError(f"must be for {', '.join(uses)}, not for {unknown[0]}")
        return checkpoints


class AdapterFile(BaseModel):
    """A style adapter (LoRA): a .safetensors file, or the folder it lies in; seen from MINSTREL_HOME."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: Annotated[str, Field(min_length=1)]
    description: str = ""


class Models(BaseModel):
    """`models.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    versions: Annotated[dict[str, ModelSet], Field(min_length=1)]
    adapters: dict[str, AdapterFile] = Field(default_factory=dict)
