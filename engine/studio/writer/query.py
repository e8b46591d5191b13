"""What somebody wants a song to be about, read from one sentence in any language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.studio.compose import tags
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.understanding.text import STOPS
from engine.studio.writer.asking import Asking, asking, languages_asked_in, named_language
from engine.studio.writer.places import Span, Text, is_unspaced
from engine.studio.writer.words import languages, topics, words

# What is sung as somebody wrote it: longer than this, it is a sentence and no name of a thing.
MOST_WORDS, MOST_LETTERS, MOST_UNSPACED = 5, 40, 12
# More lines than this are a text to sing and not a wish.
WISH_LINES = 3

_TAG = re.compile(r"[ \t]*\[([^\]\n]{2,40})\][ \t]*")
LINK = re.compile(r"https?://\S+|www\.\S+|<[@#!&:/][^>]*>|(?<!\w)@\w+")
_MARKUP = re.compile(r"[*_~`|#<>\\\"“”„«»「」『』()\[\]{}]")
_SIGNS = frozenset(" '’-.&")
# How far a word may go on after what it has to begin with: an ending, but not another word ("Regenschirm").
ENDING = 6


@dataclass(frozen=True)
class Subject:
    """Something to sing about: somebody's own `words`, the `topic` that stands in them, a `name` among them.

    `plain`: the topic is all there is to it. `person`: it is no thing, but "you" or "us".
    `grave`: a death, a war: it can't be named lightly.
    """

    words: str
    topic: str | None = None
    plain: bool = False
    name: str = ""
    person: bool = False
    grave: bool = False


def parted(written: str) -> tuple[str, str]:
    """(what is wished, lyrics that somebody pasted below it) without links and mentions; either may be empty."""
    written = LINK.sub(" ", written)
    tagged = any(_is_tag(tag) for tag in _TAG.findall(written))
    text = _TAG.sub(lambda tag: f"\n[{tag[1]}]\n" if _is_tag(tag[1]) else tag[0], written)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not tagged and len(lines) <= WISH_LINES:
        return " ".join(written.split()), ""
    begun = next((at for at, line in enumerate(lines) if _TAG.fullmatch(line)), int(lines[0].endswith(":")))
    lyrics = "\n".join(lines[begun:])
    # Tags alone are no words to sing, and say nothing of a sound either.
    sung = any(line for _, line in parse_lyrics(lyrics))
    return " ".join(lines[:begun]), lyrics if sung else ""


def wished_language(wish: str) -> tuple[str | None, str]:
    """(the language that `wish` wants its words in, `wish` without saying so)."""
    text = Text(wish)
    found = named_language(text)
    if found is None:
        return None, wish
    language, span = found
    said = wish[span.start : span.end].split()
    # A French song is a song.
    kept = said[-1:] if Text(said[-1]).find(asking("en").songs) else []
    return language, " ".join((*wish[: span.start].split(), *kept, *wish[span.end :].split()))


def subjects(
    wish: str, language: str, *, heard: Mapping[str, Collection[str]], grammar: Mapping[str, Collection[str]]
) -> tuple[Subject, ...]:
    """What `wish`, a sentence in `language`, is about, first what it names first.

    `heard` are its words that say how it sounds, by kind; a mood may be a subject too (a party is both). `grammar` has
    words after which no topic goes on (`topic_ends`: "with"), and words that say nothing (`fillers`).
    """
    text = Text(_MARKUP.sub(" ", wish))
    known, ends = asking(language), grammar["topic_ends"]
    place = _about(text, known, ends, [word for each in heard.values() for word in each])
    if place is None and not any(heard.values()) and not text.find(known.songs):
        quiet = Text(text.without(*text.find(grammar["fillers"])))
        place = Span(0, len(text.written)) if any(map(str.isalpha, quiet.written)) else None
    if place is None:
        # "a happy tune, my cat Milo"
        mine = text.find(known.mine)[:1]
        place = Span(mine[0].start, _stop(text, mine[0].end, ends)) if mine else None
    if place is not None:
        parts = _parts(Text(text.written[place.start : place.end]), known)
        return tuple(found for part in parts if (found := _subject(part, language, known)) is not None)
    sound = (word for kind, each in heard.items() if kind != "mood" for word in each)
    rest = Text(text.without(*text.find((*sound, *known.songs))))
    return tuple(
        Subject(rest.written[span.start : span.end], topic, plain=True) for span, topic in _known(rest, language)
    )


def spoken(wish: str, detected: str) -> str:
    """The language that `wish` is in: what people say when they ask for a song tells more than a few letters."""
    text = Text(wish)

    def evidence(language: str) -> tuple[int, bool, bool]:
        known = asking(language)
        hits = sum(bool(text.find(phrases)) for phrases in (known.songs, known.about, known.mine))
        hits += bool(text.find(known.about_after, ended=True))
        # One word may be another language's: "am" is Welsh for about.
        return hits if hits > 1 else 0, language == detected, language == "en"

    return max((detected, *languages_asked_in()), key=evidence)


def is_quotable(subject: Subject, language: str) -> bool:
    """Whether the subject's own words, in `language`, can be sung as they stand, as the name of a thing."""
    said = subject.words
    if not said or any(letter not in _SIGNS and not _is_letter(letter) for letter in said):
        return False
    if is_unspaced(said):
        return len(said) <= MOST_UNSPACED
    first = Text(said).find(asking(language).clauses)[:1]
    whole_sentence = bool(first) and first[0].start == 0
    return not whole_sentence and len(said.split()) <= MOST_WORDS and len(said) <= MOST_LETTERS


