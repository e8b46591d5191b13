"""How the forms that ask for stems are described, and what is answered to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from bot.on_web import reading
from bot.on_web.api import bodies
from bot.on_web.api.schemas import JobObject, Urls
from engine.spec import Request as Form
from workflows import stem_modes
from workflows.stem_modes import SINGLE, WAYS, Advanced, Extract, Legacy

SOUND = "url"
_LINK = "https://example.com/song.mp3"


@dataclass(frozen=True)
class Asking:
    """A form: where it is sent to, what it asks for, an example, and how its values go together (JSON schemas)."""

    path: str
    form: type[Form]
    summary: str
    example: dict[str, Any]
    needs: tuple[dict[str, Any], ...] = ()


def _given(*names: str) -> dict[str, Any]:
    return {"required": [*names]}


def _only(*ways: str, **taken: dict[str, Any]) -> dict[str, Any]:
    """None of the ways to say which stems but these."""
    return {"properties": {**dict.fromkeys((way for way in WAYS if way not in ways), False), **taken}}


# What works at all; how many of these the house can tell apart, it says itself.
_ABLE = {"enum": [name for name in (SINGLE, *stem_modes.MODES) if name not in stem_modes.UNABLE]}
_NAMED = {"anyOf": [{"properties": {"mode": {"not": {"const": SINGLE}}}}, _given("mode", "stem")]}
_ISOLATED = ("package", "target_instrument")
_ONE_WAY = {
    "anyOf": [
        *(_only(way) for way in WAYS if way != "package"),
        _only("package", package=_ABLE),
        {**_only(*_ISOLATED, package={"const": stem_modes.ISOLATION}), **_given(*_ISOLATED)},
    ]
}
FORMS = (
    Asking(
        "/api/extract", Extract, "Take a song apart, by a mode", {"mode": "two"},
        (_NAMED, {"properties": {"mode": _ABLE}}),
    ),
    Asking(
        "/extract/advanced", Advanced, "Take a song apart, stem by stem", {"custom_stems": ["vocals", "drums"]},
        (_ONE_WAY,),
    ),
    Asking("/extract", Legacy, "Take a song apart, as of old", {"stem_types": ["vocals", "drums", "bass", "other"]}),
)  # fmt: skip


class StemJob(JobObject):
    """A job that takes a song apart."""

    job_id: int = Field(description="The same as id")
    download_urls: Urls | None = Field(None, description="Its stems by name, once it is COMPLETED. Good for a day")


class StemsBegun(StemJob):
    """A job was begun."""

    message: str


class ModeShown(BaseModel):
    """Into which stems a mode takes a song."""

    mode: str
    name: str
    description: str
    stems: list[str]
    stem_count: int
    available: bool = Field(description="Whether it works with any song; songs made here have every stem")


class Modes(BaseModel):
    """The modes there are."""

    modes: list[ModeShown]
    default: str


class StemShown(BaseModel):
    """A stem, and whether it can be told from the rest of any song."""

    name: str
    available: bool


class Catalog(BaseModel):
    """The stems there are; a song made here has those that play in it."""

    stems: list[StemShown]


class Packages(BaseModel):
    """The modes that work with any song, as packages."""

    packages: list[ModeShown]


def described(asking: Asking) -> dict[str, Any]:
    """How a form is described (`openapi_extra`): with a file, or short with a link."""
    plain = bodies.plain(asking.form, {**asking.example, SOUND: _LINK}, *asking.needs)
    content = plain["requestBody"]["content"]["application/json"]
    fields = content["schema"]["properties"]
    file = {"type": "string", "format": "binary", "description": "The song itself, in place of url"}
    one = [_given(SOUND), _given(reading.FILE)]
    long = {**content["schema"], "properties": {**fields, reading.FILE: file}, "oneOf": one}
    short = {**content, "schema": {**content["schema"], **_given(SOUND)}}
    return {"requestBody": {"required": True, "content": {reading.FORM: {"schema": long}, reading.SHORT_FORM: short}}}
