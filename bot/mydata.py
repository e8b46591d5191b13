"""What somebody takes along: their files under names that say what they are, and beside them the data and a guide."""

from __future__ import annotations

from collections.abc import Iterator

from bot.names import slug
from bot.placard import Bundle
from bot.replies import reply
from workflows.privacy.export import Export, Owned

SONGS, BROUGHT, PICTURES = "songs", "sound-you-brought", "pictures-you-gave"
DATA, GUIDE = "data.json", "README.txt"


def bundle(export: Export, locale: str = "en") -> Bundle:
    """Everything of `export`, the latest songs first: where there is no room for all, the oldest are left out."""
    files = tuple((name, owned.file.digest, owned.file.size) for name, owned in _named(export))
    guide = reply("mydata_guide", locale, name=export.name)
    return Bundle(f"mydata-{slug(export.name)}", files, ((DATA, export.text), (GUIDE, guide + "\n")))


def _named(export: Export) -> Iterator[tuple[str, Owned]]:
    brought = 0
    for owned in export.files:
        if owned.file.kind == "thumbnail":
            yield f"{PICTURES}/{owned.job}.{owned.file.format}", owned
        elif owned.job is not None:
            yield f"{SONGS}/{owned.job}-{slug(owned.title)}/{_name(owned)}", owned
        else:
            brought += 1
            yield f"{BROUGHT}/{brought}-{_name(owned)}", owned


def _name(owned: Owned) -> str:
    take = "" if owned.take == 1 else f"-{owned.take}"
    if owned.file.kind == "stem":
        return f"stems{take}/{owned.file.name}.{owned.file.format}"
    return f"{slug(owned.title)}{take}.{owned.file.format}"
