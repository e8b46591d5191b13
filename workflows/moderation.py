"""Words this house does not set to music."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from engine.spec import Request
from workflows.refusal import Refusal

TEXTS = ("caption", "query", "lyrics", "display_name", "edit_target_prompt", "edit_target_lyrics")


class Moderation(BaseModel):
    """`moderation.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    blocked: tuple[str, ...] = ()


def check(moderation: Moderation, spec: Request) -> None:
    """Raise a `Refusal` naming the field where one of the blocked words stands as a word of its own."""
    for field in TEXTS:
        text = getattr(spec, field, None) or ""
        for word in moderation.blocked:
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                raise Refusal("blocked_words", field=field, value=word)
