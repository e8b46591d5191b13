"""ACE-Step 1.5 as an engine: the studio's head with the model's sound. Implements `engine.spec.Engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.acestep import (
    capabilities,
    cover,
    edit,
    extend,
    reference,
    repaint,
    retake,
    samples,
    songs,
    stems,
    wishes,
)
from engine.acestep.model import Models
from engine.acestep.player import Player
from engine.acestep.session import Session
from engine.acestep.shelf import Shelf
from engine.spec import Analysis, EngineError, Order, Plan, Preset, Request, TrackSink, Words
from engine.spec.tasks import (
    Analyze,
    Captioned,
    Cover,
    Edit,
    Extend,
    ExtractStem,
    Reference,
    Repaint,
    Retake,
    Simple,
    Stems,
    Sung,
    Text2Samples,
)
from engine.studio import analysis, simple
from engine.studio import session as studio
from engine.studio.understanding.vocabulary import vocabulary
from engine.studio.voice.espeak import Speaker
from engine.studio.writer.author import Author


def make(
    presets: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, Any],
    lyrics: Mapping[str, Any] | None = None,
    separation: str | None = None,
    shelf: Mapping[str, Any] | None = None,
    device: str = "auto",
) -> AceStep:
    """The engine for the checkpoints of `shelf` (a `Shelf` as options); the rest as `engine.studio.engine.make`.

    `device` is a name that torch knows, or auto: CUDA where it is there. No checkpoint is loaded before it is needed.
    """
    genres = {name: Preset.model_validate(values) for name, values in presets.items()}
    return AceStep(
        genres,
        Words.model_validate(words),
        Shelf.from_options(shelf or {}),
        author=Author.model_validate(lyrics) if lyrics else None,
        separation=Path(separation) if separation else None,
        device=device,
    )


class AceStep:
    """Keeps one checkpoint in memory from one order to the next."""

    def __init__(
        self,
        presets: Mapping[str, Preset],
        words: Words,
        shelf: Shelf,
        *,
        author: Author | None = None,
        separation: Path | None = None,
        device: str = "auto",
    ) -> None:
        self.capabilities = capabilities.capabilities(shelf, separation)
        self._speaker = Speaker()
        ears = studio.Session(
            self.capabilities.name,
            self.capabilities.sample_rate,
            vocabulary(presets, words),
            self._speaker,
            separation=separation,
        )
        player = Player(Models(device), shelf.adapters)
        self._session = Session(self.capabilities.name, ears, author, player, shelf)

    def close(self) -> None:
        """End what was started to read words aloud."""
        self._speaker.close()

    def plan(self, spec: Request, order: Order, on_progress: Callable[[float], None] = lambda _: None) -> Plan:
        """Decide what `spec` leaves open. Raises `EngineError`, permanent, for what can't be done: see each task."""
        match self._known(spec):
            case Stems() | ExtractStem() as part:
                return stems.plan(part, order, self._session, on_progress)
            case Repaint() as change:
                return repaint.plan(change, order, self._session, on_progress)
            case Extend() as longer:
                return extend.plan(longer, order, self._session, on_progress)
            case Edit() as change:
                return edit.plan(change, order, self._session, on_progress)
            case Retake() as again:
                return retake.plan(again, order, self._session, on_progress)
            case Cover() as version:
                return cover.plan(version, order, self._session, on_progress)
            case Reference() as alike:
                return reference.plan(alike, order, self._session, on_progress)
            case Text2Samples() as sample:
                return samples.plan(sample, order, self._session)
            case Simple() as wish:
                return wishes.plan(wish, order, self._session)
            case Sung() as song if simple.wants_words(song):
                return wishes.plan(song, order, self._session)
            case Captioned() as song:
                return songs.plan(song, order, self._session)
            case _:
                raise self._unable(spec)

    def render(self, spec: Request, plan: Plan, order: Order, sink: TrackSink) -> None:
        """Render every take of `plan`."""
        match self._known(spec):
            case Stems() | ExtractStem() as part:
                stems.render(part, plan, order, sink, self._session)
            case Repaint() as change:
                repaint.render(change, plan, order, sink, self._session)
            case Extend() as longer:
                extend.render(longer, plan, order, sink, self._session)
            case Edit() as change:
                edit.render(change, plan, order, sink, self._session)
            case Retake() as again:
                retake.render(again, plan, order, sink, self._session)
            case Cover() as version:
                cover.render(version, plan, order, sink, self._session)
            case Reference() as alike:
                reference.render(alike, plan, order, sink, self._session)
            case Text2Samples() as sample:
                samples.render(sample, plan, order, sink, self._session)
            case Simple() as wish:
                wishes.render(wish, plan, order, sink, self._session)
            case Sung() as song if simple.wants_words(song):
                wishes.render(song, plan, order, sink, self._session)
            case Captioned() as song:
                songs.render(song, plan, sink, self._session)
            case _:
                raise self._unable(spec)

    def analyze(self, spec: Request, order: Order, sink: TrackSink) -> Analysis:
        """What `order` starts from sounds like. Raises `EngineError`, permanent: `no_source`, `source_gone`."""
        match self._known(spec):
            case Analyze():
                return analysis.analyze(order, sink, self._session.ears)
            case _:
                raise self._unable(spec)

    def _known(self, spec: Request) -> Request:
        if spec.task not in self.capabilities.tasks:
            raise self._unable(spec)
        return spec

    def _unable(self, spec: Request) -> EngineError:
        return EngineError("task_not_available", permanent=True, task=spec.task, engine=self.capabilities.name)
