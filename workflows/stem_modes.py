"""How the reference's own client asks for stems, and the request of ours that each way comes to (section F)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.spec import Capabilities, InvalidSpec, Request, parse_as
from engine.spec.base import nothing_to_go_by
from engine.spec.fields import BACKING, STEMS, Choice, Link
from engine.spec.parts import ALL, PARTS, REST, separable
from workflows.refusal import Refusal

SINGLE, ISOLATION = "single", "isolation"
# Into how many parts each mode takes a song; no engine here has those without.
MODES: Mapping[str, str | None] = {
    "two": "two", "four": "four", "six": "six", ALL: ALL, "producer": None, "studio": None, "mastering": None,
}  # fmt: skip
UNABLE = tuple(name for name, parts in MODES.items() if parts is None)
COUNTS: Mapping[str, str] = {"2": "two", "4": "four", "6": "six"}
# What they call otherwise than we do; what is left beside the voice has a name of its own where it comes with it.
PIANO, INSTRUMENTAL, NO_VOCALS = "piano", "instrumental", "no_vocals"
_THEIRS = ((PIANO, "keyboard"), (INSTRUMENTAL, BACKING), (NO_VOCALS, BACKING))
_WORD = re.compile(r"[a-z_-]+")

Single = Annotated[str | None, Choice((*STEMS, BACKING), _THEIRS)]


def _listed(value: Any) -> Any:
    """A list as a form has it: JSON, as Python prints it, or names with commas."""
    return _WORD.findall(value.casefold()) if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Choice((*STEMS, BACKING, REST), _THEIRS)], ...], BeforeValidator(_listed)]


class Extract(Request):
    """A mode, or one stem."""

    task: Literal["extract"] = "extract"
    url: Link = Field(None, description="Link to the song")
    mode: Annotated[str, Choice((SINGLE, *MODES))] = Field(
        "four", description="How many stems; `single` is the one that `stem` names"
    )
    stem: Single = Field(None, description="Which one, where the mode is single")

    @model_validator(mode="after")
    def _from_something(self) -> Self:
        nothing_to_go_by(url=self.url, file=None)
        return self


class Advanced(Request):
    """One way to say which stems."""

    task: Literal["extract-advanced"] = "extract-advanced"
    url: Link = Field(None, description="Link to the song")
    method: Annotated[str, Choice(("hierarchical",))] = Field("hierarchical", description="There is one method")
    package: Annotated[str | None, Choice((*MODES, ISOLATION))] = Field(
        None, description="A mode, or `isolation` of target_instrument"
    )
    target_instrument: Single = Field(None, description="The one stem to isolate")
    single_stem: Single = Field(None, description="The one stem to extract")
    multi_stem_count: Annotated[str | None, Choice(tuple(COUNTS))] = Field(None, description="How many stems")
    two_stems_mode: Annotated[str | None, Choice(("vocals",))] = Field(None, description="The voice and the rest")
    target_stems: Names = Field((), description="Stems to keep: all of them come, each apart from the others")
    exclude_stems: Names = Field((), description="Stems to drop: they come apart from the others, too")
    custom_stems: Names = Field((), description="Stems by name")

    _from_something = Extract._from_something


class Legacy(Request):
    """Stems by name, as the client's oldest method asks for them."""

    task: Literal["extract-legacy"] = "extract-legacy"
    url: Link = Field(None, description="Link to the song")
    stem_types: Names = Field((), description="Stems by name")
    model_name: Annotated[str, Choice(("htdemucs", "htdemucs_6s"))] = Field(
        "htdemucs", description="Four stems, or six; the house's own separation makes them"
    )
    two_stems_mode: Annotated[str | None, Choice(("vocals",))] = Field(None, description="The voice and the rest")

    _from_something = Extract._from_something


