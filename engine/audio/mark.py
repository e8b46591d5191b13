"""How a file says that a machine made it: in words for people, and in the term that programs look for."""

from __future__ import annotations

STATEMENT = "AI-generated with Minstrel"
# The IPTC's "digital source type" of media made by an algorithm that was trained on no recordings, which is how the
# built-in engine works: it composes by rules.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
# The same as pictures say it.
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"/></rdf:RDF></x:xmpmeta>'
)


def stated(comment: str) -> str:
    """`comment` behind the statement: players show the first words of a comment, if any."""
    return f"{STATEMENT}: {comment}" if comment else STATEMENT


def unstated(comment: str) -> str:
    """What `stated` was given."""
    return comment.removeprefix(STATEMENT).removeprefix(": ") if comment.startswith(STATEMENT) else comment


def in_wav(data: bytes) -> bytes:
    """The WAV file `data` with the statement where every program looks for a comment: a LIST chunk of type INFO."""
    text = STATEMENT.encode("ascii") + b"\0"
    text += b"\0" * (len(text) % 2)
    entry = b"ICMT" + len(text).to_bytes(4, "little") + text
    info = b"LIST" + (4 + len(entry)).to_bytes(4, "little") + b"INFO" + entry
    whole = int.from_bytes(data[4:8], "little") + len(info)
    return data[:4] + whole.to_bytes(4, "little") + data[8:] + info
