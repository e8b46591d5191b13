"""A song made longer at either end: it goes on where its music ends, or is led up to.

The model makes silence beside the song anew, and with it what fades or rings out at the song's own end. Each end is
made from the song alone, so that both can be made for all takes together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.acestep import facts
from engine.acestep.change import handed_over, joined, part_of, planned, read, starts_of, text_of
from engine.acestep.checkpoint import Checkpoint
from engine.acestep.lyrics import INSTRUMENTAL, INTRO
from engine.acestep.session import Session
from engine.acestep.shelf import Chosen
from engine.acestep.splice import Window, inset, made_anew, spliced, window
from engine.acestep.start import opened, sound_of
from engine.acestep.wish import Audio, Text, Wish
from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Extend
from engine.studio.given import given
from engine.studio.outside.ground import music_in
from engine.studio.outside.repaint import caption_of
from engine.studio.sound.noise import RATE


@dataclass(frozen=True)
class End:
    """One end of a song: `source` is the song with silence there, and `part` of that is made anew."""

    source: Audio
    part: Window
    text: Text

    def new(self, audio: Audio) -> Audio:
        """The part of what the model made of the source."""
        return audio[:, self.part.start : self.part.end]


def plan(spec: Extend, order: Order, session: Session, on_progress: Callable[[float], None]) -> Plan:
    """The facts of the song, its new length, and what is sung in it then: new words at its end if that is new.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `source_unreadable`, `nothing_to_extend`,
    `adapter_unknown`, and as finding a checkpoint does.
    """
    if not spec.left_extend_length and not spec.right_extend_length:
        raise EngineError("nothing_to_extend", permanent=True)
    chosen = session.shelf.checkpoint(spec.model_version, "repaint")
    start = opened(order, session.ears, on_progress)
    part = part_of(spec.caption, spec.lyrics, spec.vocal_language, start, order, session.ears)
    lyrics = (start.lyrics, part.words) if spec.right_extend_length else (part.words, start.lyrics)
    made = planned(
        spec, order, start, part, chosen, session, caption=caption_of(order, spec.caption),
        lyrics="\n\n".join(filter(None, lyrics)),
        duration=start.duration + spec.left_extend_length + spec.right_extend_length,
    )  # fmt: skip
    return read(made, chosen, *((text, "repaint") for _, text in _texts(spec, made, order, start.duration)))


def render(spec: Extend, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    chosen = session.shelf.checkpoint(spec.model_version, "repaint")
    sink.progress(0.0)
    song = sound_of(given(order))
    *first, last = _ends(spec, plan, order, song, chosen.checkpoint)
    before, after = (round(seconds * RATE) for seconds in (spec.left_extend_length, spec.right_extend_length))
    total = before + song.shape[1] + after
    begun = sum(end.source.shape[1] for end in first) / sum(end.source.shape[1] for end in (*first, last))

    def so_far(share: float) -> None:
        sink.progress(begun * share)

    led: dict[int, Audio] = {}
    for end in first:
        for number, audio in session.player.play(chosen.checkpoint, _wish(spec, plan, end, chosen, session), so_far):
            # The song itself is made only once the other end is there.
            led[number] = end.new(audio).copy()

    def finish(number: int, audio: Audio) -> Audio:
        made = spliced(last.source, last.new(audio), last.part)
        for end in first:
            made = np.concatenate((np.zeros((2, before), np.float32), made), axis=1)
            made = spliced(made, led.pop(number), Window(end.part.start, end.part.end, total))
        return made

    wish = _wish(spec, plan, last, chosen, session)
    handed_over(wish, plan, chosen, order, sink, session, finish=finish, begun=begun)


def _wish(spec: Extend, plan: Plan, end: End, chosen: Chosen, session: Session) -> Wish:
    return Wish(
        task="repaint",
        text=end.text,
        sampling=facts.sampling(spec, chosen.checkpoint),
        starts=starts_of(plan),
        seconds=end.source.shape[1] / RATE,
        source=end.source,
        region=made_anew(end.part, chosen.checkpoint),
        adapter=facts.adapter(spec, session),
    )


def _ends(spec: Extend, plan: Plan, order: Order, song: Audio, checkpoint: Checkpoint) -> Iterator[End]:
    """The ends that are new, the beginning first."""
    begin, stop = music_in(song)
    length, edge = song.shape[1] / RATE, inset(checkpoint)
    for at_end, text in _texts(spec, plan, order, length):
        if at_end:
            source = np.pad(song, ((0, 0), (0, round(spec.right_extend_length * RATE))))
            # The last sound that stays goes over into the model's own of it just before new music begins.
            part = window(max(0.0, stop - edge), source.shape[1] / RATE, source.shape[1])
        else:
            source = np.pad(song, ((0, 0), (round(spec.left_extend_length * RATE), 0)))
            part = window(0.0, spec.left_extend_length + min(length, max(begin, edge)), source.shape[1])
        yield End(source, part, text)


def _texts(spec: Extend, plan: Plan, order: Order, length: float) -> Iterator[tuple[bool, Text]]:
    """What the model reads for each new end of a song of `length` seconds, the beginning first; and which it is.

    The song's own caption holds on, so it is read after the new one. Where there are no new words nobody sings.
    """
    own = given(order).lyrics
    caption = joined((spec.caption, order.source.caption if order.source is not None else ""))
    left, right = spec.left_extend_length, spec.right_extend_length
    new = plan.lyrics != own
    if left:
        lyrics = plan.lyrics if new and not right else f"{INTRO}\n\n{own or INSTRUMENTAL}"
        yield False, text_of(plan, caption, lyrics=lyrics, seconds=length + left)
    if right:
        lyrics = plan.lyrics if new else "\n\n".join(filter(None, (own, INSTRUMENTAL)))
        yield True, text_of(plan, caption, lyrics=lyrics, seconds=length + right)
