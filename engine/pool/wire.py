"""What the front and an engine process say to each other: one JSON object a line, in either direction."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from engine.spec.analysis import Analysis
from engine.spec.plan import Order, Plan, Stage, TrackResult, Value


class Load(Value):
    """The first line down: which engine to be. `factory` and `packager` are `module:function`."""

    kind: Literal["load"] = "load"
    factory: str
    options: dict[str, Any]
    packager: str


class Work(Value):
    """Work this order. `number` tells orders of one process apart."""

    kind: Literal["work"] = "work"
    number: int
    order: Order


class Cancel(Value):
    """Nobody wants order `number` any more. It may be over already."""

    kind: Literal["cancel"] = "cancel"
    number: int


class Ready(Value):
    """The first line up: the engine is loaded."""

    kind: Literal["ready"] = "ready"


class EnteredStage(Value):
    kind: Literal["stage"] = "stage"
    stage: Stage


class MadePlan(Value):
    kind: Literal["plan"] = "plan"
    plan: Plan


class CameThisFar(Value):
    kind: Literal["progress"] = "progress"
    fraction: float


class MadeAnalysis(Value):
    kind: Literal["analysis"] = "analysis"
    analysis: Analysis


class StillHere(Value):
    """Nothing new to see, but it is no hang either."""

    kind: Literal["alive"] = "alive"


class Finished(Value):
    kind: Literal["finished"] = "finished"
    results: tuple[TrackResult, ...]


class GaveUp(Value):
    """The order was cancelled, and the engine has stopped working on it."""

    kind: Literal["gave_up"] = "gave_up"


class Failed(Value):
    """An `EngineError`. `broken`: nobody foresaw this, so the process is not to be trusted with another order."""

    kind: Literal["failed"] = "failed"
    code: str
    permanent: bool
    cause: str
    params: dict[str, Any]
    broken: bool


Down = Annotated[Load | Work | Cancel, Field(discriminator="kind")]
Up = Annotated[
    Ready | EnteredStage | MadePlan | CameThisFar | MadeAnalysis | StillHere | Finished | GaveUp | Failed,
    Field(discriminator="kind"),
]
# What ends an order.
Last = Finished | GaveUp | Failed

_DOWN: TypeAdapter[Load | Work | Cancel] = TypeAdapter(Down)
_UP: TypeAdapter[Ready | EnteredStage | MadePlan | CameThisFar | MadeAnalysis | StillHere | Last] = TypeAdapter(Up)


def line(message: Value) -> bytes:
    """`message` as a line. What JSON has no word for (in an error's parameters) becomes text."""
    return message.model_dump_json(fallback=str).encode() + b"\n"


def read_down(text: bytes) -> Load | Work | Cancel:
    """A line from the front. Raises `pydantic.ValidationError`."""
    return _DOWN.validate_json(text)


def read_up(text: bytes) -> Ready | EnteredStage | MadePlan | CameThisFar | MadeAnalysis | StillHere | Last:
    """A line from an engine process. Raises `pydantic.ValidationError`."""
    return _UP.validate_json(text)
