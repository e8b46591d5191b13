"""The band: who plays what in every section of a song, as parts of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from engine.studio.compose import bass, comping, groove, lead
from engine.studio.compose.arrangement import PAN, chord_players, lead_player
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.comping import Player
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Stretch
from engine.studio.compose.groove import Hit
from engine.studio.compose.harmony import Chords
from engine.studio.compose.material import ALL_NEW, Material
from engine.studio.compose.patterns import CRASH, KICK
from engine.studio.compose.sounding import without_holes
from engine.studio.compose.theory import melody_scale
from engine.studio.score import Note, Part, SungLine

DRUM_LOOSENESS_S, BASS_LOOSENESS_S = 0.004, 0.005
MACHINES = frozenset({"electronic_kit", "hiphop_kit"})
# Instruments rest below this energy even where their patterns would go on.
BASS_FROM, DRUMS_FROM = 0.3, 0.28
DOUBLED_PAN = 0.65


class Band:
    """Everybody who plays one song, and what they have to know of it."""

    def __init__(
        self, brief: Brief, form: Form, chords: Chords, clock: Clock, dice: Dice, voice: tuple[SungLine, ...],
        material: Material = ALL_NEW,
    ) -> None:  # fmt: skip
        self.brief, self.form, self.chords, self.clock, self.dice, self.voice = brief, form, chords, clock, dice, voice
        self.material = material
        self.preset = brief.preset
        self.players = chord_players(brief.preset, dice)
        self.newcomer = self._newcomer()

    def parts(self) -> tuple[Part, ...]:
        """One part for each instrument that plays at all; none where the voice is alone."""
        if self.brief.alone:
            return ()
        hits = [self._hits(stretch, at) for at, stretch in enumerate(self.form.stretches)]
        tune = self._tune()
        made = [self._drums(hits), self._percussion(), self._bass(hits)]
        for player in self.players:
            notes = self._answers(player, tune) if player.figure == "answer" else self._chords(player)
            if player.instrument == "distorted_guitar":
                # two takes, left and right, as records have it
                other = self._chords(player, "second take")
                made += [self._part(player, notes, -DOUBLED_PAN), self._part(player, other, DOUBLED_PAN)]
            else:
                made.append(self._part(player, notes, PAN.get(player.stem, 0.0)))
        leader = lead_player(self.preset)
        if leader:
            made.append(replace(self._part(leader, tune, 0.0), tune=True))
        made.append(self._risers())
        return without_holes([part for part in made if part.notes], self.chords, self.clock)

    def _part(self, player: Player, notes: Sequence[Note], pan: float) -> Part:
        gain = self.preset.gains_db.get(player.stem, 0.0)
        return Part(player.stem, player.instrument, tuple(sorted(notes, key=_order)), gain, pan)

    def _newcomer(self) -> Player | None:
        """Who is heard in later verses though not in the first one."""
        first = next((stretch for stretch in self.form.stretches if stretch.identity == "verse 1"), None)
        resting = [
            player
            for player in self.players[1:]
            if first is not None and player.low > first.energy and player.figure not in ("answer", "accents")
        ]
        return min(resting, key=lambda player: player.low, default=None)

    def _hits(self, stretch: Stretch, at: int) -> list[list[Hit]]:
        """The kit's strokes, bar by bar."""
        before = self.form.stretches[at - 1] if at else None
        following = self.form.stretches[at + 1] if at + 1 < len(self.form.stretches) else None
        if "drums" not in self.preset.instruments:
            return [[] for _ in range(stretch.bars)]
        lanes = groove.lanes_of(self.preset.groove, self.clock.timesignature, stretch.kind)
        builds = self.preset.form == "club" and stretch.kind == "prechorus"
        bars = []
        for bar in range(stretch.bars):
            level = stretch.level(bar)
            hits = groove.bar_hits(
                lanes, "kit", stretch, bar, level if level >= DRUMS_FROM else 0.0, self.clock, self.dice
            )
            if bar == stretch.bars - 1 and stretch.fills and not stretch.final:
                stop = 0.0 if builds else self.preset.stop
                hits = groove.with_fill(hits, self.preset.groove, stretch, following, self.clock, self.dice, stop)
            if builds and following is not None and following.kind == "chorus":
                hits = groove.with_build(hits, stretch.bars - bar, self.clock)
            hits = [*self.material.strokes.get(stretch.start_bar + bar, hits)]
            start = groove.crash(stretch, before, self.preset.groove) if bar == 0 else None
            bars.append([*hits, start] if start else hits)
        return bars

    def _drums(self, hits: Sequence[Sequence[Sequence[Hit]]]) -> Part:
        instrument = self.preset.instruments.get("drums", "acoustic_kit")
        loose = DRUM_LOOSENESS_S * (0.3 if instrument in MACHINES else 1.0)
        notes: list[Note] = []
        for stretch, bars in zip(self.form.stretches, hits, strict=True):
            for bar, strokes in enumerate(bars):
                unique = {(hit.step, hit.pitch): hit for hit in strokes}
                key = ("kit", stretch.identity, bar)
                notes += groove.notes(
                    list(unique.values()), stretch.start_bar + bar, key, self.clock, self.dice, loose,
                    self.preset.late_ms,
                )  # fmt: skip
        notes = [note for note in notes if note.start < self.clock.last - 0.02]
        if notes and "drums" in self.preset.instruments and notes[-1].start > self.clock.last - 4 * self.clock.beats:
            loud = 0.55 + 0.3 * self.brief.energy
            length = self.clock.release - self.clock.last
            notes += [Note(self.clock.last, length, KICK, loud), Note(self.clock.last, length, CRASH, loud * 0.8)]
        return Part("drums", instrument, tuple(sorted(notes, key=_order)), self.preset.gains_db.get("drums", 0.0))

    def _percussion(self) -> Part:
        notes: list[Note] = []
        if "percussion" in self.preset.instruments:
            lanes = groove.percussion_of(self.preset.groove, self.clock.timesignature)
            for stretch in self.form.stretches:
                for bar in range(stretch.bars):
                    level = stretch.level(bar)
                    hits = groove.bar_hits(lanes, "hands", stretch, bar, level, self.clock, self.dice)
                    key = ("hands", stretch.identity, bar)
                    notes += groove.notes(
                        hits, stretch.start_bar + bar, key, self.clock, self.dice, 1.5 * DRUM_LOOSENESS_S,
                        self.preset.late_ms,
                    )  # fmt: skip
        notes = [note for note in notes if note.start < self.clock.last - 0.02]
        gain = self.preset.gains_db.get("percussion", 0.0)
        return Part("percussion", "hand_percussion", tuple(sorted(notes, key=_order)), gain, PAN["percussion"])

    def _bass(self, hits: Sequence[Sequence[Sequence[Hit]]]) -> Part:
        instrument = self.preset.instruments.get("bass", "electric_bass")
        gain = self.preset.gains_db.get("bass", 0.0)
        if "bass" not in self.preset.instruments:
            return Part("bass", instrument, (), gain)
        notes: list[Note] = []
        joins = BASS_FROM + self.dice.at("joins", "bass").uniform(-0.08, 0.1)
        alone = not self.players
        late = self.clock.late(self.preset.late_ms.get("bass", 0.0))
        for stretch, bars in zip(self.form.stretches, hits, strict=True):
            for bar in range(stretch.bars):
                if stretch.level(bar) < joins and not alone and not stretch.final:
                    continue
                ground = self._ground(instrument, stretch, bar, groove.kicks(bars[bar], self.clock))
                draw = self.dice.at("bass feel", stretch.identity, bar)
                for step in bass.bass_bar(self.preset.bass, ground):
                    start = self.clock.swung(step.start) + draw.gauss(0.0, BASS_LOOSENESS_S) / self.clock.beat_s + late
                    length = self.clock.swung(step.start + step.length) - self.clock.swung(step.start)
                    level = min(1.0, step.velocity * (0.74 + 0.34 * stretch.energy))
                    notes.append(Note(max(0.0, start), max(0.05, length), step.pitch, level))
        final = self.form.stretches[-1]
        last = bass.final(self.chords.all[-1], self._ground(instrument, final, 0, ()))
        notes.append(Note(last.start, max(0.05, last.length), last.pitch, last.velocity))
        return Part("bass", instrument, tuple(sorted(notes, key=_order)), gain)

    def _ground(self, instrument: str, stretch: Stretch, bar: int, kicks: Sequence[float]) -> bass.Ground:
        start = float((stretch.start_bar + bar) * self.clock.beats)
        chord = self.chords.at(start)
        scale = melody_scale(self.brief.tonic, self.brief.minor, chord, False)
        draw = self.dice.at("bass", stretch.identity, bar)
        low, high = bass.RANGES[instrument]
        return bass.Ground(start, self.clock, self.chords, kicks, scale, stretch.level(bar), low, high, draw)

    def _plays(self, player: Player, stretch: Stretch) -> bool:
        if player is self.players[0] or player.low <= stretch.energy < player.high:
            return True
        return stretch.kind == "verse" and stretch.occurrence > 1 and player == self.newcomer

    def _chords(self, player: Player, take: str = "") -> list[Note]:
        notes: list[Note] = []
        lowest = player is self.players[0] and "bass" not in self.preset.instruments
        for stretch in self.form.stretches:
            if self._plays(player, stretch):
                made = comping.section_notes(
                    player, stretch, self.chords, self.clock, self.dice, self.brief.tonic, take,
                    self.preset.late_ms.get("chords", 0.0),
                )  # fmt: skip
                if lowest:
                    made += comping.left_hand(player, stretch, made, self.chords, self.clock, self.dice)
                notes += made
        final = self.form.stretches[-1]
        if self._plays(player, final) or (notes and player.figure not in ("answer", "accents")):
            notes += comping.final_notes(player, self.chords.all[-1], self.clock, final.energy, take)
        return notes

    def _tune(self) -> list[Note]:
        """What the leading instrument plays in sections without words."""
        leader = lead_player(self.preset)
        if leader is None:
            return []
        sung = bool(self.voice)
        resting = ("break", "verse", "prechorus") if sung else ("break", "intro")
        notes: list[Note] = []
        for stretch in self.form.stretches:
            if not stretch.slots and stretch.kind not in resting:
                notes += lead.lead_notes(leader, stretch, sung, self.brief, self.chords, self.clock, self.dice)
        notes = lead.with_given(notes, self.material.tune, leader, self.form, self.brief, self.clock)
        if notes and notes[-1].start > self.clock.last - 4 * self.clock.beats:
            notes.append(lead.final_note(notes[-1], self.brief.tonic, self.clock))
        return notes

    def _answers(self, player: Player, tune: Sequence[Note]) -> list[Note]:
        notes: list[Note] = []
        for stretch in self.form.stretches:
            if player.low <= stretch.energy < player.high:
                notes += lead.answers(player, stretch, self.voice, tune, self.brief, self.chords, self.clock, self.dice)
        return notes

    def _risers(self) -> Part:
        """Noise that swells into louder sections."""
        notes = []
        if "fx" in self.preset.instruments:
            for before, stretch in pairwise(self.form.stretches):
                if stretch.energy > before.energy + 0.15 and before.bars >= 2:
                    bars = 2 if before.bars >= 4 else 1
                    length = float(bars * self.clock.beats)
                    notes.append(
                        Note(stretch.start_bar * self.clock.beats - length, length, 60, 0.35 + 0.4 * stretch.energy)
                    )
        return Part("fx", "riser", tuple(notes), self.preset.gains_db.get("fx", 0.0))


def _order(note: Note) -> tuple[float, int]:
    return (note.start, note.pitch)
