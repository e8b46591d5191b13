"""What drummers play, as sixteenths: X accent, x stroke, o soft, g ghost; `|` parts variants.

A lane is (General MIDI percussion number, variants, from energy, to energy). A pattern may be longer than a bar; it
then goes on over the bar line, and 2/4 plays 4/4 patterns over two bars. In 6/8 a bar has two beats of six sixteenths.
"""

from __future__ import annotations

from dataclasses import dataclass

KICK, RIM, SNARE, CLAP, TOM_LOW, TOM_MID, TOM_HIGH = 36, 37, 38, 39, 43, 47, 50
HAT, PEDAL, OPEN, CRASH, RIDE, BELL, TAMBOURINE, SPLASH, COWBELL = 42, 44, 46, 49, 51, 53, 54, 55, 56
BONGO_HIGH, BONGO_LOW, CONGA_MUTE, CONGA_OPEN, CONGA_LOW, TIMBALE = 60, 61, 62, 63, 64, 65
CABASA, SHAKER, GUIRO, CLAVES, TRIANGLE = 69, 70, 73, 75, 81
VELOCITIES = {"X": 0.95, "x": 0.78, "o": 0.55, "g": 0.28}


@dataclass(frozen=True)
class Lane:
    """One drum's patterns, heard in sections whose energy is at least `low` and below `high`."""

    pitch: int
    variants: tuple[str, ...]
    low: float = 0.0
    high: float = 1.01


def lane(pitch: int, variants: str, low: float = 0.0, high: float = 1.01) -> Lane:
    return Lane(pitch, tuple(variants.split("|")), low, high)


