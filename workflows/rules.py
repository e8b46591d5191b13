"""Everything a request is judged by, in one frozen value handed to the use cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.spec import Capabilities
from workflows.asks.runs import RecipeRun
from workflows.limits import Limits
from workflows.moderation import Moderation
from workflows.pricing import Pricing
from workflows.roles import Roles


@dataclass(frozen=True)
class Rules:
    """The operator's data. `known` maps `genre_preset` and `model_version` to the names that exist, and
    `lora_name_or_path` to those that may be used, where the engine uses any.

    `zone` is the time zone of what is scheduled where nobody says another. `recipes` are the requests for each recipe
    by its name.
    """

    pricing: Pricing
    limits: Limits
    moderation: Moderation
    capabilities: Capabilities
    roles: Roles = field(default_factory=Roles)
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    zone: str = "UTC"
    recipes: Mapping[str, type[RecipeRun]] = field(default_factory=dict)
