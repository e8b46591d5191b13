"""The built-in engine: composes, sings, plays and mixes. Implements `engine.spec.Engine`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.spec import EngineError, Generation, Notice, Order, Plan, Preset, Request, Take, TrackSink
from engine.spec.estimate import sung_lines
from engine.spec.protocol import LineTime
from engine.spec.tasks import ExtractStem, Stems
from engine.studio import notices, stems
from engine.studio.capabilities import capabilities
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.song import compose
from engine.studio.compose.theory import keyscale
from engine.studio.compose.title import title_of
from engine.studio.midi import to_midi
from engine.studio.phrases import phrases
from engine.studio.score import LyricLine, Score
from engine.studio.sound.mix import mix
from engine.studio.sound.parts import Tones
from engine.studio.voice.espeak import Speaker, VoiceUnavailable
from engine.studio.voice.read import read_lyrics
from engine.studio.voice.sing import sing

# The first version sings English; another language has to be named.
SPOKEN_HERE = "en"
# Share of a take's work that is done when its voices are sung.
SUNG_AT = 0.55
# What the second singer changes of the seed, so that the two never breathe as one.
SECOND_SINGER = 1_000_003


def make(presets: Mapping[str, Mapping[str, Any]]) -> Studio:
    """The engine for the genres in `presets` (name to the values of an `engine.spec.Preset`)."""
    # Renders run side by side, one a core; outputs at one thread and at two differ in their last bits besides.
    torch.set_num_threads(1)
    return Studio({name: Preset.model_validate(values) for name, values in presets.items()})


class Studio:
    """Keeps a singer's process and a cache of rendered notes from one order to the next; neither changes a sample."""

    capabilities = capabilities()

    def __init__(self, presets: Mapping[str, Preset], speaker: Speaker | None = None) -> None:
        self._presets = presets
        self._speaker = speaker or Speaker()

    def close(self) -> None:
        """End the singer's process."""
        self._speaker.close()

    def plan(self, spec: Request, order: Order) -> Plan:
        """Understand the caption, read the lyrics, and settle tempo, key and metre.

        Raises `EngineError`, permanent, for lyrics that can't be sung: `lyrics_unreadable`, `nothing_to_sing`; and for
        stems that the source of `order` doesn't have: `no_stems`, `no_such_stem`.
        """
        if isinstance(spec, Stems | ExtractStem):
            return stems.plan(spec, order, self.capabilities.name)
        brief = self._brief(spec, order.seed)
        lyrics = str(getattr(spec, "lyrics", ""))
        told = notices.of_request(spec, brief)
        # Lyrics may hold nothing but tags: they shape the form, and nobody sings.
        worded = any(text for _, text in parse_lyrics(lyrics))
        instrumental = brief.instrumental or not worded
        if not worded and not brief.instrumental and sung_lines(lyrics):
            raise EngineError("nothing_to_sing", permanent=True)
        if worded and brief.instrumental:
            told.append(Notice(code="lyrics_ignored"))
        if not instrumental and (reason := self._no_voice()) is not None:
            told.append(Notice(code="no_voice", params={"reason": reason}))
            instrumental = True
        title = getattr(spec, "display_name", None) or title_of(_caption(spec), lyrics, order.seed)
        seeds = tuple(order.seed + number for number in range(order.takes))
        language = getattr(spec, "vocal_language", "unknown")
        plan = Plan(
            title=title,
            caption=_caption(spec),
            lyrics="" if instrumental and worded else lyrics,
            lyrics_by=None if instrumental else "user",
            instrumental=instrumental,
            duration=order.duration,
            bpm=brief.bpm,
            keyscale=keyscale(brief.tonic, brief.minor),
            timesignature=brief.timesignature,
            vocal_language="unknown" if instrumental else SPOKEN_HERE if language == "unknown" else language,
            genre_preset=brief.style,
            seeds=seeds,
            engine=self.capabilities.name,
        )
        if not instrumental:
            told += self._unsung(spec, plan)
        return plan.model_copy(update={"notices": tuple(told)})

    def render(self, spec: Request, plan: Plan, order: Order, sink: TrackSink) -> None:
        """Render one take for each seed of `plan`, which says everything there is to know of an order for a song."""
        if isinstance(spec, Stems | ExtractStem):
            stems.render(spec, order, sink)
            return
        tones = Tones()
        for number, seed in enumerate(plan.seeds):
            brief = self._brief(spec, seed)
            score = compose(brief, self._lines(plan), plan.duration, seed, plan.title)

            def progress(share: float, done: int = number) -> None:
                sink.progress((done + share) / len(plan.seeds))

            progress(0.02)
            voices, lines = self._sing(score, plan, brief, seed)
            begun = SUNG_AT if voices else 0.02
            progress(begun)
            mixed = mix(
                score,
                brief.preset,
                voices,
                lambda share, begun=begun, progress=progress: progress(begun + (1 - begun) * share),  # type: ignore[misc]
                tones=tones,
            )
            sink.take(
                Take(
                    index=number + 1,
                    seed=seed,
                    audio=mixed.audio,
                    sample_rate=self.capabilities.sample_rate,
                    bpm=brief.bpm,
                    keyscale=keyscale(brief.tonic, brief.minor),
                    timesignature=brief.timesignature,
                    stems=mixed.stems,
                    lines=lines,
                    midi=to_midi(score),
                )
            )

    def _brief(self, spec: Request, seed: int) -> Brief:
        if not isinstance(spec, Generation):
            raise EngineError("task_not_available", permanent=True, task=spec.task, engine=self.capabilities.name)
        return understand(
            _caption(spec),
            genre_preset=getattr(spec, "genre_preset", None),
            presets=self._presets,
            bpm=spec.bpm,
            keyscale=spec.keyscale,
            timesignature=spec.timesignature,
            instrumental=spec.task == "prompt2instrumental" or bool(getattr(spec, "instrumental", False)),
            seed=seed,
            rap=spec.task == "text2rap",
        )

    def _no_voice(self) -> str | None:
        try:
            self._speaker.voices  # noqa: B018 starts the singer's process
        except VoiceUnavailable as silent:
            return str(silent)
        return None

    def _unsung(self, spec: Request, plan: Plan) -> list[Notice]:
        """A notice of lines that can't be spoken or found no room. Raises `EngineError` where no line is left."""
        asked = sum(1 for _, text in parse_lyrics(plan.lyrics) if text)
        lines = self._lines(plan)
        sung = sum(1 for line in lines if line.syllables)
        if sung == 0:
            raise EngineError("nothing_to_sing", permanent=True)
        score = compose(self._brief(spec, plan.seeds[0]), lines, plan.duration, plan.seeds[0], plan.title)
        missing = asked - sung + len(score.left_out)
        return [Notice(code="lines_left_out", params={"count": missing})] if missing else []

    def _lines(self, plan: Plan) -> tuple[LyricLine, ...]:
        if plan.instrumental:
            return tuple(LyricLine("", section, (), ()) for section, _ in parse_lyrics(plan.lyrics))
        try:
            lines = read_lyrics(parse_lyrics(plan.lyrics), plan.vocal_language, self._speaker)
        except VoiceUnavailable as silent:
            raise EngineError("lyrics_unreadable", permanent=True, cause=str(silent), reason=str(silent)) from silent
        # A line without syllables but with a tag of its own is a break; one with only signs can't be sung.
        return tuple(line for line in lines if line.syllables or not line.text)

    def _sing(
        self, score: Score, plan: Plan, brief: Brief, seed: int
    ) -> tuple[dict[str, NDArray[np.float32]], tuple[LineTime, ...]]:
        """Mono voices by stem name, and the lead's lines as they sound."""
        voices: dict[str, NDArray[np.float32]] = {}
        lines: tuple[LineTime, ...] = ()
        for stem, part, own_seed in (
            ("vocals", score.voice, seed),
            ("backing_vocals", score.backing, seed + SECOND_SINGER),
        ):
            if not part:
                continue
            sung = sing(
                phrases(score, part),
                duration=plan.duration,
                seed=own_seed,
                speaker=self._speaker,
                timbre=brief.voice,
                language=plan.vocal_language,
            )
            voices[stem] = sung.audio
            lines = lines or sung.lines
        return voices, lines


def _caption(spec: Request) -> str:
    return str(getattr(spec, "caption", ""))
