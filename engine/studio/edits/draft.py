"""An edit between its plan and its sound: what will be played and sung, and which of the old sound stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.spec import EngineError, Generation, Notice, Order, Plan, Take, TrackSink
from engine.spec.plan import Writer
from engine.spec.protocol import LineTime
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.form import Form
from engine.studio.compose.theory import keyscale
from engine.studio.edits.parent import Parent
from engine.studio.edits.splice import Cut, spliced
from engine.studio.edits.weave import begun, tidy, words_of
from engine.studio.kept import Kept
from engine.studio.score import LyricLine, Score
from engine.studio.session import SUNG_AT, Session
from engine.studio.sound.mix import Mixed, mix
from engine.studio.takes import take_of

# A song as it is kept, its sound, and when its words are sung.
Song = tuple[Kept, Mixed, tuple[LineTime, ...]]


@dataclass(frozen=True)
class Draft:
    """`brief` is what the song as a whole is made from, `part` what the new part is; `cut` is None where all is new.

    `missing` counts lines that were asked for and found no room.
    """

    brief: Brief
    part: Brief
    form: Form
    score: Score
    language: str
    cut: Cut | None
    missing: int = 0


def draft(
    parent: Parent, score: Score, form: Form, *, part: Brief, cut: Cut | None, missing: int = 0,
    brief: Brief | None = None,
) -> Draft:  # fmt: skip
    """A draft whose score and form hold what can be heard, and nothing else. `brief` is the parent's unless given."""
    score, form = tidy(begun(score), form)
    score, language = _spoken(score, parent.kept.language)
    return Draft(brief or parent.kept.brief, part, form, score, language, cut, missing)


def _spoken(score: Score, before: str) -> tuple[Score, str]:
    """`score` and its language: that of most lines, which then name none; `before` is what those meant that did not."""
    each = [line.language or before for line in score.lines]
    [(song, _)] = Counter(each).most_common(1) or [("unknown", 0)]
    pairs = zip(score.lines, each, strict=True)
    lines = tuple(replace(line, language="" if own == song else own) for line, own in pairs)
    return replace(score, lines=lines), song


def finished(made: Draft, parent: Parent, session: Session, on_progress: Callable[[float], None]) -> Song:
    """`made` as sound."""
    if made.cut is None:
        score = made.score
        voices = session.sing(score, made.part, made.language, lead=score.voice, backing=score.backing)
        begun = SUNG_AT if voices.audio else 0.0
        on_progress(begun)
        mixed = mix(
            score,
            made.part.preset,
            voices.audio,
            lambda share: on_progress(begun + (1 - begun) * share),
            tones=session.tones,
            like=parent.kept.desk.character,
        )
        lines = voices.lines
    else:
        mixed, lines = spliced(parent, made.score, made.part, made.language, made.cut, session, on_progress)
    return Kept(made.brief, made.form, made.score, made.language, mixed.desk, lines), mixed, lines


def planned(
    spec: Generation, parent: Parent, made: Draft, session: Session, *, caption: str,
    seeds: Sequence[int], told: Sequence[Notice] = (),
) -> Plan:  # fmt: skip
    """The facts of the song that `made` will be."""
    score = made.score
    told = [*told]
    if made.missing:
        told.append(Notice(code="lines_left_out", params={"count": made.missing}))
    lyrics_by, lyrics_model = _written_by(score, parent)
    return Plan(
        title=spec.display_name or parent.source.title,
        caption=caption,
        lyrics=words_of(score, made.form) if score.voice else "",
        lyrics_by=lyrics_by,
        lyrics_model=lyrics_model,
        instrumental=not score.voice,
        duration=round(score.duration, 6),
        bpm=score.bpm,
        keyscale=keyscale(score.tonic, score.minor),
        timesignature=score.timesignature,
        vocal_language=made.language,
        genre_preset=made.brief.style,
        seeds=tuple(seeds),
        engine=session.name,
        understood=made.part.understood if caption else {},
        notices=tuple(told),
    )


def _written_by(score: Score, parent: Parent) -> tuple[Writer | None, str]:
    """Who wrote most of the lines that are sung, and which model; new words are whoever asks for the edit's."""
    if not score.voice:
        return None, ""
    before = {line.text for line in parent.score.lines}
    kept = sum(score.lines[line.line].text in before for line in score.voice)
    if 2 * kept < len(score.voice):
        return "user", ""
    return parent.source.lyrics_by or "user", parent.source.lyrics_model


