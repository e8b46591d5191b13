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
    ContextBlock,
    ImageElement,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.models.views import View

from bot.actions import ACTIONS, Action
from bot.answers import MAIN_COMMANDS, Answer, Attached
from bot.card import Card
from bot.commands import Command
from bot.desk import confirmation
from bot.on_slack.mrkdwn import escaped, fitted, mrkdwn, pieces
from bot.replies import reply
from bot.shortcuts import SHORTCUTS

# Every other command is typed behind this one.
STUDIO = "studio"
# What the button of a refused request is called; those of jobs are named for their actions.
DRAFT = "draft"

SECTION, SMALL, NOTICE, BUTTON, NOTIFIED = 3000, 2500, 500, 75, 3000
# Slack takes about 13,000 characters of blocks in a message; 50 blocks in it and 100 in a modal.
ANSWER, SHEET, SHEET_BLOCKS = 9_000, 2900, 95
_STYLES = {"main": "primary", "danger": "danger"}
_USER = re.compile(r"[UW][A-Z0-9]+")
_COMMAND = re.compile(r"`/(\w+)")


class Blocks:
    """Draws for one workspace: commands are named as they are typed here."""

    def __init__(self, commands: dict[str, Command], locale: str = "en") -> None:
        self._behind = frozenset(commands) - set(MAIN_COMMANDS)
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
        blocks: list[Block] = [SectionBlock(text=_markdown("\n".join(lines), SECTION), accessory=picture)]
        facts = [*self._owner(card), *(mrkdwn(fact) for fact in card.facts)]
        blocks.append(_small(" · ".join(facts)))
        if card.notices:
            notices = [fitted(mrkdwn(self.spoken(notice)), NOTICE) for notice in card.notices]
            blocks.append(_small("\n".join(notices)))
        if card.buttons:
            buttons = [self._button(action, card.job, f"m:{action.name}") for action in card.buttons]
            blocks.append(ActionsBlock(elements=buttons))
        return blocks

    def notification(self, card: Card) -> str:
        """The message of a job in a line, for notifications and screen readers."""
        return fitted(escaped(f"{card.title or f'#{card.job}'}: {self.spoken(card.line)}"), NOTIFIED)

    def answer(self, answer: Answer) -> list[Block]:
        """A private answer. A file of it that is too long for a message is cut: it has a modal of its own."""
        text = fitted(mrkdwn(self.spoken(answer.text)), ANSWER)
        blocks: list[Block] = [SectionBlock(text=_markdown(piece, SECTION)) for piece in pieces(text, SECTION)]
        if answer.file:
            blocks += _code(fitted(_unquoted(answer.file.sheet), SHEET))
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
        return [*blocks, ActionsBlock(elements=buttons)] if buttons else blocks

    def summary(self, answer: Answer) -> str:
        """A private answer in a line."""
        return fitted(escaped(self.spoken(answer.text)), NOTIFIED)

    def sheet(self, words: str, file: Attached) -> View:
        """The file of an answer in a modal: Slack knows no file that only one person sees."""
        above = _markdown(mrkdwn(self.spoken(words)), SECTION)
        below = _code(_unquoted(file.sheet))
        return View(type="modal", title=file.name[:24], blocks=[SectionBlock(text=above), *below])

    def spoken(self, text: str) -> str:
        """`text` with its commands as they are typed here: `/jobs` is `/studio jobs`."""
        return _COMMAND.sub(lambda found: f"`{spoken_name(found[1])}" if found[1] in self._behind else found[0], text)

    def _owner(self, card: Card) -> list[str]:
        """A mention that notifies nobody, because it stands in a context block."""
        user = (card.owner or "").rpartition(":")[2]
        if not _USER.fullmatch(user):
            return []
        return [escaped(reply("line_owner", self._locale, owner="{owner}")).replace("{owner}", f"<@{user}>")]

    def _button(self, action: Action, job: int, action_id: str, label: str | None = None) -> ButtonElement:
        label = label or reply(f"button_{action.name}", self._locale)
        return ButtonElement(
            text=label[:BUTTON],
            action_id=action_id,
            value=str(job),
            style=_STYLES.get(action.style),
            confirm=self._confirm(action, label) if action.confirm else None,
        )

    def _confirm(self, action: Action, label: str) -> ConfirmObject:
        return ConfirmObject(
            title=label[:100],
            text=PlainTextObject(text=confirmation(action, self._locale)[:300]),
            confirm=label[:30],
            deny=reply("button_keep", self._locale)[:30],
            style=_STYLES.get(action.style),
        )


def spoken_name(name: str) -> str:
    """The command `name` as it is typed here."""
    return f"/{name}" if name in MAIN_COMMANDS else f"/{STUDIO} {name}"


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


def _markdown(ready: str, most: int) -> MarkdownTextObject:
    # Verbatim: Slack makes no links and mentions of its own out of plain words.
    return MarkdownTextObject(text=fitted(ready, most), verbatim=True)


def _small(ready: str) -> ContextBlock:
    return ContextBlock(elements=[_markdown(ready, SMALL)])


def _code(ready: str) -> Sequence[Block]:
    parts = pieces(ready, SHEET)[:SHEET_BLOCKS]
    return [SectionBlock(text=_markdown(f"```\n{part.rstrip()}\n```", SECTION)) for part in parts]


def _unquoted(text: str) -> str:
    return escaped(text.replace("`", "'"))
