"""A whole song from one sentence: words are written for it, and then it is a song like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from engine.spec import EngineError, Generation, Notice, Order, Plan, TrackSink
from engine.spec.fields import BEATS_PER_BAR
from engine.spec.languages import LANGUAGES
from engine.spec.tasks import Simple, Sung, Text2Music, Text2Rap
from engine.studio import songs
from engine.studio.compose.brief import Brief
from engine.studio.session import Session
from engine.studio.understanding.reading import Reading
from engine.studio.writer import built_in, prompt
from engine.studio.writer.answer import lyrics_of
from engine.studio.writer.asking import asking
from engine.studio.writer.author import Author, Unwritten, ask
from engine.studio.writer.outline import Section, outline
from engine.studio.writer.places import Text
from engine.studio.writer.query import Subject, parted, spoken, subjects, wished_language
from engine.studio.writer.words import languages

# What is written where nobody knows the language that somebody seems to have asked in.
INSTEAD = "en"
# What was heard, as a caption puts it.
CAPTION = ("genre", "era", "mood", "tempo", "key", "metre", "voice", "instruments", "production")
TRIES = 2
# "dell'amore"
MOST_ELIDED = 4

# Whether there is anything in lyrics, in a language, that can be sung here.
Singable = Callable[[str, str], bool]


@dataclass(frozen=True)
class Wish:
    """What the words are to be: `text` is the sentence, in the language `asked_in`; the words shall be in `language`.

    `meant`: somebody named that language.
    """

    text: str
    asked_in: str
    language: str
    meant: bool
    about: tuple[Subject, ...]
    moods: tuple[str, ...]
    sections: tuple[Section, ...]
    rap: bool


@dataclass(frozen=True)
class Words:
    """What was written, in `language`, by the `model` or, where that is "", by the built-in writer."""

    lyrics: str
    title: str
    language: str
    model: str = ""
    told: tuple[Notice, ...] = ()


def wants_words(spec: Generation) -> bool:
    """Whether somebody asked for words with the options of a song ("Planner writes the lyrics")."""
    return isinstance(spec, Sung) and spec.use_cot_lyrics and not spec.lyrics and not spec.instrumental


def plan(spec: Simple | Sung, order: Order, session: Session, author: Author | None) -> Plan:
    """A song's plan, its words written by `author` where there is one, else by the built-in writer.

    Words that somebody pasted into the sentence are sung. Raises `EngineError` as a song does, and `no_writer`
    (language, known) where words are wanted in a language that nobody here writes.
    """
    song = song_of(spec, order.seed, session)
    brief = songs.brief_of(song, order.seed, session)
    if song.lyrics or brief.instrumental:
        return captioned(spec, song, songs.plan(song, order, session))
    if (reason := session.silent_because()) is not None:
        silent = songs.plan(song, order, session)
        kept = (notice for notice in silent.notices if notice.code != "nothing_to_rap")
        told = (*kept, Notice(code="no_voice", params={"reason": reason}))
        return captioned(spec, song, silent.model_copy(update={"notices": told}))
    wish = wish_of(spec, song, brief, order, session)
    words = written(wish, author, order.seed, partial(_singable, session))
    made = songs.plan(worded(song, words), order, session)
    told = (*(note for notice in made.notices if (note := _still_true(notice, wish, session))), *words.told)
    return captioned(spec, song, made.model_copy(update={**by(words), "notices": told}))


def render(spec: Simple | Sung, plan: Plan, sink: TrackSink, session: Session) -> None:
    """Render every take of `plan`, which has the words."""
    songs.render(song_of(spec, plan.seeds[0], session), plan, sink, session)


def song_of(spec: Simple | Sung, seed: int, session: Session) -> Sung:
    """The song that is wished for, with the words that stand in the wish itself, if any do."""
    if isinstance(spec, Sung):
        return spec.model_copy(update={"use_cot_lyrics": False})
    wish, pasted = parted(spec.query)
    named, caption = wished_language(wish)
    shared = {name: getattr(spec, name) for name in Generation.model_fields if name != "task"}
    if spec.vocal_language == "unknown" and named is not None:
        shared["vocal_language"] = named
    caption = caption or ("" if pasted else spec.query)
    song = Text2Music(caption=caption, lyrics=pasted, instrumental=spec.instrumental, **shared)
    if songs.brief_of(song, seed, session).rap:
        return Text2Rap(**song.model_dump(exclude={"task"}))
    return song


def wish_of(spec: Simple | Sung, song: Sung, brief: Brief, order: Order, session: Session) -> Wish:
    """What the words of `song`, which is to be like `brief`, shall be."""
    text = parted(spec.query)[0] if isinstance(spec, Simple) else spec.caption
    named, rest = wished_language(text)
    asked_in = spoken(rest, session.language_of(rest, "unknown"))
    given = None if spec.vocal_language == "unknown" else spec.vocal_language
    reading = Reading(song.caption, session.vocabulary)
    bar_s = 60.0 / brief.bpm * BEATS_PER_BAR[brief.timesignature]
    return Wish(
        text=text,
        asked_in=asked_in,
        language=given or named or asked_in,
        meant=(given or named) is not None,
        about=subjects(rest, asked_in, heard=brief.understood, grammar=session.vocabulary.grammar),
        moods=tuple(_moods(reading)),
        sections=outline(order.duration, bar_s, rap=brief.rap),
        rap=brief.rap,
    )


def _moods(reading: Reading) -> Iterator[str]:
    """Names of the moods that a caption asks for, in its order."""
    known = reading.vocabulary
    for found in reading.find(known.moods, everywhere=True):
        if reading.weight(found) > 0:
            yield next(name for name, mood in known.words.moods.items() if mood is known.moods[found.phrase])


def worded(song: Sung, words: Words) -> Sung:
    """`song` with `words`, whose title it has unless it was given one."""
    given = {"lyrics": words.lyrics, "display_name": song.display_name or words.title or None}
    return song.model_copy(update={**given, "vocal_language": words.language})


def by(words: Words) -> dict[str, str]:
    """Who wrote `words`, as a plan says it."""
    return {"lyrics_by": "model" if words.model else "engine", "lyrics_model": words.model}


def written(wish: Wish, author: Author | None, seed: int, singable: Singable) -> Words:
    """Words by `author`, by the built-in writer where there is none or it fails. Raises `EngineError`: `no_writer`."""
    told: tuple[Notice, ...] = ()
    if author is not None:
        try:
            return _by_model(wish, author, seed, singable)
        except Unwritten as failure:
            told = (Notice(code="lyrics_writer_failed", params={"model": author.model, "reason": failure.reason}),)
    language = wish.language
    if language not in languages():
        # Somebody who named a language wants no other; somebody who only wrote in it wants a song.
        if wish.meant:
            known = [LANGUAGES[each] for each in languages()]
            raise EngineError(
                "no_writer", permanent=author is None, language=LANGUAGES.get(language, language), known=sorted(known)
            )
        language = INSTEAD
    words = built_in.write(wish.about, wish.moods, wish.sections, asked_in=wish.asked_in, language=language, seed=seed)
    unsung = {"words": list(words.unsung)} if words.unsung else {}
    if language != wish.language:
        asked = LANGUAGES.get(wish.language, wish.language)
        told += (Notice(code="written_in", params={"language": LANGUAGES[language], "asked": asked, **unsung}),)
    elif unsung:
        told += (Notice(code="topic_unsung", params=unsung),)
    return Words(words.lyrics, words.title, language, told=told)


def _by_model(wish: Wish, author: Author, seed: int, singable: Singable) -> Words:
    """Words of the model's that can be sung. It gets another try where that may help. Raises `Unwritten`."""
    messages = prompt.messages(wish.text, wish.language, wish.sections, rap=wish.rap)
    end = time.monotonic() + author.budget_s
    for number in range(TRIES):
        try:
            content = ask(author, messages, seed + number, min(author.patience_s, end - time.monotonic()))
            title, lyrics = _read(content, wish.language, singable)
            return Words(lyrics, title, wish.language, model=author.model)
        except Unwritten as failure:
            if not failure.again or number == TRIES - 1 or end - time.monotonic() < 1.0:
                raise
    raise AssertionError("unreachable")


