"""A new song from a caption and, if there are any, lyrics: understood by the house, made by the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from engine.acestep import facts
from engine.acestep.session import Session
from engine.acestep.shelf import Chosen
from engine.acestep.takes import each_handed_over
from engine.acestep.wish import Audio, Start, Text, Wish
from engine.spec import Generation, Order, Plan, TrackSink
from engine.spec.tasks import Captioned, Lyric2Vocals, Sung, Text2Rap
from engine.studio import songs
from engine.studio.compose.brief import Brief
from engine.studio.compose.theory import keyscale
from engine.studio.understanding.genre import NEUTRAL

ALONE, RAP, INSTRUMENTAL = "a cappella", "rap", "instrumental"
# How those who sing alone are told to the model.
SINGERS = {"female": "solo female vocals", "male": "solo male vocals", "choir": "choir"}
DUET = "male and female duet"


def plan(spec: Captioned, order: Order, session: Session) -> Plan:
    """Understand the caption, and settle tempo, key and metre; the words are sung as they are.

    Raises `EngineError`, permanent: `nothing_to_sing`, `adapter_unknown`, and as finding a checkpoint does.
    """
    chosen = session.shelf.checkpoint(spec.model_version, "text2music")
    facts.adapter(spec, session)
    brief = songs.brief_of(spec, order.seed, session.ears)
    made = songs.settled(spec, order, brief, session.ears).model_copy(update={"engine": session.name})
    text, cut = facts.fitted(_text(spec, made, brief), "text2music", chosen)
    told = [
        *facts.instead(spec, chosen),
        *facts.idle(spec, chosen.checkpoint, facts.sampling(spec, chosen.checkpoint), unsung(made)),
        *made.notices,
        *facts.unlearned(made),
        *cut,
    ]
    return made.model_copy(update={"lyrics": made.lyrics if made.instrumental else text.lyrics, "notices": tuple(told)})


def render(spec: Captioned, plan: Plan, sink: TrackSink, session: Session, reference: Audio | None = None) -> None:
    """Render one take for each seed of `plan`, like `reference` where there is one.

    What chance decides of a take is its own seed's, so that it can be had again by that alone.
    """
    chosen = session.shelf.checkpoint(spec.model_version, "text2music")
    wishes = []
    for seed in plan.seeds:
        brief = songs.brief_of(spec, seed, session.ears)
        frame = {"bpm": brief.bpm, "keyscale": keyscale(brief.tonic, brief.minor), "timesignature": brief.timesignature}
        own = plan.model_copy(update={**frame, "seeds": (seed,)})
        text, _ = facts.fitted(_text(spec, own, brief), "text2music", chosen)
        wishes.append(wish_for(spec, own, text, chosen, session, reference))
    each_handed_over(together(wishes), plan, chosen, sink, session)


def together(wishes: Sequence[Wish]) -> list[Wish]:
    """Neighbours among `wishes` that differ in nothing but their noise as one, for these are made at once."""
    made: list[Wish] = []
    for wish in wishes:
        if made and replace(wish, starts=()) == replace(made[-1], starts=()):
            made[-1] = replace(wish, starts=(*made[-1].starts, *wish.starts))
        else:
            made.append(wish)
    return made


def wish_for(
    spec: Generation, plan: Plan, text: Text, chosen: Chosen, session: Session, reference: Audio | None = None
) -> Wish:
    """What the model is asked for: new music as long as `text` says, a take for each seed of `plan`."""
    return Wish(
        task="text2music",
        text=text,
        sampling=facts.sampling(spec, chosen.checkpoint),
        starts=tuple(Start(seed) for seed in plan.seeds),
        seconds=text.seconds,
        reference=reference,
        adapter=facts.adapter(spec, session),
    )


def unsung(plan: Plan) -> tuple[str, ...]:
    """What has no effect where nobody sings."""
    return ("vocal_language",) if plan.instrumental else ()


def _text(spec: Captioned, plan: Plan, brief: Brief) -> Text:
    return facts.text_of(plan, caption_for(spec, plan, brief))


def caption_for(spec: Captioned, plan: Plan, brief: Brief) -> str:
    """The caption as it was given, and what the request says besides, in the words of captions."""
    return joined([*_kind(spec, plan, brief), *genre_words(spec, brief)], spec.caption)


def joined(words: list[str], caption: str) -> str:
    """`words` that `caption` doesn't have, and then the caption itself."""
    missing = [word for word in dict.fromkeys(words) if not has(caption, word)]
    return ", ".join([*missing, caption] if caption else missing)


def has(caption: str, word: str) -> bool:
    """Whether `word` stands in `caption`: "rap" does not in "trap"."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", caption, re.IGNORECASE) is not None


def genre_words(spec: Captioned, brief: Brief) -> list[str]:
    """The genre that was asked for, with all that is said of it where the caption says nothing at all.

    One that was only guessed stays out of it: the model reads the caption itself. Who asks for a rap gets the genre
    that was found for it.
    """
    asked = spec.genre_preset or (brief.style if isinstance(spec, Text2Rap) and "genre" not in brief.understood else "")
    if not asked or asked == NEUTRAL:
        return []
    return [asked.lower()] if spec.caption else [asked.lower(), brief.preset.description.lower()]


def _kind(spec: Captioned, plan: Plan, brief: Brief) -> list[str]:
    """What the task asks for, and who sings where the caption is empty."""
    if isinstance(spec, Lyric2Vocals):
        return [ALONE, DUET if brief.duet else SINGERS[brief.voice]]
    rap = [RAP] if isinstance(spec, Text2Rap) and not plan.instrumental else []
    if plan.instrumental:
        # Where nobody asked for silent voices, a caption that names one knows better what is to be heard of it.
        asked = spec.instrumental if isinstance(spec, Sung) else True
        return [INSTRUMENTAL] if asked or "voice" not in brief.understood else []
    return rap if spec.caption else [*rap, f"{brief.voice} vocals"]
