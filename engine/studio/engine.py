"""The built-in engine: composes, sings, plays and mixes. Implements `engine.spec.Engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

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
from engine.studio import analysis, cover, edits, outside, reference, samples, separated, simple, songs, stems
from engine.studio.capabilities import capabilities
from engine.studio.given import is_outside
from engine.studio.heard import listened
from engine.studio.session import Session
from engine.studio.understanding.vocabulary import vocabulary
from engine.studio.voice.espeak import Speaker
from engine.studio.writer.author import Author


def make(
    presets: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, Any],
    lyrics: Mapping[str, Any] | None = None,
    separation: str | None = None,
) -> Studio:
    """The engine for `presets` (name to an `engine.spec.Preset` as values) and `words` (an `engine.spec.Words`).

    `lyrics` says which language model writes them (an `Author` as values), where one does; `separation` is the
    checkpoint of the model that separates stems, where there is one.
    """
    # Renders run side by side, one a core; outputs at one thread and at two differ in their last bits besides.
    torch.set_num_threads(1)
    genres = {name: Preset.model_validate(values) for name, values in presets.items()}
    return Studio(
        genres,
        Words.model_validate(words),
        author=Author.model_validate(lyrics) if lyrics else None,
        separation=Path(separation) if separation else None,
    )


class Studio:
    """Keeps a singer's process and a cache of rendered notes from one order to the next; neither changes a sample."""

    capabilities = capabilities()

    def __init__(
        self,
        presets: Mapping[str, Preset],
        words: Words,
        speaker: Speaker | None = None,
        author: Author | None = None,
        separation: Path | None = None,
    ) -> None:
        self._speaker = speaker or Speaker()
        self._author = author
        self._session = Session(
            self.capabilities.name,
            self.capabilities.sample_rate,
            vocabulary(presets, words),
            self._speaker,
            separation=separation,
        )

    def close(self) -> None:
        """End the singer's process."""
        self._speaker.close()

    def plan(self, spec: Request, order: Order, on_progress: Callable[[float], None] = lambda _: None) -> Plan:
        """Decide what `spec` leaves open. Raises `EngineError`, permanent, for what can't be done: see each task."""
        # What takes long of it, for what needs it; each task finds it done.
        listened(self._known(spec), order, self._session, on_progress)
        match spec:
            case Stems() | ExtractStem() as part if separated.is_whole(order):
                return separated.plan(part, order, self._session)
            case Stems() | ExtractStem() as part:
                return stems.plan(part, order, self.capabilities.name)
            case Repaint() | Extend() | Edit() as change if is_outside(order):
                return outside.plan(change, order, self._session)
            case Retake() | Repaint() | Extend() | Edit() as change:
                return edits.plan(change, order, self._session)
            case Cover() as version:
                return cover.plan(version, order, self._session)
            case Reference() as alike:
                return reference.plan(alike, order, self._session)
            case Text2Samples() as sample:
                return samples.plan(sample, order, self._session)
            case Simple() as wish:
                return simple.plan(wish, order, self._session, self._author)
            case Sung() as song if simple.wants_words(song):
                return simple.plan(song, order, self._session, self._author)
            case Captioned() as song:
                return songs.plan(song, order, self._session)
            case _:
                raise self._unable(spec)

    def render(self, spec: Request, plan: Plan, order: Order, sink: TrackSink) -> None:
        """Render every take of `plan`."""
        match self._known(spec):
            case Stems() | ExtractStem() as part if separated.is_whole(order):
                separated.render(part, plan, order, sink, self._session)
            case Stems() | ExtractStem() as part:
                stems.render(part, order, sink)
            case Repaint() | Extend() | Edit() as change if is_outside(order):
                outside.render(change, plan, order, sink, self._session)
            case Retake() | Repaint() | Extend() | Edit() as change:
                edits.render(change, plan, order, sink, self._session)
            case Cover() as version:
                cover.render(version, plan, order, sink, self._session)
            case Reference() as alike:
                reference.render(alike, plan, order, sink, self._session)
            case Text2Samples() as sample:
                samples.render(sample, plan, sink, self._session)
            case Simple() as wish:
                simple.render(wish, plan, sink, self._session)
            case Sung() as song if simple.wants_words(song):
                simple.render(song, plan, sink, self._session)
            case Captioned() as song:
                songs.render(song, plan, sink, self._session)
            case _:
                raise self._unable(spec)

    def analyze(self, spec: Request, order: Order, sink: TrackSink) -> Analysis:
        """What `order` starts from sounds like. Raises `EngineError`, permanent: `no_source`, `source_gone`."""
        match self._known(spec):
            case Analyze():
                return analysis.analyze(order, sink, self._session)
            case _:
                raise self._unable(spec)

    def _known(self, spec: Request) -> Request:
        if spec.task not in self.capabilities.tasks:
            raise self._unable(spec)
        return spec

    def _unable(self, spec: Request) -> EngineError:
        return EngineError("task_not_available", permanent=True, task=spec.task, engine=self.capabilities.name)