def _read(content: str, language: str, singable: Singable) -> tuple[str, str]:
    """(title, lyrics) of an answer that the voice can sing."""
    try:
        title, lyrics = lyrics_of(content)
    except ValueError:
        raise Unwritten("its answer held no lyrics", again=True) from None
    if not singable(lyrics, language):
        raise Unwritten("its words could not be sung", again=True)
    return title, lyrics


def _singable(session: Session, lyrics: str, language: str) -> bool:
    """Whether the house's own voice can sing any of it."""
    try:
        return any(line.syllables for line in session.read(lyrics, language))
    except EngineError:
        return False


def captioned(spec: Simple | Sung, song: Sung, made: Plan) -> Plan:
    """The plan of a wish has what was heard of its sound for a caption, if anything was; a song's has the song's."""
    if isinstance(spec, Sung):
        return made
    heard = [word for kind in CAPTION for word in made.understood.get(kind, ())]
    genre = [] if "genre" in made.understood or made.genre_preset in (None, "Custom") else [str(made.genre_preset)]
    caption = ", ".join(dict.fromkeys((*genre, *heard)))
    return made.model_copy(update={"caption": caption or song.caption})


def _still_true(notice: Notice, wish: Wish, session: Session) -> Notice | None:
    """`notice`, without the words that a caption need not understand because the lyrics are about them."""
    if notice.code != "not_understood":
        return notice
    # Of a language that the vocabulary doesn't have, all words would stand here.
    if not any(wish.asked_in in mood.words for mood in session.vocabulary.words.moods.values()):
        return None
    known = asking(wish.asked_in)
    quiet = (*known.songs, *known.about, *known.about_after, *known.joins, *known.articles, *known.mine)
    said = Text(" ".join((*(subject.words for subject in wish.about), *quiet)))
    words = [word for word in notice.params["words"] if not said.has(_without_article(word))]
    return Notice(code=notice.code, params={"words": words}) if words else None


def _without_article(word: str) -> str:
    """What an elided article stands before: "amore" of "d'amore"."""
    article, _, rest = word.replace("’", "'").partition("'")
    return rest if len(article) <= MOST_ELIDED and len(rest) > MOST_ELIDED else word
