"""What the benchmarks of the music ask for: `prompts.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.spec import Request, parse


@dataclass(frozen=True)
class Prompt:
    """One request of a song. `preset` is the genre it means; `group` numbers the prompts of a preset from 0."""

    preset: str
    group: int
    seconds: float
    seed: int
    values: dict[str, Any]
    task: str = "text2music"

    @property
    def name(self) -> str:
        """Such as "Jazz 3"."""
        return f"{self.preset} {self.group}"

    def spec(self, **changes: Any) -> Request:
        """The request as people's words become one, with `changes`."""
        return parse(self.task, {**self.values, **changes})


def prompts() -> tuple[Prompt, ...]:
    """Every song of `prompts.toml`, in its order."""
    read = tomllib.loads((Path(__file__).parent / "prompts.toml").read_text("utf-8"))
    seen: dict[str, int] = {}
    found: list[Prompt] = []
    for song in read["songs"]:
        preset = song["preset"]
        group = seen[preset] = seen.get(preset, -1) + 1
        values = {"caption": song["caption"], "duration": song["seconds"]}
        values |= {name: song[name] for name in ("bpm", "keyscale", "timesignature") if name in song}
        if "lyrics" in song:
            values["lyrics"] = read["lyrics"][song["lyrics"]]
        if song.get("chosen"):
            values["genre_preset"] = preset
        found.append(Prompt(preset, group, float(song["seconds"]), 1000 + len(found), values))
    return tuple(found)
