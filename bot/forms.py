"""A command as a form to fill in: what a chat opens as a modal, and what becomes of what was written there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from bot.commands import Command, Option
from bot.replies import cleaned
from bot.syntax import format_command, format_option, parse_options
from workflows.refusal import Refusal
from workflows.source import NUMBERS
from workflows.view import JobView

# The last line of a form that does not show every option, in the syntax of commands.
MORE = "options"
# What a text field of either chat's modal holds.
LONGEST = 3000
LONGEST_LINK = 2048
LABEL = 45
IS_LINK = re.compile(r"https?://\S", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """One line (or, where it is `long`, a box) of a form; for a `person`, a choice of people; or a place for a `file`.

    A chat that has no room for all fields leaves out files: they can be given beside the command, or as a link.
    """

    name: str
    label: str
    hint: str
    value: str
    long: bool
    required: bool
    max_length: int
    person: bool = False
    file: bool = False


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
    """A request that starts from a finished song, with the options in `given`; the rest is for its author to write.

    From an analysis it starts from what was analysed.
    """
    if job.task == "analyze":
        return Written(command.name, {**_analysed(job, command), **dict(given)}, parent=job.id)
    spellings = command.spellings()
    values = {next(name for name in NUMBERS if name in spellings): str(job.id), **dict(given)}
    if len(job.tracks) > 1:
        # There it stands, to be changed.
        values["source_take"] = str(job.tracks[0].take)
    sung = str((job.plan or {}).get("lyrics") or "")
    if values.get("edit_type") == "only_lyrics" and len(sung) <= LONGEST:
        values["edit_target_lyrics"] = sung
    return Written(command.name, values, parent=job.id)


def _analysed(job: JobView, command: Command) -> dict[str, str]:
    """What `job` listened to, as the options of `command` name it."""
    link, number, take = (job.spec.get(name) for name in ("audio_url", "source_job_id", "source_take"))
    if link and command.sound:
        return {command.sound: str(link)}
    return {"source_job_id": str(number), **({"source_take": str(take)} if take and take > 1 else {})}


def _made(command: Command, values: Mapping[str, str], parent: int | None, more: str) -> Form:
    options = {option.name: option for option in command.options}
    # One line takes a number or a link; a link that stands beside a number is in the last line.
    given = dict(values)
    if command.song and command.sound in given and not given.get(command.song):
        given[command.song] = given.pop(command.sound)
    asked = [name for name in command.form if not (command.song and name == command.sound)]
    shown = [_field(command, options[name], given.get(name, "")) for name in asked]
    if command.link is not None:
        shown.insert(asked.index(command.song or command.link) + 1, _file_field(command))
    rest = [format_option(name, value) for name, value in given.items() if name not in asked]
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
    """What was written into a form, its last line left out. Raises `Refusal` for a link and a file at once."""
    texts = {name: (answers.get(name) or "").strip() for name in command.form}
    values = {name: text for name, text in texts.items() if text}
    if command.link is None:
        return values
    line = command.song or command.link
    is_link = line == command.link or IS_LINK.match(values.get(line, ""))
    links = [values.pop(line)] if line in values and is_link else []
    if file := answers.get(command.upload or ""):
        links.append(file)
    if len(links) > 1:
        raise Refusal("sources_disagree", field=line, allowed=f"{line}, {command.upload}")
    return {**values, command.link: links[0]} if links else values


def filled(command: Command, answers: Mapping[str, str | None]) -> dict[str, str]:
    """The options that a filled-in form gives. Raises `Refusal`, as for a last line that can't be read."""
    values = written(command, answers)
    return {**values, **parse_options(command, answers.get(MORE) or "", taken=values)}


def _field(command: Command, option: Option, value: str) -> Field:
    is_song = option.name == command.song
    most = min(option.max_length or (LONGEST_LINK if is_song or option.kind == "link" else 200), LONGEST)
    # Both chats show little of it; what comes after a comma or a semicolon can be done without.
    label = option.help if len(option.help) <= LABEL else cleaned(re.split("[,;]", option.help)[0], LABEL)
    sample = f"{option.sample} or {command.spellings()[command.sound].sample}" if command.sound and is_song else None
    return Field(
        name=option.name,
        label="A song's number, or a link" if is_song else label,
        hint=cleaned(f"For example: {sample or option.sample}", 100),
        value=value,
        long=option.long or option.name == command.main == "query",
        # What a form must have is said by the house, in words; a form only asks.
        required=option.required,
        # What is too long for the house must still fit, or its author could not cut it.
        max_length=min(max(most, len(value)), LONGEST),
        person=option.kind == "person",
    )


def _file_field(command: Command) -> Field:
    """A place for the file itself, beside the line for its link, or for the number of a song."""
    return Field(
        name=str(command.upload),
        label="Or a file",
        hint="",
        value="",
        long=False,
        required=False,
        max_length=LONGEST_LINK,
        file=True,
    )


def _hint(command: Command) -> str:
    likely = [o for o in command.options if o.everyday and o.name not in command.form and o.kind != "link"]
    if not command.music:
        return cleaned(" ".join(format_option(option.name, option.sample) for option in likely), 100)
    # Of a song that is there most is settled.
    shown = likely[:2] if "source_take" in command.spellings() else likely[2:5]
    return cleaned(" ".join(format_option(option.name, option.sample) for option in shown), 100)