BACKBEAT = "....X.......X..."
EIGHTHS = "x.o.x.o.x.o.x.o."
OFFS = "..x...x...x...x."
FOUR = {
    "straight": (
        lane(KICK, "X.......X.......|X.......X.x.....|X.....x.X.......", 0.3),
        lane(SNARE, BACKBEAT, 0.38),
        lane(HAT, EIGHTHS, 0.25, 0.85), lane(RIDE, EIGHTHS, 0.85),
    ),
    "pop": (
        lane(KICK, "X.....x.X.......|X.......X.x.....|X..x....X.x.....|X.....x..xX.....", 0.3, 0.8),
        lane(KICK, "X...X...X...X...|X..x..x.X..x....|X.....x.X.x...x.", 0.8),
        lane(SNARE, BACKBEAT, 0.45), lane(CLAP, "....x.......x...", 0.7),
        lane(HAT, EIGHTHS + "|x.x.x.xox.x.x.x.|x.ooxxo.x.ooxxo.", 0.3, 0.8),
        lane(HAT, "xooxxooxxooxxoox|xoxoxoxoxoxoxoxo", 0.8), lane(OPEN,
        "..........x.....|..x.......x.....|..............x.", 0.72),
    ),
    "rock": (
        lane(KICK, "X.......X.x.....|X.....x.X.......|X.x.......X.....|X.......x.X.....", 0.28, 0.75),
        lane(KICK, "X.x.....X.x...x.|X.....x.x.X.....|X.x...x.X.x.....", 0.75),
        lane(SNARE, "....X.......X...|....X..g.g..X...|....X....g..X..g", 0.35),
        lane(HAT, "X.o.X.o.X.o.X.o.", 0.25, 0.72), lane(OPEN, "X...x...X...x...|X.x.X.x.X.x.X.x.", 0.72, 0.92),
        lane(RIDE, "X.x.X.x.X.x.X.x.", 0.92),
    ),
    "punk": (
        lane(KICK, "X.x...x.X.x...x.|X...X.x.X...X.x.", 0.3), lane(SNARE, "....X.......X...|..X...X...X...X.", 0.3),
        lane(OPEN, "X...X...X...X...", 0.6), lane(HAT, "x.x.x.x.x.x.x.x.", 0.2, 0.6),
    ),
    "hiphop": (
        lane(KICK, "X..x......x.....|X.....x...xx....|X.x.......x..x..|X..x...x..x.....", 0.25),
        lane(SNARE, "....X.......X...|....X..g....X.g.|....X.......X..g", 0.3),
        lane(CLAP, BACKBEAT, 0.75),
        lane(HAT, "x.o.x.o.x.o.x.oo|xoxox.xoxoxox.x.|x.x.x.xox.x.xox.", 0.25), lane(OPEN,
        "......x.........|..............x.", 0.6),
    ),
    "trap": (
        lane(KICK, "X.....x...x.....|X..x......x..x..|X.........x.x...|X.....xX..x.....", 0.2),
        lane(CLAP, "........X.......", 0.25), lane(SNARE, "........x......g", 0.6),
        lane(HAT, "x.x.x.x.x.x.xoxo|xoxox.xxxoxoxxx.|x.xxx.x.x.xxxxxx", 0.2), lane(OPEN,
        "..............o.|......o.........", 0.55),
    ),
    "swing": (
        lane(RIDE, "x...X.x.x...X.x.|x...X.x.x.x.X.x.|x.x.X...x...X.x.", 0.25),
        lane(PEDAL, "....x.......x...", 0.2), lane(KICK, "o...o...o...o...|o.......o.......|..............x.", 0.4),
        lane(SNARE, "..g.....g.....g.|......g.......o.|.....g....g.....|..o.........g...", 0.45),
        lane(HAT, "x...x.o.x...x.o.", 0.0, 0.25),
    ),
    "orchestral": (
        lane(KICK, "X...............|X.......o.......", 0.66), lane(SNARE, "............x.xx|........x...x.x.", 0.8),
        lane(TRIANGLE, "o...............|o.......o.......", 0.5, 0.8), lane(CRASH,
        "X..............................." * 2, 0.82),
        lane(TOM_LOW, "X.......x.......|X...........x.x.", 0.74),
    ),
    "house": (
        lane(KICK, "X...X...X...X...", 0.36), lane(CLAP, "....X.......X...|....X.......X..o", 0.5),
        lane(OPEN, "..X...X...X...X.", 0.55), lane(HAT, "x.oxx.oxx.oxx.ox|xxoxxxoxxxoxxxox|..x...x...x...x.", 0.25),
        lane(RIDE, "..x...x...x...x.", 0.9), lane(RIM, "...x..x...x..x..|..x..x....x..x..", 0.62),
    ),
    "breakbeat": (
        lane(KICK, "X.x.......x.....|X.........x.....|X..x......x.....", 0.3),
        lane(SNARE, "....X..g.g..X...|....X..g.g..X..g|....X.....g.X...", 0.3),
        lane(HAT, "x.x.x.x.x.x.x.x.|xoxoxoxoxoxoxoxo", 0.2), lane(RIDE, "x...x...x...x...", 0.85),
    ),
    "train": (
        lane(SNARE, "ggXgggXgggXgggXg|goXggoXggoXggoXg", 0.42), lane(RIM, "....x.......x...", 0.0, 0.42),
        lane(KICK, "X.......X.......|X.......X.....x.", 0.2), lane(PEDAL, "....o.......o...", 0.3),
        lane(TAMBOURINE, "....x.......x...", 0.8),
    ),
    "folk": (
        lane(KICK, "x.......x.......", 0.42), lane(RIM, "....o.......o...", 0.5, 0.72), lane(SNARE,
        "....o.......o...", 0.72),
        lane(TAMBOURINE, "....x.......x...|..o.x.o...o.x.o.", 0.55), lane(SHAKER, "x.o.x.o.x.o.x.o.", 0.4),
    ),
    "shuffle": (
        lane(KICK, "X.......X.......|X.......X.....x.|X.....x.X.......", 0.25),
        lane(SNARE, "....X.......X...|..g.X.g...g.X.g.", 0.3),
        lane(HAT, "x.o.x.o.x.o.x.o.|x...x.o.x...x.o.", 0.2, 0.75), lane(RIDE, "X.x.X.x.X.x.X.x.", 0.75),
    ),
    "onedrop": (
        lane(KICK, "........X.......", 0.2, 0.8), lane(KICK, "X...X...X...X...|........X.......", 0.8),
        lane(RIM, "........X.......|...x....X..x....|........X.....x.", 0.25),
        lane(HAT, "x.x.x.x.x.x.x.x.|x.xox.x.x.xox.x.|..x...x...x...x.", 0.2), lane(OPEN, "..............x.", 0.6),
    ),
    "salsa": (
        lane(KICK, "......x.......x.|X.....x.....x.x.", 0.4), lane(COWBELL, "X.x.X.x.X.x.X.x.|X...x.x.X...x.x.", 0.62),
        lane(TIMBALE, "....x.......x.xx|..........x.x.xx", 0.7), lane(CLAVES, "x.....x.....x.......x...x.......", 0.35),
        lane(HAT, "x.o.x.o.x.o.x.o.", 0.2, 0.62), lane(SNARE, "............x...", 0.75),
    ),
    "bossa": (
        lane(RIM, "X.....X.....X.......X...X.......|X.....X.....X.......X.....X.....", 0.3),
        lane(KICK, "x.....xxx.....xx|x.....x.x.....x.", 0.25), lane(HAT, "xoxoxoxoxoxoxoxo|x.o.x.o.x.o.x.o.", 0.2),
        lane(PEDAL, "....o.......o...", 0.5),
    ),
    "samba": (
        lane(KICK, "x..oX..ox..oX..o", 0.25), lane(SNARE, "x.gxg.xgx.gxg.xg|xg.xg.x.gx.xg.xg", 0.45),
        lane(HAT, "xoxxxoxxxoxxxoxx", 0.2), lane(RIM, "x.x..x.xx..x.x..", 0.3, 0.6), lane(COWBELL, "x.x.xx.x.xx.x.x.",
        0.75),
    ),
    "reggaeton": (
        lane(KICK, "X...X...X...X...", 0.3), lane(SNARE, "...x..x....x..x.", 0.3), lane(CLAP, "......x.......x.", 0.7),
        lane(HAT, "x.x.x.x.x.x.x.x.|xoxoxoxoxoxoxoxo", 0.3), lane(RIM, "...o..o....o..o.", 0.0, 0.3),
    ),
    "rnb": (
        lane(KICK, "X.....xx..x.....|X..x..x...x....x|X.....x..xx.....", 0.25),
        lane(SNARE, "....X..g.g..X...|....X....g..X.g.", 0.35), lane(CLAP, "....o.......o...", 0.6),
        lane(HAT, "x.oxx.oxx.oxx.ox|xoxox.xoxoxoxoxo|x.xox.xxx.xox.xo", 0.25), lane(OPEN,
        "......o.........|..........o.....", 0.7),
        lane(RIM, "....x.......x...", 0.0, 0.35),
    ),
    "funk": (
        lane(KICK, "X.x...x...x..x..|X..x..x.x.....x.|X.x....x..x.....", 0.25),
        lane(SNARE, "....X..g.g.gX..g|....X.g..g..X.g.", 0.3), lane(HAT, "xoxoxoxoxoxoxoxo|x.xox.xox.xox.xo", 0.25),
        lane(OPEN, "..............x.|......x.........", 0.6),
    ),
    "doublekick": (
        lane(KICK, "X.xxX.xxX.xxX.xx|X.x.xxx.X.x.xxx.|X..x..x.X..x..x.", 0.3, 0.78),
        lane(KICK, "XxxxXxxxXxxxXxxx|XxxxX.xxXxxxX.xx", 0.78), lane(SNARE, "....X.......X...|........X.......", 0.3,
        0.78),
        lane(SNARE, "....X.......X...", 0.78), lane(HAT, "X...X...X...X...", 0.25, 0.6),
        lane(OPEN, "X...X...X...X...", 0.6, 0.8), lane(RIDE, "X.x.X.x.X.x.X.x.|X...X...X...X...", 0.8),
    ),
    "ballad": (
        lane(KICK, "x.........x.....|x.......x.......", 0.4), lane(RIM, "....x.......x...", 0.35, 0.62),
        lane(SNARE, "....x.......x...", 0.62), lane(HAT, "x.o.x.o.x.o.x.o.", 0.35, 0.85), lane(RIDE,
        "x.o.x.o.x.o.x.o.", 0.85),
    ),
}  # fmt: skip
SOFT_WALTZ = (
    lane(KICK, "x...........", 0.45),
    lane(RIM, "....o...o...", 0.45, 0.7),
    lane(SNARE, "....o...o...", 0.7),
    lane(HAT, "..o.x...x...|x...x...x...", 0.35),
)
THREE = {
    "soft": SOFT_WALTZ,
    "drive": (
        lane(KICK, "X.......x...|X.....x.....|X...........", 0.3), lane(SNARE,
        "....X...X...|........X...|....X...X.g.", 0.35),
        lane(HAT, "x.o.x.o.x.o.", 0.25, 0.8), lane(RIDE, "x.o.x.o.x.o.", 0.8),
    ),
    "heavy": (
        lane(KICK, "XxxxX.xxX.xx|X.x.x.x.X.x.", 0.3), lane(SNARE, "........X...|....X...X...", 0.3),
        lane(OPEN, "X...X...X...", 0.5), lane(RIDE, "X.x.X.x.X.x.", 0.85),
    ),
    "swing": (
        lane(RIDE, "x...X.x.x...|x...x...X.x.", 0.25), lane(PEDAL, "....x...x...", 0.2),
        lane(SNARE, "......g.....|..........o.", 0.45), lane(KICK, "o...........", 0.4),
    ),
    "machine": (
        lane(KICK, "X.......x...|X...X...X...", 0.3), lane(CLAP, "....x...x...|........X...", 0.4),
        lane(HAT, "x.xox.xox.xo|x.x.x.x.x.x.", 0.25), lane(OPEN, "..x...x...x.", 0.7),
    ),
    "latin": (
        lane(KICK, "X.....x.....", 0.3), lane(RIM, "....x...x.x.|x...x..x..x.", 0.3), lane(HAT, "xoxoxoxoxoxo", 0.25),
        lane(COWBELL, "x...x...x...", 0.7),
    ),
    "orchestral": (
        lane(TRIANGLE, "o...........", 0.5, 0.8), lane(KICK, "x...........", 0.66), lane(SNARE, "....o...o...", 0.8),
    ),
}  # fmt: skip
SIX = {
    "soft": (
        lane(KICK, "x...........|x.........o.", 0.4), lane(RIM, "......x.....", 0.35, 0.65), lane(SNARE,
        "......x.....", 0.65),
        lane(HAT, "x.o.o.x.o.o.", 0.3, 0.85), lane(RIDE, "x.o.o.x.o.o.", 0.85),
    ),
    "drive": (
        lane(KICK, "X.........x.|X...x.......", 0.3), lane(SNARE, "......X.....|......X...g.", 0.35),
        lane(HAT, "X.o.o.X.o.o.", 0.25, 0.8), lane(OPEN, "X.....X.....", 0.8),
    ),
    "heavy": (
        lane(KICK, "XxxxxxXxxxxx|X.x.x.X.x.x.", 0.3), lane(SNARE, "......X.....", 0.3), lane(OPEN, "X.....X.....", 0.4),
    ),
    "swing": (
        lane(RIDE, "x...x.x...x.|x...o.X...o.", 0.25), lane(PEDAL, "......x.....", 0.2), lane(SNARE, "....g.....g.",
        0.45),
        lane(KICK, "o...........", 0.4),
    ),
    "machine": (
        lane(KICK, "X.....X.....|X.........x.", 0.3), lane(CLAP, "......X.....", 0.4), lane(HAT,
        "x.xxo.x.xxo.|x.x.x.x.x.x.", 0.25),
        lane(OPEN, "....x.....x.", 0.7),
    ),
    "latin": (
        lane(KICK, "X.....x...x.", 0.3), lane(RIM, "..x...x.x...|x..x..x.x.x.", 0.3), lane(HAT, "x.x.x.x.x.x.", 0.25),
        lane(COWBELL, "x.....x.x.x.", 0.7),
    ),
    "orchestral": (
        lane(TRIANGLE, "o...........", 0.5, 0.8), lane(KICK, "x...........", 0.66), lane(SNARE, "......o.o.o.", 0.8),
    ),
}  # fmt: skip
# how a groove feels in metres it wasn't born in
FAMILIES = {
    "straight": "drive", "pop": "drive", "rock": "drive", "punk": "drive", "hiphop": "machine", "trap": "machine",
    "swing": "swing", "orchestral": "orchestral", "house": "machine", "breakbeat": "machine", "train": "drive",
    "folk": "soft", "shuffle": "swing", "onedrop": "soft", "salsa": "latin", "bossa": "latin", "samba": "latin",
    "reggaeton": "latin", "rnb": "machine", "funk": "drive", "doublekick": "heavy", "ballad": "soft",
}  # fmt: skip
# percussion beside the kit, by groove; others have shaker and tambourine
PERCUSSION = {
    "latin": (
        lane(CONGA_MUTE, "x..ox.......x...|x...x...x...x...", 0.2), lane(CONGA_OPEN,
        "......xx......xx|..........xx..xx", 0.2),
        lane(CONGA_LOW, "..............o.|........x.......", 0.35), lane(GUIRO, "x...x.x.x...x.x.", 0.5),
        lane(SHAKER, "xoxoxoxoxoxoxoxo", 0.3), lane(BONGO_HIGH, "x.oxx.oxx.oxx.ox", 0.7),
    ),
    "hand": (
        lane(SHAKER, "x.o.x.o.x.o.x.o.|xoxoxoxoxoxoxoxo", 0.3), lane(TAMBOURINE, "....x.......x...", 0.55),
        lane(CONGA_OPEN, "......o.......ox|...o..o....o..x.", 0.5), lane(BONGO_LOW, "x.......o.......", 0.2, 0.6),
    ),
}  # fmt: skip
PERCUSSION_TWELVE = {
    "latin": (
        lane(CONGA_MUTE, "x...x...x...|x.....x.....", 0.2), lane(CONGA_OPEN, "......xx..xx|....x.....x.", 0.2),
        lane(SHAKER, "xoxoxoxoxoxo", 0.3),
    ),
    "hand": (
        lane(SHAKER, "x.o.x.o.x.o.", 0.3), lane(TAMBOURINE, "....x...x...|......x.....", 0.55), lane(BONGO_LOW,
        "x.....o.....", 0.2),
    ),
}  # fmt: skip
# the last beats before a new section, right-aligned: (pitch, pattern) lanes
FILLS = {
    "toms": (
        ((SNARE, "X.xx...."), (TOM_HIGH, "....X.x."), (TOM_LOW, "......xX")),
        ((SNARE, "x.x....."), (TOM_HIGH, "..xx...."), (TOM_MID, "....xx.."), (TOM_LOW, "......XX")),
        ((SNARE, "X.XxX.xX"),),
        ((TOM_HIGH, "X.x....."), (TOM_MID, "...x.x.."), (TOM_LOW, "......XX")),
    ),
    "roll": (
        ((SNARE, "x.x.x.x.xxxxXXXX"),),
        ((SNARE, "x...x...x.x.xxXX"), (CLAP, "............X.X.")),
        ((SNARE, "......x.x.xxxxXX"), (OPEN, "x...x...........")),
    ),
    "soft": (
        ((SNARE, "....g.oo"),),
        ((RIM, "..o.o.x."),),
        ((SNARE, "g.g.o.x."), (KICK, "......x.")),
    ),
    "machine": (
        ((SNARE, "x.xx.xXX"), (OPEN, "x......."),),
        ((HAT, "xxxxxxxx"), (SNARE, "......xX")),
        ((CLAP, "..x..x.X"),),
    ),
    "none": ((),),
}  # fmt: skip
FILL_OF = {
    "swing": "soft", "orchestral": "none", "folk": "soft", "bossa": "soft", "ballad": "soft", "house": "roll",
    "hiphop": "machine", "trap": "machine", "rnb": "machine", "breakbeat": "machine", "reggaeton": "machine",
}  # fmt: skip
