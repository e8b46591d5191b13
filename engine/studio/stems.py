"""Stems of a song made here: the mix left every one of them behind, so they are handed on, not separated."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.encode import LOSSLESS, decode
from engine.audio.files import borrowed
from engine.audio.lrc import parse_lrc
from engine.spec import EngineError, Order, Plan, Source, Take, TrackSink
from engine.spec.fields import BACKING, VOICES
from engine.spec.parts import ALL as EVERY
from engine.spec.parts import parted
from engine.spec.plan import FileKind
from engine.spec.protocol import LineTime
from engine.spec.tasks import ExtractStem, Stems
from engine.studio import notices

ALL = " (stems)"


def plan(spec: Stems | ExtractStem, order: Order, engine: str) -> Plan:
    """The source's own facts, under a title that says which part of it this is.

    Raises `EngineError`, permanent: `no_stems`, `no_such_stem` (stem, has).
    """
    source, stems = _wanted(spec, order)
    # stems of a song may be the source of one stem
    song = source.title.removesuffix(ALL)
    part = f" ({spec.track_name.replace('_', ' ')})" if isinstance(spec, ExtractStem) else ALL
    return Plan(
        title=spec.display_name or song + part,
        caption=source.caption,
        instrumental=VOICES.isdisjoint(stems),
        duration=source.duration,
        bpm=source.bpm,
        keyscale=source.keyscale,
        timesignature=source.timesignature,
        genre_preset=source.genre_preset,
        seeds=(source.seed,),
        engine=engine,
        notices=tuple(notices.of_stems(spec)),
    )


def render(spec: Stems | ExtractStem, order: Order, sink: TrackSink) -> None:
    """Hand over every stem and the notes as they lie there, a few parts made of them, or the sound of one alone.

    Raises as `plan` does, and `source_gone`.
    """
    source, stems = _wanted(spec, order)
    # Nearly all of the work is in the files, whose writing moves the bar from here.
    sink.progress(0.0)
    song = [Path(file.path) for file in source.files if file.kind == "audio" and file.format in LOSSLESS]
    alone = isinstance(spec, ExtractStem)
    few = parted(spec.parts, stems) if isinstance(spec, Stems) and spec.parts != EVERY else {}
    audio, rate = _sound(stems.values() if alone or not song else song[:1])
    sink.take(
        Take(
            index=1,
            seed=source.seed,
            audio=audio,
            sample_rate=rate,
            bpm=source.bpm,
            keyscale=source.keyscale,
            timesignature=source.timesignature,
            ready={} if alone or few else stems,
            stems={part: _sound(stems[name] for name in made_of)[0] for part, made_of in few.items()},
            midi=None if alone else _bytes_of(source, "midi"),
            picture=picture_of(source),
            lines=timed_words(source) if isinstance(spec, ExtractStem) and spec.track_name == BACKING else (),
        )
    )


def _wanted(spec: Stems | ExtractStem, order: Order) -> tuple[Source, dict[str, Path]]:
    """The source, and of its stems those that are asked for: all but the voices for the backing track."""
    source = order.source
    # One alone is decoded; all of them are best copied.
    formats = (spec.format, *LOSSLESS) if isinstance(spec, Stems) and spec.parts == EVERY else LOSSLESS
    stems = stems_of(source, formats) if source is not None else {}
    if source is None or not stems:
        raise EngineError("no_stems", permanent=True)
    if isinstance(spec, Stems):
        return source, stems
    names = [name for name in stems if name not in VOICES] if spec.track_name == BACKING else [spec.track_name]
    if not names or names[0] not in stems:
        raise EngineError("no_such_stem", permanent=True, stem=spec.track_name, has=list(stems))
    return source, {name: stems[name] for name in names}


def stems_of(source: Source, formats: tuple[str, ...]) -> dict[str, Path]:
    """The file of every stem, in the first of `formats` that it has, or in whatever it has."""

    def rank(form: str) -> int:
        return formats.index(form) if form in formats else len(formats)

    files = [file for file in source.files if file.kind == "stem"]
    return {
        name: Path(min((file for file in files if file.name == name), key=lambda file: rank(file.format)).path)
        for name in dict.fromkeys(file.name for file in files)
    }


def _sound(files: Iterable[Path]) -> tuple[NDArray[np.float32], int]:
    """What `files` sound like together (channels, samples), and their rate: stems add up to their song."""

    first, *others = files
    audio, rate = heard(first)
    for file in others:
        audio += heard(file)[0]
    return inside(audio), rate


def inside(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same, quieter where it is louder than a file can hold: some parts of a song may be louder than all of it."""
    peak = np.abs(audio).max(initial=0.0)
    return audio / peak if peak > 1 else audio


def heard(file: Path) -> tuple[NDArray[np.float32], int]:
    """The sound of another song's file (channels, samples), and its rate. Raises `EngineError` (`source_gone`)."""
    with borrowed(file):
        return decode(file)


def picture_of(source: Source) -> bytes | None:
    """The song's cover (PNG), if it has one. Raises `EngineError` (`source_gone`)."""
    return _bytes_of(source, "image")


def timed_words(source: Source) -> tuple[LineTime, ...]:
    """When the words of a song are sung; none where nobody sang or knows. Raises `EngineError` (`source_gone`)."""
    lrc = _bytes_of(source, "lrc")
    return () if lrc is None else parse_lrc(lrc.decode())


def _bytes_of(source: Source, kind: FileKind) -> bytes | None:
    for file in source.files:
        if file.kind == kind:
            with borrowed(Path(file.path)) as path:
                return path.read_bytes()
    return None
