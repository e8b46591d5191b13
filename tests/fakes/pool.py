"""A pool that renders nothing: takes of a few bytes, or whatever trouble the caption asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.spec import (
    Analysed,
    Analysis,
    Cancelled,
    Capabilities,
    EngineError,
    Event,
    Order,
    Plan,
    Planned,
    Progressed,
    Staged,
    TrackFile,
    TrackResult,
)


class ScriptedPool:
    """Implements `EnginePool`. `script` maps a caption to what happens; other captions succeed at once.

    "wait": runs until cancelled or released. "crash", "broken": a passing and a permanent error.
    "… once": only the first time. "disk": no space left. "written": a language model writes of grapes.
    """

    capabilities = Capabilities(
        name="studio",
        tasks=("text2music", "prompt2instrumental"),
        max_duration=600,
        max_batch=8,
        sample_rate=48000,
        stems=("vocals", "drums"),
        languages=("en",),
    )

    def __init__(self, size: int = 2) -> None:
        self.size = size
        self.orders: list[Order] = []
        self.release = asyncio.Event()
        self.running = 0
        # How many engines a listener ended by failing.
        self.ended = 0
        self.most_running = 0

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        again = any(order.job == earlier.job for earlier in self.orders)
        self.orders.append(order)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self._run(order, again=again, on_event=on_event, cancelled=cancelled)
        finally:
            self.running -= 1

    async def _run(
        self,
        order: Order,
        *,
        again: bool,
        on_event: Callable[[Event], Awaitable[None]],
        cancelled: asyncio.Event,
    ) -> tuple[TrackResult, ...]:
        caption = order.spec.get("caption", "")
        if order.spec["task"] == "analyze":
            await on_event(Staged("rendering"))
            await on_event(Analysed(analysed(order)))
            return ()
        await on_event(Staged("planning"))
        try:
            await on_event(Planned(planned(order)))
        except EngineError:
            self.ended += 1
            raise
        if cancelled.is_set():
            raise Cancelled
        if caption == "broken" or (caption == "broken once" and not again):
            raise EngineError("lyrics_unreadable", permanent=True, cause="told to")
        if caption == "crash" or (caption == "crash once" and not again):
            raise EngineError("engine_crashed", permanent=False, cause="told to")
        if caption == "disk":
            raise OSError(28, "No space left on device")
        await on_event(Staged("rendering"))
        await on_event(Progressed(0.5))
        if caption == "wait":
            ends = [asyncio.ensure_future(event.wait()) for event in (cancelled, self.release)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
        if cancelled.is_set():
            raise Cancelled
        return tuple(taken(order, index) for index in range(1, order.takes + 1))

    async def stop(self, drain_s: float) -> None:
        return None


OUTSIDE = ("cover", "reference", "analyze", "stems", "extract-stem", "repaint", "extend")


class ListeningPool(ScriptedPool):
    """Takes sound from outside; what people wait for has a lane of its own."""

    capabilities = ScriptedPool.capabilities.model_copy(
        update={
            "tasks": ("text2music", "retake", *OUTSIDE),
            "from_score": ("retake",),
            "from_outside": OUTSIDE,
            "separates": ("vocals", "drums"),
            "quick": ("analyze",),
        }
    )


EDITS = ("retake", "repaint", "extend", "edit")


class EditingPool(ScriptedPool):
    """Makes songs that can be edited: sung ones with their times, and a score unless the caption is "no score"."""

    capabilities = ScriptedPool.capabilities.model_copy(
        update={"tasks": ("text2music", "text2samples", "stems", *EDITS), "from_score": EDITS}
    )

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        takes = await super().run(order, on_event=on_event, cancelled=cancelled)
        return takes if order.spec.get("caption") == "no score" else tuple(_kept(order, take) for take in takes)


def _kept(order: Order, take: TrackResult) -> TrackResult:
    path = Path(order.workdir) / f"{take.take}.score"
    path.write_text(f"score {take.take}")
    files = (*take.files, TrackFile(kind="score", path=str(path), format="score"))
    lrc = f"[00:01.00]Take {take.take}\n" if order.spec.get("lyrics") else None
    return take.model_copy(update={"files": files, "lrc": lrc})


def analysed(order: Order) -> Analysis:
    given = order.recording or order.source
    assert given is not None
    return Analysis(
        title=given.title,
        caption="calm",
        bpm=96,
        keyscale="A Minor",
        timesignature="3/4",
        duration=given.duration,
        confidence={"bpm": 0.9, "keyscale": 0.6},
    )


def planned(order: Order) -> Plan:
    written = order.spec.get("caption") == "written"
    return Plan(
        title="A Title",
        caption=order.spec.get("caption", ""),
        lyrics="[verse]\nA Grape upon the vine" if written else order.spec.get("lyrics", ""),
        lyrics_by="model" if written else "user",
        lyrics_model="tiny" if written else "",
        duration=order.duration,
        bpm=100,
        keyscale="C Major",
        timesignature="4/4",
        seeds=tuple(range(order.takes)),
        engine="scripted",
    )


def taken(order: Order, take: int) -> TrackResult:
    folder = Path(order.workdir) / f"take-{take}"
    folder.mkdir()
    song, stem = folder / "song.flac", folder / "drums.flac"
    song.write_bytes(f"song {order.seed} {take}".encode())
    stem.write_bytes(f"drums {order.seed} {take}".encode())
    return TrackResult(
        take=take,
        title="A Title",
        seed=order.seed,
        duration=order.duration,
        sample_rate=48000,
        channels=2,
        bpm=100,
        keyscale="C Major",
        timesignature="4/4",
        files=(
            TrackFile(kind="audio", path=str(song), format="flac"),
            TrackFile(kind="stem", path=str(stem), format="flac", name="drums"),
        ),
    )
