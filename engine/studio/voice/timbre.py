"""What singers differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timbre:
    """A singer. Curves are (Hz, dB) points, joined by straight lines over log frequency.

    formants: factor on eSpeak's (a man's) formant frequencies; colour: equaliser; breath: share of
    noise in the voice; air_db: level above 4 kHz against the formants at 3 kHz; vibrato_cents, vibrato_hz: depth (one
    side) and rate of a full vibrato.
    """

    name: str
    formants: float
    colour: tuple[tuple[float, float], ...]
    breath: tuple[tuple[float, float], ...]
    air_db: float
    vibrato_cents: float
    vibrato_hz: float


FEMALE = Timbre(
    "female",
    formants=1.17,
    colour=(
        (80, -18),
        (160, -4),
        (300, 0),
        (900, 0),
        (2000, -1),
        (3200, -2),
        (4500, -7),
        (6500, -3),
        (9000, 0),
        (12000, 3),
    ),
    breath=((500, -40), (1500, -34), (3000, -26), (5000, -14), (8000, -5), (12000, -1)),
    air_db=-7.0,
    vibrato_cents=38.0,
    vibrato_hz=5.6,
)
MALE = Timbre(
    "male",
    formants=1.0,
    colour=(
        (60, -18),
        (110, -2),
        (200, 0),
        (700, 0),
        (1800, 0),
        (2800, 0),
        (3800, -4),
        (6500, -2),
        (9000, 0),
        (12000, 3),
    ),
    breath=((500, -44), (1500, -38), (3000, -30), (5000, -18), (8000, -7), (12000, -2)),
    air_db=-7.0,
    vibrato_cents=32.0,
    vibrato_hz=5.2,
)
CHOIR = (
    replace(FEMALE, name="choir alto", formants=1.13, vibrato_cents=24.0),
    replace(MALE, name="choir tenor", formants=1.0, vibrato_hz=5.4),
    replace(FEMALE, name="choir soprano", formants=1.21, vibrato_hz=5.9, vibrato_cents=28.0),
)
# Who sings under each name.
SINGERS: Mapping[str, tuple[Timbre, ...]] = {"female": (FEMALE,), "male": (MALE,), "choir": CHOIR}
