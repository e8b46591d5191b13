"""Private answers, in words: refusals, lists, help. A chat renders them; nothing here knows which one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot import analysis
from bot.actions import ACTIONS, Action, ways_on
from bot.commands import Command, next_words, verbs
from bot.deeds import Deed
from bot.ending import why_no_music
from bot.names import name_of, slug
from bot.naming import unknown
from bot.placard import Bundle
from bot.replies import reply
from bot.waiting import stage, waiting
from engine.spec import Capabilities
from workflows.lyrics import Lyrics
from workflows.people import Requester
from workflows.refusal import Refusal
from workflows.roles import Roles
from workflows.view import JobView

SHOWN_BUTTONS = 4
MAIN_COMMANDS = ("song", "simple", "cover", "stems", "extend")


@dataclass(frozen=True)
class Attached:
    """A small text file of an answer. `shown` is what people read of it where it is more than a person wants to see.

    A `table` is to keep: a chat that can hand it over shows nothing of it beside the words.
    """

    name: str
    text: str
    shown: str = ""
    table: bool = False

    @property
    def sheet(self) -> str:
        """What a surface that shows text shows."""
        return self.shown or self.text


@dataclass(frozen=True)
class Answer:
    """What only the person who asked sees. `text` has backticks and no other formatting.

    `buttons` act on the job beside them. `draft` is the id of what was refused: a button brings it back as a form.
    `file` is longer text of fixed width, to read and to keep. `job` is the one that was made. `deeds` are buttons about
    what is no song, `choices` (under the words `prompt`) a menu of more than buttons are good for. `bundle` is handed
    over to this person alone.
    """

    text: str
    buttons: tuple[tuple[Action, int], ...] = ()
    draft: str | None = None
    file: Attached | None = None
    job: int | None = None
    deeds: tuple[Deed, ...] = ()
    prompt: str = ""
    choices: tuple[Deed, ...] = ()
    bundle: Bundle | None = None


def refused(refusal: Refusal, locale: str, *, draft: str | None = None) -> Answer:
    """Why a request was not taken, in one sentence and one way on."""
    return Answer(refusal_words(refusal, locale), draft=draft)


def refusal_words(refusal: Refusal, locale: str = "en", *, program: bool = False) -> str:
    """The sentence of a refusal; for a `program`, which sends parameters and has neither commands nor buttons."""
    named = {"field": refusal.field, "value": refusal.value, "allowed": refusal.allowed, "program": program or None}
    return reply(refusal.code, locale, **{**refusal.params, **named, "retry_after": refusal.retry_after})


def jobs_answer(jobs: list[JobView], locale: str) -> Answer:
    """A person's latest songs, newest first, with buttons for those that can be cancelled or were posted nowhere."""
    if not jobs:
        return Answer(reply("no_songs", locale))
    lines = [_job_line(job, locale) for job in jobs]
    live = [(ACTIONS["cancel"], job.id) for job in jobs if not job.ended]
    lost = [(ACTIONS["post"], job.id) for job in jobs if job.ended and job.unposted]
    return Answer("\n".join(lines), buttons=(*lost, *live)[:SHOWN_BUTTONS])


def _job_line(job: JobView, locale: str) -> str:
    if job.status == "PENDING":
        state = waiting(job, locale)
    elif job.status == "PROCESSING":
        done = "" if job.progress is None else f" {job.progress:.0%}"
        state = stage(job, locale) + done
    elif (why := why_no_music(job, locale)) is not None:
        state = why
    elif job.deleted:
        state = reply("deleted", locale)
    else:
        state = reply("line_done" if job.status == "COMPLETED" else "line_cancelled", locale)
    if job.unposted and job.ended:
        state += f" · {reply('line_unposted', locale)}"
    return reply("line_job", locale, job=job.id, title=name_of(job), state=state)


