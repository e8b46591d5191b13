"""The catalogue of commands, built from the specs: names and examples are written here, everything else is derived."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.options import Option, options
from engine.spec import MODELS, Request
from workflows.asks import ASKS, Ask, asks
from workflows.asks.runs import RecipeRun

__all__ = ["Command", "Option", "as_json", "catalogue", "command_name", "nearest", "next_words", "verbs"]


@dataclass(frozen=True)
class Command:
    """What people type as `/name`, which may be of several words: the commands of a group begin with the same ones.

    Free text goes to the option `main`; options stand with the likeliest first. `music`: it becomes a job; the others
    are answered at once. `posts`: what comes of it stands in the channel. `form` names the options of its form, at most
    four. `admin`: only for those in charge of the house.
    """

    name: str
    task: str
    summary: str
    options: tuple[Option, ...]
    main: str | None
    example: str
    music: bool
    posts: bool
    admin: bool
    form: tuple[str, ...]

    def spellings(self) -> dict[str, Option]:
        """Every option by its name and by its aliases."""
        return {name: option for option in self.options for name in (option.name, *option.aliases)}

    @property
    def link(self) -> str | None:
        """The option for a link to the file that it starts from, where it may start from any."""
        return next((option.name for option in self.options if option.kind == "link" and option.everyday), None)

    @property
    def sound(self) -> str | None:
        """The same where what is in that file is sound."""
        return self.link if self.music else None

    @property
    def song(self) -> str | None:
        """The option for the number of a song made here, where a link to sound will do instead."""
        there = self.sound is not None and any(option.name == _SONG for option in self.options)
        return _SONG if there else None

    @property
    def complete(self) -> bool:
        """Whether a song, or sound, is all that it needs."""
        return self.song is not None and not any(option.required for option in self.options)

    @property
    def upload(self) -> str | None:
        """What a chat calls a file that is given instead of that link."""
        return None if self.link is None else self.link.replace("_url", "_file")


_EXAMPLES = {
    "song": ("text2music", '/song caption:"slow blues" duration:60'),
    "instrumental": ("prompt2instrumental", '/instrumental caption:"lo-fi study beat" bpm:82'),
    "rap": (
        "text2rap",
        r'/rap caption:"old school boom bap" lyrics:"[verse]\nChalk dust and concrete"',
    ),
    "vocals": ("lyric2vocals", r'/vocals lyrics:"[verse]\nCarry me home" caption:"soft alto"'),
    "sample": ("text2samples", '/sample caption:"dusty drum break" sample_type:loop tempo:90'),
    "simple": ("simple", "/simple a song about rain and coffee"),
    "cover": ("cover", '/cover caption:"bossa nova" source_job_id:12'),
    "reference": ("reference", '/reference caption:"a calm duet" reference_audio_url:https://example.com/song.mp3'),
    "analyze": ("analyze", "/analyze https://example.com/song.mp3"),
    "stem": ("extract-stem", "/stem vocals source_job_id:12"),
    "stems": ("stems", "/stems 12"),
    "retake": ("retake", "/retake 12 retake_variance:0.3"),
    "repaint": ("repaint", '/repaint caption:"a quiet bridge" source_job_id:12 repainting_start:30 repainting_end:45'),
    "extend": ("extend", '/extend caption:"a long fading outro" source_job_id:12 right_extend_length:30'),
    "edit": ("edit", '/edit edit_target_prompt:"with strings" source_job_id:12'),
    "lrc": ("lrc", "/lrc 12"),
    **{task: (task, model.example) for task, model in ASKS.items() if issubclass(model, Ask)},
}

# What a form asks for; every other option can be typed in its last line.
_FORMS = {
    "song": ("caption", "lyrics", "duration"), "instrumental": ("caption", "duration"),
    "rap": ("caption", "lyrics", "duration"), "vocals": ("lyrics", "caption"),
    "sample": ("caption", "sample_type", "tempo"), "simple": ("query", "duration"),
    "cover": ("caption", "source_job_id", "src_audio_url", "lyrics"),
    "reference": ("caption", "source_job_id", "reference_audio_url", "lyrics"),
    "analyze": ("source_job_id", "audio_url"),
    "stem": ("track_name", "source_job_id", "src_audio_url"), "stems": ("source_job_id", "src_audio_url"),
    "retake": ("original_job_id", "retake_variance"),
    "repaint": ("caption", "source_job_id", "repainting_start", "repainting_end"),
    "extend": ("caption", "source_job_id", "right_extend_length", "lyrics"),
    "edit": ("edit_target_prompt", "edit_target_lyrics", "source_job_id"), "lrc": ("job_id",),
}  # fmt: skip
_SONG = "source_job_id"


def catalogue(
    known: Mapping[str, tuple[str, ...]] | None = None, recipes: Iterable[type[RecipeRun]] = ()
) -> dict[str, Command]:
    """Every command by its name, those of the operator's `recipes` among them.

    `known` gives names from the operator's data as choices of their option.
    """
    return dict(_catalogue(tuple((known or {}).items()), tuple(recipes)))


# Each chat reads the catalogue, and it is the same every time.
@lru_cache(maxsize=32)
def _catalogue(
    names: tuple[tuple[str, tuple[str, ...]], ...], recipes: tuple[type[RecipeRun], ...]
) -> Mapping[str, Command]:
    models, runs = MODELS | ASKS, asks(recipes)
    every = [(name, task, example, models[task]) for name, (task, example) in _EXAMPLES.items()]
    # Beside what is said of all of them.
    beside = list(_EXAMPLES).index("recipe list") + 1
    every[beside:beside] = [(task, task, getattr(model, "example", ""), model) for task, model in runs.items()]
    return {
        name: Command(
            name=name,
            task=task,
            summary=_summary(model),
            options=_options(model, names),
            main=model.main,
            example=example,
            music=(music := not (task in ASKS or task in runs)),
            posts=music or getattr(model, "posts", False),
            admin=getattr(model, "admin", False),
            form=_FORMS.get(name, getattr(model, "form", ())),
        )
        for name, task, example, model in every
    }


# Each chat reads the catalogue, and most commands have dozens of options that are the same every time.
@lru_cache(maxsize=512)
def _options(model: type[Request], known: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Option, ...]:
    return options(model, dict(known))


def verbs(commands: Mapping[str, Command], group: str) -> tuple[Command, ...]:
    """The commands whose names begin with the words of `group` and go on."""
    return tuple(command for name, command in commands.items() if name.startswith(f"{group} "))


def next_words(commands: Iterable[Command], group: str = "") -> tuple[str, ...]:
    """The words that come after those of `group` in names of `commands`, each once."""
    words = len(group.split())
    return tuple(dict.fromkeys(command.name.split()[words] for command in commands))


def command_name(task: str) -> str:
    """What people type for `task`: "song" for text2music. A task without a command keeps its own name."""
    return next((name for name, (own, _) in _EXAMPLES.items() if own == task), task)


def as_json(commands: Mapping[str, Command] | None = None) -> dict[str, Any]:
    """The catalogue as plain values: `{"commands": [{"name", "task", "summary", "options": [...], ...}]}`."""
    listed = (catalogue() if commands is None else commands).values()
    return {"commands": [dataclasses.asdict(command) for command in listed]}


def nearest(name: str, names: Iterable[str], *, most: int = 1) -> tuple[str, ...]:
    """Those of `names` that `name` is probably a slip of or short for, the likeliest first."""
    spelled = {known.casefold(): known for known in names}
    given = name.casefold()[:80]
    slips = difflib.get_close_matches(given, spelled, most, 0.65)
    short_for = [known for known in spelled if given in known] if len(given) > 2 else []
    return tuple(spelled[near] for near in list(dict.fromkeys([*slips, *short_for]))[:most])


def _summary(model: type[Request]) -> str:
    # The reference row at the end ("(C1)") is for developers.
    return re.sub(r"\s*\(C\d+\)", "", (model.__doc__ or "").strip().splitlines()[0]).rstrip(".")
