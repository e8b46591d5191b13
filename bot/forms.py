"""A command as a form to fill in: what a chat opens as a modal, and what becomes of what was written there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from bot.commands import Command, Option
from bot.replies import cleaned
from bot.syntax import format_command, format_option, parse_options
from workflows.source import NUMBERS
from workflows.view import JobView

# The last line of a form that does not show every option, in the syntax of commands.
MORE = "options"
# What a text field of either chat's modal holds.
LONGEST = 3000
LONGEST_LINK = 2048
LABEL = 45
LONG_TEXTS = frozenset({"lyrics", "edit_target_lyrics"})


@dataclass(frozen=True)
class Field:
    """One line (or, where it is `long`, a box) of a form; for a `person`, a choice of people."""

    name: str
    label: str
    hint: str
    value: str
    long: bool
    required: bool
    max_length: int
    person: bool = False


@dataclass(frozen=True)
class Form:
    """A form for `command`. `parent` is the job whose request it starts from; `music`: what is sent becomes a song."""

    command: str
    title: str
    fields: tuple[Field, ...]
    parent: int | None = None
    music: bool = True


@dataclass(frozen=True)
class Written:
    """A request as its author wrote it: options, and `more` of a line that could perhaps not be read."""

    command: str
    values: Mapping[str, str]
    more: str = ""
    parent: int | None = None

    def as_text(self) -> str:
        """To be kept, and read again by `from_text`."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Written:
        """What `as_text` gave."""
        return cls(**json.loads(text))

    def as_command(self, commands: Mapping[str, Command]) -> str:
        """As it is typed where there are no forms."""
        return " ".join(filter(None, (format_command(commands[self.command], self.values), self.more)))


def blank(command: Command) -> Form:
    """The form of `command` with nothing in it."""
    return _made(command, {}, None, "")


def form(asked: Written, commands: Mapping[str, Command]) -> Form | None:
    """The form of a request with everything in it; None where that is too long for one."""
    made = _made(commands[asked.command], asked.values, asked.parent, asked.more)
    return None if any(len(field.value) > LONGEST for field in made.fields) else made


def from_song(job: JobView, command: Command, given: Iterable[tuple[str, str]]) -> Written:
    """A request that starts from a finished song, with the options in `given`; the rest is for its author to write."""
    spellings = command.spellings()
    values = {next(name for name in NUMBERS if name in spellings): str(job.id), **dict(given)}
    if len(job.tracks) > 1:
        # There it stands, to be changed.
        values["source_take"] = str(job.tracks[0].take)
    sung = str((job.plan or {}).get("lyrics") or "")
    if values.get("edit_type") == "only_lyrics" and len(sung) <= LONGEST:
        values["edit_target_lyrics"] = sung
    return Written(command.name, values, parent=job.id)


def _made(command: Command, values: Mapping[str, str], parent: int | None, more: str) -> Form:
    options = {option.name: option for option in command.options}
    shown = [_field(command, options[name], values.get(name, "")) for name in command.form]
    rest = [format_option(name, value) for name, value in values.items() if name not in command.form]
    unshown = " ".join(filter(None, (*rest, more)))
    if unshown or options.keys() > set(command.form):
        last = Field(
            name=MORE,
            label="More options",
            hint=_hint(command),
            value=unshown,
            long=False,
            required=False,
            max_length=LONGEST,
        )
        shown.append(last)
    return Form(command.name, f"/{command.name}", tuple(shown), parent, command.music)


def written(command: Command, answers: Mapping[str, str | None]) -> dict[str, str]:
    """What was written into a form, its last line left out."""
    texts = {name: (answers.get(name) or "").strip() for name in command.form}
    return {name: text for name, text in texts.items() if text}


def filled(command: Command, answers: Mapping[str, str | None]) -> dict[str, str]:
    """The options that a filled-in form gives. Raises `BadCommand` for a last line that can't be read."""
    values = written(command, answers)
    return {**values, **parse_options(command, answers.get(MORE) or "", taken=values)}


def _field(command: Command, option: Option, value: str) -> Field:
    most = min(option.max_length or (LONGEST_LINK if option.kind == "link" else 200), LONGEST)
    return Field(
        name=option.name,
        # Both chats show little of it; what comes after a comma can be done without.
        label=option.help if len(option.help) <= LABEL else option.help.partition(",")[0][:LABEL],
        hint=cleaned(f"For example: {option.sample}", 100),
        value=value,
        long=option.name in LONG_TEXTS or option.name == command.main == "query",
        # What a form must have is said by the house, in words; a form only asks.
        required=option.required,
        # What is too long for the house must still fit, or its author could not cut it.
        max_length=min(max(most, len(value)), LONGEST),
        person=option.kind == "person",
    )


def _hint(command: Command) -> str:
    likely = [o for o in command.options if o.everyday and o.name not in command.form and o.kind != "link"]
    if not command.music:
        return cleaned(" ".join(format_option(option.name, option.sample) for option in likely), 100)
    # Of a song that is there most is settled.
    shown = likely[:2] if "source_take" in command.spellings() else likely[2:5]
    return cleaned(" ".join(format_option(option.name, option.sample) for option in shown), 100)
