"""The small copy of a song that goes into a chat: an MP3 that is never too large to be posted."""

from __future__ import annotations

from engine.audio.tags import Tags, id3_size

FORMAT = "mp3"
# Discord takes 10 MiB a file where nobody pays for more; what lies between covers the wrapping of an upload.
LARGEST = round(9.75 * 2**20)
# kbit/s, the best first; the last one still has room for ten minutes and a picture
BIT_RATES = (192, 160, 128)
# The silence that MP3 adds at both ends, and the room that is left free behind the tags.
SPARE = 2**15


def bit_rate(seconds: float, tag: Tags) -> int:
    """The best of `BIT_RATES` at which `seconds` of sound and their tags stay below `LARGEST` bytes.

    The lowest where none does, which no song of ten minutes needs.
    """
    room = LARGEST - SPARE - id3_size(tag)
    return next((rate for rate in BIT_RATES if rate * 125 * seconds <= room), BIT_RATES[-1])
