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
# three strokes in the first bar, two in the second
CLAVE = "x.....x.....x.......x...x......."
FOUR = {
    "straight": (
        lane(KICK, "X.......X.......|X.......X.x.....|X.....x.X.......|X..x....X.....x.", 0.3),
        lane(SNARE, BACKBEAT + "|....X.......X.g.", 0.38),
        lane(HAT, EIGHTHS + "|X...o.x.X...o.x.|x.o.x.o.x.o.x.oo", 0.25, 0.85), lane(RIDE, EIGHTHS, 0.85),
    ),
    "pop": (
        lane(KICK, "X.....x.X.......|X.......X.x.....|X..x....X.x.....|X.....x..xX.....|X...x...X.....x.", 0.3, 0.8),
        lane(KICK, "X...X...X...X...|X..x..x.X..x....|X.....x.X.x...x.", 0.8),
        lane(SNARE, BACKBEAT, 0.45), lane(CLAP, "....x.......x...", 0.7),
        lane(HAT, EIGHTHS + "|x.x.x.xox.x.x.x.|x.ooxxo.x.ooxxo.|X...o...X...o.x.", 0.3, 0.8),
        lane(HAT, "xooxxooxxooxxoox|xoxoxoxoxoxoxoxo", 0.8), lane(OPEN,
        "..........x.....|..x.......x.....|..............x.", 0.72),
        lane(TAMBOURINE, "..o...o...o...o.|....x.......x...", 0.95),
    ),
    "rock": (
        lane(KICK, "X.......X.x.....|X.....x.X.......|X.x.......X.....|X.......x.X.....|X..x....X.x.....", 0.28, 0.75),
        lane(KICK, "X.x.....X.x...x.|X.....x.x.X.....|X.x...x.X.x.....|X.....x.X.x...x.", 0.75),
        lane(SNARE, "....X.......X...|....X..g.g..X...|....X....g..X..g|....X.......X.x.", 0.35),
        lane(HAT, "X.o.X.o.X.o.X.o.|X...X...X...X...|X.oxX.o.X.oxX.o.", 0.25, 0.72),
        lane(OPEN, "X...x...X...x...|X.x.X.x.X.x.X.x.", 0.72, 0.92),
        lane(RIDE, "X.x.X.x.X.x.X.x.|X...X...X...X...", 0.92), lane(CRASH, "X" + "." * 63, 0.92),
    ),
    "punk": (
        lane(KICK, "X.x...x.X.x...x.|X...X.x.X...X.x.|X.....x.X.x...x.", 0.3),
        lane(SNARE, "....X.......X...|..X...X...X...X.", 0.3),
        lane(OPEN, "X...X...X...X...", 0.6), lane(HAT, "x.x.x.x.x.x.x.x.|X...X...X...X...", 0.2, 0.6),
        lane(CRASH, "X" + "." * 63, 0.9),
    ),
    # a breakdown: the same tempo with the snare on three
    "halftime": (
        lane(KICK, "X.....x.........|X..x..x.......x.|X.........x...x.|X.xx......x.....", 0.2),
        lane(SNARE, "........X.......", 0.2), lane(CRASH, "X..............." + "." * 16, 0.5),
        lane(OPEN, "X...x...X...x...", 0.5), lane(HAT, "X...x...X...x...", 0.0, 0.5),
    ),
    "hiphop": (
        lane(KICK, "X..x......x.....|X.....x...xx....|X.x.......x..x..|X..x...x..x.....|X......x..x..x..", 0.25),
        lane(SNARE, "....X.......X...|....X..g....X.g.|....X.......X..g|....X....g..X...", 0.3),
        lane(CLAP, BACKBEAT, 0.75),
        lane(HAT, "x.o.x.o.x.o.x.oo|xoxox.xoxoxox.x.|x.x.x.xox.x.xox.|x.o.x.oxx.o.x.o.", 0.25), lane(OPEN,
        "......x.........|..............x.", 0.6),
    ),
    "trap": (
        lane(KICK, "X.....x...x.....|X..x......x..x..|X.........x.x...|X.....xX..x.....", 0.2),
        lane(CLAP, "........X.......", 0.25), lane(SNARE, "........x......g|........x.....gg", 0.6),
        lane(HAT, "x.x.x.x.x.x.xoxo|xoxox.xxxoxoxxx.|x.xxx.x.x.xxxxxx|x..xx..xx.x.xoxo", 0.2), lane(OPEN,
        "..............o.|......o.........", 0.55),
    ),
    "swing": (
        # the first chorus is stirred on the snare, the ride comes with the walking bass
        lane(SNARE, "o...x.g.o...x.g.|o...x...o...x.g.", 0.25, 0.53),
        lane(RIDE, "X...X.o.X...X.o.|X...X.o.X.o.X.o.|X.o.X...X.o.X...|X...X...X...X.o.", 0.53),
        lane(PEDAL, "....o.......o...", 0.2), lane(KICK, "o...o...o...o...|o.......o.......|o...o...o...o.o.", 0.4,
        0.8),
        lane(KICK, "o...o...o.....x.|o.....x.o...o...|o...o...o..o..x.", 0.8),
        lane(SNARE, "......g.......g.|......g.......o.|......o...g.....|..g...........g.", 0.53),
        lane(HAT, "x...x.o.x...x.o.", 0.0, 0.25), lane(TOM_LOW, "." * 62 + "o.", 0.7),
    ),
    "orchestral": (
        lane(KICK, "X...............|X.......o.......|X...........o...|X.......x...x...", 0.66),
        lane(SNARE, "............x.xx|........x...x.x.|....o...o...oooo|x..ox..ox..ox.oo", 0.8),
        lane(TRIANGLE, "o...............|o.......o.......|o...........o...|........o.......|....o.......o...", 0.44,
        0.8),
        lane(CRASH, "X..............................." * 2, 0.82),
        lane(TOM_LOW, "X.......x.......|X...........x.x.|X...x...X...x...|............xxxx|X.....x.X.....x.", 0.7),
    ),
    "house": (
        lane(KICK, "X...X...X...X...|X...X...X...X..o", 0.36),
        lane(CLAP, "....X.......X...|....X.......X..o|....X..o....X...", 0.5),
        lane(OPEN, "..X...X...X...X.|..X...X...X..oX.|..X...X...X...Xo", 0.55),
        lane(HAT, "x.oxx.oxx.oxx.ox|xxoxxxoxxxoxxxox|..x...x...x...x.|xoooxoooxoooxooo|..xo..xo..xo..xx", 0.25),
        lane(RIDE, "..x...x...x...x.|x...x...x...x...", 0.9),
        lane(RIM, "...x..x...x..x..|..x..x....x..x..|...x.....x....x.|x..x..x..x..x...|......x..x......", 0.5),
        lane(TOM_LOW, "..........x..x..|.......x......x.|...x.......x....", 0.6),
        lane(COWBELL, "..x..x.....x.x..|x..x..x.........", 0.74), lane(CRASH, "X" + "." * 127, 0.8),
    ),
    "breakbeat": (
        lane(KICK, "X.x.......x.....|X.........x.....|X..x......x.....", 0.3),
        lane(SNARE, "....X..g.g..X...|....X..g.g..X..g|....X.....g.X...", 0.3),
        lane(HAT, "x.x.x.x.x.x.x.x.|xoxoxoxoxoxoxoxo", 0.2), lane(RIDE, "x...x...x...x...", 0.85),
    ),
    "train": (
        lane(SNARE, "ggXgggXgggXgggXg|goXggoXggoXggoXg|ggXgXgXgggXgXgXg|g.Xgg.Xgg.Xgg.Xg|g.XgggX.g.XgggXg", 0.42),
        lane(RIM, "....x.......x...|..x...x...x...x.", 0.0, 0.42),
        lane(KICK, "X...o...X...o...|X.......X.....x.|X.......X.......|X...X...X...X...", 0.2),
        lane(PEDAL, "....o.......o...|..o...o...o...o.", 0.3), lane(TAMBOURINE, "....x.......x...|..x...x...x...x.",
        0.7),
    ),
    "folk": (
        lane(KICK, "x.......x.......|x.......x.....o.|x.....o.x.......|x...............", 0.42),
        lane(RIM, "....o.......o...", 0.5, 0.72), lane(SNARE, "....o.......o...", 0.72),
        lane(TAMBOURINE, "....x.......x...|..o.x.o...o.x.o.", 0.55), lane(SHAKER, "x.o.x.o.x.o.x.o.", 0.4),
    ),
    "shuffle": (
        lane(KICK, "X...o...X...o...|X...o...X...o.x.|X...o.x.X...o...|X...x...X...x...", 0.25),
        lane(SNARE, "....X.......X...|....X.....g.X...|....X.g.....X.g.|....X.......X..g", 0.3),
        lane(TAMBOURINE, "....x.......x...|..o...o...o...o.", 0.5),
        lane(HAT, "X.o.X.o.X.o.X.o.|X...X.o.X...X.o.|X.o.X...X.o.X...|X...X...X...X.o.", 0.2, 0.75), lane(RIDE,
        "X.x.X.x.X.x.X.x.|X...X.x.X...X.x.",
        0.75),
    ),
    # nothing on one: kick and rim drop together on the second half of what the guitar counts
    "onedrop": (
        lane(KICK, "....X.......X...|....X.......X.......X.......X.o.", 0.2),
        lane(RIM, "....X.......X...|....X.......X..x|....X.....o.X...|....X.......X.o.", 0.25),
        # the beat is kept up here: everybody else plays beside it
        lane(HAT, "X.o.X.o.X.o.X.o.|X.ooX.o.X.ooX.o.|X...X.o.X...X.o.|X.o.X.ooX.o.X.oo|X...X...X...X.oo", 0.2),
        lane(OPEN, "..............x.|......x.........", 0.6), lane(TIMBALE, "." * 60 + "x.xx", 0.6),
    ),
    "steppers": (
        lane(KICK, "X...X...X...X...", 0.2), lane(RIM, "....X.......X...|....X..x....X..x|....X.......X.x.", 0.25),
        lane(HAT, "X.o.X.o.X.o.X.o.|X.ooX.o.X.ooX.o.", 0.2), lane(OPEN, "..............x.", 0.6),
        lane(TIMBALE, "." * 60 + "x.xx", 0.5),
    ),
    "ska": (
        lane(KICK, "X.......X.......|X.......X.x.....", 0.3), lane(SNARE, "....X.......X...|....X.......X..g", 0.3),
        lane(HAT, "X.o.X.o.X.o.X.o.|X...X...X...X...", 0.2), lane(TOM_HIGH, "." * 58 + "x.x.xx", 0.6),
    ),
    "salsa": (
        lane(KICK, "......x.......x.|X.....x.....x.x.|......x...x.....|X.....x.......x.", 0.4),
        lane(COWBELL, "X.x.X.x.X.x.X.x.|X...x.x.X...x.x.|X...X...X...X...|X.x...x.X.x...x.", 0.62),
        lane(TIMBALE, "....x.......x.xx|..........x.x.xx|..x.......x...x.", 0.6), lane(CLAVES, CLAVE, 0.35),
        # the shell's pattern goes with the clave over two bars
        lane(RIM, "x...x.x...x.x.x.x.x...x.x.x...x.|x..x..x...x.x.x.x.x...x.x.x..x..", 0.2, 0.62),
        lane(SNARE, "............x...|......x.....x...", 0.75), lane(PEDAL, "X...X...X...X...", 0.2),
    ),
    "cumbia": (
        lane(KICK, "X.......X.......|X.......X.....x.", 0.25), lane(GUIRO, "X.xxX.xxX.xxX.xx", 0.25),
        lane(COWBELL, "X...X...X...X...|x.x.X.x.x.x.X.x.", 0.55), lane(TIMBALE, "......x.......x.|..............xx",
        0.6),
        lane(RIM, "..x...x...x...x.", 0.35, 0.75),
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
        lane(KICK, "X...X...X...X...|X...X...X...X.x.", 0.3), lane(SNARE, "...x..x....x..x.", 0.3),
        lane(CLAP, "......x.......x.", 0.7),
        lane(HAT, "x.x.x.x.x.x.x.x.|xoxoxoxoxoxoxoxo|X.o.X.o.X.o.X.oo", 0.3), lane(RIM, "...o..o....o..o.", 0.0, 0.3),
    ),
    "rnb": (
        lane(KICK, "X.....xx..x.....|X..x..x...x....x|X.....x..xx.....|X......x..x.....|X..x.....xx..x..", 0.25),
        lane(SNARE, "....X..g.g..X...|....X....g..X.g.|.g..X.g....gX..g", 0.35), lane(CLAP, "....o.......o...", 0.6),
        lane(HAT, "X.oxX.oxX.oxX.ox|X.ooX.o.X.ooX.oo|X..oX.o.X..oX.ox", 0.25), lane(OPEN,
        "......o.........|..........o.....", 0.7),
        lane(RIM, "....x.......x...", 0.0, 0.35),
    ),
    "funk": (
        lane(KICK, "X.x...x...x..x..|X..x..x.x.....x.|X.x....x..x.....|X.....x..xx...x.", 0.25),
        lane(SNARE, "....X..g.g.gX..g|....X.g..g..X.g.|....X..g.gg.X.g.", 0.3),
        lane(HAT, "xoxoxoxoxoxoxoxo|x.xox.xox.xox.xo|X.o.X.ooX.o.X.oo", 0.25),
        lane(OPEN, "..............x.|......x.........", 0.6),
    ),
    "doublekick": (
        lane(KICK, "X.xxX.xxX.xxX.xx|X.x.xxx.X.x.xxx.|X..x..x.X..x..x.|X.xxX.x.X.xxX.x.", 0.3, 0.78),
        lane(KICK, "XxxxXxxxXxxxXxxx|XxxxX.xxXxxxX.xx|XxxxXxx.XxxxXxx.|X.xxXxxxX.xxXxxx|XxxxX.x.XxxxX.x.", 0.78),
        lane(SNARE, "....X.......X...|....X..g....X..g", 0.3),
        lane(HAT, "X...X...X...X...|X.x.X.x.X.x.X.x.", 0.25, 0.6),
        lane(OPEN, "X...X...X...X...|X.x.X.x.X.x.X.x.|X...X...X...X.x.", 0.6, 0.8),
        lane(RIDE, "X.x.X.x.X.x.X.x.|X...X...X...X...", 0.8), lane(CRASH, "X" + "." * 63, 0.85),
    ),
    "ballad": (
        lane(KICK, "x.........x.....|x.......x.......|x.......x.....o.|x..........x....", 0.4),
        lane(RIM, "....x.......x...", 0.35, 0.62), lane(SNARE, "....x.......x...", 0.62),
        lane(HAT, "x.o.x.o.x.o.x.o.|x...x...x...x.o.", 0.35, 0.85), lane(RIDE, "x.o.x.o.x.o.x.o.|x...x.o.x...x.o.",
        0.85),
    ),
}  # fmt: skip
# the groove of sections that break with the song's own
BREAKDOWNS = {
    ("doublekick", "bridge"): "halftime", ("doublekick", "break"): "halftime", ("punk", "bridge"): "halftime",
    ("rock", "bridge"): "halftime",
}  # fmt: skip
