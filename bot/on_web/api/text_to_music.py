"""The second API: tracks from a prompt, tags or lyrics (rows E1 to E15)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bot import moments
from bot.ending import why_no_music
from bot.notices import notices
from bot.on_web import reading
from bot.on_web.api import bodies, kinds
from bot.on_web.api.job_object import plainly
from bot.on_web.api.once import Once, fingerprint
from bot.on_web.caller import Creates, Manages, Reads
from bot.on_web.errors import SECOND_API, NotFound, documented
from bot.on_web.house import Here
from bot.on_web.links import Links
from bot.options import shape
from bot.replies import reply
from engine.spec.fields import Bpm
from workflows import ordered
from workflows.order_form import MOST_TAGS, RATED, TAG, Order
from workflows.ordered import OrderedTrack

AUTO = "auto"

router = APIRouter(prefix=SECOND_API, tags=["text-to-music"])


class Track(BaseModel):
    """A track that was ordered. Everything is there from the beginning, null until it is known."""

    id: str
    name: str | None
    status: str = Field(description="pending, ready or failed")
    audio_url: str | None = Field(description="Where it is to be had, once it is ready and while its link is good")
    seed: int
    tags: list[str]
    expires_at: str | None = Field(description="When audio_url ends; null where it stays")
    duration: float | None = Field(description="Seconds")
    bpm: float | None
    keyscale: str | None
    timesignature: str | None
    lyrics: str | None
    output_format: str
    output_bit_rate: str | None = Field(description="kbit/s")
    store_audio: bool
    job_id: int = Field(description="The same as a job of the first API")
    created_at: str
    completed_at: str | None
    error: str | None = Field(description="Why it failed")
    message: str | None = Field(description="Why there is no audio_url though it is ready")
    notices: list[str] = Field(description="What of the order has no effect, or came out otherwise")


class Ordered(BaseModel):
    """Tracks that are being made."""

    success: bool
    tracks: list[Track]
    cost_cents: int
    balance_cents: int | None = Field(description="What is left")
    notices: list[str]


class One(Track):
    """One track."""

    success: bool


class Deleted(BaseModel):
    """A track that is no longer."""

    success: bool
    id: str
    message: str


_SAID = {"type": "string", "pattern": r"\S"}
_UNSAID: dict[str, Any] = {"enum": [None, "", []]}
_EXAMPLE = {"prompt": "a slow blues about rain", "output_format": "mp3", "output_bit_rate": "192"}
_NULL = {"type": "null"}
_TAG = {"type": "string", "minLength": 1, "maxLength": TAG.high, "pattern": r"\S"}
_TAGS = {"anyOf": [{"type": "array", "maxItems": MOST_TAGS, "items": _TAG}, _NULL]}
_REACH = shape(Bpm, ())[2][0]
_TEMPO = {"anyOf": [{"type": "integer", "minimum": _REACH.low, "maximum": _REACH.high}, {"enum": [AUTO]}, _NULL]}
# What goes together (rows E3 and E4).
_COMBINED = {
    "anyOf": [
        {"required": ["prompt"], "properties": {"prompt": _SAID, "lyrics": _UNSAID}},
        {"required": ["prompt"], "properties": {"prompt": _SAID, "tags": _UNSAID}},
        {
            "required": ["tags", "lyrics"],
            "properties": {"tags": {"type": "array", "minItems": 1}, "lyrics": {"type": "string"}, "prompt": _UNSAID},
        },
    ]
}
_RATED = {
    "anyOf": [
        {"properties": {"output_bit_rate": _NULL}},
        {"required": ["output_format"], "properties": {"output_format": {"enum": [*RATED]}}},
    ]
}


@router.post(
    "",
    response_model=Ordered,
    responses=documented(402, 413, 415, 429),
    summary="Make one or two tracks",
    openapi_extra=bodies.plain(Order, _EXAMPLE, _COMBINED, _RATED, tags=_TAGS, bpm=_TEMPO),
)
async def order(request: Request, web: Here, calls: Creates, key: Once) -> Any:
    """A prompt alone becomes a song whose words are written; `lyrics` are sung, and "" makes an instrumental.

    Ask for each track by its id until it is ready or failed.
    """
    values = await reading.values(request)
    # A list of texts, and the word for any tempo, are the form's own business.
    plain = {name: value for name, value in values.items() if name != "tags" and (name, value) != ("bpm", AUTO)}
    kinds.require(Order, plain)
    again = fingerprint(Order.model_fields["task"].default, values)
    placed = await ordered.place(web.db, web.rules, calls.who, calls.where, values, key=key, fingerprint=again)
    web.nudge()
    cents = web.rules.pricing.cents
    return JSONResponse(
        {
            "success": True,
            "tracks": [_track(track, web.links(request)) for track in placed.tracks],
            "cost_cents": cents(placed.price),
            "balance_cents": None if placed.left is None else cents(placed.left),
            "notices": [plainly(reply(notice.code, **notice.params)) for notice in placed.notices],
        }
    )


@router.get("/{track_id}", response_model=One, responses=documented(404), summary="One track")
async def look(track_id: str, request: Request, web: Here, calls: Reads) -> Any:
    """How it stands: `pending`, `ready` with a link, or `failed` with an error."""
    track = await ordered.look(web.db, calls.who, track_id)
    if track is None:
        raise NotFound("track", track_id)
    return JSONResponse({"success": True, **_track(track, web.links(request))})


@router.delete("/{track_id}", response_model=Deleted, responses=documented(404), summary="Delete a track")
async def delete(track_id: str, web: Here, calls: Manages) -> Any:
    """For good, and its link with it. A track that is still being made is given up with the last one of its order."""
    if not await ordered.forget(web.db, calls.who, track_id):
        raise NotFound("track", track_id)
    web.nudge()
    return JSONResponse({"success": True, "id": track_id, "message": reply("track_deleted")})


def _track(track: OrderedTrack, links: Links) -> dict[str, Any]:
    job, made = track.job, track.made
    url, why = _link(track, links)
    failed = track.status == "failed"
    plan = (job and job.plan) or {}
    return {
        "id": track.id,
        "name": track.name or (made.title if made is not None else None),
        "status": track.status,
        "audio_url": url,
        "seed": track.seed,
        "tags": list(track.tags),
        "expires_at": None if track.stored or track.until_s is None else moments.iso(track.until_s * 1000),
        "duration": None if made is None else made.duration,
        "bpm": None if made is None else made.bpm,
        "keyscale": None if made is None else made.keyscale,
        "timesignature": None if made is None else made.timesignature,
        "lyrics": plan.get("lyrics"),
        "output_format": track.format,
        "output_bit_rate": None if track.bit_rate is None else str(track.bit_rate),
        "store_audio": track.stored,
        "job_id": track.job_id,
        "created_at": moments.iso(track.created_at),
        "completed_at": None if job is None else moments.iso(job.finished_at),
        "error": why if failed else None,
        "message": None if failed else why,
        "notices": []
        if job is None or made is None
        else [plainly(line) for line in notices(ordered.renamed(job), program=True)],
    }


def _link(track: OrderedTrack, links: Links) -> tuple[str | None, str | None]:
    """Where its sound is or, where it could be none, why it is nowhere."""
    if track.job is None or track.status == "pending":
        return None, None
    if track.piece is None:
        return None, plainly(why_no_music(track.job, job=track.job.id, program=True) or reply("cancelled"))
    if track.over:
        return None, plainly(reply("track_link_over"))
    return Links(links.seal, links.base, track.until_s).to(track.piece), None
