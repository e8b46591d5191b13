"""What hands play beside the kit, written as in `patterns`."""

from __future__ import annotations

from engine.studio.compose.patterns import (
    BONGO_HIGH,
    BONGO_LOW,
    CONGA_LOW,
    CONGA_MUTE,
    CONGA_OPEN,
    COWBELL,
    GUIRO,
    SHAKER,
    TAMBOURINE,
    TIMBALE,
    TOM_LOW,
    TRIANGLE,
    lane,
)

# what a song may do without: each of these is missing from some songs, so that bands differ
OPTIONAL = frozenset({
    TAMBOURINE, COWBELL, TRIANGLE, GUIRO, SHAKER, BONGO_HIGH, BONGO_LOW, CONGA_OPEN, CONGA_LOW, TIMBALE, TOM_LOW,
})  # fmt: skip
# percussion beside the kit, by groove; others have shaker and tambourine
PERCUSSION = {
    "latin": (
        lane(CONGA_MUTE, "x..ox.......x...|x...x...x...x...|x.o.x.o.x.o.x.o.|x...x.o.....x.o.", 0.2),
        lane(CONGA_OPEN, "......xx......xx|..........xx..xx|......x.......xx|...x......xx....", 0.2),
        lane(CONGA_LOW, "..............o.|........x.......|........xx......", 0.35),
        lane(GUIRO, "x...x.x.x...x.x.|X.......X.......|X..xX.xxX..xX.xx", 0.4),
        lane(SHAKER, "xoxoxoxoxoxoxoxo|x.o.x.o.x.o.x.o.|..x...x...x...x.", 0.3),
        lane(BONGO_HIGH, "x.oxx.oxx.oxx.ox|xoxxxoxxxoxxxoxx|..ox..ox..ox..ox|x..x..x.x..x..x.", 0.6),
    ),
    "hand": (
        lane(SHAKER, "x.o.x.o.x.o.x.o.|xoxoxoxoxoxoxoxo|x.oxx.oxx.oxx.ox|..x...x...x...x.", 0.3),
        lane(TAMBOURINE, "....x.......x...|..x...x...x...x.|............x...|x.o.x.o.x.o.x.o.", 0.5),
        lane(CONGA_OPEN, "......o.......ox|...o..o....o..x.|..o...o...ox..o.|x..o..x...o.x...", 0.45),
        lane(BONGO_LOW, "x.......o.......|x..o..x...x..o..|....x.......x.x.|x.....x...x.....", 0.2, 0.7),
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
