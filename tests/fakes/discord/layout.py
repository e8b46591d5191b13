"""Components as Discord gives them back: nothing left out that it always says, media with their addresses."""

from __future__ import annotations

from typing import Any

from tests.fakes.discord.world import JSON, World

ALWAYS: dict[int, JSON] = {
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False},
    14: {"divider": True, "spacing": 1},
    17: {"accent_color": None, "spoiler": False},
}
"""By type: thumbnail, file, separator, container."""
FILES = "/attachments/"


def component(part: JSON, world: World, base: str) -> JSON:
    """One component with all that is within it. `base` is where files are served from."""
    told = {key: value for key, value in part.items() if value is not None}
    drawn = {**ALWAYS.get(part["type"], {}), **told}
    if "components" in part:
        drawn["components"] = [component(inner, world, base) for inner in part["components"]]
    if "accessory" in part:
        drawn["accessory"] = component(part["accessory"], world, base)
    if "media" in part:
        drawn["media"] = _media(part["media"], world, base)
    if "items" in part:
        drawn["items"] = [
            {"description": None, "spoiler": False, **item, "media": _media(item["media"], world, base)}
            for item in part["items"]
        ]
    if "file" in part:
        drawn["file"] = _media(part["file"], world, base)
        kept = world.attachments.get(_attachment(part["file"]["url"]))
        drawn |= {"name": kept.filename if kept else None, "size": len(kept.data) if kept else None}
    return drawn


def served(value: Any, base: str) -> Any:
    """With addresses in place of the paths under which files are kept."""
    if isinstance(value, dict):
        return {key: served(item, base) for key, item in value.items()}
    if isinstance(value, list):
        return [served(item, base) for item in value]
    if isinstance(value, str) and value.startswith(FILES):
        return base + value
    return value


def _media(media: JSON, world: World, base: str) -> JSON:
    url = served(media["url"], base)
    kept = world.attachments.get(_attachment(media["url"]))
    if kept is None:
        return {"id": "0", "url": url, "proxy_url": url}
    here = {"id": str(kept.id), "attachment_id": str(kept.id), "content_type": kept.content_type}
    return {**here, "url": url, "proxy_url": url}


def _attachment(url: str) -> int:
    """The id within the path of a kept file; 0 for an address elsewhere."""
    return int(url.split("/")[3]) if url.startswith(FILES) else 0
