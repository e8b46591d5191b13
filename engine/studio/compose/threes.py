"""What drummers play in 3/4 and in 6/8, by family of grooves, written as in `patterns`."""

from __future__ import annotations

from engine.studio.compose.patterns import (
    CLAP,
    COWBELL,
    HAT,
    KICK,
    OPEN,
    PEDAL,
    RIDE,
    RIM,
    SNARE,
    TRIANGLE,
    lane,
)

SOFT_WALTZ = (
    lane(KICK, "x...........|x.........o.|x.....o.....", 0.45),
    lane(RIM, "....o...o...|........o...|....o...o.o.", 0.45, 0.7),
    lane(SNARE, "....o...o...|....o...o.g.|........o...", 0.7),
    lane(HAT, "..o.x...x...|x...x...x...|x.o.x.o.x.o.|x...o...o...", 0.35),
)
THREE = {
    "soft": SOFT_WALTZ,
    "drive": (
        lane(KICK, "X.......x...|X.....x.....|X...........|X.......x.x.", 0.3),
        lane(SNARE, "....X...X...|........X...|....X...X.g.|....X.g.X...", 0.35),
        lane(HAT, "x.o.x.o.x.o.|x...x...x...|x.ooxo.ox.oo", 0.25, 0.8), lane(RIDE, "x.o.x.o.x.o.|x...x.o.x.o.", 0.8),
    ),
    "heavy": (
        lane(KICK, "XxxxX.xxX.xx|X.x.x.x.X.x.|X.xxX...X.xx", 0.3), lane(SNARE, "........X...|....X...X...", 0.3),
        lane(OPEN, "X...X...X...|X.......X...", 0.5), lane(RIDE, "X.x.X.x.X.x.", 0.85),
    ),
    "swing": (
        lane(RIDE, "x...X.x.x...|x...x...X.x.|X...x.o.x.o.|X.o.x...x...", 0.25), lane(PEDAL, "....x...x...", 0.2),
        lane(SNARE, "......g.....|..........o.|..g.....g...|....o...g.g.", 0.45),
        lane(KICK, "o...........|o.......o...|o.....o.....", 0.4),
    ),
    "machine": (
        lane(KICK, "X.......x...|X...X...X...|X.....x.x...", 0.3), lane(CLAP, "....x...x...|........X...", 0.4),
        lane(HAT, "x.xox.xox.xo|x.x.x.x.x.x.|xoxxxoxoxoxx", 0.25), lane(OPEN, "..x...x...x.|..........x.", 0.7),
    ),
    "latin": (
        lane(KICK, "X.....x.....|X.......x...", 0.3), lane(RIM, "....x...x.x.|x...x..x..x.|..x.x...x...", 0.3),
        lane(HAT, "xoxoxoxoxoxo|x.xox.xox.xo", 0.25), lane(COWBELL, "x...x...x...|x.x.x...x.x.", 0.7),
    ),
    "orchestral": (
        lane(TRIANGLE, "o...........|o.......o...", 0.5, 0.8), lane(KICK, "x...........", 0.66),
        lane(SNARE, "....o...o...|....o.o.o...", 0.8),
    ),
}  # fmt: skip
SIX = {
    "soft": (
        lane(KICK, "x...........|x.........o.|x.....o.....", 0.4), lane(RIM, "......x.....|......x...o.", 0.35, 0.65),
        lane(SNARE, "......x.....|......x..g..", 0.65), lane(HAT, "X.o.o.X.o.o.|X...o.X...o.|X.ooooX.oooo", 0.3, 0.85),
        lane(RIDE, "x.o.o.x.o.o.|x...o.x...o.", 0.85),
    ),
    "drive": (
        lane(KICK, "X.........x.|X...x.......|X.....X...x.", 0.3),
        lane(SNARE, "......X.....|......X...g.|......X..g.g", 0.35),
        lane(HAT, "X.o.o.X.o.o.|X...o.X...o.|X.oo..X.oo..", 0.25, 0.8), lane(OPEN, "X.....X.....", 0.8),
    ),
    "heavy": (
        lane(KICK, "XxxxxxXxxxxx|X.x.x.X.x.x.|X..xxxX..xxx", 0.3), lane(SNARE, "......X.....", 0.3),
        lane(OPEN, "X.....X.....", 0.4),
    ),
    "swing": (
        lane(RIDE, "X...x.X...x.|X...o.X...o.|X.o.o.X...o.", 0.25), lane(PEDAL, "......x.....", 0.2),
        lane(SNARE, "....g.....g.|......o...g.|..g.......g.", 0.45), lane(KICK, "o...........|o.....o.....", 0.4),
    ),
    "machine": (
        lane(KICK, "X.....X.....|X.........x.|X...x.......|X.....x...x.", 0.3),
        lane(CLAP, "......X.....|......X....x", 0.4),
        lane(HAT, "X.xxo.X.xxo.|X.o.o.X.o.o.|X.xoo.X.xoo.|X...x.X...x.", 0.25),
        lane(OPEN, "....x.....x.|..........x.", 0.7),
    ),
    "latin": (
        lane(KICK, "X.....x...x.|X.....X.....", 0.3), lane(RIM, "..x...x.x...|x..x..x.x.x.|x...x.x...x.", 0.3),
        lane(HAT, "X.x.x.X.x.x.|X.xox.X.xox.", 0.25), lane(COWBELL, "x.....x.x.x.|x...x.x...x.", 0.7),
    ),
    "orchestral": (
        lane(TRIANGLE, "o...........|o.....o.....", 0.5, 0.8), lane(KICK, "x...........", 0.66),
        lane(SNARE, "......o.o.o.|o.....o...o.", 0.8),
    ),
}  # fmt: skip
# how a groove feels in metres it wasn't born in
FAMILIES = {
    "straight": "drive", "pop": "drive", "rock": "drive", "punk": "drive", "hiphop": "machine", "trap": "machine",
    "swing": "swing", "orchestral": "orchestral", "house": "machine", "breakbeat": "machine", "train": "drive",
    "folk": "soft", "shuffle": "swing", "onedrop": "soft", "salsa": "latin", "bossa": "latin", "samba": "latin",
    "reggaeton": "latin", "rnb": "machine", "funk": "drive", "doublekick": "heavy", "ballad": "soft",
    "steppers": "soft", "ska": "drive", "cumbia": "latin", "halftime": "heavy",
}  # fmt: skip