def help_answer(
    commands: Mapping[str, Command], about: str, capabilities: Capabilities, who: Requester, roles: Roles
) -> Answer:
    """Every command in a line, or one command with its options. What only those in charge can use, only they see.

    Commands that begin with the same word share a line; asked for by that word, they are told one by one.
    """
    locale = who.locale
    name = " ".join(about.replace("/", " ").casefold().split())
    if name in commands:
        if commands[name].admin:
            roles.require_in_charge(who, name)
        return _about(commands[name], capabilities, locale)
    theirs = {name: command for name, command in commands.items() if not command.admin or roles.in_charge(who)}
    if within := verbs(theirs, name):
        lines = _help_lines(within, locale, name)
        return Answer("\n".join([*lines, reply("help_more", locale, name=within[0].name)]))
    if name:
        raise unknown(name, theirs)
    first = [theirs[name] for name in MAIN_COMMANDS]
    rest = [command for command in theirs.values() if command not in first and not command.admin]
    admin = [command for command in theirs.values() if command.admin]
    able = [command for command in (*first, *rest) if _is_able(command, capabilities)]
    later = tuple(command.name for command in (*first, *rest) if not _is_able(command, capabilities))
    lines = [reply("help_intro", locale), *_help_lines(able, locale), reply("help_more", locale, name=first[0].name)]
    if later:
        lines.append(reply("help_later", locale, commands=later))
    if admin:
        lines += [reply("help_admin", locale), *_help_lines(admin, locale)]
    return Answer("\n".join(lines))


def _is_able(command: Command, capabilities: Capabilities) -> bool:
    return not command.music or command.task in capabilities.tasks


def _help_lines(commands: Iterable[Command], locale: str, group: str = "") -> list[str]:
    """A line for each of `commands`; those whose names go on with the same word after that of `group` share one."""
    lines: list[str] = []
    there = {command.name: command for command in commands}
    for word in next_words(there.values(), group):
        name = f"{group} {word}".strip()
        if within := verbs(there, name):
            lines.append(reply("help_group", locale, name=name, verbs=next_words(within, name)))
        else:
            lines.append(_help_line(there[name], locale))
    return lines


def _help_line(command: Command, locale: str) -> str:
    return reply("help_line", locale, name=command.name, summary=command.summary)


def _about(command: Command, capabilities: Capabilities, locale: str) -> Answer:
    options = [
        reply("help_option", locale, name=option.name, help=option.help, allowed=option.allowed)
        for option in command.options
        if option.everyday
    ]
    example = reply("help_example", locale, example=command.example)
    later = [] if _is_able(command, capabilities) else [reply("help_later", locale, commands=(command.name,))]
    return Answer("\n".join([_help_line(command, locale), *later, example, *options]))


def command_answer(name: str, text: str, locale: str) -> Answer:
    """A request that no form holds, as a command to copy, change and send."""
    return Answer(reply("too_long_for_form", locale), file=Attached(f"{name}.txt", text))


def lyrics_answer(lyrics: Lyrics, locale: str) -> Answer:
    """The lyrics of a song with their times, to read and to keep."""
    file = Attached(f"{slug(lyrics.title)}.lrc", lyrics.lrc, lyrics.read)
    return Answer(reply("lyrics_of", locale, title=lyrics.title), file=file)


def analysis_answer(job: JobView, locale: str) -> Answer:
    """Everything that was heard in what `job` listened to. Raises `Refusal` for a job that listened to nothing."""
    if job.analysis is None:
        raise Refusal("nothing_heard", field="job", value=job.id)
    title = name_of(job)
    file = Attached(f"{slug(title)}.txt", analysis.sheet(analysis.of(job.analysis), locale))
    return Answer(reply("sheet_of", locale, title=title), file=file)


def choice_answer(action: Action, job: JobView, capabilities: Capabilities, locale: str) -> Answer:
    """What can be done with a song by one of several buttons. Raises `Refusal` where that is nothing."""
    buttons = tuple((way, job.id) for way in ways_on(action, job, capabilities))
    if not buttons:
        # What needs no notes works for every song, if the engine can do it at all.
        needs = {ACTIONS[name].task for name in action.leads_to}
        if not needs & {*capabilities.tasks}:
            raise Refusal("task_not_available", task=action.name, engine=capabilities.name)
        raise Refusal("no_score", field="job", value=job.id)
    title = reply(f"choose_{action.name}", locale, title=name_of(job))
    return Answer("\n".join([title, *(reply(f"choice_{way.name}", locale) for way, _ in buttons)]), buttons=buttons)
