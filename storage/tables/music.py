"""Finished takes and the files they consist of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Text, UniqueConstraint
from sqlmodel import Field

from storage.tables.base import JSON_OR_NULL, SERIAL, Table


class Blob(Table, table=True):
    """A file in the blob store, named by its content: hex SHA-256, a dot, the extension. `size` in bytes."""

    __tablename__ = "blob"

    digest: str = Field(primary_key=True, sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    created_at: int = Field(index=True, sa_type=BigInteger)


class Recording(Table, table=True):
    """Sound that came from outside, made ours: `digest` names its blob, which is FLAC, 48 kHz, stereo.

    `kind`, `sample_rate` and `channels` are what it came as, `title`, `artist` and `lyrics` what its file said of
    itself; `duration` in seconds. `user_id` brought it, and `used_at` is when somebody last asked for something of it.
    """

    __tablename__ = "recording"

    id: str = Field(primary_key=True, sa_type=Text)
    user_id: int = Field(foreign_key="user.id", sa_type=BigInteger)
    digest: str = Field(foreign_key="blob.digest", index=True, sa_type=Text)
    title: str = Field(sa_type=Text)
    artist: str = Field(sa_type=Text)
    lyrics: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    duration: float
    sample_rate: int
    channels: int
    created_at: int = Field(sa_type=BigInteger)
    used_at: int = Field(index=True, sa_type=BigInteger)


class Track(Table, table=True):
    """A finished take. `duration` in seconds, `lrc` the text of its timed lyrics, `peaks` its drawn wave."""

    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("job_id", "take"),)

    id: str = Field(primary_key=True, sa_type=Text)
    job_id: int = Field(foreign_key="job.id", sa_type=BigInteger)
    take: int
    title: str = Field(sa_type=Text)
    seed: int = Field(sa_type=BigInteger)
    duration: float
    sample_rate: int
    channels: int
    bpm: float
    keyscale: str = Field(sa_type=Text)
    timesignature: str = Field(sa_type=Text)
    quality_score: float | None = None
    lrc: str | None = Field(default=None, sa_type=Text)
    peaks: list[int] | None = Field(default=None, sa_type=JSON_OR_NULL)
    created_at: int = Field(sa_type=BigInteger)


class TrackFile(Table, table=True):
    """A file of a track. How often a blob is referenced is the number of these rows that name it."""

    __tablename__ = "track_file"
    __table_args__ = (UniqueConstraint("track_id", "kind", "name", "format"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    track_id: str = Field(foreign_key="track.id", sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    format: str = Field(sa_type=Text)
    digest: str = Field(foreign_key="blob.digest", index=True, sa_type=Text)
