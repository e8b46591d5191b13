"""`conversations.*` and `users.*`: what the bot may read of the workspace."""

from __future__ import annotations

from tests.fakes.slack.arguments import JSON, Arguments, Refused
from tests.fakes.slack.messages import TEAM_ID, Channel, Post
from tests.fakes.slack.workspace import Workspace

# The scope depends on the kind of conversation.
HISTORY = {"public": "channels:history", "private": "groups:history", "im": "im:history"}
READ = {"public": "channels:read", "private": "groups:read", "im": "im:read"}


def history(workspace: Workspace, arguments: Arguments) -> JSON:
    """Newest first, without replies in threads."""
    channel = _readable(workspace, arguments)
    posts = [post for post in workspace.posts(channel.id) if post.thread_ts in (None, post.ts)]
    return _page(arguments, list(reversed(posts)))


def replies(workspace: Workspace, arguments: Arguments) -> JSON:
    """A message and its thread, oldest first."""
    channel, ts = _readable(workspace, arguments), arguments.text("ts")
    if not workspace.post(channel.id, ts):
        raise Refused("thread_not_found")
    return _page(arguments, [post for post in workspace.posts(channel.id) if ts in (post.ts, post.thread_ts)])


def join(workspace: Workspace, arguments: Arguments) -> JSON:
    channel = workspace.channel(arguments.text("channel"))
    if channel.kind != "public":
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    channel.member = True
    return {"channel": _channel_json(channel)}


def open_direct(workspace: Workspace, arguments: Arguments) -> JSON:
    users = arguments.listed("users")
    if not users or len(users) > 1:
        raise Refused("invalid_arguments", messages=("the stand-in opens conversations with one person",))
    return {"channel": {"id": workspace.direct(users[0]).id}}


def info(workspace: Workspace, arguments: Arguments) -> JSON:
    channel = workspace.channel(arguments.text("channel"))
    _allowed(workspace, READ[channel.kind])
    return {"channel": _channel_json(channel)}


def user_info(workspace: Workspace, arguments: Arguments) -> JSON:
    user = workspace.users.get(arguments.text("user"))
    if user is None:
        raise Refused("user_not_found")
    described: JSON = {
        "id": user.id,
        "team_id": "T0ELSEWHERE" if user.foreign else TEAM_ID,
        "name": user.name,
        "real_name": user.name.title(),
        "is_bot": user.is_bot,
        "is_admin": user.is_admin or user.is_owner,
        "is_owner": user.is_owner,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": False,
        "deleted": False,
        "tz": user.tz,
        "tz_offset": user.tz_offset,
        "profile": {"real_name": user.name.title(), "display_name": user.name},
    }
    if arguments.flag("include_locale"):
        described["locale"] = user.locale
    return {"user": described}


def _readable(workspace: Workspace, arguments: Arguments) -> Channel:
    channel = workspace.channel(arguments.text("channel"))
    _allowed(workspace, HISTORY[channel.kind])
    if not channel.member:
        raise Refused("not_in_channel")
    return channel


def _allowed(workspace: Workspace, scope: str) -> None:
    if scope not in workspace.scopes:
        raise Refused("missing_scope", needed=scope, provided=",".join(sorted(workspace.scopes)))


def _page(arguments: Arguments, posts: list[Post]) -> JSON:
    """Those between `oldest` and `latest`, `limit` at a time; a cursor is where the last page ended."""
    oldest, latest = arguments.maybe("oldest") or "0", arguments.maybe("latest") or "9999999999"
    inclusive = arguments.flag("inclusive")

    def within(post: Post) -> bool:
        at = float(post.ts)
        return float(oldest) < at < float(latest) or (inclusive and at in (float(oldest), float(latest)))

    inside = [post for post in posts if within(post)]
    start = arguments.number("cursor", 0)
    limit = min(arguments.number("limit", 100), 999)
    page, rest = inside[start : start + limit], inside[start + limit :]
    with_metadata = arguments.flag("include_all_metadata")
    return {
        "messages": [post.json(metadata=with_metadata) for post in page],
        "has_more": bool(rest),
        "response_metadata": {"next_cursor": str(start + limit) if rest else ""},
    }


def _channel_json(channel: Channel) -> JSON:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "is_member": channel.member,
    }


METHODS = {
    "conversations.history": (history, ""),
    "conversations.replies": (replies, ""),
    "conversations.join": (join, "channels:join"),
    "conversations.open": (open_direct, "im:write"),
    "conversations.info": (info, ""),
    "users.info": (user_info, "users:read"),
}
