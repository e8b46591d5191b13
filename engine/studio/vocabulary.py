"""The words of a caption that mean something to the composer, beside the genre words of `presets.toml`."""

from __future__ import annotations

# phrase -> instrument of `engine.spec.preset`
INSTRUMENTS = {
    "piano": "piano", "pianos": "piano", "grand piano": "piano", "upright piano": "piano", "klavier": "piano",
    "electric piano": "electric_piano", "rhodes": "electric_piano", "wurlitzer": "electric_piano",
    "keys": "electric_piano",
    "organ": "organ", "hammond": "organ", "church organ": "organ", "accordion": "organ",
    "acoustic guitar": "steel_guitar", "acoustic guitars": "steel_guitar", "acoustic": "steel_guitar",
    "unplugged": "steel_guitar", "fingerpicking": "steel_guitar", "fingerpicked": "steel_guitar",
    "steel guitar": "steel_guitar", "12-string": "steel_guitar", "banjo": "steel_guitar", "mandolin": "steel_guitar",
    "nylon guitar": "nylon_guitar", "classical guitar": "nylon_guitar", "spanish guitar": "nylon_guitar",
    "ukulele": "nylon_guitar", "harp": "nylon_guitar", "lute": "nylon_guitar",
    "electric guitar": "clean_guitar", "electric guitars": "clean_guitar", "clean guitar": "clean_guitar",
    "guitar": "guitar", "guitars": "guitar",
    "distorted guitar": "distorted_guitar", "distorted guitars": "distorted_guitar",
    "heavy guitars": "distorted_guitar",
    "guitar riff": "distorted_guitar", "guitar riffs": "distorted_guitar", "power chords": "distorted_guitar",
    "distortion": "distorted_guitar", "overdriven guitar": "distorted_guitar", "fuzz": "distorted_guitar",
    "bass guitar": "electric_bass", "electric bass": "electric_bass", "slap bass": "electric_bass", "bass": "bass",
    "bassline": "bass", "upright bass": "upright_bass", "double bass": "upright_bass", "walking bass": "upright_bass",
    "contrabass": "upright_bass", "synth bass": "synth_bass", "reese": "synth_bass", "808": "sub_808",
    "808s": "sub_808",
    "808 bass": "sub_808", "sub bass": "sub_808",
    "strings": "string_ensemble", "string section": "string_ensemble", "orchestra": "string_ensemble",
    "orchestral": "string_ensemble", "cello": "string_ensemble", "cellos": "string_ensemble",
    "viola": "string_ensemble",
    "violins": "string_ensemble", "violin": "solo_violin", "fiddle": "solo_violin", "solo violin": "solo_violin",
    "brass": "brass_section", "horns": "brass_section", "brass section": "brass_section",
    "horn section": "brass_section",
    "trombone": "brass_section", "french horn": "brass_section", "tuba": "brass_section", "trumpet": "trumpet",
    "trumpets": "trumpet", "cornet": "trumpet",
    "flute": "flute", "flutes": "flute", "pan flute": "flute", "recorder": "flute", "tin whistle": "flute",
    "whistle": "flute", "saxophone": "saxophone", "sax": "saxophone", "woodwinds": "flute", "woodwind": "flute",
    "clarinet": "saxophone", "oboe": "saxophone",
    "synth": "synth", "synths": "synth", "synthesizer": "synth", "synthesizers": "synth", "synth lead": "lead",
    "lead synth": "lead", "arpeggio": "pluck", "arpeggios": "pluck", "arp": "pluck", "plucks": "pluck", "pad": "pad",
    "pads": "pad", "bell": "bell", "bells": "bell", "glockenspiel": "bell", "music box": "bell", "celesta": "bell",
    "vibraphone": "bell", "chimes": "bell", "marimba": "pluck", "kalimba": "pluck",
    "drums": "drums", "drum": "drums", "drum kit": "drums", "beat": "drums", "beats": "drums",
    "live drums": "acoustic_kit",
    "acoustic drums": "acoustic_kit", "rock drums": "rock_kit", "brushes": "brush_kit", "brushed drums": "brush_kit",
    "drum machine": "electronic_kit", "electronic drums": "electronic_kit", "timpani": "orchestral_kit",
    "percussion": "hand_percussion", "congas": "hand_percussion", "bongos": "hand_percussion",
    "shaker": "hand_percussion",
    "tambourine": "hand_percussion", "djembe": "hand_percussion", "hand drums": "hand_percussion",
    "hand percussion": "hand_percussion", "riser": "riser", "risers": "riser",
}  # fmt: skip
# words for a whole stem, and what plays there when the genre has nobody for it
STEMS = {
    "guitar": ("guitar", "steel_guitar"), "bass": ("bass", "electric_bass"), "drums": ("drums", "acoustic_kit"),
    "synth": ("synth", "pluck"),
}  # fmt: skip
# Nobody here plays these: the nearest instrument stands in, and people are told so.
NOT_PLAYED = frozenset(
    ("banjo", "mandolin", "ukulele", "harp", "lute", "accordion", "clarinet", "oboe", "recorder", "harmonica",
    "kalimba",
     "marimba", "vibraphone", "harpsichord", "choir")
)  # fmt: skip
# word -> (more or less energy, 1 for minor and -1 for major)
MOODS: dict[str, tuple[float, int]] = {
    **dict.fromkeys(
        ("sad", "melancholic", "melancholy", "melancholia", "lonely", "heartbroken", "heartbreak", "sorrowful",
        "mournful",
         "tragic", "bittersweet", "wistful", "longing", "nostalgic", "grief", "crying", "blue", "somber", "sombre",
         "traurig", "traurige", "trauriges", "triste", "melancholisch", "triste y lenta", "mélancolique",
         "malinconico"), (-0.14, 1)),
    **dict.fromkeys(
        ("dark", "haunting", "mysterious", "eerie", "ominous", "gloomy", "moody", "sinister", "spooky", "scary",
        "gothic",
         "tense", "suspenseful", "düster", "oscuro", "sombre et lent"), (-0.02, 1)),
    **dict.fromkeys(
        ("angry", "aggressive", "brutal", "furious", "fierce", "rebellious", "raging", "menacing", "wütend"), (0.22,
        1)),
    **dict.fromkeys(("epic", "dramatic", "intense", "powerful", "heroic", "triumphant", "massive", "huge"), (0.2, 0)),
    **dict.fromkeys(
        ("happy", "joyful", "cheerful", "upbeat", "uplifting", "sunny", "bright", "fun", "playful", "feel-good",
        "feel good",
         "positive", "optimistic", "celebratory", "carefree", "summer", "fröhlich", "fröhliche", "fröhliches",
         "heiter", "feliz", "alegre", "joyeux",
         "allegro", "felice", "hopeful", "festive"), (0.14, -1)),
    **dict.fromkeys(
        ("energetic", "driving", "exciting", "wild", "party", "banger", "hype", "pumping", "loud", "explosive",
        "anthemic",
         "high energy", "high-energy", "danceable", "energiegeladen", "enérgico"), (0.24, 0)),
    **dict.fromkeys(
        ("calm", "peaceful", "relaxing", "relaxed", "gentle", "soft", "quiet", "tender", "soothing", "serene", "dreamy",
         "mellow", "chill", "chilled", "laid-back", "laid back", "minimal", "sparse", "intimate", "delicate", "sleepy",
         "warm", "floating", "ethereal", "ruhig", "ruhige", "ruhiges", "sanft", "tranquilo", "suave", "calme", "doux",
         "dolce"), (-0.2, 0)),
    **dict.fromkeys(("romantic", "lovely", "sweet", "cozy", "cosy", "tender love"), (-0.08, -1)),
}  # fmt: skip
# word -> where in the usual tempo range: -1 its slow end, 1 its fast end
TEMPOS = {
    "very slow": -2.0, "extremely slow": -2.0, "slow": -1.1, "slowly": -1.1, "slow tempo": -1.1, "largo": -2.0,
    "adagio": -1.4,
    "lento": -1.4, "langsam": -1.1, "lente": -1.1, "lenta": -1.1, "andante": -0.6, "laid-back": -0.6, "laid back": -0.6,
    "relaxed": -0.4, "downtempo": -0.8, "mid-tempo": 0.01, "midtempo": 0.01, "mid tempo": 0.01, "moderate": 0.01,
    "medium tempo": 0.01, "moderato": 0.01, "upbeat": 0.6, "uptempo": 0.9, "up-tempo": 0.9, "up tempo": 0.9,
    "fast": 1.1,
    "quick": 0.9, "fast-paced": 1.1, "allegro": 0.8, "vivace": 1.2, "presto": 2.0, "very fast": 2.0, "rapid": 1.2,
    "energetic": 0.5, "schnell": 1.1, "rápido": 1.1, "rapide": 1.1, "driving": 0.5, "calm": -0.4, "sleepy": -0.8,
    "ballad": -0.4,
}  # fmt: skip
VOICES = {
    **dict.fromkeys(
        ("female", "woman", "girl", "soprano", "alto", "her voice", "female vocals", "female voice", "female vocal",
         "female singer", "women", "lady", "diva", "songstress", "weiblich", "femenina", "mezzo"), "female"),
    **dict.fromkeys(
        ("male", "man", "boy", "baritone", "tenor", "bass voice", "male vocals", "male voice", "male vocal",
        "male singer",
         "men", "guy", "crooner", "männlich", "masculina", "his voice"), "male"),
}  # fmt: skip
WORDLESS = frozenset(
    ("instrumental", "no vocals", "no vocal", "without vocals", "no singing", "without singing", "no voice",
    "no lyrics",
     "without lyrics", "vocal-free", "karaoke", "backing track", "without voice", "instrumentals")
)  # fmt: skip
SINGING = frozenset(("sung", "singing", "sings", "singer", "melodic vocals", "crooner"))
RAPPING = frozenset(("rap", "rapper", "rapping", "rapped", "mc", "spoken word", "spoken"))
METRES = {
    "waltz": "3/4", "valse": "3/4", "walzer": "3/4", "vals": "3/4", "minuet": "3/4", "mazurka": "3/4",
    "triple metre": "3/4",
    "triple meter": "3/4", "march": "2/4", "polka": "2/4", "jig": "6/8", "tarantella": "6/8", "barcarolle": "6/8",
    "compound metre": "6/8", "doo-wop": "6/8", "doo wop": "6/8",
}  # fmt: skip
# They say nothing about the sound, so nobody needs to hear that they did nothing.
STOPWORDS = frozenset((
    "a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "without", "by", "from", "as", "is",
    "are", "be", "it", "its", "it's", "this", "that", "these", "those", "i", "me", "my", "we", "us", "our", "you",
    "your", "he", "she", "his", "her", "they", "them", "their", "some", "any", "very", "really", "quite", "so",
    "too", "just", "make", "made", "create", "generate", "write", "compose", "give", "play", "please", "song",
    "songs", "music", "track", "tracks", "tune", "piece", "instrumental", "vocals", "vocal", "voice", "voices",
    "lyrics", "singing", "sung", "singer", "style", "genre", "sound", "sounds", "sounding", "feel", "feeling",
    "vibe", "vibes", "mood", "tempo", "key", "time", "beat", "beats", "rhythm", "bpm", "like", "inspired", "based",
    "one", "two", "three", "into", "over", "under", "up", "down", "out", "all", "more", "most", "less", "kind",
    "type", "sort", "short", "long", "new", "version", "theme", "background", "featuring", "feat", "using", "use",
    "but", "not", "no", "only", "solo", "lead", "melody", "melodies", "chords", "groove", "minor", "major", "und",
    "der", "die", "das", "ein", "eine", "mit", "im", "ohne", "el", "la", "los", "las", "un", "una", "de", "del",
    "con", "sin", "y", "en", "le", "les", "des", "du", "et", "avec", "sans", "il", "lo", "gli", "e", "di", "per",
))  # fmt: skip
