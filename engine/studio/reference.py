"""A new song that sounds as a given one does: its balance, dynamics, width and space, and the feel of its tempo.

Chords, tunes and words are new, and so is the key, which belongs to a song and not to its sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from engine.hearing.space import reverberation
from engine.hearing.texture import BANDS_HZ
from engine.hearing.transcript import Texture, Transcript
from engine.spec import Generation, Notice, Order, Plan, Preset, TrackSink
from engine.spec.sampled import FASTEST, SLOWEST
from engine.spec.tasks import Reference, Sung, Text2Music, Text2Rap
from engine.studio import songs
from engine.studio.compose.brief import Brief
from engine.studio.given import given
from engine.studio.heard import heard_facts, transcript_of
from engine.studio.score import Score
from engine.studio.session import Session
from engine.studio.sound.likeness import Aim
from engine.studio.sound.mix import Audio, Mixed, mix
from engine.studio.sound.noise import RATE
from engine.studio.sound.parts import Tones

# What is made out with less confidence than this is not gone by.
SURE_OF_TEMPO, SURE_OF_METRE, SURE_OF_SWING = 0.35, 0.5, 0.4
# How much more energy a full kit gives than no drums at all, and a song of one level than one of many.
DRUMS_ENERGY, LEVEL_ENERGY = 0.12, 0.08
USUAL_RANGE_LU, WIDE_RANGE_LU = 6.0, 6.0
STILLEST, WILDEST = 0.05, 1.0
# The share of lows that the faders aim at lies this near to what is wanted; mastering and the filter do the rest.
LOWS = 0.09
LOW_HZ = 150.0
SINGLE = 1.0
# Rooms that are tried at most, what is near enough, and how far to go for a second of reverberation that is missing.
ROOMS, NEAR_S, STEP_OF_SECOND, LEAST_STEP = 3, 0.06, 1.2, 0.05
DRIEST = 0.01
# What the driest way does to what sounds between the hits.
SHORTEST_TAILS = 2.5


@dataclass(frozen=True)
class Alike:
    """How a song takes after what was made out in another."""

    made_out: Transcript
    spec: Sung

    @property
    def manner(self) -> songs.Manner:
        return songs.Manner(self.briefed, self.mixed)

    def briefed(self, brief: Brief) -> Brief:
        """`brief` with the feel of the reference, where the caption doesn't say otherwise."""
        feel, drums = self.made_out.groove, self.made_out.groove.drums
        preset = brief.preset.model_copy(update={"bass_band": lows_of(self.made_out.texture)})
        if feel.confidence >= SURE_OF_SWING and drums >= SURE_OF_SWING:
            preset = _swung(preset, feel.swing)
        level = (USUAL_RANGE_LU - self.made_out.texture.range_lu) / WIDE_RANGE_LU
        energy = brief.energy + DRUMS_ENERGY * (drums - 0.5) + LEVEL_ENERGY * min(1.0, max(-1.0, level))
        metre = self._metre(brief)
        brief = replace(brief, preset=preset, timesignature=metre, energy=round(min(WILDEST, max(STILLEST, energy)), 3))
        return replace(brief, bpm=self._tempo(brief))

    def _metre(self, brief: Brief) -> str:
        pulse = self.made_out.pulse
        said = self.spec.timesignature or "metre" in brief.understood or brief.timesignature != "4/4"
        return brief.timesignature if said or pulse.bar_confidence < SURE_OF_METRE else pulse.timesignature

    def _tempo(self, brief: Brief) -> float:
        """The reference's, counted in half or double where that is how the genre counts."""
        pulse = self.made_out.pulse
        if self.spec.bpm is not None or "tempo" in brief.understood or pulse.confidence < SURE_OF_TEMPO:
            return brief.bpm
        slow, fast = brief.preset.bpm

        def beyond(bpm: float) -> float:
            return max(slow / bpm, bpm / fast, SINGLE)

        counts = [pulse.bpm, *(x for x in (pulse.bpm / 2, pulse.bpm * 2) if SLOWEST <= x <= FASTEST)]
        # another count has to lie inside what is usual, where the one that was heard doesn't
        best = next((count for count in counts if beyond(count) == SINGLE), counts[0])
        return float(min(FASTEST, max(SLOWEST, round(best))))

    def mixed(
        self,
        score: Score,
        preset: Preset,
        voices: Mapping[str, Audio],
        on_progress: Callable[[float], None],
        tones: Tones,
    ) -> Mixed:
        """The song, filtered and levelled as the reference is, in that of a few rooms that comes nearest to its own."""
        aim = self.made_out.texture

        def made(way: float, number: int) -> tuple[Mixed, float]:
            """The mix in the room on this `way`, and the seconds of reverberation that it lacks."""
            room, tails = _room(preset.reverb, way)

            def progress(share: float) -> None:
                on_progress((number + share) / ROOMS)

            mixed = mix(score, preset, voices, progress, tones=tones, like=Aim(aim, room, tails))
            return mixed, aim.space_s - reverberation(mixed.audio, RATE)

        best, missing = made(0.0, 0)
        tried = [(0.0, missing)]
        while len(tried) < ROOMS and abs(missing) >= NEAR_S:
            way = _next(tried)
            if any(abs(way - before) < LEAST_STEP for before, _ in tried):
                break
            other, lacks = made(way, len(tried))
            tried.append((way, lacks))
            if abs(lacks) < abs(missing):
                best, missing = other, lacks
            del other
        on_progress(1.0)
        return best


