"""Songs for the benchmarks, straight from the built-in engine, with what they cost."""

from __future__ import annotations

import hashlib
import tempfile
import time
from dataclasses import dataclass
from functools import cache

import psutil
import torch
from pydantic import TypeAdapter

from bench.prompts import Prompt
from config.files import load
from engine.audio.lrc import format_lrc, parse_lrc
from engine.spec import Order, Plan, Preset, Request, Take, Words
from engine.spec.protocol import LineTime
from engine.studio.engine import Studio


@dataclass(frozen=True)
class Rendered:
    """A song as people get it: `take`, its `lines` read back from LRC text, and the seconds of processor it took."""

    plan: Plan
    take: Take
    lines: tuple[LineTime, ...]
    cost_s: float

    @property
    def digest(self) -> str:
        """Of every sample of the song and of its stems, and of its MIDI."""
        whole = hashlib.sha256(self.take.audio.tobytes())
        for name, stem in sorted(self.take.stems.items()):
            whole.update(name.encode() + stem.tobytes())
        whole.update(self.take.midi or b"")
        return whole.hexdigest()


class Shelf:
    """A sink that keeps the takes."""

    def __init__(self) -> None:
        self.takes: list[Take] = []

    def progress(self, fraction: float) -> None:
        """Nobody watches."""

    def take(self, take: Take) -> None:
        """Keep it."""
        self.takes.append(take)


@cache
def presets() -> dict[str, Preset]:
    """The genres as they are shipped."""
    return load("presets", TypeAdapter(dict[str, Preset]))


@cache
def studio() -> Studio:
    """This process's engine, on one thread."""
    torch.set_num_threads(1)
    return Studio(presets(), load("words", Words))


def made(spec: Request, order: Order) -> tuple[Plan, Take]:
    """The one take of an order, planned and rendered here."""
    shelf = Shelf()
    plan = studio().plan(spec, order)
    studio().render(spec, plan, order, shelf)
    [take] = shelf.takes
    return plan, take


def render(prompt: Prompt, *, seed: int | None = None, duration: float | None = None) -> Rendered:
    """The song of `prompt`, or another seed or length of it."""
    seconds = prompt.seconds if duration is None else duration
    own = prompt.seed if seed is None else seed
    with tempfile.TemporaryDirectory() as folder:
        order = Order(job=1, spec={}, duration=seconds, takes=1, seed=own, workdir=folder)
        begin = processor_s()
        plan, take = made(prompt.spec(duration=seconds), order)
        cost = processor_s() - begin
    lrc = format_lrc(take.lines, title=plan.title, duration=plan.duration, words=True)
    return Rendered(plan, take, parse_lrc(lrc) if take.lines else (), cost)


def processor_s() -> float:
    """Seconds of processor of this process and of the singer's beside it, which speaks through forks of its own."""
    children = (child.cpu_times() for child in psutil.Process().children(recursive=True))
    spent = sum(times.user + times.system + times.children_user + times.children_system for times in children)
    return time.process_time() + spent
