"""One model per task: rows C1 to C15 of the reference, and `stems` (all stems of one song), which is ours."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AliasChoices, Field, field_validator, model_validator

from engine.spec.base import Generation, Request, nothing_to_go_by, one_source
from engine.spec.fields import (
    Caption,
    Choice,
    JobId,
    Label,
    Language,
    Link,
    Lyrics,
    Range,
    SampleSeconds,
    Stem,
    Text,
    Unit,
)
from engine.spec.parts import ALL, PARTS

PromptAlias = AliasChoices("caption", "prompt")
Preset = Annotated[str | None, Text(1, 60)]
TakeNumber = Annotated[int, Range(1, 8)]
WHICH_TAKE = "Which take of that song"


class Captioned(Generation):
    """A caption says how it sounds. It may be empty where a preset or lyrics say what to make."""

    main: ClassVar[str | None] = "caption"
    caption: Caption = Field("", validation_alias=PromptAlias, description="How it should sound")
    genre_preset: Preset = Field(None, description="A genre to start from")

    @model_validator(mode="after")
    def _something(self) -> Self:
        # a voice alone and a song can go by their lyrics; an instrumental has none to go by
        words = {"lyrics": self.lyrics} if isinstance(self, Sung | Lyric2Vocals) else {}
        nothing_to_go_by(caption=self.caption, **words, genre_preset=self.genre_preset)
        return self


class Sung(Captioned):
    lyrics: Lyrics = Field("", description="Words to sing, with tags such as [verse] and [chorus]")
    instrumental: bool = Field(False, description="No singing; the lyrics are ignored")


class Text2Music(Sung):
    """A song from a caption and, if you like, lyrics (C1)."""

    task: Literal["text2music"] = "text2music"


class Prompt2Instrumental(Captioned):
    """Music without singing (C2)."""

    task: Literal["prompt2instrumental"] = "prompt2instrumental"


class Text2Rap(Sung):
    """Rap over a beat (C3)."""

    task: Literal["text2rap"] = "text2rap"


class Lyric2Vocals(Captioned):
    """A voice alone that sings the lyrics (C4)."""

    task: Literal["lyric2vocals"] = "lyric2vocals"
    main: ClassVar[str | None] = "lyrics"
    lyrics: Annotated[str, Text(1, 20_000)] = Field(description="Words to sing")


class Text2Samples(Captioned):
    """A loop or a single hit (C5)."""

    task: Literal["text2samples"] = "text2samples"
    duration: SampleSeconds = Field(
        -1, validation_alias=AliasChoices("duration", "audio_duration"), description="Length of the sample"
    )
    sample_type: Annotated[str | None, Choice(("loop", "one-shot"))] = Field(None, description="Loop or single hit")
    tempo: Annotated[int | None, Range(60, 200, "BPM")] = Field(None, description="Tempo of the loop")


class Simple(Generation):
    """One sentence in, a whole song out (C6)."""

    task: Literal["simple"] = "simple"
    main: ClassVar[str | None] = "query"
    query: Annotated[str, Text(1, 1000)] = Field(description="What the song is about")
    instrumental: bool = Field(False, description="No singing")
    vocal_language: Language = Field("unknown", description="Language of the lyrics, by name or code")


class FromAudio(Generation):
    """Starts from audio: a link, or a song made here."""

    src_audio_url: Link = Field(None, description="Link to the source audio")
    source_job_id: JobId | None = Field(None, description="A song made here, by its number")
    source_take: TakeNumber = Field(1, description=WHICH_TAKE)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_source(src_audio_url=self.src_audio_url, source_job_id=self.source_job_id)
        return self


class Cover(FromAudio):
    """The same song in another style (C7)."""

    task: Literal["cover"] = "cover"
    main: ClassVar[str | None] = "caption"
    caption: Annotated[str, Text(1, 2048)] = Field(validation_alias=PromptAlias, description="The new style")
    lyrics: Lyrics = Field("", description="New words")
    audio_cover_strength: Unit = Field(0.7, description="0 is new, 1 is closest to the original")


class Reference(Generation):
    """A new song with the sound of a given one (C8)."""

    task: Literal["reference"] = "reference"
    main: ClassVar[str | None] = "caption"
    reference_audio_url: Link = Field(None, description="Link to the audio to sound like")
    source_job_id: JobId | None = Field(None, description="A song made here, by its number")
    source_take: TakeNumber = Field(1, description=WHICH_TAKE)
    caption: Annotated[str, Text(1, 2048)] = Field(validation_alias=PromptAlias, description="How it should sound")
    lyrics: Lyrics = Field("", description="Words to sing")
    instrumental: bool = Field(False, description="No singing")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_source(reference_audio_url=self.reference_audio_url, source_job_id=self.source_job_id)
        return self


class Analyze(Request):
    """Tempo, key, caption and more of a piece of audio (C9)."""

    task: Literal["analyze"] = "analyze"
    main: ClassVar[str | None] = "audio_url"
    audio_url: Link = Field(None, description="Link to the audio")
    source_job_id: JobId | None = Field(None, description="A song made here, by its number")
    source_take: TakeNumber = Field(1, description=WHICH_TAKE)
    audio_codes: Annotated[str | None, Text(0, 200_000)] = Field(None, description="Audio codes instead of audio")
    temperature: Annotated[float, Range(0, 2)] = Field(0.85, description="Planner temperature")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_source(audio_url=self.audio_url, source_job_id=self.source_job_id, audio_codes=self.audio_codes)
        return self


class ExtractStem(FromAudio):
    """One stem of a song (C10)."""

    task: Literal["extract-stem"] = "extract-stem"
    main: ClassVar[str | None] = "track_name"
    track_name: Stem = Field(description="Which stem; backing_track is all but the voices")


class Stems(FromAudio):
    """Every stem of a song, each in its own file, and its notes as MIDI."""

    task: Literal["stems"] = "stems"
    main: ClassVar[str | None] = "source_job_id"
    parts: Annotated[str, Choice(tuple(PARTS))] = Field(ALL, description="Every stem, or so few parts that add up")


class Retake(Generation):
    """The same song once more, a little or a lot different (C11)."""

    task: Literal["retake"] = "retake"
    main: ClassVar[str | None] = "original_job_id"
    original_job_id: JobId = Field(description="The song, by its number")
    source_take: TakeNumber = Field(1, description=WHICH_TAKE)
    retake_variance: Unit = Field(0.7, description="0 is identical, 1 is all new")
    retake_seeds: tuple[Annotated[int, Range(0, 2**53)], ...] = Field((), description="One seed for each take")

    @field_validator("retake_seeds", mode="before")
    @classmethod
    def _as_typed(cls, value: Any) -> Any:
        return value.replace(",", " ").split() if isinstance(value, str) else value


class Repaint(FromAudio):
    """A part of a song made anew; the rest stays (C12)."""

    task: Literal["repaint"] = "repaint"
    main: ClassVar[str | None] = "caption"
    repainting_start: Annotated[float, Range(0, 600, "seconds")] = Field(description="Where the new part begins")
    repainting_end: Annotated[float, Range(0, 600, "seconds", auto=-1)] = Field(
        description="Where it ends, -1 for the end of the song"
    )
    caption: Annotated[str, Text(1, 2048)] = Field(validation_alias=PromptAlias, description="How the new part sounds")
    lyrics: Lyrics = Field("", description="New words")


class Extend(FromAudio):
    """A song made longer at either end (C13)."""

    task: Literal["extend"] = "extend"
    main: ClassVar[str | None] = "caption"
    left_extend_length: Annotated[float, Range(0, 60, "seconds")] = Field(0.0, description="Seconds before the start")
    right_extend_length: Annotated[float, Range(0, 60, "seconds")] = Field(30.0, description="Seconds after the end")
    caption: Annotated[str, Text(1, 2048)] = Field(validation_alias=PromptAlias, description="How the new part sounds")
    lyrics: Lyrics = Field("", description="More words")


class Edit(FromAudio):
    """A song remixed, or with other words on the same music (C14)."""

    task: Literal["edit"] = "edit"
    main: ClassVar[str | None] = "edit_target_prompt"
    edit_target_prompt: Caption = Field("", description="The new style")
    edit_target_lyrics: Lyrics = Field("", description="The new words")
    edit_type: Annotated[str, Choice(("remix", "only_lyrics"))] = Field("remix", description="What to change")
    edit_n_min: Unit = Field(0.0, description="Start of the edit window")
    edit_n_max: Unit = Field(1.0, description="End of the edit window")


class Lrc(Request):
    """Synchronised lyrics of a finished song (C15)."""

    task: Literal["lrc"] = "lrc"
    main: ClassVar[str | None] = "job_id"
    job_id: JobId = Field(description="The song, by its number")
    source_take: TakeNumber = Field(1, description=WHICH_TAKE)
    display_name: Label = Field(None, description="Title")


Spec = Annotated[
    Text2Music | Prompt2Instrumental | Text2Rap | Lyric2Vocals | Text2Samples | Simple | Cover | Reference | Analyze
    | ExtractStem | Stems | Retake | Repaint | Extend | Edit | Lrc,
    Field(discriminator="task"),
]  # fmt: skip

MODELS: dict[str, type[Request]] = {
    model.model_fields["task"].default: model
    for model in (
        Text2Music, Prompt2Instrumental, Text2Rap, Lyric2Vocals, Text2Samples, Simple, Cover, Reference, Analyze,
        ExtractStem, Stems, Retake, Repaint, Extend, Edit, Lrc,
    )
}  # fmt: skip
