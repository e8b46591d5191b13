"""From a wish to finished takes: played, brought to the level of a song, and handed over one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.acestep.kept import Cut, Kept, to_bytes
from engine.acestep.latents import RATE
from engine.acestep.player import levelled
from engine.acestep.session import Session
from engine.acestep.shelf import Chosen
from engine.acestep.wish import Audio, Wish
from engine.spec import Plan, Take, TrackSink


def handed_over(
    wish: Wish,
    plan: Plan,
    chosen: Chosen,
    sink: TrackSink,
    session: Session,
    *,
    finish: Callable[[Audio], Audio] = levelled,
    cut: Cut | None = None,
) -> None:
    """Every take of `plan`, the sound of each as `finish` leaves it; `cut` says what that takes of it."""
    each_handed_over([wish], plan, chosen, sink, session, finish=finish, cut=cut)


def each_handed_over(
    wishes: Sequence[Wish],
    plan: Plan,
    chosen: Chosen,
    sink: TrackSink,
    session: Session,
    *,
    finish: Callable[[Audio], Audio] = levelled,
    cut: Cut | None = None,
) -> None:
    """The same where takes differ in more than their noise: those of the first of `wishes` come first."""
    done = 0
    for wish in wishes:

        def progress(share: float, before: int = done, takes: int = len(wish.starts)) -> None:
            sink.progress(min(1.0, (before + share * takes) / len(plan.seeds)))

        for number, audio in session.player.play(chosen.checkpoint, wish, progress):
            sink.take(take_of(done + number, plan, finish(audio), kept_of(wish, number, chosen, cut)))
        done += len(wish.starts)


def kept_of(wish: Wish, number: int, chosen: Chosen, cut: Cut | None = None) -> Kept:
    """What take `number` of `wish` leaves behind."""
    return Kept(
        checkpoint=chosen.checkpoint.name,
        version=chosen.version,
        task=wish.task,
        text=wish.text,
        sampling=wish.sampling,
        start=wish.starts[number],
        seconds=wish.seconds,
        adapter=wish.adapter,
        alike=wish.reference is not None,
        cut=cut,
    )


def take_of(number: int, plan: Plan, audio: Audio, kept: Kept) -> Take:
    """Take `number`, counted from 0, of `plan`; it is in the tempo, key and metre that the model was told."""
    text = kept.text
    return Take(
        index=number + 1,
        seed=plan.seeds[number],
        audio=audio,
        sample_rate=RATE,
        bpm=text.bpm or plan.bpm,
        keyscale=text.keyscale or plan.keyscale,
        timesignature=text.timesignature or plan.timesignature,
        score=to_bytes(kept),
    )
