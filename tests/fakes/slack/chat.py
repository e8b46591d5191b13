"""`chat.*`: messages of the bot."""

from __future__ import annotations

from tests.fakes.slack import limits, mentions
from tests.fakes.slack.arguments import JSON, Arguments, Refused
from tests.fakes.slack.messages import TEAM_DOMAIN, Channel, File, Post
from tests.fakes.slack.records import Ping, Violation
from tests.fakes.slack.workspace import Workspace


def checked(workspace: Workspace, method: str, channel: str, text: str, blocks: list[JSON], *, linked: bool) -> None:
    """Refuses what Slack would refuse, and writes down the mentions."""
    if len(text) > limits.TEXT:
        workspace.violations.append(Violation(method, f"text has {len(text)} characters"))
        raise Refused("msg_too_long")
    problems = limits.of_message(text, blocks, workspace.is_usable_picture)
    workspace.violations += [Violation(method, problem) for problem in problems]
    if problems:
        raise Refused("invalid_blocks" if blocks else "no_text", messages=tuple(problems))
    if (length := limits.total_length(blocks)) > limits.BLOCKS_TOTAL:
        workspace.violations.append(Violation(method, f"blocks have {length} characters"))
        raise Refused("msg_blocks_too_long")
    workspace.pings += [
        Ping(method, channel, mention, where) for mention, where in mentions.found(text, blocks, linked=linked)
    ]


def writable(workspace: Workspace, channel_id: str) -> Channel:
    """The channel, if the bot may post there. A person's id means the conversation with that person."""
    channel = workspace.direct(channel_id) if channel_id.startswith("U") else workspace.channel(channel_id)
    if channel.archived:
        raise Refused("is_archived")
    if not channel.member and "chat:write.public" not in workspace.scopes:
        raise Refused("not_in_channel")
    return channel


def post_message(workspace: Workspace, arguments: Arguments) -> JSON:
    channel = writable(workspace, arguments.text("channel"))
    text, blocks = arguments.maybe("text") or "", arguments.structure("blocks", "invalid_blocks_format") or []
    thread_ts = arguments.maybe("thread_ts")
    if thread_ts and not workspace.post(channel.id, thread_ts):
        raise Refused("thread_not_found")
    checked(workspace, "chat.postMessage", channel.id, text, blocks, linked=_linked(arguments))
    metadata = _metadata(arguments)
    post = workspace.publish(channel, workspace.bot, text, blocks, thread_ts=thread_ts, metadata=metadata or None)
    return {"channel": channel.id, "ts": post.ts, "message": post.json(metadata=True)}


def update(workspace: Workspace, arguments: Arguments) -> JSON:
    """Text without blocks takes the blocks away; metadata and files stay unless they are sent."""
    channel, post = _own(workspace, arguments, "cant_update_message")
    text, blocks = arguments.maybe("text"), arguments.structure("blocks", "invalid_blocks_format")
    if text is None and blocks is None:
        raise Refused("no_text")
    shown_text = post.text if text is None else text
    shown_blocks = blocks if blocks is not None else [] if text is not None else post.blocks
    checked(workspace, "chat.update", channel.id, shown_text, shown_blocks, linked=_linked(arguments))
    files, metadata = _files(workspace, arguments, post), _metadata(arguments)
    if metadata is not None:
        post.metadata = metadata or None
    workspace.edit(post, shown_text, shown_blocks, files)
    return {"channel": channel.id, "ts": post.ts, "text": post.text, "message": post.json(metadata=True)}


def delete(workspace: Workspace, arguments: Arguments) -> JSON:
    channel, post = _own(workspace, arguments, "cant_delete_message")
    post.deleted_at = workspace.clock.now()
    return {"channel": channel.id, "ts": post.ts}


def post_ephemeral(workspace: Workspace, arguments: Arguments) -> JSON:
    channel, user = writable(workspace, arguments.text("channel")), arguments.text("user")
    if user not in workspace.users:
        raise Refused("user_not_in_channel")
    text, blocks = arguments.maybe("text") or "", arguments.structure("blocks", "invalid_blocks_format") or []
    checked(workspace, "chat.postEphemeral", channel.id, text, blocks, linked=_linked(arguments))
    return {"message_ts": workspace.whisper(channel.id, user, text, blocks).ts}


def get_permalink(workspace: Workspace, arguments: Arguments) -> JSON:
    channel, ts = workspace.channel(arguments.text("channel")), arguments.text("message_ts")
    if not workspace.post(channel.id, ts):
        raise Refused("message_not_found")
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _own(workspace: Workspace, arguments: Arguments, not_mine: str) -> tuple[Channel, Post]:
    """The channel and the bot's message in it. Messages that only one person sees are not among them."""
    channel = workspace.channel(arguments.text("channel"))
    if channel.archived:
        raise Refused("is_archived")
    post = workspace.post(channel.id, arguments.text("ts"))
    if post is None:
        raise Refused("message_not_found")
    if post.user != workspace.bot:
        raise Refused(not_mine)
    return channel, post


def _files(workspace: Workspace, arguments: Arguments, post: Post) -> list[File]:
    ids = arguments.listed("file_ids")
    if ids is None:
        return post.files
    files = [workspace.files.get(file_id) for file_id in ids]
    ready = [file for file in files if file and file.completed_at is not None and not file.deleted]
    if len(ready) != len(files):
        raise Refused("file_not_found")
    for file in ready:
        if (post.channel, post.ts) not in file.shared_in:
            file.shared_in.append((post.channel, post.ts))
    return ready


def _metadata(arguments: Arguments) -> JSON | None:
    """None if it was not sent; an empty one takes away what was there."""
    metadata: JSON | None = arguments.structure("metadata", "invalid_metadata_format")
    if metadata and not ({"event_type", "event_payload"} <= metadata.keys()):
        raise Refused("invalid_metadata_format")
    return metadata


def _linked(arguments: Arguments) -> bool:
    return arguments.flag("link_names") or arguments.maybe("parse") == "full"


METHODS = {
    "chat.postMessage": (post_message, "chat:write"),
    "chat.update": (update, "chat:write"),
    "chat.delete": (delete, "chat:write"),
    "chat.postEphemeral": (post_ephemeral, "chat:write"),
    "chat.getPermalink": (get_permalink, ""),
}
