"""Making and changing messages: which files stay, which embeds show them, and what is refused."""

from __future__ import annotations

import mimetypes
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord import limits, refusals
from tests.fakes.discord.refusals import Flaw
from tests.fakes.discord.world import (
    COMPONENTS_V2,
    EPHEMERAL,
    JSON,
    LOADING,
    Attachment,
    Channel,
    Edit,
    Message,
    Upload,
    User,
    World,
    parts,
)

CREATE_FLAGS = 1 << 2 | 1 << 12 | COMPONENTS_V2
CHANGE_FLAGS = 1 << 2 | COMPONENTS_V2
REFERENCE = "attachment://"


@dataclass(frozen=True)
class _Draft:
    """A message as it would be, all checks passed."""

    content: str
    embeds: list[JSON]
    components: list[JSON]
    attachments: list[Attachment]
    shown: frozenset[int]
    flags: int


def create(
    world: World,
    channel: Channel,
    author: User,
    body: JSON,
    files: Mapping[int, Upload],
    *,
    ephemeral: bool = False,
    origin: JSON | None = None,
    message_type: int = 0,
) -> Message:
    """A new message. Raises `Refused`."""
    flags = (body.get("flags") or 0) & CREATE_FLAGS | (EPHEMERAL if ephemeral else 0)
    draft = _draft(world, channel, body, files, before=None, flags=flags)
    reference = body.get("message_reference")
    message = Message(
        id=world.snowflakes.next(),
        channel=channel,
        author=author,
        type=19 if reference else message_type,
        nonce=body.get("nonce"),
        reference=int(reference["message_id"]) if reference else None,
        origin=origin,
    )
    _apply(world, message, draft)
    world.put(message)
    return message


def thinking(world: World, channel: Channel, *, ephemeral: bool, origin: JSON, message_type: int) -> Message:
    """What people see of a deferred answer: "Minstrel is thinking …"."""
    flags = LOADING | (EPHEMERAL if ephemeral else 0)
    message = Message(world.snowflakes.next(), channel, world.bot, flags=flags, type=message_type, origin=origin)
    world.put(message)
    return message


def change(world: World, message: Message, body: JSON, files: Mapping[int, Upload]) -> None:
    """What the body doesn't name stays. Raises `Refused`, and then nothing has changed."""
    asked = body.get("flags")
    flags = message.flags if asked is None else message.flags & ~CHANGE_FLAGS | asked & CHANGE_FLAGS
    # A message can become one of components, but not cease to be one. An answer is no longer awaited.
    flags = (flags | message.flags & COMPONENTS_V2) & ~LOADING
    _apply(world, message, _draft(world, message.channel, body, files, before=message, flags=flags))
    message.edits.append(
        Edit(
            time.monotonic(),
            message.content,
            message.embeds,
            message.components,
            tuple(attachment.filename for attachment in message.attachments),
        )
    )


def texts(body: JSON) -> str:
    """All text of a body in which a mention would notify somebody. Embeds never do."""
    shown = [part.get("content") for part in parts(body.get("components") or []) if part["type"] == limits.TEXT_DISPLAY]
    return "\n".join(filter(None, [body.get("content"), *shown]))


def muted(body: JSON) -> bool:
    """Whether the body says that no mention may notify anybody."""
    allowed = body.get("allowed_mentions") or {}
    named = [allowed.get(key) for key in ("users", "roles", "replied_user")]
    return allowed.get("parse") == [] and not any(named)


def _draft(
    world: World, channel: Channel, body: JSON, files: Mapping[int, Upload], *, before: Message | None, flags: int
) -> _Draft:
    def now(key: str, empty: Any) -> Any:
        if key in body:
            return body[key] or empty
        return getattr(before, key) if before else empty

    content, embeds, components = now("content", ""), now("embeds", []), now("components", [])
    attachments, flaws = _attachments(world, channel, body, files, before.attachments if before else [])
    flaws += limits.of_message(content, embeds, components, flags, len(attachments))
    names = {attachment.filename: attachment for attachment in attachments}
    # What the body leaves alone was resolved when it came, and its files may be gone since: then they show nothing.
    for key in ("embeds", "components"):
        flaws += [
            Flaw(key, "ATTACHMENT_NOT_FOUND", f"no file is named {name!r}")
            for name in sorted(_referenced(body.get(key) or []) - set(names))
        ]
    if flaws:
        raise refusals.invalid_form(flaws)
    embeds, components = (_resolved(part, names) for part in (embeds, components))
    if not (content or embeds or components or attachments):
        raise refusals.empty_message()
    paths = set(_strings([embeds, components]))
    return _Draft(
        content,
        embeds,
        _numbered(components),
        attachments,
        frozenset(attachment.id for attachment in attachments if attachment.path in paths),
        flags,
    )


def _apply(world: World, message: Message, draft: _Draft) -> None:
    for gone in set(message.attachments) - set(draft.attachments):
        world.attachments.pop(gone.id, None)
    world.attachments |= {attachment.id: attachment for attachment in draft.attachments}
    message.content, message.embeds, message.components = draft.content, draft.embeds, draft.components
    message.attachments, message.shown, message.flags = draft.attachments, draft.shown, draft.flags


def _attachments(
    world: World, channel: Channel, body: JSON, files: Mapping[int, Upload], before: list[Attachment]
) -> tuple[list[Attachment], list[Flaw]]:
    """Those listed by id stay, those unlisted go, new files follow. Without a list all stay."""
    listed = body.get("attachments")
    told = {str(each["id"]): each for each in listed or []}
    kept = [each for each in before if listed is None or str(each.id) in told]
    known = {*(str(each.id) for each in before), *(str(index) for index in files)}
    flaws = [
        Flaw(f"attachments.{index}.id", "ATTACHMENT_NOT_FOUND", f"no such file: {each['id']}")
        for index, each in enumerate(listed or [])
        if str(each["id"]) not in known
    ]
    new = [
        _kept(world, channel, upload, told.get(str(index), {}).get("description"))
        for index, upload in sorted(files.items())
    ]
    return [*kept, *new], flaws


def _kept(world: World, channel: Channel, upload: Upload, description: str | None) -> Attachment:
    # Names are reduced to what `attachment://` may hold.
    filename = re.sub(r"[^A-Za-z0-9._-]+", "_", upload.filename)
    content_type = upload.content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return Attachment(world.snowflakes.next(), channel.id, filename, content_type, upload.data, description)


def _referenced(value: Any) -> set[str]:
    return {text.removeprefix(REFERENCE) for text in _strings(value) if text.startswith(REFERENCE)}


def _resolved(value: Any, names: Mapping[str, Attachment]) -> Any:
    """With the path of the file in place of each `attachment://NAME`."""
    if isinstance(value, dict):
        return {key: _resolved(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, names) for item in value]
    if isinstance(value, str) and value.startswith(REFERENCE):
        return names[value.removeprefix(REFERENCE)].path
    return value


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _numbered(components: list[JSON]) -> list[JSON]:
    """Discord gives every component of a message a number."""
    for number, part in enumerate(parts(components), start=1):
        if part.get("id") is None:
            part["id"] = number
    return components
