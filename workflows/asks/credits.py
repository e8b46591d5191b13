"""What people ask about credits, and do with them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import Range, Text
from workflows.asks.base import Ask, Somebody

LARGEST = 1_000_000_000
Amount = Annotated[int, Range(1, LARGEST, "credits")]
Words = Annotated[str | None, Text(0, 200)]


class Credits(Ask):
    """What you have left, and where it went."""

    task: Literal["credits"] = "credits"
    example: ClassVar[str] = "/credits"


class Daily(Ask):
    """Today's credits; they come once a day."""

    task: Literal["daily"] = "daily"
    example: ClassVar[str] = "/daily"
    changes: ClassVar[bool] = True


class _Between(Ask):
    """Credits for somebody."""

    main: ClassVar[str | None] = "who"
    form: ClassVar[tuple[str, ...]] = ("who", "amount")
    changes: ClassVar[bool] = True
    who: Somebody = Field(description="Who it is", examples=["@ann"])
    amount: Amount = Field(description="How many credits", examples=["50"])


class Gift(_Between):
    """Give somebody some of your credits."""

    task: Literal["gift"] = "gift"
    example: ClassVar[str] = "/gift @ann 50"
    form: ClassVar[tuple[str, ...]] = ("who", "amount", "message")
    message: Words = Field(None, description="What they read in their list of credits", examples=["for your birthday"])


class Grant(_Between):
    """Give somebody new credits."""

    task: Literal["grant"] = "grant"
    example: ClassVar[str] = "/grant @ann 500"
    form: ClassVar[tuple[str, ...]] = ("who", "amount", "why")
    admin: ClassVar[bool] = True
    why: Words = Field(None, description="What it is for", examples=["won the challenge"])


class Revoke(_Between):
    """Take credits away from somebody."""

    task: Literal["revoke"] = "revoke"
    example: ClassVar[str] = "/revoke @ann 500"
    form: ClassVar[tuple[str, ...]] = ("who", "amount", "why")
    admin: ClassVar[bool] = True
    why: Words = Field(None, description="What it is for", examples=["granted twice"])


MODELS = (Credits, Daily, Gift, Grant, Revoke)
