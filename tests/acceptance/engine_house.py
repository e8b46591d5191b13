"""Engines by name, each with a song of its own and a recording to start from: what one suite over all of them needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile
from safetensors.numpy import save_file

from config.files import load
from engine.audio.package import package
from engine.spec import (
    Cancelled,
    Engine,
    Order,
    Plan,
    Recording,
    Request,
    Source,
    SourceFile,
    Take,
    Words,
    estimate,
    parse,
    restore,
)
from engine.spec.plan import Value
from tests.fakes.tune import tune
from tests.unit.studio import presets

T = TypeVar("T", bound=Value)

RATE = 48_000
SECONDS = 5.0
# Somebody's own sound may be shorter than what we make.
RECORDED_S = 3.0
SEED = 5
LYRICS = "[verse]\nMorning light\nCoffee and rain"
# Everything that dice would settle otherwise.
SONG: dict[str, Any] = {
    "caption": "warm indie pop", "lyrics": LYRICS, "duration": SECONDS, "bpm": 100, "keyscale": "D Major",
    "timesignature": "4/4", "display_name": "Morning",
}  # fmt: skip
# How each task names what it starts from: a song made here, and sound from elsewhere.
NAMED: dict[str, tuple[str, str]] = {
    "retake": ("original_job_id", ""),
    "reference": ("source_job_id", "reference_audio_url"),
    "analyze": ("source_job_id", "audio_url"),
    "lrc": ("job_id", ""),
}
LINK = "https://songs.example/tune.flac"


@dataclass
class Sink:
    """What an engine hands over and how far it says it is; nobody wants it any more at call number `until`."""

    until: int | None = None
    takes: list[Take] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        self.heard.append(fraction)
        if len(self.heard) == self.until:
            raise Cancelled

    def take(self, take: Take) -> None:
        self.takes.append(take)


@dataclass(frozen=True)
class Made:
    """A request and all that came of it."""

    spec: Request
    order: Order
    plan: Plan
    takes: tuple[Take, ...]
    heard: tuple[float, ...]


@dataclass(frozen=True)
class House:
    """One engine at work in `folder`."""

    name: str
    engine: Engine
    folder: Path

    @cached_property
    def first(self) -> Made:
        """`SONG`, as this engine makes it."""
        return self.made("text2music", **SONG)

    @cached_property
    def song(self) -> Source:
        """That song, as the house keeps it."""
        made = self.first
        spec = made.spec.model_copy(update={"calculate_quality": False})
        result = package(made.takes[0], plan=made.plan, spec=spec, workdir=self.folder / "song")
        plan = made.plan
        return Source(
            job=1, take=1, title=plan.title, caption=plan.caption, duration=result.duration, bpm=plan.bpm,
            keyscale=plan.keyscale, timesignature=plan.timesignature, seed=result.seed, lyrics=plan.lyrics,
            genre_preset=plan.genre_preset, vocal_language=plan.vocal_language, lyrics_by=plan.lyrics_by,
            files=tuple(SourceFile(kind=f.kind, name=f.name, format=f.format, path=f.path) for f in result.files),
        )  # fmt: skip

    @cached_property
    def recording(self) -> Recording:
        """Somebody's tune, which nobody here made."""
        path = self.folder / "tune.flac"
        soundfile.write(path, tune(RECORDED_S).T, RATE, subtype="PCM_24")
        return Recording(id="tune", title="Tune", artist="", lyrics="", duration=RECORDED_S, path=str(path))

    def asked(self, task: str, of: str = "", **values: Any) -> tuple[Request, Order]:
        """The request for `task` that starts from `of`: "song", "recording", or nothing.

        Where it says no seed it is given one, as the house does.
        """
        made_here, elsewhere = NAMED.get(task, ("source_job_id", "src_audio_url"))
        named: dict[str, dict[str, Any]] = {"": {}, "song": {made_here: 1}, "recording": {elsewhere: LINK}}
        spec = parse(task, {**values, **named[of]})
        source = self.song if of == "song" else None
        recording = self.recording if of == "recording" else None
        given = source or recording
        settled = estimate(spec, given.duration if given is not None else None)
        order = Order(
            job=2, spec=spec.model_dump(mode="json"), duration=settled.duration, takes=settled.takes,
            seed=values.get("seed", SEED),
            workdir="", source=source, recording=recording,
        )  # fmt: skip
        return spec, order

    def planned(self, task: str, of: str = "", **values: Any) -> Plan:
        spec, order = self.asked(task, of, **values)
        return self.engine.plan(spec, order, lambda _: None)

    def made(self, task: str, of: str = "", **values: Any) -> Made:
        return self.worked(*self.asked(task, of, **values))

    def worked(self, spec: Request, order: Order) -> Made:
        """All that comes of `order`. Raises `EngineError`."""
        plan, sink = self.engine.plan(spec, order, lambda _: None), Sink()
        self.engine.render(spec, plan, order, sink)
        return Made(spec, order, plan, tuple(sink.takes), tuple(sink.heard))

    def again(self, made: Made, sink: Sink) -> Sink:
        """What was `made` once more into `sink`, of values that went through the wire."""
        spec = restore(json.dumps(made.order.spec))
        self.engine.render(spec, _wired(made.plan), _wired(made.order), sink)
        return sink


