# mutagen has types for few of its functions
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import mutagen
import pytest
import soundfile
from mutagen.id3 import ID3
from PIL import Image

from engine.audio.encode import FORMATS, encode
from engine.audio.tags import Tags, embed, read
from engine.spec.errors import EngineError
from engine.spec.protocol import LineTime
from tests.fakes.tune import RATE, tune


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 80, 60)).save(buffer, format="PNG")
    return buffer.getvalue()


TAGS = Tags(
    title="Über den Dächern · 雨",
    album="Rainy days",
    genre="lo-fi",
    bpm=82,
    key="F# Minor",
    lyrics="[verse]\nsteam rises\nand the rain falls",
    comment="rainy-day lo-fi about coffee",
    cover=picture(),
)
LINES = (LineTime("steam rises", 0.5, 1.2), LineTime("and the rain falls", 1.23, 2.0))


@pytest.mark.parametrize("form", FORMATS)
def test_tags_come_back_as_they_went_in(tmp_path: Path, form: str) -> None:
    assert read(encode(tune(1), RATE, tmp_path / f"song.{form}", tag=TAGS)) == TAGS


@pytest.mark.parametrize("form", FORMATS)
def test_other_programs_find_title_marker_and_picture(tmp_path: Path, form: str) -> None:
    file = mutagen.File(encode(tune(1), RATE, tmp_path / f"song.{form}", tag=TAGS))
    seen = {str(key): value for key, value in file.tags.items()}
    titles = {"TITLE", "title", "TIT2", "©nam"} & seen.keys()
    assert [TAGS.title in str(seen[name]) for name in titles] == [True]
    assert any("AI_GENERATED" in key.upper() for key in seen)
    assert str(file.tags).find("Minstrel") >= 0 or "Minstrel" in str(list(seen.values()))


COMMENTS = ("COMMENT", "COMM::XXX", "©cmt")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_that_a_machine_made_it(tmp_path: Path, form: str) -> None:
    """As other programs see it: the first words of the comment, and the term of the IPTC."""
    file = mutagen.File(encode(tune(1), RATE, tmp_path / f"song.{form}", tag=TAGS))
    seen = {str(key): _text(value) for key, value in file.tags.items()}
    [comment] = [value for key, value in seen.items() if key.upper() in COMMENTS or key in COMMENTS]
    [source] = [value for key, value in seen.items() if key.upper().endswith("DIGITALSOURCETYPE")]
    assert comment == "AI-generated with Minstrel: rainy-day lo-fi about coffee"
    assert source.endswith("/digitalsourcetype/algorithmicMedia")


def test_a_song_without_words_of_its_own_says_it_too(tmp_path: Path) -> None:
    file = mutagen.File(encode(tune(1), RATE, tmp_path / "song.flac", tag=Tags(title="Drift")))
    assert file.tags["COMMENT"] == ["AI-generated with Minstrel"]


def test_a_wav_says_it_where_programs_without_id3_look(tmp_path: Path) -> None:
    path = encode(tune(1), RATE, tmp_path / "song.wav", tag=TAGS)
    data = path.read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with soundfile.SoundFile(path) as file:
        assert file.comment == "AI-generated with Minstrel"
        assert file.frames == RATE


def _text(value: Any) -> str:
    value = value[0] if isinstance(value, list) else value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize("form", FORMATS)
def test_bare_tags_are_bare(tmp_path: Path, form: str) -> None:
    plain = Tags(title="Drift", generated=False)
    assert read(encode(tune(1), RATE, tmp_path / f"song.{form}", tag=plain)) == plain


@pytest.mark.parametrize("form", ["mp3", "wav", "flac", "ogg"])
def test_lines_keep_their_times(tmp_path: Path, form: str) -> None:
    lines = read(encode(tune(3), RATE, tmp_path / f"song.{form}", tag=replace(TAGS, lines=LINES))).lines
    assert [(line.text, line.start) for line in lines] == [(line.text, line.start) for line in LINES]
    assert lines[-1].end == pytest.approx(3, abs=0.05)


def test_an_mp3_has_synchronised_lyrics_in_milliseconds(tmp_path: Path) -> None:
    frames = ID3(encode(tune(3), RATE, tmp_path / "song.mp3", tag=replace(TAGS, lines=LINES)))
    [timed] = frames.getall("SYLT")
    assert (timed.format, timed.type) == (2, 1)
    assert timed.text == [("steam rises", 500), ("and the rain falls", 1230)]


@pytest.mark.parametrize("key", ["C Major", "Bb Major", "A Minor", "F# Minor", "", "Hijaz"])
def test_keys_survive_the_three_letters_of_a_tag(tmp_path: Path, key: str) -> None:
    path = encode(tune(1), RATE, tmp_path / "song.mp3", tag=Tags(title="x", key=key))
    assert read(path).key == key


def test_tags_need_a_file_of_their_kind() -> None:
    with pytest.raises(EngineError, match="encode_failed"):
        embed(b"no music at all", "flac", TAGS)
