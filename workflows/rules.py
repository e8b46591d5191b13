"""Everything a request is judged by, in one frozen value handed to the use cases."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.spec import Capabilities
from workflows.limits import Limits
from workflows.moderation import Moderation
from workflows.pricing import Pricing
from workflows.roles import Roles


@dataclass(frozen=True)
class Rules:
    """The operator's data. `known` maps `genre_preset` and `model_version` to the names that exist."""

    pricing: Pricing
    limits: Limits
    moderation: Moderation
    capabilities: Capabilities
    roles: Roles = field(default_factory=Roles)
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
