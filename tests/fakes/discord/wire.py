"""The objects of the API as they travel: what REST answers with and what the gateway sends."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.fakes.discord import layout
from tests.fakes.discord.snowflakes import EPOCH_MS
from tests.fakes.discord.world import JSON, Attachment, Channel, Guild, Message, User, World

BITS = {"view": 1 << 10, "send": 1 << 11, "files": 1 << 15, "history": 1 << 16}
EMBED_LINKS, USE_COMMANDS, ADMINISTRATOR = 1 << 14, 1 << 31, 1 << 3
EVERYBODY = sum(BITS.values()) | EMBED_LINKS | USE_COMMANDS
EVERYTHING = (1 << 50) - 1

GUILD_TEXT, DM = 0, 1


class Wire:
    """Draws the world. `base` is where files are served from, known once the server listens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.base = ""

    def user(self, user: User) -> JSON:
        return {
            "id": str(user.id),
            "username": user.name,
            "discriminator": "0",
            "global_name": user.name.title(),
            "avatar": None,
            "banner": None,
            "accent_color": None,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            "bot": user.bot,
            "public_flags": 0,
            "flags": 0,
        }

    def me(self) -> JSON:
        return {**self.user(self._world.bot), "verified": True, "mfa_enabled": False, "locale": "en-US", "email": None}

    def member(self, user: User, guild: Guild) -> JSON:
        return {
            "user": self.user(user),
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(guild.roles[name]) for name in user.roles if name in guild.roles],
            "joined_at": stamp(_birth(user.id)),
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }

    def application(self) -> JSON:
        return {
            "id": str(self._world.application),
            "name": self._world.bot.name,
            "description": "",
            "icon": None,
            "type": None,
            "bot": self.user(self._world.bot),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "owner": self.user(
                next(iter(self._world.guilds.values())).owner if self._world.guilds else self._world.bot
            ),
            "team": None,
            "explicit_content_filter": 0,
            "flags_new": "0",
            **{key: [] for key in ("redirect_uris", "eligible_oauth2_scopes")},
            **dict.fromkeys(("interactions_endpoint_url", "role_connections_verification_url")),
            "approximate_guild_count": len(self._world.guilds),
            **dict.fromkeys(("approximate_user_install_count", "approximate_user_authorization_count"), 0),
        }

    def channel(self, channel: Channel) -> JSON:
        last = max(channel.messages, default=None)
        drawn: JSON = {
            "id": str(channel.id),
            "type": GUILD_TEXT if channel.guild else DM,
            "flags": 0,
            "last_message_id": str(last) if last else None,
        }
        if channel.recipient:
            return {**drawn, "recipients": [self.user(channel.recipient)]}
        assert channel.guild is not None
        denied = sum(bit for name, bit in BITS.items() if name not in channel.permissions)
        return {
            **drawn,
            "guild_id": str(channel.guild.id),
            "name": channel.name,
            "position": channel.guild.channels.index(channel) if channel in channel.guild.channels else 0,
            "topic": None,
            "nsfw": False,
            "parent_id": None,
            "rate_limit_per_user": 0,
            "permission_overwrites": [{"id": str(self._world.bot.id), "type": 1, "allow": "0", "deny": str(denied)}],
        }

    def guild(self, guild: Guild) -> JSON:
        """As in GUILD_CREATE. Of the members only the bot, as without the intent for members."""
        return {
            "id": str(guild.id),
            "name": guild.name,
            "owner_id": str(guild.owner.id),
            "unavailable": False,
            "large": False,
            "joined_at": stamp(_birth(guild.id)),
            "member_count": len(self._world.users),
            "preferred_locale": guild.locale,
            "premium_tier": 0,
            "features": [],
            "roles": [_role(guild.id, "@everyone"), *(_role(number, name) for name, number in guild.roles.items())],
            "channels": [self.channel(channel) for channel in guild.channels],
            "members": [self.member(self._world.bot, guild)],
            **{key: [] for key in ("threads", "emojis", "stickers", "voice_states", "presences", "stage_instances")},
            **{key: [] for key in ("guild_scheduled_events", "soundboard_sounds")},
            **dict.fromkeys(("verification_level", "default_message_notifications", "explicit_content_filter"), 0),
            **dict.fromkeys(("mfa_level", "nsfw_level", "afk_timeout", "system_channel_flags"), 0),
            **dict.fromkeys(("icon", "splash", "banner", "description", "application_id", "afk_channel_id")),
        }

    def attachment(self, attachment: Attachment, *, ephemeral: bool = False) -> JSON:
        drawn: JSON = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": len(attachment.data),
            "url": self.base + attachment.path,
            "proxy_url": self.base + attachment.path,
            "content_type": attachment.content_type,
        }
        if attachment.description is not None:
            drawn["description"] = attachment.description
        if ephemeral:
            drawn["ephemeral"] = True
        return drawn

    def message(self, message: Message) -> JSON:
        drawn: JSON = {
            "id": str(message.id),
            "channel_id": str(message.channel.id),
            "author": self.user(message.author),
            "content": message.content,
            "timestamp": stamp(message.created),
            "edited_timestamp": stamp(_edited(message)) if message.edits else None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [self.attachment(each, ephemeral=message.ephemeral) for each in message.listed],
            "embeds": [{"type": "rich", **layout.served(embed, self.base)} for embed in message.embeds],
            "components": [layout.component(part, self._world, self.base) for part in message.components],
            "pinned": False,
            "type": message.type,
            "flags": message.flags,
        }
        if message.nonce is not None:
            drawn["nonce"] = message.nonce
        if message.reference is not None:
            drawn["message_reference"] = {
                "type": 0,
                "message_id": str(message.reference),
                "channel_id": str(message.channel.id),
            }
        if message.origin is not None:
            drawn["application_id"] = drawn["webhook_id"] = str(self._world.application)
            drawn["interaction_metadata"] = message.origin
        return drawn

    def heard(self, message: Message) -> JSON:
        """A message as the bot gets it, which without the privileged intent can't read what others say."""
        drawn = self.message(message)
        if message.author.bot or message.channel.recipient:
            return drawn
        return {**drawn, "content": "", "embeds": [], "attachments": [], "components": []}


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def app_permissions(channel: Channel) -> int:
    """What the bot may do in the channel, as every interaction tells it."""
    if channel.recipient:
        return EVERYBODY
    return EMBED_LINKS | USE_COMMANDS | sum(BITS[name] for name in channel.permissions)


def permissions(user: User) -> int:
    """What a person may do."""
    return EVERYTHING if user.admin else EVERYBODY


def _birth(snowflake: int) -> datetime:
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC)


def _edited(message: Message) -> datetime:
    return datetime.fromtimestamp(message.created.timestamp() + message.edits[-1].at - message.posted_at, UTC)


def _role(number: int, name: str) -> JSON:
    return {
        "id": str(number),
        "name": name,
        "permissions": str(EVERYBODY),
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
