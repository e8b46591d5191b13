"""What the second API takes, and the request of ours that it comes to (rows E2 to E12 of the reference)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo, field_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from engine.spec import InvalidSpec, Notice, Request, parse_as
from engine.spec.fields import FORMATS, Bpm, Choice, Label, Lyrics, Range, Text
from workflows.refusal import Refusal

# What it is answered in, and which of these have a bit rate.
SOUND = (*FORMATS, "m4a")
RATED = ("mp3", "m4a")
BIT_RATES = ("128", "192", "256", "320")
MOST_TAGS, TAG = 50, Text(1, 100)

# The reference's strength of 2 is what it does by itself; so is our guidance of 7 (row B7). Others are in proportion.
USUAL_STRENGTH, USUAL_GUIDANCE = 2.0, 7.0
LEAST_GUIDANCE, MOST_GUIDANCE = 1.0, 15.0
# From these on, captions ask for what the engine mixes 3 dB louder or quieter; the usual 0.7 lies between.
USUAL_BALANCE, LOUD, QUIET = 0.7, 0.85, 0.55
LOUDER, QUIETER = "louder vocals", "quieter vocals"

# What our request calls what whoever ordered knows by another name.
THEIR_NAMES: Mapping[str, str] = {
    "caption": "prompt",
    "guidance_scale": "prompt_strength",
    "batch_size": "num_songs",
    "format": "output_format",
    "display_name": "name",
    "use_cot_lyrics": "lyrics",
}


@dataclass(frozen=True)
class Few:
    """A list of at most so many texts."""

    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and len(value) > self.most:
            raise PydanticCustomError("too_many", "must be {allowed}", {"allowed": self.words()})
        return value

    def words(self) -> str:
        return f"a list of at most {self.most} texts"


class Order(Request):
    """One or two tracks from a prompt, tags or lyrics."""

    task: Literal["text-to-music"] = "text-to-music"
    prompt: Annotated[str | None, Text(0, 2000)] = Field(None, description="What it should be like")
    tags: Annotated[tuple[Annotated[str, TAG], ...] | None, Few(MOST_TAGS)] = Field(
        None, description="Words of style, such as pop or electronic"
    )
    lyrics: Lyrics | None = Field(
        None, description='Words to sing; "" for an instrumental. With a prompt alone, words are written'
    )
    seed: Annotated[int | None, Range(0, 2**53, auto=-1)] = Field(
        None, description="Same seed, same song; random where none is given"
    )
    prompt_strength: Annotated[float, Range(0, 20)] = Field(
        USUAL_STRENGTH, description="How closely to follow the prompt; 2 is what the model does by itself"
    )
    balance_strength: Annotated[float, Range(0, 1)] = Field(
        USUAL_BALANCE, description="The voice against the instruments: louder from 0.85 on, quieter up to 0.55"
    )
    num_songs: Annotated[int, Range(1, 2, "songs")] = Field(1, description="How many songs; each is paid")
    output_format: Annotated[str, Choice(SOUND)] = Field("wav", description="File format")
    output_bit_rate: Annotated[str | None, Choice(BIT_RATES)] = Field(
        None, description="In kbit/s, as a text; only for mp3 and m4a"
    )
    bpm: Bpm = Field(None, description='Tempo, or "auto"')
    store_audio: bool = Field(
        False, description="Whether the link stays until the track is deleted; otherwise it is good for a day"
    )
    name: Label = Field(None, description="What the track is called")

    @field_validator("output_bit_rate")
    @classmethod
    def _has_one(cls, value: str | None, info: ValidationInfo) -> str | None:
        form = info.data.get("output_format", RATED[0])
        if value is not None and form not in RATED:
            allowed = f"left out with {form}: only {' and '.join(RATED)} have one"
            raise PydanticCustomError("no_bit_rate", "must be {allowed}", {"allowed": allowed})
        return value


@dataclass(frozen=True)
class Asked:
    """The request that an order comes to. `notices`: what of the order does less than somebody may think."""

    task: str
    values: dict[str, Any]
    notices: tuple[Notice, ...]


def read(values: Mapping[str, Any]) -> Order:
    """The order that `values` are; a null says nothing. Raises `Refusal`."""
    said = {name: value for name, value in values.items() if value is not None or name not in Order.model_fields}
    try:
        order = parse_as(Order, said)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None
    given = {"prompt": bool(order.prompt), "tags": bool(order.tags), "lyrics": order.lyrics is not None}
    # "" says that nobody sings, which goes with a prompt and tags; words to sing don't.
    too_many = given["prompt"] and given["tags"] and bool(order.lyrics)
    if too_many or not (given["prompt"] or (given["tags"] and given["lyrics"])):
        named = tuple(name for name, there in given.items() if there)
        raise Refusal("order_combination", field=(*named, "prompt")[0], given=named)
    return order


def asked(order: Order) -> Asked:
    """The request for `order`: lyrics that were given are sung, "" is an instrumental, else words are written."""
    instrumental = order.lyrics == ""
    voice, about_voice = _voice(order, instrumental)
    guidance, about_guidance = _guidance(order.prompt_strength)
    values: dict[str, Any] = {
        "caption": ", ".join(part for part in (order.prompt, *(order.tags or ()), voice) if part),
        "batch_size": order.num_songs,
        "format": order.output_format if order.output_format in FORMATS else FORMATS[0],
        "seed": order.seed,
        "bpm": order.bpm,
        "display_name": order.name,
        "guidance_scale": guidance,
    }
    if not instrumental:
        values |= {"lyrics": order.lyrics} if order.lyrics else {"use_cot_lyrics": True}
    task = "prompt2instrumental" if instrumental else "text2music"
    said = {name: value for name, value in values.items() if value is not None}
    return Asked(task, said, (*about_voice, *about_guidance))


def _guidance(strength: float) -> tuple[float | None, tuple[Notice, ...]]:
    """The guidance for a strength, None for what the model does by itself, and what is told of that."""
    if strength == USUAL_STRENGTH:
        return None, ()
    wished = strength * USUAL_GUIDANCE / USUAL_STRENGTH
    given = min(max(wished, LEAST_GUIDANCE), MOST_GUIDANCE)
    if given == wished:
        return given, ()
    reached = given * USUAL_STRENGTH / USUAL_GUIDANCE
    return given, (Notice(code="strength_reached", params={"value": strength, "reached": reached}),)


def _voice(order: Order, instrumental: bool) -> tuple[str | None, tuple[Notice, ...]]:
    """What the caption says of the voice, and what is told of that."""
    balance = order.balance_strength
    if balance == USUAL_BALANCE:
        return None, ()
    if instrumental:
        return None, (Notice(code="balance_unsung", params={"value": balance}),)
    voice = LOUDER if balance >= LOUD else QUIETER if balance <= QUIET else None
    if voice is None:
        return None, (Notice(code="balance_between", params={"value": balance, "loud": LOUD, "quiet": QUIET}),)
    return voice, (Notice(code="balance_asked", params={"value": balance, "voice": voice}),)