def _wired(value: T) -> T:
    """`value` as it is on the other side of the wire."""
    return type(value).model_validate_json(value.model_dump_json())


def trace(take: Take) -> dict[str, Any]:
    """All of a take, short enough to be compared and shown."""
    exact = partial(hashlib.blake2b, digest_size=16)
    return {
        **{name: value for name, value in vars(take).items() if not isinstance(value, np.ndarray | bytes | dict)},
        "audio": exact(take.audio.tobytes()).hexdigest(),
        "stems": {name: exact(stem.tobytes()).hexdigest() for name, stem in take.stems.items()},
        "ready": take.ready,
        **{name: exact(data).hexdigest() for name in ("midi", "score", "picture") if (data := getattr(take, name))},
    }


def told(plan: Plan) -> set[str]:
    """The parameters of which a notice of `plan` says that they do nothing here."""
    found = {name for notice in plan.notices for name in notice.params.get("fields", ())}
    codes = {notice.code for notice in plan.notices}
    return found | ({"duration"} if "length_added" in codes else set())


def studio(folder: Path) -> Any:
    from engine.studio.engine import make

    return make(**_data())


def acestep(folder: Path) -> Any:
    """On random weights: audiomusic-v2 is turbo, audiomusic-v1.5 base, and there is a style adapter, `warm`."""
    from engine.acestep.engine import make
    from engine.acestep.shelf import Place, Shelf
    from tests.fakes.acestep import save_tiny

    places = {name: Place(name, save_tiny(folder / name, name)) for name in ("turbo", "base")}
    turbo, base = places["turbo"], places["base"]
    shelf = Shelf(
        versions={
            "audiomusic-v2": {"text2music": turbo, "cover": turbo, "repaint": turbo, "extract": base},
            "audiomusic-v1.5": {"text2music": base, "cover": base, "repaint": base, "extract": base},
        },
        adapters={"warm": save_adapter(folder / "warm.safetensors")},
    )
    return make(**_data(), shelf=shelf.options(), device="cpu")


def save_adapter(path: Path, *, width: int = 32, rank: int = 2) -> Path:
    """A style adapter (LoRA) of random numbers that is heard plainly in tiny checkpoints of that width."""
    drawn = np.random.default_rng(width)
    layer = "base_model.model.layers.0.self_attn.q_proj"
    halves = {"lora_A": (rank, width), "lora_B": (32, rank)}
    save_file(
        {f"{layer}.{half}.weight": drawn.normal(size=size).astype(np.float32) for half, size in halves.items()}, path
    )
    return path


def _data() -> dict[str, Any]:
    return {
        "presets": {name: preset.model_dump() for name, preset in presets().items()},
        "words": load("words", Words).model_dump(),
    }


ENGINES: dict[str, Callable[[Path], Any]] = {"studio": studio, "acestep": acestep}


@contextmanager
def opened(name: str, folder: Path) -> Iterator[House]:
    """The house of that engine in `folder`, until the block ends."""
    engine = ENGINES[name](folder)
    yield House(name, engine, folder)
    engine.close()
