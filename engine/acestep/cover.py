"""The same song in another style: the model follows its music for as much of the way as is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.acestep import facts, songs
from engine.acestep.change import ABOUT
from engine.acestep.latents import RATE
from engine.acestep.session import Session
from engine.acestep.start import Opened, opened, sound_of
from engine.acestep.takes import handed_over
from engine.acestep.wish import Audio, Text
from engine.spec import EngineError, Heard, Notice, Order, Plan, TrackSink
from engine.spec.estimate import sung_lines
from engine.spec.fields import TONICS
from engine.spec.tasks import Cover
from engine.studio import cover
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.theory import keyscale
from engine.studio.edits.draft import in_frame
from engine.studio.given import given


def plan(spec: Cover, order: Order, session: Session, on_progress: Callable[[float], None] = lambda _: None) -> Plan:
    """The source's tempo, key and metre unless others are asked for, the new style, and what is sung.

    Raises `EngineError`, permanent: `nothing_to_sing`, `adapter_unknown`, `checkpoint_wrong_task` where the checkpoint
    can't read a source, as finding it does, and `no_source`, `source_gone`, `source_unreadable`.
    """
    chosen = session.shelf.checkpoint(spec.model_version, "cover")
    facts.adapter(spec, session)
    source = opened(order, session.ears, on_progress)
    brief, vain = brief_of(spec, source, order.seed, session)
    lyrics, told = words_for(spec, source, brief)
    sung = facts.worded(lyrics)
    language = _language(spec, source, lyrics, session) if sung else "unknown"
    own = source.source if not spec.lyrics else None
    made = Plan(
        title=spec.display_name or cover.title_for(spec, source.title, brief, lyrics, language, order.seed),
        caption=spec.caption,
        lyrics=lyrics,
        lyrics_by=((own.lyrics_by if own else None) or "user") if sung else None,
        lyrics_model=own.lyrics_model if own and sung else "",
        instrumental=not sung,
        duration=order.duration,
        bpm=brief.bpm,
        keyscale=keyscale(brief.tonic, brief.minor),
        timesignature=brief.timesignature,
        vocal_language=language,
        genre_preset=brief.style,
        seeds=tuple(order.seed + number for number in range(order.takes)),
        engine=session.name,
        understood=brief.understood,
        heard=source.heard,
    )
    text, cut = facts.fitted(_text(spec, made), "cover", chosen)
    told = [
        *facts.instead(spec, chosen),
        *facts.idle(spec, chosen.checkpoint, facts.sampling(spec, chosen.checkpoint), songs.unsung(made)),
        *told,
        *facts.unlearned(made),
        *_unheard(spec, made),
        *([Notice(code="kept_of_source", params={"words": list(vain)})] if vain else []),
        *cut,
    ]
    return made.model_copy(update={"lyrics": text.lyrics if sung else lyrics, "notices": tuple(told)})


def render(spec: Cover, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    chosen = session.shelf.checkpoint(spec.model_version, "cover")
    text, _ = facts.fitted(_text(spec, plan), "cover", chosen)
    source = as_long(sound_of(given(order)), plan.duration)
    wish = songs.wish_for(spec, plan, text, chosen, session)
    wish = replace(wish, task="cover", source=source, strength=spec.audio_cover_strength)
    handed_over(wish, plan, chosen, sink, session)


def as_long(audio: Audio, seconds: float) -> Audio:
    """The first `seconds` of `audio`; what is shorter begins again, as music does that goes on."""
    size = round(seconds * RATE)
    return np.tile(audio, (1, -(-size // audio.shape[1])))[:, :size]


def brief_of(spec: Cover, source: Opened, seed: int, session: Session) -> tuple[Brief, tuple[str, ...]]:
    """What the cover is to be like, and words of its caption that do nothing: tempo, key and metre are the source's.

    Those that the request itself names win.
    """
    brief = understand(
        spec.caption, vocabulary=session.ears.vocabulary, genre_preset=None, bpm=spec.bpm, keyscale=spec.keyscale,
        timesignature=spec.timesignature, instrumental=False, seed=seed,
    )  # fmt: skip
    tonic, _, mode = source.keyscale.partition(" ")
    told = spec.bpm is not None or _pulseless(source.heard)
    frame = replace(
        brief,
        bpm=brief.bpm if told else source.bpm,
        tonic=brief.tonic if spec.keyscale is not None else TONICS[tonic],
        minor=brief.minor if spec.keyscale is not None else mode == "Minor",
        timesignature=spec.timesignature or source.timesignature,
    )
    return in_frame(brief, frame)


def words_for(spec: Cover, source: Opened, brief: Brief) -> tuple[str, list[Notice]]:
    """What is sung: new words, or those of the source where they are known; tags alone ask for none.

    Raises `EngineError`, permanent: `nothing_to_sing`.
    """
    if spec.lyrics and not facts.worded(spec.lyrics):
        if sung_lines(spec.lyrics):
            raise EngineError("nothing_to_sing", permanent=True)
        return spec.lyrics, []
    lyrics = spec.lyrics or source.lyrics
    if brief.instrumental:
        return "", [Notice(code="lyrics_ignored")] if spec.lyrics else []
    unknown = not lyrics and source.source is None
    return lyrics, [Notice(code="words_not_known")] if unknown else []


def _language(spec: Cover, source: Opened, lyrics: str, session: Session) -> str:
    asked = spec.vocal_language if spec.lyrics or spec.vocal_language != "unknown" else source.language
    return session.ears.language_of(lyrics, asked)


def _pulseless(heard: Heard | None) -> bool:
    return heard is not None and heard.confidence["bpm"] < cover.NOTHING


def _rough(spec: Cover, heard: Heard | None) -> list[str]:
    """What was only guessed of a recording, and nobody has said."""
    if heard is None:
        return []
    sure = {name: heard.confidence[name] for name in ABOUT if getattr(spec, name) is None}
    return [name for name, confidence in sure.items() if confidence < cover.ROUGH]


def _unheard(spec: Cover, plan: Plan) -> list[Notice]:
    rough = _rough(spec, plan.heard)
    told = []
    if "bpm" in rough and _pulseless(plan.heard):
        rough.remove("bpm")
        told.append(Notice(code="tempo_not_heard"))
    parts = [ABOUT[name] for name in rough]
    return [*told, Notice(code="heard_roughly", params={"parts": parts})] if parts else told


def _text(spec: Cover, plan: Plan) -> Text:
    """What was only guessed the model had better hear for itself; a tempo that replaces none that was heard is told."""
    words = [songs.INSTRUMENTAL] if plan.instrumental and "voice" not in plan.understood else []
    text, rough = facts.text_of(plan, songs.joined(words, plan.caption)), _rough(spec, plan.heard)
    return replace(
        text,
        bpm=None if "bpm" in rough and not _pulseless(plan.heard) else text.bpm,
        keyscale="" if "keyscale" in rough else text.keyscale,
        timesignature="" if "timesignature" in rough else text.timesignature,
    )
