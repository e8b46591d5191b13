"""What people may do by what they are: the roles of their server, and everybody's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from storage.users import TERMINAL
from workflows.people import Requester
from workflows.refusal import Refusal

EVERYONE, ADMIN = "everyone", "admin"


class Role(BaseModel):
    """What one role gives. Somebody with several has the best of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    in_charge: bool = False
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    daily: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    monthly: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    songs_per_day: Annotated[int | None, Field(ge=0, le=1_000_000)] = None


class Roles(BaseModel):
    """`roles.toml`: roles by the names that servers give them (upper or lower case), and `everyone`.

    `servers` are those whose roles count, as "discord:ID".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    servers: tuple[Annotated[str, Field(pattern=r"^discord:\d+$")], ...] = ()
    roles: dict[str, Role] = Field(default_factory=dict)

    def of(self, who: Requester) -> tuple[Role, ...]:
        """The roles of somebody that mean anything here; everybody has `everyone`."""
        named = {name.casefold(): role for name, role in self.roles.items()}
        return tuple(named[name] for name in self._names(who) if name in named)

    def _names(self, who: Requester) -> tuple[str, ...]:
        """What they are called, in small letters.

        Whoever knows a Discord bot's number can invite it to a server of their own and be anything there, so its roles
        count only where the house says so. A Slack app is in the one workspace that gave it its token.
        """
        strange = (who.server or "").startswith("discord:") and who.server not in self.servers
        return tuple(dict.fromkeys((EVERYONE, *(name.casefold() for name in who.roles if not strange))))

    def unlisted(self, who: Requester) -> str | None:
        """The server that would have to be listed for this person to be in charge; None where that would not help."""
        if who.server is None or who.server in self.servers:
            return None
        return who.server if self.model_copy(update={"servers": (who.server,)}).in_charge(who) else None

    def in_charge(self, who: Requester) -> bool:
        """Whether somebody runs this house: whoever has the terminal, and the roles that are in charge."""
        return who.surface == TERMINAL or any(role.in_charge for role in self.of(who))

    def require_in_charge(self, who: Requester, name: str) -> None:
        """Raise the `Refusal` of the command `name` for everybody who is not in charge."""
        if not self.in_charge(who):
            raise Refusal("admins_only", field="command", value=name, server=self.unlisted(who))

    def priority(self, who: Requester) -> int:
        """The lane of their jobs: higher goes first."""
        return max((role.priority for role in self.of(who)), default=0)

    def daily(self, who: Requester) -> int:
        """Credits that `/daily` gives them; 0 where it gives none."""
        return max((role.daily for role in self.of(who)), default=0)

    def songs_per_day(self, who: Requester) -> int | None:
        """Songs they may ask for in 24 hours, None for no limit. A role that says nothing about it lifts none."""
        return max((role.songs_per_day for role in self.of(who) if role.songs_per_day is not None), default=None)

    def monthly(self, who: Requester) -> tuple[str, int]:
        """The one of their roles (in small letters) with the largest monthly allowance, and how much that is."""
        theirs = self._names(who)
        given = {name.casefold(): role.monthly for name, role in self.roles.items() if name.casefold() in theirs}
        return max(given.items(), key=lambda each: each[1], default=(EVERYONE, 0))

    @property
    def allowances(self) -> tuple[str, ...]:
        """The roles that have a monthly allowance, in small letters."""
        return tuple(name.casefold() for name, role in self.roles.items() if role.monthly)
