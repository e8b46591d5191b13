"""What an order starts from, as the model needs it: its sound, and what is known or heard of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.acestep.wish import Audio
from engine.hearing.describe import caption
from engine.spec import EngineError, Heard, Order, Source
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.given import Given, given
from engine.studio.heard import heard_facts, transcript_of
from engine.studio.outside.ground import SINGS
from engine.studio.session import Session

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Opened:
    """A song made here has its `source` to tell the facts; of a recording they are `heard`, its caption too.

    `lyrics` are "" where nobody knows what is sung, and `language` is that of the words, "unknown" without any.
    `sings`: somebody does, as far as is known.
    """

    given: Given
    caption: str
    lyrics: str
    language: str
    bpm: float
    keyscale: str
    timesignature: str
    sings: bool
    heard: Heard | None = None
    source: Source | None = None

    @property
    def title(self) -> str:
        return self.given.title

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.given.duration

    @property
    def audio(self) -> Audio:
        """Float32 (2, samples) at 48 kHz, read anew at each call."""
        return sound_of(self.given)


def opened(order: Order, ears: Session, on_progress: Callable[[float], None] = lambda _: None) -> Opened:
    """What `order` starts from; a recording is listened to, of which `on_progress` hears 0 to 1 and may end it.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `source_unreadable` (title).
    """
    start = given(order)
    source = start.source
    sings = any(text for _, text in parse_lyrics(start.lyrics))
    language = source.vocal_language if source is not None else UNKNOWN
    if sings and language == UNKNOWN:
        language = ears.language_of(start.lyrics, UNKNOWN)
    if source is not None:
        facts: Source | Heard = source
        heard, told = None, source.caption
    else:
        with readable(start):
            transcript = transcript_of(start, ears, on_progress, closely=False)
        facts = heard = heard_facts(transcript, start.title)
        told = caption(transcript, sung=sings)
        sings = sings or transcript.texture.voice >= SINGS
    return Opened(
        start, told, start.lyrics, language, facts.bpm, facts.keyscale, facts.timesignature, sings, heard, source
    )  # fmt: skip


def sound_of(start: Given) -> Audio:
    """The sound of what an order starts from. Raises `EngineError`, permanent: `source_gone`, `source_unreadable`."""
    with readable(start):
        audio = start.sound()
    if not audio.shape[1]:
        raise EngineError("source_unreadable", permanent=True, cause=f"{start.key} is empty", title=start.title)
    return audio


@contextmanager
def readable(start: Given) -> Iterator[None]:
    """Where a file of the song turns out to be damaged inside, that is told by its title: `source_unreadable`."""
    try:
        yield
    except EngineError as error:
        if error.code != "decode_failed":
            raise
        raise EngineError("source_unreadable", permanent=True, cause=error.cause, title=start.title) from error