def _is_tag(tag: str) -> bool:
    return tags.read(tag).section is not None


def _about(text: Text, known: Asking, ends: Collection[str], heard: Collection[str]) -> Span | None:
    """The part of a sentence that is said to be the topic; words that were `heard` don't begin it."""
    # Those that leave no doubt come first ("über" before "von").
    before = next((found for phrase in known.about if (found := _spelled(text, phrase))), None)
    if before is not None:
        start = max(span.end for span in text.find(known.about) if span.start == before.start)
        return Span(start, _stop(text, start, (*ends, *known.ends)))
    after = text.find(known.about_after, ended=True)
    if after:
        stops = [found.end() for found in STOPS.finditer(text.written, 0, after[0].start)]
        start = stops[-1] if stops else 0
        leading = (*known.songs, *known.articles, *heard)
        return Span(_begin(text, start, after[0].start, leading), after[0].start)
    return None


def _spelled(text: Text, phrase: str) -> Span | None:
    """Where a phrase stands with its accents, else without them: in Vietnamese they make other words."""
    found = text.find((phrase,))
    exact = [span for span in found if text.written[span.start : span.end].casefold() == phrase.casefold()]
    return next(iter(exact or found), None)


def _begin(text: Text, start: int, end: int, leading: Collection[str]) -> int:
    """Where a topic begins that is named before it is said to be one: a song may come first (एक गाना बारिश के बारे में)."""
    said = [span for span in text.find(leading) if span.end < end]
    while ends := [span.end for span in said if span.start >= start and not text.written[start : span.start].strip()]:
        start = max(ends)
    return start


def _stop(text: Text, start: int, ends: Collection[str]) -> int:
    """Where the topic that begins at `start` ends."""
    stop = STOPS.search(text.written, start)
    return min([stop.start() if stop else len(text.written), *(e.start for e in text.find(ends) if e.start > start)])


def _parts(text: Text, known: Asking) -> list[str]:
    """What is joined by an "and" is two topics."""
    joints = [*text.find(known.joins), *text.find(("&",))]
    starts, stops = [0, *(span.end for span in joints)], [*(span.start for span in joints), len(text.written)]
    return [text.written[start:stop] for start, stop in zip(sorted(starts), sorted(stops), strict=True)]


def _subject(part: str, language: str, known: Asking) -> Subject | None:
    # Pictures say something, but nothing that can be sung.
    said = "".join(" " if unicodedata.category(sign) in ("So", "Sk", "Cf", "Cs") else sign for sign in part)
    said = " ".join(said.split()).strip(" .-'’&:/+")
    if said.isupper() and len(said) > 3:
        said = said.lower()
    text = Text(said)
    if not said:
        return None
    if any(span == Span(0, len(said)) for span in text.find(known.people)):
        return Subject(said, person=True)
    spans = [span for span in text.find(known.indefinite) if span.start == 0]
    found = _known(text, language)
    bare = said[spans[0].end :].strip() if spans else said
    articles = sum(len(said[span.start : span.end].split()) for span in text.find(known.articles))
    span, topic = found[0] if found else (Span(0, 0), None)
    own_words = len(said[span.start : span.end].split())
    plain = topic is not None and (
        span.end - span.start == len(said) if is_unspaced(said) else len(said.split()) <= own_words + articles
    )
    return Subject(bare, topic, plain, _name(bare), grave=bool(text.find(known.grave)))


def _name(said: str) -> str:
    """The capitalised words that stand together: "Milo" in "my cat Milo"."""
    names = [word for word in said.split() if word[:1].isupper() and len(word) > 1]
    return " ".join(names[:2])


def _known(text: Text, language: str) -> list[tuple[Span, str]]:
    """Places of topics, the longest where they overlap, in the order of the text."""
    found = _in_own_words(text, language) or [
        (span, topic)
        for topic, meaning in topics().items()
        for span in text.find((*meaning.en, *(f"{word}s" for word in meaning.en)))
    ]
    kept: list[tuple[Span, str]] = []
    for span, topic in sorted(found, key=lambda each: (each[0].start - each[0].end, each[0].start)):
        if all(span.end <= other.start or other.end <= span.start for other, _ in kept):
            kept.append((span, topic))
    return sorted(kept, key=lambda each: each[0].start)


def _in_own_words(text: Text, language: str) -> list[tuple[Span, str]]:
    if language == "en" or language not in languages():
        return []
    known, articles = words(language), asking(language).articles
    found = [(span, topic) for topic, begun in known.match.items() for span in text.find(begun, begun=ENDING)]
    for topic, name in known.topics.items():
        bare = name.split(" ", 1)[1] if name.split(" ", 1)[0] in articles and " " in name else name
        found += [(span, topic) for span in text.find((bare,))]
    return found


def _is_letter(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign).startswith("M")
