"""What chord instruments play, as sixteenths.

X accent, x chord, o soft chord (each rings on through `-`), d and u strummed down and up, m a short damped chord,
1 to 5 one note of the chord from below, r the root below the chord, R the fifth below, b root and fifth low down,
B root and sixth, t the key's tonic on the lowest string, damped. `|` parts variants.
A lane is (variants, from energy, to energy). In 6/8 a bar has two beats of six sixteenths.
"""

from __future__ import annotations

from dataclasses import dataclass

VELOCITIES = {"X": 0.88, "x": 0.72, "o": 0.52, "d": 0.76, "u": 0.58, "m": 0.62, "r": 0.74, "R": 0.66,
              "b": 0.7, "B": 0.66, "t": 0.6}  # fmt: skip
TONE_VELOCITY = 0.62


@dataclass(frozen=True)
class Manner:
    """A figure in one metre. `ring`: steps that single notes sound on; `low`, `high`: the energy of its sections."""

    variants: tuple[str, ...]
    low: float = 0.0
    high: float = 1.01
    ring: int = 0


def manner(variants: str, low: float = 0.0, high: float = 1.01, ring: int = 0) -> Manner:
    return Manner(tuple(variants.split("|")), low, high, ring)


HELD = "x---------------"
FOUR: dict[str, tuple[Manner, ...]] = {
    "hold": (manner(HELD),),
    "pulse": (
        manner("x-------x-------|x---------------|x-----------x---", 0.0, 0.42),
        manner("x---x---x---x---|x-----x---x-----|x--x--x-x---x---|x---x---x---x-x-", 0.42, 0.72),
        manner("X-x-x-x-X-x-x-x-|X--x--x-X--x--x-|X-x-x-X-x-x-X-x-|X---x-x-X---x-x-", 0.72),
    ),
    "arpeggio": (
        manner("1.2.3.2.1.2.3.2.|1.3.2.3.1.3.2.3.|1.2.3.4.3.2.3.2.|1...2...3...2...", 0.0, 0.75, 6),
        manner("1.2.3.4.3.4.3.2.|r.1.2.3.r.3.2.1.|r.2.3.4.r.4.3.2.", 0.75, 1.01, 6),
    ),
    "sixteenths": (
        manner("1.3.2.3.1.3.2.3.|1...3...2...3...|1...2...3...4...", 0.0, 0.5, 2),
        manner("1232123212321232|1324132413241324|123.123.123.1232|1.321.321.32.321|1.3.2.341.3.2.43", 0.5, 1.01, 2),
    ),
    "alberti": (
        manner("1.3.2.3.1.3.2.3.|1.2.3.2.1.2.3.2.|r...3.2.R...3.2.", 0.0, 0.7, 4),
        manner("r.3.2.3.1.3.2.3.|1323132313231323|r.2.3.2.R.2.3.2.", 0.7, 1.01, 4),
    ),
    "comp": (
        manner("x-....x-........|......x-......o-|..x-......x-....|x-....o-..x-....|x---......x-....", 0.0, 0.5),
        manner("x-....x-......o-|..x-..x-....x-..|x-..x-....o-..x-|......x---..x-..|..x-....x-....o-|....x-..x-..x-..",
        0.5),
    ),
    "stabs": (
        manner("x-----..x-----..|X-....x---......|x---....o-..x---", 0.0, 0.6),
        manner("X-.x-.X-..x-.x-.|X-..X-..X-.x-.x-|X--X--X--X--X-X-|X-.X-.X-X-.X-.X-", 0.6),
    ),
    "pocket": (
        manner("x-------..o-x---|x-----------..o-|x-----o---------", 0.0, 0.55),
        manner("X-----x---..o-x-|X--x----..x---o-|X---..x-x-----o-|..X-----x--x--o-", 0.55),
    ),
    "chick": (
        manner("....x-......x-..|..x-......x-....", 0.0, 0.45),
        manner("..x-..x-..x-..x-|....x-..x-..x-..|..x-..x-..x-.xx-", 0.45),
    ),
    "skank": (
        manner("..m...m...m...m.|..m...m...m..mm.", 0.0, 0.42),
        manner("..m...m...m...m.|..mm..m...mm..m.|..m...mm..m...m.|..mm..mm..mm..mm", 0.42),
    ),
    "bubble": (manner("..1.3.2...1.3.2.|.1.3.2.3.1.3.2.3|..o...o...o...o.|..1.2.3...2.3.1.", 0.0, 1.01, 1),),
    "strum": (
        manner("d---....d---....|d-------d-------|d-------d---u---", 0.0, 0.45),
        manner("d---d-u---u-d-u-|d---d---d-u-d-u-|d-u-d-u---u-d-u-|d---d-u-d---d-u-", 0.45, 0.75),
        manner("d-uud-u-d-uud-u-|d-d-u-u-d-u-d-u-|d-u-d-u-d-u-d-u-|d--ud-udu-d-u-du", 0.75),
    ),
    "chug": (
        manner("X-------X-------|X-------------x-|X---------t.t.t.", 0.0, 0.4),
        manner("X.ttX.ttX.ttX.tt|X.t.X.t.X.ttX.t.|X-ttttX-ttttX-tt|t.tt1.tt2.tt3.1.|X-t.tt1-t.tt2-1-", 0.4, 0.8),
        manner("X---t.t.X---t.t.|X-----X-----X---|X-t.t.X-t.t.X-t.|X-ttX-ttX-ttX-X-", 0.8),
    ),
    "power": (
        manner("X---------------|X-------X-------|X-----x-------x-", 0.0, 0.42),
        manner("x.x.x.x.x.x.x.x.|X.x.x.X.x.x.X.x.|X-..x.x.X-..x.x.|X-..t.1.X-..2.1.|X-..X-..t.t.3.2.", 0.42, 0.74),
        manner("X-x-X-x-X-x-X-x-|X---X-X---X-X-X-|X--X--X-X--X--X-|X-----X-X---X---", 0.74),
    ),
    "travis": (
        manner("r.2.1.3.r.2.1.3.|r...1.2.R...1.3.|r.3.2.1.R.3.2.1.|r...2...R...3...", 0.0, 0.65, 6),
        manner("r.213.2.R.213.2.|r.3.1.32R.3.1.2.|r.2.13.2R.2.13.2|r.3.2.3.R.3.2.13", 0.65, 1.01, 6),
    ),
    "boomchick": (manner("r-..d-..R-..d-..|r-..d-u.R-..d-u.|r-..d-..R-..d-ud|r-..d-u.R-..d-..", 0.0, 1.01, 3),),
    # two bars each, on the side of the clave that `patterns` plays: three strokes, then two
    "montuno": (
        manner("x-----x---x-----|..x---x---x---x-x---x-x---x---x-", 0.0, 0.4),
        manner(
            "..x.1.x.2.x.1.x.x.1.x.x.1.x.2.x.|..x...1...x...1.x...1.x...2...x.|"
            "..x.2.x...x.2.x.x...x.x.2.x.1.x.|..1.x.1.x.1.x.1.x.1.x.1.x.1.2.x.", 0.4, 1.01, 2,
        ),
    ),
    "bossa": (manner("x-.x-..x-..x-.x-|x-..x-..x.x-..x-|r-.x-.x-r-.x-.x-|r-..x-..R-.x-..x", 0.0, 1.01, 3),),
    "counter": (manner("3---------------|2-------3-------|3-------1-------|1-------2---3---", 0.0, 0.7),
    manner("3---2---1---2---|3-------2---1---|1---2---3-------|2---3---2-1-2---", 0.7)),
    "accents": (
        manner("................|..............x-|........................x---....", 0.0, 0.55),
        manner(
            "X-....x-........|..X-....X-......|X-.X-...........|............X-X-|......X-..X-....|"
            "................X-.X-..X-.......|........X-..X-X-X---............", 0.55,
        ),
    ),
    "tremolo": (manner(HELD, 0.0, 0.6), manner("xoxoxoxoxoxoxoxo|x-ooxooox-ooxooo|x-x-xoxox-x-xoxo", 0.6)),
    "muted": (manner("1.1.2.1.1.1.3.1.|1..1..2.1..1..3.|r.r.1.r.r.r.2.r.|m..mm.mm.m.mm.m.|m.m..mm.m..mm.m.", 0.0,
    1.01, 1),),
    "loop": (
        manner("x-----..........|x-------....o---|x-------------o-|x-----..x-......|x-----1...2...3.|o---x-----..o---"),
    ),
    "gate": (manner("x---------------", 0.0, 0.45), manner("x.x.x.xxx.x.x.xx|..x-..x-..x-..x-|x..x..x.x..x..x.", 0.45)),
    "boogie": (manner("b---B---b---B---|b-------B-------", 0.0, 0.45),
    manner("b.b.B.B.b.b.B.B.|b.bbB.BBb.bbB.BB|b.b.B.b.b.b.B.b.", 0.45)),
}  # fmt: skip
THREE: dict[str, tuple[Manner, ...]] = {
    "held": (manner("x-----------"),),
    "chords": (
        manner("r---x---x---|r---x-------|r---o---o---", 0.0, 0.6, 4),
        manner("r---x---x-x-|X---x---x---|r---x-x-x---", 0.6, 1.01, 4),
    ),
    "picked": (manner("r.1.2.3.2.1.|r.2.3.2.3.2.|1.2.3.2.3.2.", 0.0, 1.01, 4), ),
    "quick": (manner("1.3.2.3.2.3.", 0.0, 0.5, 2), manner("123212321232|132413241324", 0.5, 1.01, 2)),
    "strummed": (manner("d-----------|d---d-------", 0.0, 0.4), manner("r---d---d-u-|d---d-u-d-u-", 0.4, 1.01, 4)),
    "driven": (manner("X-----------", 0.0, 0.42), manner("X.x.x.x.x.x.|X-..x.x.x.x.", 0.42, 0.75),
    manner("X-x-X-x-X-x-|X-----X-X---", 0.75)),
    "off": (manner("....m...m...", 0.0, 1.01),),
    "late": (manner("....x-......|..x-....x-..", 0.0, 0.5), manner("x-....x-....|....x-..x-..|..x-..x-..o.", 0.5)),
    "line": (manner("3-----------|2-------3---"), ),
    "hits": (manner("............", 0.0, 0.55), manner("X-..........|........X-X-", 0.55)),
}  # fmt: skip
SIX: dict[str, tuple[Manner, ...]] = {
    "held": (manner("x-----------"),),
    "chords": (
        manner("x-----x-----|x-----------", 0.0, 0.5), manner("x-----x---x-|x-x-x-x-x-x-|r---x-R---x-", 0.5, 1.01, 3),
    ),
    "picked": (manner("r.1.2.3.2.1.|r.2.3.r.3.2.|1.2.3.1.2.3.", 0.0, 1.01, 4),),
    "quick": (manner("1.2.3.1.2.3.", 0.0, 0.5, 2), manner("123212321232|132313231323", 0.5, 1.01, 2)),
    "strummed": (manner("d-----d-----", 0.0, 0.4), manner("d---u-d---u-|d-u-u-d-u-u-", 0.4)),
    "driven": (manner("X-----------", 0.0, 0.42), manner("X.x.x.X.x.x.|X-..x.X-..x.", 0.42, 0.75),
    manner("X-x-x-X-x-x-|X-----X---x-", 0.75)),
    "off": (manner("....m.....m.|..m.m...m.m."),),
    "late": (manner("....x-......", 0.0, 0.5), manner("....x-x-....|x-....o-..x-", 0.5)),
    "line": (manner("3-----------|2-----3-----"),),
    "hits": (manner("............", 0.0, 0.55), manner("X-..........|......X-..X-", 0.55)),
}  # fmt: skip
# what a figure of 4/4 becomes in 3/4 and 6/8
TWELVE = {
    "hold": "held", "pulse": "chords", "arpeggio": "picked", "sixteenths": "quick", "alberti": "picked", "comp": "late",
    "stabs": "driven", "skank": "off", "bubble": "picked", "strum": "strummed", "chug": "driven", "power": "driven",
    "travis": "picked", "boomchick": "strummed", "montuno": "late", "bossa": "chords", "counter": "line",
    "accents": "hits", "pocket": "late", "chick": "off", "tremolo": "held", "muted": "picked", "loop": "held",
    "gate": "driven", "boogie": "chords",
}  # fmt: skip


def manners_of(figure: str, timesignature: str) -> tuple[Manner, ...]:
    """The patterns of `figure` in a metre."""
    if timesignature in ("4/4", "2/4"):
        return FOUR[figure]
    return (THREE if timesignature == "3/4" else SIX)[TWELVE[figure]]