# The ways to say which stems, of which one is taken.
WAYS = (
    "single_stem", "target_instrument", "package", "multi_stem_count", "custom_stems", "two_stems_mode",
    "target_stems", "exclude_stems",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """The request that it comes to. `names` are theirs for options that ours call otherwise."""

    task: str
    values: dict[str, Any]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Mode:
    """A mode: the stems that come of it, as they call them, and whether any song can be taken apart so."""

    name: str
    stems: tuple[str, ...]
    available: bool


def wish(form: type[Request], values: Mapping[str, Any], capabilities: Capabilities) -> Wish:
    """What `values` of that form ask for. Raises `Refusal`."""
    try:
        asked = parse_as(form, values)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None
    match asked:
        case Extract(mode=mode, stem=stem):
            if mode == SINGLE:
                return _alone(asked, "stem", stem, capabilities)
            return _apart(asked, "mode", _parts_of("mode", mode, capabilities))
        case Advanced():
            return _advanced(asked, capabilities)
        case Legacy(two_stems_mode=None):
            names = asked.stem_types or _all_of("six" if asked.model_name.endswith("6s") else "four")
            return _apart(asked, "stem_types", _smallest("stem_types", names, capabilities))
    return _apart(asked, "two_stems_mode", "two")


def modes(capabilities: Capabilities) -> tuple[Mode, ...]:
    """Every mode that the reference has, and `all`, which is ours."""
    able = separable(capabilities.separates)
    whole = tuple(stem for stem in STEMS if stem in capabilities.separates)
    stems = {name: () if parts is None else _all_of(parts) for name, parts in MODES.items()} | {ALL: (*whole, REST)}
    return (
        Mode(SINGLE, _named((*whole, BACKING)), bool(whole)),
        *(Mode(name, _named(stems[name], together=name == "two"), parts in able) for name, parts in MODES.items()),
    )


def their_name(stem: str, *, together: bool) -> str:
    """What they call our `stem`; `together`: with all the others, not alone."""
    if stem == BACKING:
        return NO_VOCALS if together else INSTRUMENTAL
    return PIANO if stem == "keyboard" else stem


def _named(stems: tuple[str, ...], *, together: bool = False) -> tuple[str, ...]:
    return tuple(their_name(stem, together=together) for stem in stems)


def _advanced(asked: Advanced, capabilities: Capabilities) -> Wish:
    isolated = asked.package == ISOLATION
    given = [name for name in WAYS if getattr(asked, name) and not (name == "package" and isolated)]
    if len(given) > 1:
        raise Refusal("sources_disagree", field=given[0], allowed=", ".join(given))
    way = given[0] if given else None
    if isolated and way != "target_instrument":
        raise Refusal("missing", field="target_instrument", allowed=Choice(STEMS).words())
    match way:
        case "single_stem" | "target_instrument":
            return _alone(asked, way, getattr(asked, way), capabilities)
        case "package":
            return _apart(asked, way, _parts_of(way, str(asked.package), capabilities))
        case "multi_stem_count":
            return _apart(asked, way, COUNTS[str(asked.multi_stem_count)])
        case "target_stems" | "exclude_stems" | "custom_stems":
            return _apart(asked, way, _smallest(way, getattr(asked, way), capabilities))
        case "two_stems_mode":
            return _apart(asked, way, "two")
    return _apart(asked, "package", ALL)


def _alone(asked: Any, field: str, stem: str | None, capabilities: Capabilities) -> Wish:
    if stem is None:
        raise Refusal("missing", field=field, allowed="one of " + ", ".join(modes(capabilities)[0].stems))
    values = {"src_audio_url": asked.url, "track_name": stem}
    return Wish("extract-stem", values, {"src_audio_url": "url", "track_name": field})


def _apart(asked: Any, field: str, parts: str) -> Wish:
    return Wish("stems", {"src_audio_url": asked.url, "parts": parts}, {"src_audio_url": "url", "parts": field})


def _parts_of(field: str, mode: str, capabilities: Capabilities) -> str:
    able = ", ".join(each.name for each in modes(capabilities) if each.available)
    parts = MODES[mode]
    if parts is None:
        raise Refusal("parts_not_separable", field=field, value=mode, allowed=f"one of {able}")
    return parts


def _all_of(parts: str) -> tuple[str, ...]:
    """Every part there is of so many."""
    return (*PARTS[parts], BACKING if parts == "two" else REST)


def _smallest(field: str, names: tuple[str, ...], capabilities: Capabilities) -> str:
    """The fewest parts in which each of `names` is one."""
    for parts in ("two", "four", "six"):
        if set(names) <= set(_all_of(parts)):
            return parts
    able = (*capabilities.separates, REST)
    if not set(names) <= set(able):
        raise Refusal("stem_not_separable", field=field, value=", ".join(names), allowed="some of " + ", ".join(able))
    return ALL
