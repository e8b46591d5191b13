"""Fields for lengths of time, points in time, what comes again and time zones, as `workflows.times` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from workflows.times import DAY_S, MINUTE_S, moment, recurring, span, zone_named


@dataclass(frozen=True)
class Length:
    """A length of time between `low_s` and `high_s` seconds, as `span` reads it; `never`: or none at all."""

    low_s: int
    high_s: int
    said: str
    never: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str) -> str:
        try:
            seconds = span(value).about_s
        except ValueError:
            seconds = -1
        if not (self.low_s <= seconds <= self.high_s or (self.never and seconds == 0)):
            raise PydanticCustomError("not_a_length", "must be {allowed}", {"allowed": self.words()})
        return value

    def words(self) -> str:
        return self.said


@dataclass(frozen=True)
class Zone:
    """A time zone by its IANA name; "" is the house's own."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str) -> str:
        try:
            return zone_named(value) if value.strip() else ""
        except ValueError:
            raise PydanticCustomError("unknown_zone", "must be {allowed}", {"allowed": self.words()}) from None

    @staticmethod
    def words() -> str:
        return "the name of a time zone, such as Europe/Berlin or UTC"


@dataclass(frozen=True)
class When:
    """Times that come again and again, as `recurring` reads them; "" is never. Kept as five fields of cron."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str) -> str:
        try:
            return recurring(value) if value.strip() else ""
        except (ValueError, TypeError):
            raise PydanticCustomError("unknown_times", "must be {allowed}", {"allowed": self.words()}) from None

    @staticmethod
    def words() -> str:
        return 'days and a time, such as "daily 09:00", "friday 18:00" or "mon, wed 8pm", or five fields of cron'


@dataclass(frozen=True)
class Moment:
    """A point in time, as `moment` reads it; which one that is depends on a zone and on now."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str) -> str:
        try:
            # Any day will do to see whether it can be read; whether it has passed is judged where today is known.
            moment(value, "UTC", 0)
        except (ValueError, OverflowError):
            raise PydanticCustomError("unknown_moment", "must be {allowed}", {"allowed": self.words()}) from None
        return value

    @staticmethod
    def words() -> str:
        return 'a day and a time to come, such as "2026-12-04 18:00", "tomorrow 18:00", "friday 6pm" or "in 2 hours"'


Window = Annotated[str, Length(10 * MINUTE_S, 60 * DAY_S, '10 minutes to 60 days, such as "3d" or "36h"')]
Reminder = Annotated[
    str, Length(5 * MINUTE_S, 7 * DAY_S, '5 minutes to 7 days, such as "6h", or 0 for never', never=True)
]
InZone = Annotated[str, Zone()]
Recurring = Annotated[str, When()]
PointInTime = Annotated[str, Moment()]