def _room(usual: float, way: float) -> tuple[float, float]:
    """Reverb and tails on the `way` from the driest there is, -1, over the `usual` to the wettest, 1."""
    if way >= 0:
        return usual + way * (1 - usual), 1.0
    return max(DRIEST, usual * (1 + way)), 1 - way * (SHORTEST_TAILS - 1)


def _next(tried: list[tuple[float, float]]) -> float:
    """How far to go after the (way, missing seconds) that were `tried`."""
    (way, missing), slope = tried[-1], 1 / STEP_OF_SECOND
    if len(tried) > 1:
        before, was = tried[-2]
        slope = max(slope / 4, (was - missing) / (way - before))
    return min(1.0, max(-1.0, way + missing / slope))


def plan(spec: Reference, order: Order, session: Session) -> Plan:
    """A new song's plan, with what was made out in the reference where its score isn't known.

    Raises `EngineError` as a song does, and `no_source`, `source_gone`.
    """
    source = given(order)
    alike = _alike(spec, order, session)
    made = songs.plan(alike.spec, order, session, alike.manner)
    if source.kept is not None:
        return made
    told = [*made.notices]
    if alike.made_out.pulse.confidence < SURE_OF_TEMPO and spec.bpm is None and "tempo" not in made.understood:
        told.append(Notice(code="tempo_not_heard"))
    facts = heard_facts(alike.made_out, source.title)
    return made.model_copy(update={"heard": facts, "notices": tuple(told)})


def render(spec: Reference, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    alike = _alike(spec, order, session)
    songs.render(alike.spec, plan, sink, session, alike.manner)


def lows_of(sound: Texture) -> tuple[float, float]:
    """The share of energy below 150 Hz that a mix like `sound` aims at, as presets have it."""
    powers = [10 ** (level / 10) for level in sound.bands_db]
    low = sum(power for power, hertz in zip(powers, BANDS_HZ, strict=True) if hertz < LOW_HZ)
    share = low / max(sum(powers), 1e-9)
    return max(0.0, round(share - LOWS, 3)), min(1.0, round(share + LOWS, 3))


def _alike(spec: Reference, order: Order, session: Session) -> Alike:
    made_out = transcript_of(given(order), session, closely=False)
    return Alike(made_out, song_of(spec, order.seed, session))


def song_of(spec: Reference, seed: int, session: Session) -> Sung:
    """The song that is asked for, without what it is to sound like."""
    shared = {name: getattr(spec, name) for name in Generation.model_fields if name != "task"}
    song = Text2Music(caption=spec.caption, lyrics=spec.lyrics, instrumental=spec.instrumental, **shared)
    if spec.lyrics and songs.brief_of(song, seed, session).rap:
        return Text2Rap(**song.model_dump(exclude={"task"}))
    return song


def _swung(preset: Preset, swing: float) -> Preset:
    """`preset` with the swing that was heard, which is of eighths; one that swings its sixteenths keeps them."""
    if preset.swing_unit == "sixteenth" and preset.swing > 0.5 and swing < 0.53:
        return preset
    return preset.model_copy(update={"swing": round(min(0.7, max(0.5, swing)), 3), "swing_unit": "eighth"})
