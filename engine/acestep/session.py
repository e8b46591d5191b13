"""What every task works with: the house's ears and words, the model that plays, and the checkpoints there are."""

from __future__ import annotations

from dataclasses import dataclass

from engine.acestep.player import Player
from engine.acestep.shelf import Shelf
from engine.studio import session as studio
from engine.studio.writer.author import Author


@dataclass(frozen=True)
class Session:
    """`name` is the engine's, as plans tell it; `ears` understands captions and hears recordings.

    `author` is the language model that writes lyrics, where there is one.
    """

    name: str
    ears: studio.Session
    author: Author | None
    player: Player
    shelf: Shelf
