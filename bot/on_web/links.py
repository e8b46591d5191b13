"""Links to files, as answers over HTTP give them: absolute, signed, each ending in its format."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.people import now_ms
from workflows.signed_links import GOOD_FOR_S, Piece, file_link
from workflows.view import TrackView

# What sound is to be had as, in the order in which answers name it; made from what is kept at the first download.
FORMATS = ("flac", "mp3", "wav", "ogg", "m4a")
# Whoever asks again within it is given the same links: players go on with what they have.
SAME_FOR_S = 3600


@dataclass(frozen=True)
class Links:
    """`seal` signs them; `base` is where whoever gets them reaches this house.

    Good until `until_s`, or for a day and what is left of the hour.
    """

    seal: bytes
    base: str
    until_s: int | None = None

    def to(self, piece: Piece) -> str:
        """A link to download `piece` by."""
        next_hour_s = (now_ms() // 1000 // SAME_FOR_S + 1) * SAME_FOR_S
        until_s = next_hour_s + GOOD_FOR_S if self.until_s is None else self.until_s
        return file_link(self.seal, self.base, piece, until_s=until_s)

    def sound(self, track: TrackView) -> dict[str, str]:
        """The sound of a take by format. A take that is one stem of another song has that as its sound."""
        return {form: self.to(Piece(track.id, "audio", form)) for form in FORMATS}

    def stems(self, track: TrackView, form: str | None = None) -> dict[str, str]:
        """The stems of a take by name, in the format they are kept in or in `form`."""
        return {
            file.name: self.to(Piece(track.id, "stem", form or file.format, file.name))
            for file in track.files
            if file.kind == "stem"
        }

    def others(self, track: TrackView) -> dict[str, str]:
        """What else there is of a take: "lrc", "midi", "image"."""
        there = {file.kind: file.format for file in track.files if file.kind in ("lrc", "midi", "image")}
        return {kind: self.to(Piece(track.id, kind, form)) for kind, form in there.items()}
