"""A finished song as it is handed over."""

from __future__ import annotations

from dataclasses import replace

from engine.spec import Take
from engine.spec.protocol import LineTime
from engine.studio.compose.theory import keyscale
from engine.studio.kept import Kept, to_bytes
from engine.studio.midi import to_midi
from engine.studio.sound.mix import Mixed
from engine.studio.sound.noise import RATE


def take_of(index: int, seed: int, kept: Kept, mixed: Mixed, lines: tuple[LineTime, ...]) -> Take:
    """The take of a song that was just mixed, with everything that an edit of it will need."""
    score = kept.score
    return Take(
        index=index,
        seed=seed,
        audio=mixed.audio,
        sample_rate=RATE,
        bpm=score.bpm,
        keyscale=keyscale(score.tonic, score.minor),
        timesignature=score.timesignature,
        stems=mixed.stems,
        lines=lines,
        midi=to_midi(score),
        score=to_bytes(replace(kept, lines=lines)),
    )
