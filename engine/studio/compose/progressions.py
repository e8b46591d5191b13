"""Chord progressions by genre and section, as Roman numerals from the major scale.

A word is one chord unit (usually a bar); a comma splits a unit in two. Most begin on the tonic and all lead back to it,
so that the key is heard. `cadence` is what leads into the final chord `home`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bank:
    """Progressions to draw from: `verse` also serves intro and ending, `chorus` solos, `bridge` leaves home."""

    verse: tuple[str, ...]
    chorus: tuple[str, ...]
    bridge: tuple[str, ...]
    cadence: str
    home: str
    turn: str


POP = (
    Bank(
        ("I I IV V", "I vi IV V", "I V IV I", "I iii IV V", "I IV I V", "I V vi IV"),
        ("I V vi IV", "I IV vi V", "I V IV IV,V", "I iii IV IV,V", "I vi IV V"),
        ("IV I IV V", "IV V iii vi IV I ii V", "ii IV I V"),
        "IV V", "I", "V",
    ),
    Bank(
        ("i i bVI V", "i iv i V", "i bVII bVI V", "i bVI iv V", "i V bVI V"),
        ("i bVI i V", "i bVII bVI V", "i iv bVI V", "i bVI iv V", "i bIII iv V"),
        ("iv i iv V", "bVI bVII i i", "iv bVII bIII bVI iv i iv V"),
        "iv V", "i", "V",
    ),
)  # fmt: skip
ROCK = (
    Bank(
        ("I I bVII,IV I", "I I IV IV", "I V IV IV", "I IV I V", "I bVII,IV I V"),
        ("I V IV I", "I IV V IV", "I IV I V", "I V vi IV", "I I IV V"),
        ("IV IV I I bVII IV V V", "vi IV I V", "IV V IV V"),
        "IV V", "I", "V",
    ),
    Bank(
        ("i i bVII i", "i i bIII iv", "i i iv V", "i i bVI,bVII i"),
        ("i bVI bVII V", "i bVII bVI V", "i bIII iv V", "i bVI i V"),
        ("iv iv i i bVI bVI V V", "bVI bVII i i", "iv bVI i V"),
        "bVI V", "i", "V",
    ),
)  # fmt: skip
HIPHOP = (
    Bank(
        ("I Imaj7 IV I", "Imaj7 IVmaj7 Imaj7 V", "I6 IVmaj7 I6 V", "I I IV IV"),
        ("Imaj7 vi7 ii7 V7", "I iii7 IV I", "I V IV I"),
        ("IVmaj7 IVmaj7 Imaj7 V", "ii7 V7 Imaj7 Imaj7"),
        "IVmaj7 V7", "Imaj7", "V7",
    ),
    Bank(
        ("i i bVI V", "i i iv7 i", "i i i bVI,V", "i bVI i V", "i bVI iv i"),
        ("i bVI iv V", "i iv bVI V", "i9 bVI iv7 V", "i bVI bVII V"),
        ("iv iv i i", "bVI bVI i V", "iv7 V i i"),
        "iv V", "i", "V",
    ),
)  # fmt: skip
# The tonic is a sixth chord more often than a major seventh, whose upper notes are the dominant's triad.
JAZZ = (
    Bank(
        ("I6 vi7 ii7 V7", "I6 I6,vi7 ii7 V7 I6 vi7 ii7,V7 I6", "I6 II7 ii7,V7 I6 I6 vi7 ii7 V7",
         "I6 IV6 I6,VI7 ii7,V7", "I6 ii7,V7 I6 IV6 I6 vi7 ii7 V7"),
        ("I6 I7 IVmaj7 iv6 iii7 VI7 ii7 V7", "I6 #ivdim7 I6,vi7 ii7,V7", "I6 VI7 ii7 V7 I6 VI7 ii7,V7b9 I6",
         "I6 I6 ii7 V7 I6 vi7 ii7 V7"),
        ("v7 I7 IVmaj7 IV6 vi7 II7 ii7 V7", "III7 VI7 II7 V7 I6 VI7 ii7 V7", "IV6 iv6 I6 VI7 ii7 ii7 V7 V7"),
        "ii7 V7", "I6", "V7",
    ),
    Bank(
        ("i6 bVI7 ii7b5 V7b9", "i6 iv6 ii7b5 V7b9", "i6 i6 ii7b5 V7b9 i6 vi7b5 ii7b5 V7b9",
        "i6 i6 iv6 iv6 ii7b5 V7b9 i6 V7b9"),
        ("iv7 bVII7 bIIImaj7 bVImaj7 ii7b5 V7b9 i6 i6", "i6 iv6 i6 ii7b5,V7", "i6 ii7b5,V7b9 i6 iv6 i6 bVI7 V7 i6"),
        ("iv7 bVII7 bIIImaj7 bIIImaj7 ii7b5 ii7b5 V7b9 V7b9", "iv6 iv6 i6 i6 bVI7 bVI7 ii7b5 V7b9"),
        "ii7b5 V7b9", "i6", "V7b9",
    ),
)  # fmt: skip
CLASSICAL = (
    Bank(
        ("I V I IV I ii V7 I", "I IV V7 I I vi ii V7", "I V vi iii IV I IV V7", "I I V7 V7 I IV I,V7 I"),
        ("I vi IV V I iii ii V7", "I IV I V7 I vi ii,V7 I", "I iii vi IV ii I V V7"),
        ("vi iii IV I ii I V V7", "V V7 I I IV I V V7", "iv I iv I bVI I ii V7"),
        "ii V7", "I", "V7",
    ),
    Bank(
        ("i V7 i iv i iv V7 i", "i iv V7 i bVI iv V V7", "i i iv iv V7 V7 i V7", "i v bVI bIII iv i iv V7"),
        ("i bVII bIII bVI ii7b5 V7 i V7", "i iv bVII bIII bVI iv V V7", "i V7 i bVI iv i V V7"),
        ("bIII bVII bIII V7 i iv V V7", "bVI bIII iv i bVI iv V V7", "iv i V7 i iv i ii7b5 V7"),
        "iv V7", "i", "V7",
    ),
)  # fmt: skip
ELECTRONIC = (
    Bank(
        ("I I IV V", "I V vi IV", "Iadd9 Iadd9 IV IV", "I iii IV V"),
        ("I V IV I", "I vi IV V", "I IV I V", "I V vi IV"),
        ("IV IV I I", "IV I V V", "ii IV I V"),
        "IV V", "I", "V",
    ),
    Bank(
        ("i i bVI,bVII i", "i i i V", "iadd9 bVI i V", "i i bVI V"),
        ("i bVI i V", "i bVII bVI V", "i bVI iv V", "i i bVI V"),
        ("iv iv i i", "bVI bVI i V", "iv bVI i V"),
        "bVI V", "i", "V",
    ),
)  # fmt: skip
COUNTRY = (
    Bank(
        ("I I IV I V V I I", "I IV V I", "I IV I V", "I I V V IV IV I I"),
        ("I IV I V I IV V I", "I V IV I", "I I IV I IV I V I", "I V vi IV I V IV V"),
        ("IV IV I I II7 II7 V V7", "vi IV I V", "IV I IV V7"),
        "IV V7", "I", "V7",
    ),
    Bank(
        ("i i iv i V V i i", "i bVII i i", "i iv i V"),
        ("i bVII bVI V", "i iv V i", "i bIII iv V"),
        ("iv iv i i bVI bVI V V", "bIII iv i V"),
        "iv V7", "i", "V7",
    ),
)  # fmt: skip
FOLK = (
    Bank(
        ("I IV I V", "I V IV I", "I I IV I I V IV,V I", "I vi IV I", "I V vi IV I IV V I"),
        ("I IV I V I IV V I", "I I IV I IV I V I", "I V IV IV,V", "I iii IV I"),
        ("vi iii IV I", "IV I ii V", "vi IV I V"),
        "IV V", "I", "V",
    ),
    Bank(
        ("i bVII i i", "i i bVII i", "i iv i V", "i bVII bVI V"),
        ("i bIII iv,V i", "i iv V i", "bVI bVII i i iv i V V"),
        ("bIII iv V i", "bVI iv i V"),
        "iv V", "i", "V",
    ),
)  # fmt: skip
# The tonic's seventh only leads on to the fourth degree: everywhere it would make a dominant of the tonic.
BLUES = (
    Bank(
        ("I I I I7 IV7 IV7 I I V7 IV7 I V7", "I IV7 I I7 IV7 IV7 I6 I6 V7 IV7 I I,V7",
         "I IV7 I I7 IV7 #ivdim7 I VI7 II7 V7 I V7", "I6 I6 I6 I7 IV7 IV7 I6 I6 V7 V7 I V7",
         "I I I I7 IV IV I I V IV I I,V7"),
        ("I IV7 I I7 IV7 IV7 I I V7 IV7 I V7", "I I I I7 IV7 IV7 I I ii7 V7 I V7",
        "I6 IV I6 I7 IV IV7 I6 I6 V V7 I V7"),
        ("IV7 IV7 I I IV7 IV7 II7 V7", "IV7 IV7 I I V7 IV7 I V7"),
        "IV7 V7", "I", "V7",
    ),
    Bank(
        ("i i i i iv iv i i bVI7 V7 i V7", "i iv i i iv7 iv7 i i V7 iv i V7", "i i iv i iv7 iv7 i i ii7b5 V7 i V7",
         "i6 i6 i6 i iv iv i i bVI7 V7 i i,V7"),
        ("i iv i i iv iv i i bVI7 V7 i V7", "i i i i iv7 iv7 i i V7 iv i V7"),
        ("iv7 iv7 i i bVI7 bVI7 V7 V7",),
        "bVI7 V7", "i", "V7",
    ),
)  # fmt: skip
REGGAE = (
    Bank(
        ("I IV I V", "I I IV V", "I V IV IV", "I ii I I", "I vi I,ii V"),
        ("I IV V IV", "I V vi IV", "I IV I V", "I iii IV V"),
        ("IV I IV V", "vi ii IV V", "ii V I I"),
        "IV V", "I", "V",
    ),
    Bank(
        ("i iv i V", "i bVII i i", "i i iv i", "i bVII bVI V"),
        ("i iv bVII V", "i bVI bVII V", "i iv V i"),
        ("iv i iv V", "bVI bVII i V"),
        "iv V", "i", "V",
    ),
)  # fmt: skip
LATIN = (
    Bank(
        ("I IV V IV", "I vi ii V7", "I6 I6 ii7 V7", "I6 VI7 ii7,V7 I6"),
        ("I IV I V7", "I ii7 V7 I", "I6 ii7,V7 I6 V7"),
        ("IV iv iii7 VI7 ii7 ii7 V7 V7", "IV I ii7 V7"),
        "ii7 V7", "I6", "V7",
    ),
    Bank(
        ("i iv V7 i", "i i V7 V7", "i7 iv7 ii7b5 V7", "i bVII bVI V7"),
        ("i iv V7 V7", "i bVII bVI V7", "iv i V7 i", "i V7 i V7"),
        ("iv bVII bIII bVI ii7b5 V7 i V7", "iv i bVI V7"),
        "iv V7", "i", "V7",
    ),
)  # fmt: skip
SOUL = (
    Bank(
        ("Imaj9 vi9 ii9 V13", "Imaj7 iii7 IVmaj7 V7sus4", "Imaj7 IVmaj7 Imaj7 V7sus4", "I6 ii7 Imaj9 IVmaj7,V"),
        ("I6 iii7 IVmaj7,V7sus4 I6", "Imaj7 IVmaj9 iii7 ii7,V7", "Imaj7 I7 IVmaj7 iv6"),
        ("IVmaj7 iii7 ii7 V13", "iv7 bVII9 I6 V7sus4"),
        "ii9 V13", "Imaj9", "V13",
    ),
    Bank(
        ("i9 iv9 i9 V7", "i7 bVImaj7 iv7 V7", "i9 iv7 ii7b5 V7", "i i9 iv9 V7"),
        ("i9 bVImaj7 iv9 V7", "i9 iv9 bVImaj7 V7", "i bVImaj7 i9 V7"),
        ("iv9 iv9 i9 i9 bVImaj7 bVImaj7 V7 V7", "bVImaj7 iv7 i7 V7"),
        "iv9 V7", "i9", "V7",
    ),
)  # fmt: skip
METAL = (
    Bank(
        ("I I bII5 I", "I IV I I,V"),
        ("I IV bVII,V I", "I I bVI V"),
        ("IV IV I I bVI bVI V V", "IV bVI I V"),
        "bVI V", "I", "V",
    ),
    Bank(
        ("i i i bII5", "i i bVI V", "i i bII5 i", "i bVII bVI V", "i i i bVI,V"),
        ("i bVI bVII V", "i bVI i V", "i iv bVI V", "i bVII bVI V"),
        ("bVI bVI bVII bVII i i V V", "i bII5 i V", "iv iv bVI bVI i i V V"),
        "bVI V", "i", "V",
    ),
)  # fmt: skip
# genre -> (in major, in minor)
BANKS: dict[str, tuple[Bank, Bank]] = {
    "pop": POP, "rock": ROCK, "hiphop": HIPHOP, "jazz": JAZZ, "classical": CLASSICAL, "electronic": ELECTRONIC,
    "country": COUNTRY, "folk": FOLK, "blues": BLUES, "reggae": REGGAE, "latin": LATIN, "soul": SOUL, "metal": METAL,
}  # fmt: skip
EIGHT_BAR_BLUES = (
    (
        "I V7 IV7 IV7 I V7 I V7",
        "I I7 IV7 IV7 I V7 I V7",
        "I I I I7 IV7 IV7 I V7",
        "I IV7 I VI7 II7 V7 I V7",
    ),
    ("i V7 iv7 iv i V7 i V7", "i i iv7 iv7 i V7 i V7", "i iv i i bVI7 V7 i V7"),
)
