"""Everything that is handed over of one take: the song in its formats, its stems, words, notes, picture and score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio import chat
from engine.audio.encode import decode, encode
from engine.audio.files import borrowed, copy_whole, write_whole
from engine.audio.lrc import format_lrc
from engine.audio.mapped import rest
from engine.audio.peaks import energy, peaks
from engine.audio.picture import cover, smaller
from engine.audio.quality import quality_score
from engine.audio.tags import Tags, read
from engine.spec.base import Generation, Request
from engine.spec.errors import EngineError
from engine.spec.plan import FileKind, Plan, TrackFile, TrackResult
from engine.spec.protocol import Take
from engine.spec.sampled import is_one_shot
from engine.spec.tasks import ExtractStem, Stems, Text2Samples

MASTER = "flac"
COVER_INSIDE = 500
SEPARATED = "Separated with Minstrel"

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """One file to write: its entry, and the call that writes it to a path."""

    kind: FileKind
    file: str
    write: Callable[[Path], object]
    name: str = ""


def package(
    take: Take,
    *,
    plan: Plan,
    spec: Request,
    workdir: Path,
    on_step: Callable[[float], None] = lambda _: None,
) -> TrackResult:
    """Write every file of a finished take into `workdir`/take-`index` and measure the take.

    There is always `song.flac` (the master), `song.mp3` for chats and a cover; another format where `spec` asks for it;
    stems, LRC, MIDI and score where the take has them. Where stems are what is asked for there are these, in the format
    that `spec` asks for and as MP3, and the cover: their song is not handed out again. The same take gives the same
    bytes. `on_step` hears how far it has come (0 to 1) after each file, and MAY raise to stop.

    Raises `EngineError` (`disk_full`, `encode_failed`, `decode_failed`, `source_gone`).
    """
    folder = workdir.absolute() / f"take-{take.index}"
    picture = take.picture or cover(
        plan.title,
        seed=take.seed,
        genre=plan.genre_preset or "",
        minor=take.keyscale.endswith("Minor"),
        energy=energy(take.audio),
    )
    duration = take.audio.shape[1] / take.sample_rate
    lrc = format_lrc(take.lines, title=plan.title, duration=duration, words=True) if take.lines else None
    asked = spec.format if isinstance(spec, Generation) else MASTER
    tags = _tags(take, plan, smaller(picture, COVER_INSIDE))
    if isinstance(spec, Stems | ExtractStem) and plan.heard is not None:
        # Somebody else's music, taken apart: nobody here made it, and neither did a machine.
        tags = replace(tags, artist="", comment=SEPARATED, generated=False)
    pieces = list(_pieces(take, tags, asked, picture, lrc, apart=bool(take.ready) or isinstance(spec, Stems)))
    _make(folder, with_stems=bool(take.stems or take.ready))
    for done, piece in enumerate(pieces, start=1):
        piece.write(folder / piece.file)
        for stem in take.stems.values():
            rest(stem)
        on_step(done / len(pieces))
    scored = isinstance(spec, Generation) and spec.calculate_quality and _is_music(spec)
    return TrackResult(
        take=take.index,
        title=plan.title,
        seed=take.seed,
        duration=duration,
        sample_rate=take.sample_rate,
        channels=take.audio.shape[0],
        bpm=take.bpm,
        keyscale=take.keyscale,
        timesignature=take.timesignature,
        quality_score=quality_score(take.audio, take.sample_rate, take.stems) if scored else None,
        lrc=lrc,
        peaks=peaks(take.audio),
        files=tuple(
            TrackFile(
                kind=piece.kind,
                path=str(folder / piece.file),
                format=piece.file.partition(".")[2],
                name=piece.name,
            )
            for piece in pieces
        ),
    )


def _is_music(spec: Generation) -> bool:
    """Whether the quality score is for it: a part of a song, or a single hit, is no worse for being half silent."""
    if isinstance(spec, Text2Samples):
        return not is_one_shot(spec)
    return not isinstance(spec, Stems | ExtractStem)


def _pieces(take: Take, tags: Tags, asked: str, picture: bytes, lrc: str | None, *, apart: bool) -> Iterator[Piece]:
    for name, source in take.ready.items():
        for form in dict.fromkeys((asked, chat.FORMAT)):
            yield Piece("stem", f"stems/{name}.{form}", partial(_hand_on, source), name)
    for form in () if apart else dict.fromkeys((MASTER, asked, chat.FORMAT)):
        yield Piece("audio", f"song.{form}", _audio(take.audio, take.sample_rate, tags))
    for name, stem in take.stems.items():
        own = replace(tags, title=f"{tags.title} ({name})", lyrics="", lines=(), cover=None)
        for form in dict.fromkeys((asked, chat.FORMAT) if apart else (MASTER,)):
            yield Piece("stem", f"stems/{name}.{form}", _audio(stem, take.sample_rate, own), name)
    if lrc is not None:
        yield Piece("lrc", "song.lrc", _bytes(lrc.encode()))
    if take.midi is not None:
        yield Piece("midi", "song.mid", _bytes(take.midi))
    yield Piece("image", "song.png", _bytes(picture))
    if take.score is not None:
        yield Piece("score", "song.score", _bytes(take.score))


def _audio(audio: Audio, rate: int, tags: Tags) -> Callable[[Path], object]:
    return lambda path: _write(audio, rate, path, tags)


def _write(audio: Audio, rate: int, path: Path, tags: Tags) -> Path:
    small = path.suffix == f".{chat.FORMAT}"
    bit_rate = chat.bit_rate(audio.shape[1] / rate, tags) if small else None
    return encode(audio, rate, path, bit_rate=bit_rate, tag=tags)


def _hand_on(source: Path, path: Path) -> Path:
    """The sound and the tags of `source` as the format that `path` names; the file as it is where that is its own."""
    with borrowed(source):
        if source.suffix == path.suffix:
            return copy_whole(source, path)
        audio, rate = decode(source)
        return _write(audio, rate, path, read(source))


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: write_whole(path, data)


def _tags(take: Take, plan: Plan, picture: bytes) -> Tags:
    return Tags(
        title=plan.title,
        genre=plan.genre_preset or "",
        bpm=take.bpm,
        key=take.keyscale,
        lyrics=plan.lyrics or "\n".join(line.text for line in take.lines),
        lines=take.lines,
        comment=plan.caption,
        cover=picture,
    )


def _make(folder: Path, *, with_stems: bool) -> None:
    try:
        (folder / "stems" if with_stems else folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError("encode_failed", permanent=False, cause=str(error)) from error