def handed_over(
    plan: Plan, sink: TrackSink, make: Callable[[int, Callable[[float], None]], Song], picture: bytes | None = None
) -> None:
    """Every take of `plan`: `make` gets a seed and whom to tell how far it has come."""
    for number, seed in enumerate(plan.seeds):

        def progress(share: float, done: int = number) -> None:
            sink.progress((done + share) / len(plan.seeds))

        progress(0.0)
        kept, mixed, lines = make(seed, progress)
        progress(1.0)
        titled = replace(kept, score=replace(kept.score, title=plan.title))
        take: Take = take_of(number + 1, seed, titled, mixed, lines)
        sink.take(replace(take, picture=picture))


def understood(caption: str, parent: Brief, session: Session, seed: int) -> tuple[Brief, tuple[str, ...]]:
    """What `caption` makes of a song like `parent`, and its words that do nothing: tempo, key and metre stay.

    So does the voice unless one is named. It is `instrumental` where the caption itself wants nobody to sing.
    """
    brief = understand(
        caption, vocabulary=session.vocabulary, genre_preset=None, bpm=None, keyscale=None, timesignature=None,
        instrumental=False, seed=seed, parent=replace(parent, instrumental=False),
    )  # fmt: skip
    return in_frame(brief, parent)


def in_frame(brief: Brief, song: Brief) -> tuple[Brief, tuple[str, ...]]:
    """`brief` with tempo, key, metre and, unless one is named, the voice of `song`; and the words that do nothing."""
    kept = {
        "tempo": brief.bpm != song.bpm,
        "key": (brief.tonic, brief.minor) != (song.tonic, song.minor),
        "metre": brief.timesignature != song.timesignature,
    }
    heard = {kind: words for kind, words in brief.understood.items() if not kept.get(kind)}
    elsewhere = {word for words in heard.values() for word in words}
    # a ballad is slow too, but a waltz in four is none
    idle = [
        word
        for kind, differs in kept.items()
        for word in brief.understood.get(kind, ())
        if differs and (kind == "metre" or word not in elsewhere)
    ]
    brief = replace(
        brief, bpm=song.bpm, tonic=song.tonic, minor=song.minor, timesignature=song.timesignature,
        voice=brief.voice if brief.understood.get("voice") else song.voice, understood=heard,
    )  # fmt: skip
    return brief, tuple(dict.fromkeys(idle))


def read_words(
    lyrics: str, asked: str, parent: Parent, part: Brief | None, session: Session, told: list[Notice]
) -> tuple[LyricLine, ...]:
    """The lines of `lyrics` that can be sung in an edit of `parent`, as `words_in`."""
    return words_in(lyrics, asked, parent.kept.language, part, session, told)


def words_in(
    lyrics: str, asked: str, before: str, part: Brief | None, session: Session, told: list[Notice]
) -> tuple[LyricLine, ...]:
    """The lines of `lyrics` that can be sung; none, with a notice, where nobody can or, in a new `part`, shall sing.

    `asked` is their language, or "unknown": the one they are in, and where they hardly say the one sung `before`.
    Raises `EngineError`, permanent: `lyrics_unreadable`, and `nothing_to_sing` where none of them has words.
    """
    if not lyrics:
        return ()
    if part is not None and part.instrumental:
        told.append(Notice(code="lyrics_ignored"))
        return ()
    if (reason := session.silent_because()) is not None:
        told.append(Notice(code="no_voice", params={"reason": reason}))
        return ()
    language = session.language_of(lyrics, asked, "en" if before == "unknown" else before)
    lines = tuple(replace(line, language=language) for line in session.read(lyrics, language) if line.syllables)
    if not lines:
        raise EngineError("nothing_to_sing", permanent=True)
    return lines


def seeds_of(order: Order, given: Sequence[int] = ()) -> tuple[int, ...]:
    """One seed a take: those `given` first, then such as follow the order's."""
    return tuple(
        given[number] if number < len(given) else order.seed + number for number in range(max(order.takes, len(given)))
    )
