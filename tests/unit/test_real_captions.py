"""Captions as people write them, and what a musician would make of them."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.unit import studio

Mode = Literal["minor", "major", "either"]

# caption, genre, mode, slowest and fastest tempo, instruments that must play, stems or instruments that must not
TABLE: list[tuple[str, str, Mode, int, int, str, str]] = [
    ("Upbeat summer pop anthem, female vocals, catchy hook, 120 bpm", "Modern Pop", "major", 120, 120, "", ""),
    ("sad piano ballad about losing someone", "Modern Pop", "minor", 50, 92, "piano", "distorted_guitar"),
    ("emotional pop ballad with piano and strings", "Modern Pop", "either", 60, 90, "piano string_ensemble", ""),
    ("80s synthpop with gated drums and a shimmering pad", "Modern Pop", "either", 100, 124,
     "electronic_kit synth_bass pad", "upright_bass"),
    ("dreamy bedroom pop, lo-fi, whispered vocals", "Modern Pop", "either", 80, 124, "hiphop_kit", "rock_kit"),
    ("K-pop banger, energetic, 128 BPM, in F# minor", "Modern Pop", "minor", 128, 128, "", ""),
    ("gritty garage rock, distorted guitars, raw energy", "Rock", "minor", 105, 165, "distorted_guitar", "pad"),
    ("soft rock with acoustic guitar and warm harmonies", "Rock", "either", 60, 95, "steel_guitar", "distorted_guitar"),
    ("fast punk rock, angry, no keyboards", "Rock", "minor", 164, 210, "distorted_guitar", "keyboard"),
    ("90s grunge, slow and heavy", "Rock", "either", 80, 108, "distorted_guitar", ""),
    ("indie rock song about driving at night", "Rock", "either", 108, 148, "", ""),
    ("boom bap hip hop beat with jazzy piano sample", "Hip Hop", "either", 84, 98, "piano hiphop_kit", ""),
    ("dark trap beat, 808s, hi-hats, 140 bpm", "Hip Hop", "minor", 140, 140, "sub_808", "acoustic_kit"),
    ("lofi chill beats to study to", "Hip Hop", "either", 65, 98, "drums", "distorted_guitar"),
    ("smoky late night jazz trio with brushes and upright bass", "Jazz", "either", 50, 100,
     "brush_kit upright_bass", "electronic_kit"),
    ("uptempo bebop, blazing saxophone", "Jazz", "either", 140, 210, "saxophone", "synth"),
    ("big band swing with a brass section", "Jazz", "either", 130, 190, "brass_section", ""),
    ("electro swing with a modern beat", "Jazz", "either", 130, 190, "drums", ""),
    ("melancholic piano waltz", "Classical", "minor", 80, 150, "piano", "drums"),
    ("epic orchestral trailer music with war drums", "Classical", "either", 84, 150,
     "orchestral_kit string_ensemble brass_section", "steel_guitar"),
    ("solo piano nocturne, very slow and intimate", "Classical", "either", 40, 66, "piano",
     "drums bass strings woodwinds"),
    ("baroque harpsichord fugue in D minor", "Classical", "minor", 70, 120, "piano", "drums"),
    ("gentle lullaby with music box", "Classical", "major", 50, 80, "bell", "drums"),
    ("string quartet, tense and suspenseful", "Classical", "minor", 70, 130, "string_ensemble", "drums keyboard"),
    ("deep house with warm pads and a rolling bassline", "Electronic", "either", 116, 132, "pad", "upright_bass"),
    ("uplifting trance, 138bpm, euphoric supersaw lead", "Electronic", "major", 138, 138, "lead", ""),
    ("liquid drum and bass, atmospheric, no vocals", "Electronic", "either", 165, 180, "drums bass", "guitar"),
    ("ambient drone for meditation, no drums", "Electronic", "either", 50, 80, "synth", "drums percussion"),
    ("synthwave, neon city at night, retro 1980s", "Electronic", "either", 84, 116, "electronic_kit", "upright_bass"),
    ("minimal techno, dark warehouse", "Electronic", "minor", 118, 145, "electronic_kit", ""),
    ("funky disco with strings and slap bass", "Electronic", "either", 105, 130, "string_ensemble electric_bass", ""),
    ("8-bit chiptune for a video game level", "Electronic", "either", 120, 160, "synth", "guitar"),
    ("classic country song with fiddle and pedal steel", "Country", "either", 88, 132, "solo_violin", "synth_bass"),
    ("bluegrass hoedown, banjo, fast", "Country", "major", 130, 185, "steel_guitar", "drums"),
    ("fingerpicked acoustic guitar folk, intimate male voice", "Folk", "either", 60, 112, "steel_guitar", "synth"),
    ("celtic jig with tin whistle and fiddle", "Folk", "either", 90, 130, "flute solo_violin", "synth_bass"),
    ("drunken pirate sea shanty, choir singing along", "Folk", "either", 70, 105, "", "synth_bass"),
    ("medieval tavern music with lute and flute", "Folk", "either", 80, 112, "nylon_guitar flute", "synth_bass"),
    ("slow blues in E, crying electric guitar and organ", "Blues", "either", 45, 75, "clean_guitar organ", ""),
    ("delta blues, just guitar and voice", "Blues", "either", 78, 112, "steel_guitar", "drums keyboard bass"),
    ("roots reggae, sunny, with horns", "Reggae", "major", 64, 92, "brass_section", ""),
    ("dub with huge reverb and deep bass", "Reggae", "either", 62, 84, "bass", ""),
    ("bossa nova for a rainy afternoon, nylon guitar", "Latin", "either", 90, 140, "nylon_guitar", "distorted_guitar"),
    ("reggaeton perreo, 95 bpm", "Latin", "either", 95, 95, "sub_808", "brass"),
    ("passionate tango with violin and bandoneon", "Latin", "either", 108, 130, "solo_violin", "drums"),
    ("neo soul slow jam, rhodes, sensual", "R&B", "minor", 55, 98, "electric_piano", "distorted_guitar"),
    ("motown style soul with brass and tambourine", "R&B", "either", 80, 120, "brass_section hand_percussion", ""),
    ("gospel choir with hammond organ, joyful", "R&B", "major", 50, 90, "organ", ""),
    ("brutal death metal, blast beats, no clean vocals", "Metal", "minor", 160, 210, "distorted_guitar", "piano"),
    ("symphonic metal with orchestra", "Metal", "either", 130, 185, "string_ensemble distorted_guitar", ""),
    ("acoustic version, cello and harp only", "Classical", "either", 40, 130, "string_ensemble nylon_guitar",
     "drums bass keyboard"),
    ("happy ukulele", "Folk", "major", 78, 140, "nylon_guitar", "distorted_guitar"),
    ("accoustic gutiar balad, very mellancholic", "Folk", "minor", 50, 105, "steel_guitar", "distorted_guitar"),
    ("eletronic musik, femal vocals", "Electronic", "either", 116, 136, "synth", ""),
    ("悲伤的钢琴曲，慢速，没有鼓", "Classical", "minor", 40, 90, "piano", "drums"),
    ("欢快的中国流行歌曲，女声，吉他和弦乐", "Modern Pop", "major", 94, 150, "guitar string_ensemble", ""),
    ("重金属，快节奏，愤怒", "Metal", "minor", 150, 220, "distorted_guitar", ""),
    ("切ないジャズワルツ、ピアノとベース、ドラムなし", "Jazz", "minor", 80, 168, "piano bass", "drums"),
    ("밝고 신나는 댄스 팝, 신스", "Modern Pop", "major", 94, 150, "synth", ""),
    ("잔잔한 피아노 발라드", "Modern Pop", "either", 50, 90, "piano", ""),
    ("balada triste con guitarra española y voz femenina, sin batería", "Latin", "minor", 60, 124,
     "nylon_guitar", "drums"),
    ("cumbia alegre con acordeón", "Latin", "major", 80, 115, "organ", "distorted_guitar"),
    ("rock en español, rápido, guitarras eléctricas", "Rock", "either", 128, 185, "distorted_guitar", ""),
    ("trauriger langsamer Walzer mit Klavier und Geige", "Classical", "minor", 60, 115, "piano solo_violin", "drums"),
    ("chanson française mélancolique avec accordéon", "Folk", "minor", 60, 116, "organ", "synth_bass"),
    ("samba animado com violão e flauta", "Latin", "major", 92, 125, "guitar flute", ""),
    ("musica elettronica veloce e aggressiva", "Electronic", "minor", 124, 150, "synth", ""),
    ("🎸🔥🤘", "Metal", "either", 124, 190, "distorted_guitar", ""),
    ("😴🌙🎹", "Custom", "either", 40, 118, "piano", "drums"),
    ("sad robots", "Custom", "minor", 60, 120, "", ""),
    ("happy birthday", "Custom", "major", 84, 150, "", ""),
    ("make me a song please", "Custom", "either", 60, 160, "", ""),
    ("", "Custom", "either", 60, 160, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("caption", "genre", "mode", "low", "high", "players", "absent"), TABLE)
def test_a_caption_means_what_a_musician_would_make_of_it(
    caption: str, genre: str, mode: Mode, low: int, high: int, players: str, absent: str
) -> None:
    for seed in (1, 2, 3):
        brief = studio.brief(None, caption, seed)
        band = {*brief.preset.instruments, *brief.preset.instruments.values()}
        assert brief.style == genre
        assert mode == "either" or brief.minor == (mode == "minor")
        assert low <= brief.bpm <= high
        assert set(players.split()) <= band
        assert not set(absent.split()) & band
