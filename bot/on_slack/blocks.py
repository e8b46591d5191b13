"""The message of a job, and private answers, as Slack's blocks. Limits are kept by how the parts are cut."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ImageElement,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.models.views import View

from bot.actions import ACTIONS, Action
from bot.answers import MAIN_COMMANDS, Answer, Attached
from bot.card import Card
from bot.commands import Command, next_words
from bot.desk import confirmation
from bot.on_slack import deeds, placards
from bot.on_slack.mrkdwn import fitted, mrkdwn, notified, plain
from bot.on_slack.parts import (
    BUTTON,
    NOTICE,
    NOTIFIED,
    SECTION,
    SHEET,
    STYLES,
    Room,
    code,
    fitting,
    markdown,
    owned_by,
    sections,
    small,
    unquoted,
)
from bot.placard import Placard
from bot.replies import reply
from bot.shortcuts import SHORTCUTS

# Every other command is typed behind this one.
STUDIO = "studio"
# What the button of a refused request is called; those of jobs are named for their actions.
DRAFT = "draft"

# How long a title may be.
TITLE = 24
_COMMAND = re.compile(r"`/(\w+)")


class Blocks:
    """Draws for one workspace: commands are named as they are typed here."""

    def __init__(self, commands: dict[str, Command], locale: str = "en") -> None:
        # The first word tells: those of a group have it in common.
        self._behind = frozenset(next_words(commands.values())) - set(MAIN_COMMANDS)
        self._locale = locale

    def card(self, card: Card, cover: str | None = None) -> list[Block]:
        """The message of a job; `cover` is Slack's id of its picture."""
        title = f"*{mrkdwn(card.title) or f'#{card.job}'}*"
        lines = [title if card.ended else f"♪ {title}", mrkdwn(self.spoken(card.line))]
        if card.state == "done" and card.asked and card.asked != card.title:
            lines.append(mrkdwn(f"“{card.asked}”"))
        lines += [mrkdwn(line) for line in card.heard]
        lines += [f">{mrkdwn(line)}" for line in card.lyrics.splitlines()]
        picture = ImageElement(alt_text=card.title or f"#{card.job}", slack_file=SlackFile(id=cover)) if cover else None
        blocks: list[Block] = [SectionBlock(text=markdown("\n".join(lines), SECTION), accessory=picture)]
        facts = [*owned_by(card.owner, self._locale), *(mrkdwn(fact) for fact in card.facts)]
        blocks.append(small(" · ".join(facts)))
        if card.notices:
            notices = [fitted(mrkdwn(self.spoken(notice)), NOTICE) for notice in card.notices]
            blocks.append(small("\n".join(notices)))
        if card.buttons:
            buttons = [self._button(action, card.job, f"m:{action.name}") for action in card.buttons]
            blocks.append(ActionsBlock(elements=buttons))
        return blocks

    def notification(self, card: Card) -> str:
        """The message of a job in a line, for notifications and screen readers."""
        return fitted(notified(f"{card.title or f'#{card.job}'}: {self.spoken(card.line)}"), NOTIFIED)

    def placard(self, placard: Placard, notices: Sequence[str] = ()) -> list[Block]:
        """The message of a bulletin, with `notices` that only this chat has."""
        return placards.drawn(placard, notices, self.spoken, self._locale)

    def headline(self, placard: Placard) -> str:
        """The message of a bulletin in a line."""
        return fitted(notified(": ".join(filter(None, (placard.title, self.spoken(placard.line))))), NOTIFIED)

    def answer(self, answer: Answer) -> list[Block]:
        """A private answer. A file of it that is too long for a message is cut: it has a modal of its own."""
        text = mrkdwn(self.spoken(answer.text))

        def draw(room: Room) -> list[Block]:
            blocks = sections(fitted(text, room.text))
            if answer.file:
                blocks += code(fitted(unquoted(plain(answer.file.sheet)), min(SHEET, room.text)))
            if buttons := self._buttons(answer):
                blocks.append(ActionsBlock(elements=buttons))
            return [*blocks, *deeds.rows(answer.deeds, answer.prompt, answer.choices, room, self._locale)]

        return fitting(draw)

    def summary(self, answer: Answer) -> str:
        """A private answer in a line."""
        return fitted(notified(self.spoken(answer.text)), NOTIFIED)

    def sheet(self, words: str, file: Attached) -> View:
        """The file of an answer in a modal: Slack knows no file that only one person sees."""
        above = markdown(mrkdwn(self.spoken(words)), SECTION)
        below = code(unquoted(plain(file.sheet)))
        return View(type="modal", title=file.name[:24], blocks=[SectionBlock(text=above), *below])

    def spoken(self, text: str) -> str:
        """`text` with its commands as they are typed here: `/jobs` is `/studio jobs`."""
        return _COMMAND.sub(lambda found: f"`{spoken_name(found[1])}" if found[1] in self._behind else found[0], text)

    def _buttons(self, answer: Answer) -> list[ButtonElement]:
        # One action may stand here for several jobs: the number tells the buttons apart.
        buttons = [
            self._button(
                action, job, f"m:{action.name}:{job}", f"{reply(f'button_{action.name}', self._locale)} #{job}"
            )
            for action, job in answer.buttons
        ]
        if answer.draft:
            label = reply("button_change", self._locale)
            buttons.append(ButtonElement(text=label[:BUTTON], action_id=f"m:{DRAFT}", value=answer.draft))
        return buttons

    def _button(self, action: Action, job: int, action_id: str, label: str | None = None) -> ButtonElement:
        label = label or reply(f"button_{action.name}", self._locale)
        return ButtonElement(
            text=label[:BUTTON],
            action_id=action_id,
            value=str(job),
            style=STYLES.get(action.style),
            confirm=self._confirm(action, label) if action.confirm else None,
        )

    def _confirm(self, action: Action, label: str) -> ConfirmObject:
        return ConfirmObject(
            title=label[:100],
            text=PlainTextObject(text=confirmation(action, self._locale)[:300]),
            confirm=label[:30],
            deny=reply("button_keep", self._locale)[:30],
            style=STYLES.get(action.style),
        )


def spoken_name(name: str) -> str:
    """The command `name` as it is typed here."""
    return f"/{name}" if name in MAIN_COMMANDS else f"/{STUDIO} {name}"


def titled(name: str) -> str:
    """The command `name` as the title of a form, which is short."""
    spoken = spoken_name(name)
    return spoken if len(spoken) <= TITLE else f"/{name}"[:TITLE]


def job_of(message: Mapping[str, Any]) -> int | None:
    """The job that a message of ours is about, as its buttons say."""
    rows = [block.get("elements") or () for block in message.get("blocks") or () if block.get("type") == "actions"]
    values = [str(part.get("value")) for row in rows for part in row if action_of(str(part.get("action_id")))]
    return next((int(value) for value in values if value.isdecimal()), None)


def shortcut_id(name: str) -> str:
    """What Slack calls the entry for the command `name` in the menu of messages."""
    return f"m:about:{name}"


def shortcut_of(callback_id: str) -> str:
    """The command of such an entry; "" for any other."""
    name = callback_id.removeprefix(shortcut_id(""))
    return name if name != callback_id and name in SHORTCUTS else ""


def action_of(action_id: str) -> str:
    """The name behind the id of one of our buttons; "" for any other."""
    mark, _, rest = action_id.partition(":")
    name = rest.partition(":")[0]
    return name if mark == "m" and (name in ACTIONS or name == DRAFT) else ""
