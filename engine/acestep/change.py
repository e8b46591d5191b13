"""What edits of a song that is there have in common: what of it stays, what people are told, and how takes come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.acestep import facts
from engine.acestep.checkpoint import ModelTask
from engine.acestep.lyrics import INSTRUMENTAL, mostly
from engine.acestep.session import Session
from engine.acestep.sheet import sheet
from engine.acestep.shelf import Chosen
from engine.acestep.start import Opened
from engine.acestep.takes import kept_of, take_of
from engine.acestep.wish import Audio, Start, Text, Wish
from engine.spec import Notice, Order, Plan, TrackSink
from engine.spec.plan import Writer
from engine.spec.protocol import LineTime
from engine.spec.tasks import Edit, Extend, Repaint
from engine.studio import notices
from engine.studio import session as studio
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.edits.draft import seeds_of, understood
from engine.studio.outside.told import ROUGH
from engine.studio.stems import picture_of, timed_words

# What of a recording the model is told, unless it was made out roughly.
ABOUT = {"bpm": "tempo", "timesignature": "metre", "keyscale": "key"}


@dataclass(frozen=True)
class Part:
    """The new part of a song as it was asked for: `brief` is what its caption means; `vain` words of that do nothing.

    `words` are to be sung in it, in `language`; "" leaves the song its own.
    """

    brief: Brief
    vain: tuple[str, ...]
    words: str
    language: str
    told: tuple[Notice, ...] = ()


def part_of(caption: str, lyrics: str, language: str, start: Opened, order: Order, ears: studio.Session) -> Part:
    """What `caption` makes of a part of the song, and what of `lyrics` is sung in it.

    The song's tempo, key and metre stay. A caption that wants nobody to sing wins over words.
    """
    song = understand(
        start.caption, vocabulary=ears.vocabulary, genre_preset=None, bpm=None, keyscale=start.keyscale,
        timesignature=start.timesignature, instrumental=False, seed=order.seed,
    )  # fmt: skip
    brief, vain = understood(caption, replace(song, bpm=start.bpm), ears, order.seed)
    asked = facts.worded(lyrics)
    if brief.instrumental:
        told = (Notice(code="lyrics_ignored"),) if asked else ()
        return Part(brief, vain, INSTRUMENTAL if start.lyrics else "", start.language, told)
    if asked:
        language = ears.language_of(lyrics, language, "en" if start.language == "unknown" else start.language)
    return Part(brief, vain, lyrics, language if asked else start.language)


def timed(start: Opened) -> tuple[LineTime, ...]:
    """When the words of the song are sung, where that is known. Raises `EngineError` (`source_gone`)."""
    return timed_words(start.source) if start.source is not None else ()


def planned(
    spec: Repaint | Extend | Edit, order: Order, start: Opened, part: Part, chosen: Chosen, session: Session, *,
    caption: str, lyrics: str, duration: float, idle: Sequence[str] = (),
) -> Plan:  # fmt: skip
    """The facts of the song that comes out: those of the one that is there, but for `caption`, words and length.

    Parameters in `idle` change nothing. Raises `EngineError`, permanent: `adapter_unknown`.
    """
    facts.adapter(spec, session)
    source, heard = start.source, start.heard
    rough = [what for name, what in ABOUT.items() if heard is not None and heard.confidence[name] < ROUGH]
    # Words that are sung already keep their language.
    stays = notices.SETTLED if facts.worded(part.words) else (*notices.SETTLED, "vocal_language")
    sampling = facts.sampling(spec, chosen.checkpoint)
    told = [
        *facts.instead(spec, chosen),
        *facts.idle(spec, chosen.checkpoint, sampling, idle),
        *notices.settled(spec, stays),
        *([Notice(code="kept_of_parent", params={"words": list(part.vain)})] if part.vain else []),
        *part.told,
        *([Notice(code="heard_roughly", params={"parts": rough})] if rough else []),
    ]
    by, model = _written_by(start, part, lyrics)
    made = Plan(
        title=spec.display_name or start.title,
        caption=caption,
        lyrics=lyrics,
        lyrics_by=by,
        lyrics_model=model,
        instrumental=not facts.worded(lyrics) and not start.sings,
        duration=round(duration, 6),
        bpm=round(start.bpm, 2),
        keyscale=start.keyscale,
        timesignature=start.timesignature,
        vocal_language=part.language if facts.worded(lyrics) else "unknown",
        genre_preset=source.genre_preset if source is not None else None,
        seeds=seeds_of(order),
        engine=session.name,
        understood=part.brief.understood,
        heard=heard,
    )
    return made.model_copy(update={"notices": (*told, *facts.unlearned(made))})


def read(plan: Plan, chosen: Chosen, *wishes: tuple[Text, ModelTask]) -> Plan:
    """`plan`, with what of texts the model will not read told once."""
    told = list(plan.notices)
    for text, task in wishes:
        told += (notice for notice in facts.fitted(text, task, chosen)[1] if notice not in told)
    return plan.model_copy(update={"notices": tuple(told)})


def text_of(plan: Plan, caption: str, *, lyrics: str | None = None, seconds: float | None = None) -> Text:
    """What the model reads of the song; what was only guessed of a recording it had better hear for itself."""
    text = facts.text_of(plan, caption, seconds=seconds)
    sure = plan.heard.confidence if plan.heard is not None else {}
    return replace(
        text,
        lyrics=sheet(lyrics) if lyrics else text.lyrics,
        bpm=text.bpm if sure.get("bpm", 1.0) >= ROUGH else None,
        keyscale=text.keyscale if sure.get("keyscale", 1.0) >= ROUGH else "",
        timesignature=text.timesignature if sure.get("timesignature", 1.0) >= ROUGH else "",
    )


def starts_of(plan: Plan) -> tuple[Start, ...]:
    """The noise of each take."""
    return tuple(Start(seed) for seed in plan.seeds)


def handed_over(
    wish: Wish, plan: Plan, chosen: Chosen, order: Order, sink: TrackSink, session: Session, *,
    finish: Callable[[int, Audio], Audio], begun: float = 0.0,
) -> None:  # fmt: skip
    """Every take of `plan`: `finish` gets its number and what the model made. So much of the work was done before."""
    picture = picture_of(order.source) if order.source is not None else None

    def so_far(share: float) -> None:
        sink.progress(begun + (1 - begun) * share)

    for number, audio in session.player.play(chosen.checkpoint, wish, so_far):
        take = take_of(number, plan, finish(number, audio), kept_of(wish, number, chosen))
        sink.take(replace(take, picture=picture))


def _written_by(start: Opened, part: Part, lyrics: str) -> tuple[Writer | None, str]:
    """Who wrote most of the words, and which model; new ones are whoever asks for them."""
    if not facts.worded(lyrics):
        return None, ""
    if start.source is None or mostly(part.words, lyrics):
        return "user", ""
    return start.source.lyrics_by or "user", start.source.lyrics_model


def joined(captions: Sequence[str]) -> str:
    """Several captions as one, each once."""
    made: list[str] = []
    for caption in captions:
        if caption and not any(caption.casefold() in other.casefold() for other in made):
            made.append(caption)
    return ", ".join(made)
