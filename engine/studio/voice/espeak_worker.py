"""eSpeak NG in a process of its own: `python -m engine.studio.voice.espeak_worker`.

eSpeak NG is under the GPL-3 and is loaded here and nowhere else; the engine talks to it over two pipes, one JSON object
a line. The first line out says who is there, `{"version", "voices": {language: identifier}}`, or `{"error"}` and the
end. Every line in, `{"text", "voice", "rate", "pitch"}`, is answered by one line, `{"rate", "pcm", "phones", "words"}`
with base64 of 16-bit little-endian samples, or `{"error"}`. The process ends when its input does.

eSpeak's noise and timing depend on what it said before. So each request is spoken by a fork of a process that has never
said anything: the same text always gives the same bytes.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

# From speak_lib.h: output mode, initialisation flags, parameters, event kinds, text flags.
SYNCHRONOUS = 2
PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 0x0001, 0x0002, 0x8000
RATE, VOLUME, RANGE, WORD_GAP = 1, 2, 4, 7
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7
CHARS_UTF8, PHONEMES = 0x0001, 0x0100


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Broken(Exception):
    """eSpeak NG is not there, or does not work."""


def load() -> tuple[ctypes.CDLL, int]:
    """Load and start eSpeak NG from the `espeakng_loader` wheel -> (library, sample rate in Hz). Raises `Broken`."""
    if not hasattr(os, "fork"):
        raise Broken("the singing voice needs Linux or macOS")
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path()).parent
    except (ImportError, OSError, RuntimeError) as error:
        raise Broken(f"eSpeak NG could not be loaded: {error}") from error
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, str(data).encode(), PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT)
    if rate <= 0:
        raise Broken(f"eSpeak NG did not start: error {rate}")
    return library, rate


def list_voices(library: ctypes.CDLL) -> dict[str, str]:
    """Language tag ("en-us") -> the identifier eSpeak wants ("gmw/en-US"); the first voice of a language counts."""
    voices = library.espeak_ListVoices(None)
    found: dict[str, str] = {}
    for index in range(10_000):
        if not voices[index]:
            break
        voice = voices[index].contents
        # `languages` is a priority byte, then the tag.
        tag = ctypes.string_at(voice.languages + 1).decode()
        found.setdefault(tag, voice.identifier.decode())
    return found


def speak(library: ctypes.CDLL, rate: int, request: dict[str, Any]) -> dict[str, Any]:
    """Say one text on one pitch; in it, `[[...]]` holds phonemes.

    `phones`: [sample, IPA, character of the word it belongs to]; characters from 1.
    """
    if library.espeak_SetVoiceByName(str(request["voice"]).encode()) != 0:
        return {"error": f"eSpeak NG has no voice {request['voice']!r}"}
    settings = ((RATE, int(request["rate"])), (VOLUME, 100), (RANGE, 0), (WORD_GAP, 0))
    for parameter, value in settings:
        library.espeak_SetParameter(parameter, value, 0)
    library.espeak_ng_SetConstF0(int(request["pitch"]))
    blocks: list[bytes] = []
    phones: list[tuple[int, str, int]] = []
    words: list[tuple[int, int, int]] = []
    position = 1

    def collect(samples: Any, count: int, events: Any) -> int:
        nonlocal position
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type != EVENT_END:
            event = events[index]
            if event.type == EVENT_WORD:
                position = event.text_position
                words.append((event.sample, position, event.length))
            elif event.type == EVENT_PHONEME:
                # Cut off at eight bytes: a torn last character is dropped.
                phones.append((event.sample, event.id.string.decode("utf-8", "ignore"), position))
            index += 1
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    text = str(request["text"]).encode()
    status = library.espeak_Synth(text, len(text) + 1, 0, 1, 0, CHARS_UTF8 | PHONEMES, None, None)
    if status != 0:
        return {"error": f"eSpeak NG could not speak: error {status}"}
    library.espeak_Synchronize()
    return {"rate": rate, "pcm": base64.b64encode(b"".join(blocks)).decode(), "phones": phones, "words": words}


def speak_in_fork(library: ctypes.CDLL, rate: int, line: bytes) -> bytes:
    """Answer a request from a child that starts where this process stands, so nothing said before can matter."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as out:
                out.write(json.dumps(speak(library, rate, json.loads(line))).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as into:
        answer = into.read()
    _, status = os.waitpid(child, 0)
    return answer if status == 0 else json.dumps({"error": "eSpeak NG crashed"}).encode()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""

    def answer(line: bytes) -> None:
        answers.write(line + b"\n")
        answers.flush()

    try:
        library, rate = load()
    except Broken as error:
        answer(json.dumps({"error": str(error)}).encode())
        return
    version = library.espeak_Info(ctypes.byref(ctypes.c_char_p())).decode()
    answer(json.dumps({"version": version, "voices": list_voices(library)}).encode())
    for line in requests:
        answer(speak_in_fork(library, rate, line))


def main() -> None:
    """Keep stdout for answers alone: whatever eSpeak prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
