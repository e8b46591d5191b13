"""What a chat does with what people type, press and fill in: one use case each, one answer. No rules live here.

Every method takes who asks, where, and the chat's own id of the request, and returns what to answer privately; None
says that this very request was answered before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING

from bot import answers
from bot.actions import ACTIONS, Action
from bot.advice import advised
from bot.answers import Answer, refused
from bot.commands import Command, catalogue, command_name
from bot.deeds import DEEDS
from bot.forms import MORE, Form, Written, blank, form, from_song, written
from bot.naming import named
from bot.options import as_typed
from bot.replies import reply
from bot.syntax import parse_command, parse_options
from bot.telling import DOERS, Asked, Counter, teller
from bot.telling.actions import act
from bot.waiting import taken
from engine.spec import InvalidSpec, Request, parse_as
from workflows import control, drafts, repeated, variation
from workflows.asks import ASKS, asks
from workflows.incoming import Incoming
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.repeated import Repeated
from workflows.rules import Rules
from workflows.submit import Accepted, judge, submit
from workflows.view import JobView

if TYPE_CHECKING:
    from storage.database import Database

Bring = Callable[[str, str], Awaitable[str]]
"""Makes a link that only this chat can read (the second; the first is its option) one for this house. A link of any
other kind comes back as it is. Raises `Refusal`."""


class Desk:
    """Serves every chat of a house. `nudge` wakes the queue and the outbox after something was kept.

    `incoming` is the door for sound from outside.
    """

    def __init__(self, db: Database, rules: Rules, nudge: Callable[[], None], incoming: Incoming | None = None) -> None:
        self.commands = catalogue(rules.known, rules.recipes.values())
        self._asks = ASKS | asks(rules.recipes.values())
        self.rules = rules
        self.incoming = incoming
        self._db, self._nudge = db, nudge

    async def typed(
        self, who: Requester, where: ReplyTo, text: str, request: str, *, bring: Bring | None = None
    ) -> Answer | Form | None:
        """A whole command as text. One that makes music and says nothing else opens its form."""
        try:
            parsed = parse_command(text, self.commands)
        except Refusal as refusal:
            return await self._refused(who, refusal, request, self._unread(text))
        if not parsed.values and parsed.command.form:
            return self.blank(who, parsed.command)
        return await self.asked(who, where, parsed.command, parsed.values, request, bring=bring)

    async def asked(
        self, who: Requester, where: ReplyTo, command: Command, values: Mapping[str, str], request: str,
        *, more: str = "", parent: int | None = None, bring: Bring | None = None,
    ) -> Answer | None:  # fmt: skip
        """A command with its options as they are typed; `more` has further ones in one line."""
        try:
            values = {**values, **parse_options(command, more, taken=values)}
        except Refusal as refusal:
            return await self._refused(who, refusal, request, Written(command.name, values, more, parent))
        if not command.music:
            return await self._told(who, where, command, values, request, bring)

        async def work() -> Answer:
            accepted = await submit(
                self._db, self.rules, who, where, command.task, await self._brought(command, values, bring),
                request=request, parent_id=parent, incoming=self.incoming,
            )  # fmt: skip
            self._nudge()
            return _taken(who, accepted)

        return await self._guarded(who, request, work, draft=Written(command.name, values, parent=parent))

    def begun(self, who: Requester, command: Command, values: Mapping[str, str]) -> Form | Answer:
        """The form of a command with something in it already."""
        return self._form(Written(command.name, values), who.locale)

    def blank(self, who: Requester, command: Command) -> Form | Answer:
        """The form of a command with nothing in it; a refusal, before anything is written, for who may not send it."""
        try:
            self._require_allowed(who, command)
        except Refusal as refusal:
            return refused(refusal, who.locale)
        return blank(command)

    def judge(self, command: Command, values: Mapping[str, str]) -> None:
        """Raise the `Refusal` of what is wrong with a request in itself, before anything of the house is looked at."""
        if command.music:
            judge(self.rules, command.task, values)
        else:
            self._ask(command, values)

    async def filled(
        self, who: Requester, where: ReplyTo, name: str, texts: Mapping[str, str | None], request: str,
        *, parent: int | None = None, bring: Bring | None = None,
    ) -> Answer | None:  # fmt: skip
        """A form that somebody sent."""
        command, more = self.commands[name], texts.get(MORE) or ""
        try:
            values = written(command, texts)
        except Refusal as refusal:
            kept = {option: text for option in command.form if (text := texts.get(option))}
            return await self._refused(who, refusal, request, Written(name, kept, more, parent))
        return await self.asked(who, where, command, values, request, more=more, parent=parent, bring=bring)

    async def pressed(self, who: Requester, where: ReplyTo, action: Action, job_id: int, request: str) -> Answer | None:
        """A button that does something; one that opens a form is `opened`."""

        async def work() -> Answer:
            return await self.act(who, where, action, job_id, request)

        return await self._guarded(who, request, work)

    async def hindered(self, who: Requester, where: ReplyTo, action: Action, job_id: int) -> Answer | None:
        """Why somebody can't do that, told before they are asked whether they mean it; None where they can."""
        try:
            await (control.owned if action.owner else control.show)(self._db, job_id, who, where)
        except Refusal as refusal:
            return refused(refusal, who.locale)
        return None

    async def opened(self, who: Requester, where: ReplyTo, action: Action, job_id: int) -> Form | Answer:
        """The form behind a button, filled in."""
        try:
            return self._form(await self.wanted(who, where, action, job_id), who.locale)
        except Refusal as refusal:
            return refused(refusal, who.locale)

    async def reopened(self, who: Requester, draft: str) -> Form | Answer:
        """The form of a request that was refused, with everything its author wrote."""
        text = await drafts.find(self._db, who, draft)
        return (
            Answer(reply("draft_gone", who.locale)) if text is None else self._form(Written.from_text(text), who.locale)
        )

    async def wanted(self, who: Requester, where: ReplyTo, action: Action, job_id: int) -> Written:
        """What a button that opens a form asks for: the request once more, or a command that starts from this song.

        Raises `Refusal`.
        """
        job = await control.show(self._db, job_id, who, where)
        if action.task is not None:
            return from_song(job, self.commands[command_name(action.task)], action.given)
        values = {name: as_typed(value) for name, value in variation.asked(job).items() if name != "seed"}
        return Written(command_name(job.task), values, parent=job.id)

    async def _brought(self, command: Command, values: Mapping[str, str], bring: Bring | None) -> Mapping[str, str]:
        """The same with a link that can be followed. For what is refused anyway nothing is brought."""
        link = values.get(command.link or "")
        if bring is None or not command.link or not link:
            return values
        self.judge(command, values)
        return {**values, command.link: await bring(command.link, link)}

    def _form(self, asked: Written, locale: str) -> Form | Answer:
        """What was written, in a form; what no form holds, as a command to copy. Nothing of it is lost."""
        shown = form(asked, self.commands)
        if shown is not None:
            return shown
        return answers.command_answer(asked.command, asked.as_command(self.commands), locale)

    def _unread(self, text: str) -> Written | None:
        """A command that could not be read, kept as one line of its form."""
        command, rest = named(text, self.commands)
        return Written(command.name, {}, text[rest:].strip()) if command is not None and command.form else None

    async def suggested(self, who: Requester, typed: str) -> list[JobView]:
        """Finished songs that a person may mean by `typed`, the latest first."""
        mine = await control.recent(self._db, 50, who)
        wanted = typed.strip().lstrip("#").casefold()
        done = (job for job in mine if job.status == "COMPLETED" and job.tracks)
        return [job for job in done if wanted in str(job.id) or wanted in (job.title or "").casefold()]

    async def act(
        self, who: Requester, where: ReplyTo, action: Action, job_id: int, request: str | None = None
    ) -> Answer:
        """Do what a button says. Raises `Refusal`, and `Repeated` for a request that was heard before."""
        return await act(self._counter(), Asked(who, where, request), action, job_id)

    async def did(
        self, who: Requester, where: ReplyTo, name: str, on: int, which: int, request: str
    ) -> Answer | Form | None:
        """A button about what is no song (`bot.deeds`); a form comes only of one that `opens` it."""
        kind, doer = DEEDS.get(name), DOERS.get(name)
        if kind is None or doer is None:
            return Answer(reply("old_button", who.locale))
        try:
            shown = await doer(self._counter(), Asked(who, where, request), on, which)
        except Repeated:
            return None
        except Refusal as refusal:
            return await self._refused(who, refusal, request, None)
        # What changes something noted the request with the change; a form changes nothing until it is sent.
        if kind.effect == "shows" and not await repeated.first_time(self._db, request):
            return None
        return shown

    async def left(self, server: str) -> None:
        """We were removed from a server or workspace; what is of it goes, unless we are asked back in time."""
        from workflows.privacy import departed

        await departed.left(self._db, server)

    async def back(self, server: str) -> None:
        """We are there, perhaps again."""
        from workflows.privacy import departed

        await departed.back(self._db, server)

    async def there(self, surface: str, servers: Collection[str]) -> None:
        """All the servers of a chat that have us: others may have removed us while nobody listened."""
        from workflows.privacy import departed

        await departed.there(self._db, surface, servers)

    async def tell(
        self, who: Requester, where: ReplyTo, command: Command, values: Mapping[str, str], request: str | None = None,
        bring: Bring | None = None,
    ) -> Answer:  # fmt: skip
        """The answer to a command that makes no music. Raises `Refusal`, and `Repeated` for what was done before."""
        self._require_allowed(who, command)
        ask = self._ask(command, await self._brought(command, values, bring))
        answer = await teller(ask)(self._counter(), Asked(who, where, request), ask)
        # What changes something noted the request with the change.
        if not getattr(ask, "changes", False) and not await repeated.first_time(self._db, request):
            raise Repeated(str(request))
        return answer

    def _ask(self, command: Command, values: Mapping[str, str]) -> Request:
        try:
            return parse_as(self._asks[command.task], values)
        except InvalidSpec as invalid:
            raise advised(Refusal.of(invalid, command.task), command) from None

    def _counter(self) -> Counter:
        return Counter(self._db, self.rules, self.commands, self._nudge, self.incoming)

    def _require_allowed(self, who: Requester, command: Command) -> None:
        if command.admin:
            self.rules.roles.require_in_charge(who, command.name)

    async def _told(
        self, who: Requester, where: ReplyTo, command: Command, values: Mapping[str, str], request: str,
        bring: Bring | None,
    ) -> Answer | None:  # fmt: skip
        async def work() -> Answer:
            return await self.tell(who, where, command, values, request, bring)

        return await self._guarded(who, request, work)

    async def _guarded(
        self, who: Requester, request: str, work: Callable[[], Awaitable[Answer]], *, draft: Written | None = None
    ) -> Answer | None:
        try:
            return await work()
        except Repeated:
            return None
        except Refusal as refusal:
            return await self._refused(who, refusal, request, draft)

    async def _refused(self, who: Requester, refusal: Refusal, request: str, draft: Written | None) -> Answer | None:
        """The words of a refusal, with a way back to what was written; once for each request."""
        if not await repeated.first_time(self._db, request):
            return None
        kept = await drafts.keep(self._db, self.rules.pricing, who, draft.as_text()) if draft else None
        return refused(refusal, who.locale, draft=kept)


def confirmation(action: Action, locale: str) -> str:
    """What is asked before an action that can't be undone."""
    return reply(f"confirm_{action.name}", locale)


def action_named(name: str) -> Action | None:
    """The action of a button, which may have been posted by another version of this program."""
    return ACTIONS.get(name)


def _taken(who: Requester, accepted: Accepted) -> Answer:
    return Answer(taken(accepted, who.locale), job=accepted.job_id)
