"""A recording in words that a caption understands, only as sure as what was made out; and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable

from engine.hearing.texture import BANDS_HZ
from engine.hearing.transcript import Texture, Transcript

# Tempi from which these words fit, in beats as they are felt.
TEMPI = (
    (0.0, "very slow"), (56.0, "slow"), (76.0, "laid-back"), (92.0, "mid-tempo"), (116.0, "upbeat"), (140.0, "fast"),
    (176.0, "very fast"),
)  # fmt: skip
METRES = {"3/4": "waltz", "6/8": "6/8"}
# How sure something must be before it is said, and before it is said without a "seems".
HEARD, SURE = 0.4, 0.7
# Share of the energy below 150 Hz, and above 4 kHz, in dB, from which a sound is heavy at the bottom or bright.
BASS_HZ, BRIGHT_HZ = 150.0, 4000.0
BASSY_DB, THIN_DB, BRIGHT_DB, DARK_DB = -3.0, -12.0, -10.0, -24.0
# Share of the side signal above the bass.
WIDE, NARROW = 0.22, 0.02
ROOMY_S, ENDLESS_S, DRY_S = 1.6, 4.0, 0.45
DYNAMIC_LU, EVEN_LU, CRUSHED_DB = 9.0, 2.5, 8.0
SWUNG = 0.57
# Strokes a bar of the whole kit.
BUSY, SPARSE = 14.0, 5.0
SILENT_LUFS = -60.0


def confidences(transcript: Transcript) -> dict[str, float]:
    """How sure each fact is, 0 to 1: bpm, keyscale, timesignature, chords, sections, melody."""
    pulse = transcript.pulse
    if transcript.exact:
        return dict.fromkeys(("bpm", "keyscale", "timesignature", "chords", "sections", "melody"), 1.0)
    chords = ((each.end - each.start, each.confidence) for each in transcript.chords if each.root is not None)
    notes = ((each.end - each.start, each.confidence) for each in transcript.melody)
    found = {
        "bpm": pulse.confidence,
        "keyscale": transcript.tonality.confidence,
        "timesignature": pulse.bar_confidence,
        "chords": _mean(chords) * (0.5 + 0.5 * pulse.confidence),
        # Where sections part is surer than what each is for, and no surer than the bar lines.
        "sections": 0.8 * pulse.bar_confidence if len(transcript.sections) > 1 else 0.5 * pulse.bar_confidence,
        "melody": _mean(notes),
    }
    return {name: round(float(value), 2) for name, value in found.items()}


def caption(transcript: Transcript, *, sung: bool = False) -> str:
    """One or two sentences, such as "Upbeat music in a minor key, with drums and heavy bass. Bright, wide."

    `sung`: somebody sings in it, whatever was heard. No genre is named: nothing here was fitted to real records; and
    nothing is called instrumental, for a soft voice among instruments is missed too often.
    """
    texture = transcript.texture
    if texture.loudness < SILENT_LUFS:
        return "Silence."
    sure = confidences(transcript)
    tempo = _tempo(transcript) if sure["bpm"] >= HEARD else ""
    voice = 1.0 if sung else texture.voice
    who = _voice(voice)
    if not tempo and not sung and max(sure["keyscale"], transcript.groove.drums) < HEARD:
        sound = "voice" if voice >= SURE else "sound, perhaps a voice," if voice >= HEARD else "sound"
        who = f"{sound} without a clear beat or key"
    first = f"{tempo} {who}".strip()
    if sure["keyscale"] >= HEARD:
        mode = "minor" if transcript.tonality.minor else "major"
        first += f", in what seems a {mode} key" if sure["keyscale"] < SURE else f" in a {mode} key"
    band = _band(transcript)
    if band and "without" not in who:
        first += f", with {_listed(band)}"
    second = _sound(transcript)
    text = first[0].upper() + first[1:] + "."
    return text + (
        f" {second[0].capitalize()}{', ' if len(second) > 1 else ''}{', '.join(second[1:])}." if second else ""
    )


def caption_confidence(transcript: Transcript, *, sung: bool = False) -> float:
    """How sure the least sure thing is that the caption says, 0 to 1; what it says of the sound itself is measured."""
    sure, voice = confidences(transcript), 1.0 if sung else transcript.texture.voice
    said = [sure[name] for name in ("bpm", "keyscale") if sure[name] >= HEARD]
    if transcript.pulse.timesignature in METRES and said and sure["timesignature"] >= HEARD:
        said.append(sure["timesignature"])
    return round(min([*said, *([voice] if voice >= SURE else [])], default=1.0), 2)


def _mean(weighed: Iterable[tuple[float, float]]) -> float:
    pairs = list(weighed)
    total = sum(weight for weight, _ in pairs)
    return sum(weight * value for weight, value in pairs) / total if total > 0 else 0.0


def _tempo(transcript: Transcript) -> str:
    """The tempo's word, and "waltz" or "6/8" where that is sure."""
    pulse = transcript.pulse
    word = next(word for least, word in reversed(TEMPI) if pulse.bpm >= least)
    metre = METRES.get(pulse.timesignature) if pulse.bar_confidence >= HEARD else None
    return f"{word} {metre}" if metre else word


def _voice(voice: float) -> str:
    if voice >= SURE:
        return "song with vocals"
    return "piece, perhaps with vocals" if voice >= HEARD else "music"


def _band(transcript: Transcript) -> list[str]:
    """Drums and bass, as far as they are heard."""
    groove, texture = transcript.groove, transcript.texture
    found = []
    if groove.drums >= HEARD:
        bars = max(1, len(groove.kick.steps))
        strokes = sum(sum(map(bool, bar)) for each in (groove.kick, groove.snare, groove.hats) for bar in each.steps)
        kind = "busy " if strokes / bars >= BUSY else "sparse " if strokes / bars <= SPARSE else ""
        swung = "swung " if groove.swing >= SWUNG and groove.confidence >= HEARD else ""
        found.append(f"{kind}{swung}drums")
    else:
        found.append("no drums")
    if _power(texture, 0.0, BASS_HZ) >= BASSY_DB:
        found.append("heavy bass")
    return found


def _sound(transcript: Transcript) -> list[str]:
    """Words for balance, width, space and dynamics, where they stand out."""
    texture = transcript.texture
    words = []
    high = _power(texture, BRIGHT_HZ, 1e9)
    low = _power(texture, 0.0, BASS_HZ)
    words += ["bright"] if high >= BRIGHT_DB else ["dark"] if high <= DARK_DB else []
    words += ["thin"] if low <= THIN_DB and high > DARK_DB else []
    above = [share for hz, share in zip(BANDS_HZ, texture.width, strict=True) if hz > BASS_HZ]
    width = sum(above) / len(above)
    words += ["wide"] if width >= WIDE else ["mono"] if width <= NARROW else []
    words += ["spacious"] if ROOMY_S <= texture.space_s < ENDLESS_S else ["dry"] if texture.space_s <= DRY_S else []
    if texture.range_lu >= DYNAMIC_LU:
        words.append("with quiet and loud parts")
    elif 0 < texture.range_lu <= EVEN_LU:
        words.append("even in level")
    words += ["compressed"] if 0 < texture.crest_db <= CRUSHED_DB else []
    return words


def _power(texture: Texture, low: float, high: float) -> float:
    """Level in dB of what lies between two frequencies, against the whole."""
    total = sum(10 ** (level / 10) for hz, level in zip(BANDS_HZ, texture.bands_db, strict=True) if low <= hz < high)
    return float(10 * math.log10(max(total, 1e-9)))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
