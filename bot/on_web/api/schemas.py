"""What answers look like, for the description at /docs; `job_object` makes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Status = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED"]
Urls = dict[str, str]


class Output(BaseModel):
    """One take of a job. Links are good for a day; they need no key."""

    id: str
    take: int = Field(description="Counted from 1")
    title: str
    seed: int
    duration: float = Field(description="Seconds")
    sample_rate: int
    channels: int
    bpm: float
    keyscale: str
    timesignature: str
    quality_score: float | None = Field(description="0 to 1; null where it was not asked for")
    output_url: str | None = Field(description="Its sound in the format that was asked for")
    output_urls: Urls = Field(description="Its sound by format; made when it is first fetched")
    lrc_content: str | None = Field(description="Synchronised lyrics, where generate_lrc asked for them")
    lrc_url: str | None
    midi_url: str | None
    image_url: str | None
    stems: Urls = Field(description="Its stems by name")


class JobObject(BaseModel):
    """A job. What is not known yet is null; of several takes, fields beside `outputs` tell of the first."""

    id: int
    task: str
    status: Status = Field(description="Ends as COMPLETED or FAILED")
    cancelled: bool = Field(False, description="Whether it is FAILED because somebody cancelled it")
    deleted: bool = Field(False, description="Whether its music is gone; error_message says why")
    progress: int | None = Field(None, description="0 to 100; null while it waits")
    stage: str | None = Field(None, description="What is being done: fetching, planning, rendering or encoding")
    position: int | None = Field(None, description="How many jobs come before it, while it waits")
    eta_seconds: float | None = Field(None, description="When it is probably done, once speed was measured")
    display_name: str | None = None
    audio_duration: float | None = Field(None, description="Seconds; settled before it is begun")
    output_url: str | None = Field(None, description="The sound, in the format that was asked for. Good for a day")
    output_urls: Urls | None = Field(None, description="The sound by format: flac, mp3, wav, ogg, m4a")
    outputs: list[Output] = Field([], description="Every take")
    actual_seeds: list[int] | None = Field(None, description="The seed of each take")
    lrc_content: str | None = Field(None, description="Synchronised lyrics, where generate_lrc asked for them")
    quality_score: float | None = Field(None, description="0 to 1")
    thumbnail_url: str | None = None
    liked: bool = Field(False, description="In lists only with include_interactions")
    caption: str | None = None
    lyrics: str | None = None
    genre_preset: str | None = None
    vocal_language: str | None = None
    bpm: float | None = None
    keyscale: str | None = None
    timesignature: str | None = None
    instrumental: bool | None = None
    format: str | None = None
    batch_size: int | None = None
    analysis: dict[str, Any] | None = Field(None, description="What was heard, of a job that listened")
    source_job_id: int | None = Field(None, description="The job that it was made from")
    credits: int = Field(0, description="What it costs; nothing is taken where it fails")
    notices: list[str] = Field([], description="What you should know about the music")
    error_code: str | None = Field(None, description="Why there is no music, for programs")
    error_message: str | None = Field(None, description="The same in a sentence")
    retryable: bool = Field(False, description="Whether another try may help")
    created_at: str | None = Field(None, description="ISO 8601, UTC, as all times")
    started_at: str | None = None
    completed_at: str | None = Field(None, description="When it ended, whichever way")
    user_id: int | None = None

    @classmethod
    def bare(cls, job_id: int, task: str, user_id: int) -> dict[str, Any]:
        """What is certain of a job that was kept a moment ago."""
        return cls(id=job_id, task=task, status="PENDING", user_id=user_id).model_dump()


class Started(BaseModel):
    """A job was begun, and its credits are set aside."""

    job: JobObject
    message: str
    id: int = Field(description="The number of the job")
    credits: int = Field(description="What it costs")
    price_cents: int = Field(description="The same in money, as the wallet counts")
    position: int | None = Field(description="How many jobs come before it")
    eta_seconds: float | None = Field(description="When it is probably done, once speed was measured")


class Told(BaseModel):
    """It is done."""

    message: str


class Changed(Told):
    """It is done, and this is the job now."""

    job: JobObject
    id: int


class Heard(BaseModel):
    """What was heard. Where it could not be heard, or not in time, `success` is false and `error` says why."""

    success: bool
    job_id: int = Field(description="Ask for its status where it takes longer")
    error: str | None = None
    error_code: str | None = None
    title: str | None = None
    caption: str | None = None
    lyrics: str | None = None
    bpm: float | None = None
    keyscale: str | None = None
    timesignature: str | None = None
    duration: float | None = Field(None, description="Seconds")
    language: str | None = Field(None, description="A code, or unknown")
    audio_codes: str | None = None
    chords: list[dict[str, Any]] | None = Field(None, description="start, end (seconds) and name of each")
    sections: list[dict[str, Any]] | None = Field(None, description="start, end (seconds), kind and letter of each")
    loudness: float | None = Field(None, description="LUFS")
    exact: bool | None = Field(None, description="Whether it is known, for it was made here")
    confidence: dict[str, float] | None = Field(None, description="0 to 1, by the names of the fields")


class TimedLyrics(BaseModel):
    """The words of a song with the times at which they are sung."""

    success: bool
    job_id: int
    lrc_content: str
    lrc_url: str | None = Field(description="The same as a file")


class Counts(BaseModel):
    """How many jobs there are."""

    total: int
    liked: int
    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int
    by_task: dict[str, int]


class Stats(BaseModel):
    """How many there are of what one can filter by; of finished songs, where it says nothing else."""

    total: int = Field(description="Jobs")
    liked: int = Field(description="Jobs")
    status: dict[str, int] = Field(description="Jobs")
    task: dict[str, int] = Field(description="Jobs")
    song_type: dict[str, int]
    language: dict[str, int]
    genre: dict[str, int] = Field(description="By the preset that they were made from")
    emotion: dict[str, int] = Field(description="By the moods that were understood of captions")


class ModelStatus(BaseModel):
    """What makes the music here, and whether it does."""

    status: Literal["ready", "paused", "offline"]
    available: bool
    engine: str
    model_versions: list[str]
    tasks: list[str]
    max_duration: float = Field(description="Seconds")
    max_batch_size: int
    sample_rate: int
    languages: list[str]
    stems: list[str]


class SampleRequest(BaseModel):
    """A request that works."""

    task: str
    path: str
    body: dict[str, Any]


class Samples(BaseModel):
    """Requests to begin with, one for each task."""

    samples: list[SampleRequest]


class Presets(BaseModel):
    """The genres one can start from."""

    genre_presets: dict[str, str] = Field(description="What each sounds like, by its name")


class Availability(BaseModel):
    """Whether the third version of the reference's API is to be had here. It is not."""

    available: bool
    revise: bool
