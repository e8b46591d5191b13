"""What leads into a new section."""

from __future__ import annotations

from engine.studio.compose.patterns import (
    CLAP,
    HAT,
    KICK,
    OPEN,
    RIM,
    SNARE,
    TIMBALE,
    TOM_HIGH,
    TOM_LOW,
    TOM_MID,
)

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
    "timbales": (
        ((TIMBALE, "x.xx.xXX"),),
        ((TIMBALE, "..x.xxxX"), (SNARE, "......X.")),
        ((TIMBALE, "X..x..XX"), (TOM_MID, ".x..x...")),
    ),
    "none": ((),),
}  # fmt: skip
FILL_OF = {
    "swing": "soft", "orchestral": "none", "folk": "soft", "bossa": "soft", "ballad": "soft", "house": "roll",
    "hiphop": "machine", "trap": "machine", "rnb": "machine", "breakbeat": "machine", "reggaeton": "machine",
    "cumbia": "timbales", "salsa": "timbales", "onedrop": "timbales",
    "steppers": "timbales",
}  # fmt: skip
