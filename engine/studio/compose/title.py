"""A title a person might have given: the hook of the lyrics, or an image that fits the caption."""

from __future__ import annotations

import re

from engine.studio.compose.dice import Dice
from engine.studio.compose.lyrics import parse_lyrics

LONGEST = 40
SMALL = frozenset(("a", "an", "and", "at", "but", "by", "for", "in", "of", "on", "or", "the", "to"))
ABOUT = re.compile(
    r"\b(?:about|called|titled|named)\s+(?:(?:a|an|my|our|your|his|her)\s+)?([^.,;:!?\n]+)", re.IGNORECASE
)
TOPIC_ENDS = re.compile(
    r"\s+(?:with|featuring|feat|sung|in the style|that|which|using|played|at \d|for)\b.*$", re.IGNORECASE
)
FORMS = (
    "waltz", "blues", "ballad", "lullaby", "march", "samba", "bossa nova", "tango", "nocturne", "anthem", "serenade",
    "rag", "polka", "reel", "jig", "hymn", "prelude", "rumba", "salsa",
)  # fmt: skip
# mood -> (images that stand alone, words that go before or after a form)
IMAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "dark": (
        ("Rain on the Window", "Empty Rooms", "The Last Train Home", "Letters Never Sent", "Grey November",
         "After the Lights", "Somewhere Without You", "Cold Harbour", "What the River Kept", "Leaves in the Hallway"),
        ("November", "Rainlight", "Winter Street", "Faded Letter", "Empty Room", "Evening Rain"),
    ),
    "bright": (
        ("Open Windows", "Morning on the Avenue", "Golden Hour", "Run With the Sun", "Paper Kites", "All the Way Up",
         "Saturday Light", "Barefoot Summer", "Hands in the Air", "Sugar and Sunlight"),
        ("Sunday", "Sunlit", "Golden", "Bright Morning", "Paper Kite", "Summer Street"),
    ),
    "calm": (
        ("Slow Tide", "Still Water", "Under Soft Stars", "Half Awake", "Floating Home", "A Quiet Hour",
         "Snow on Cedar", "Drifting Lanterns", "The Long Exhale", "Blue Before Dawn"),
        ("Moonlit", "Quiet Water", "Lantern", "Slow Tide", "Soft Snow", "Midnight"),
    ),
    "fierce": (
        ("Iron and Thunder", "Burn the Map", "Redline", "Teeth of the Storm", "No Way Back", "Black Engine",
         "Wolves at the Gate", "Live Wire", "Ashes and Neon", "Break the Silence"),
        ("Thunder", "Iron", "Midnight Engine", "Redline", "Wildfire", "Black Sky"),
    ),
    "plain": (
        ("Halfway to Somewhere", "Streetlight Stories", "Across the Water", "Second Floor View", "City in Colour",
         "Postcards From Here", "The Long Way Round", "Window Seat", "Maps We Drew", "Turning Tides"),
        ("Riverside", "Streetlight", "Old Town", "Long Road", "Window Seat", "Station"),
    ),
}  # fmt: skip
MOODS = (
    ("dark", "sad|melancholic|melancholy|dark|gloomy|lonely|heartbreak|sorrow|tragic|moody|nostalgic|blue|triste"),
    ("fierce", "aggressive|angry|heavy|epic|fierce|brutal|intense|metal|hard|powerful|punk|furious"),
    ("calm", "calm|relaxing|peaceful|ambient|soft|dreamy|chill|sleep|lofi|lo-fi|gentle|quiet|slow|mellow"),
    ("bright", "happy|upbeat|joyful|cheerful|bright|sunny|fun|energetic|party|dance|uplifting|summer"),
)


def title_of(caption: str, lyrics: str, seed: int, language: str = "en") -> str:
    """A title of at most about forty characters, the same for the same request and seed; `language` is the lyrics'."""
    return _from_lyrics(lyrics, language) or _from_topic(caption) or _image(caption, seed)


def titled(text: str, language: str) -> str:
    """`text` with the capitals of a title: in English those of every word, elsewhere that of the first."""
    return title_case(text) if language == "en" else text[:1].upper() + text[1:]


def _from_lyrics(lyrics: str, language: str) -> str | None:
    lines = [(section, line) for section, line in parse_lyrics(lyrics) if line]
    hooks = [line for section, line in lines if section.startswith("chorus")] or [line for _, line in lines]
    return next((titled(title, language) for title in map(shortened, hooks) if title), None)


def _from_topic(caption: str) -> str | None:
    match = ABOUT.search(caption)
    if match is None:
        return None
    topic = shortened(TOPIC_ENDS.sub("", match[1]))
    return title_case(topic) if len(topic) > 1 else None


def _image(caption: str, seed: int) -> str:
    text = caption.casefold()
    found = [(match.start(), mood) for mood, words in MOODS if (match := re.search(rf"\b(?:{words})\b", text))]
    alone, beside = IMAGES[min(found)[1] if found else "plain"]
    draw = Dice(seed).at("title", text)
    form = next((form for form in FORMS if re.search(rf"\b{form}\b", text)), None)
    if form is None:
        return draw.choice(alone)
    image = draw.choice(beside)
    return f"{image} {title_case(form)}"


def shortened(line: str) -> str:
    """The line without its last punctuation, cut after a phrase or a word so that it fits a title."""
    line = re.sub(r"\([^)]*\)", " ", line)
    line = re.sub(r"\s+", " ", line).strip(" \t\"“”„«»'.,;:!?…-–—*_#")
    # "Stay a while, stay a while" is sung twice and named once
    once = {part.strip().casefold() for part in re.split(r"[,;.!?]", line)}
    if len(once) == 1:
        line = re.split(r"[,;.!?]", line)[0]
    if len(line) <= LONGEST:
        return line
    phrase = re.split(r"[,;:.!?–—]", line)[0].strip()
    if 4 <= len(phrase) <= LONGEST:
        return phrase
    cut = line[: LONGEST + 1].rsplit(" ", 1)[0] if " " in line[: LONGEST + 1] else line[:LONGEST]
    words = cut.split(" ")
    while len(words) > 2 and words[-1].casefold() in SMALL:
        words.pop()
    return " ".join(words).rstrip(" ,;:-–—")


def title_case(text: str) -> str:
    """Capitals where English titles have them; words that already carry capitals, and other scripts, stay."""
    words = text.split(" ")
    return " ".join(
        word.lower()
        if 0 < at < len(words) - 1 and word.casefold() in SMALL
        else (word[:1].upper() + word[1:] if word.islower() else word)
        for at, word in enumerate(words)
    )
