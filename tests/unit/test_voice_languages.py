"""Lyrics in many languages and writings: read with the sounds of their own language, word for word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.spec.languages import LANGUAGES
from engine.studio.capabilities import capabilities
from engine.studio.session import Session
from engine.studio.voice.detect import language_of
from engine.studio.voice.espeak import Speaker, VoiceUnavailable
from engine.studio.voice.languages import REFUSED
from engine.studio.voice.numerals import chinese_numerals
from engine.studio.voice.phones import Kind
from engine.studio.voice.read import Utterance, utter
from tests.unit.studio import vocabulary


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    with Speaker() as speaker:
        yield speaker


def said(text: str, language: str, speaker: Speaker) -> Utterance:
    utterance = utter(text, language, speaker)
    assert utterance is not None
    return utterance


def sounds(utterance: Utterance) -> list[str]:
    return [phone.symbol for phone in utterance.phones]


def in_order(wanted: Sequence[str], heard: Sequence[str]) -> bool:
    rest = iter(heard)
    return all(any(symbol == sound for symbol in rest) for sound in wanted)


def syllables(utterance: Utterance) -> list[int]:
    return [sum(group.word == word for group in utterance.syllables) for word in range(len(utterance.words))]


# A line, its language, how many syllables each word has, and sounds that only a reader of that language makes of it.
READ = [
    ("我的心在重庆听音乐", "zh", [1] * 9, "w o ɕ i n ts ai ʈʂʰ oŋ tɕʰ i ŋ j i n j yɛ"),
    ("還是覺得快樂", "zh", [1] * 6, "ʂ ɨ tɕ yɛ kʰ w ai l ɤ"),
    ("唔好，我愛你一點", "yue", [1] * 7, "m h ou ŋ o oi n ei j a t d i m"),
    ("今日も学校へ行ったよ", "ja", [3, 4, 3], "k o̞ m o̞ ɡ ä k k o̞ e̞ i t t ä j o̞"),
    ("君と歌おう", "ja", [3, 4], "k i m i t o̞ ɯᵝ t ä o̞"),
    ("新しいパン", "ja", [5, 2], "ä t ä ɽ ä ɕ i p ä ɴ̩"),
    ("kimi to zutto issho ni", "ja", [2, 1, 2, 2, 1], "k i m i t o̞ z ɯᵝ t t o̞ i ɕ ɕ o̞"),
    ("나는 너를 사랑해", "ko", [2, 2, 3], "n ɐ n ɯ n n ʌ ɾ ɯ ɫ s ɐ ɾ ɐ ŋ h ɛ"),
    ("אני אוהב אותך כל הלילה", "he", [2, 2, 2, 1, 3], "a n i o h e v o t a χ k o l h a l a j l a"),
    ("שָׁלוֹם רוּחַ", "he", [2, 2], "ʃ a l o m r u a χ"),
    ("הילד כתב מכתב", "he", [3, 2, 2], "h a j e l e d k e t e v"),
    ("نرقص تحت القمر", "ar", [2, 2, 3], "n a r q a s̪ t a ħ t a q a m a r"),
    ("دل من همیشه با توست", "fa", [1, 1, 3, 1, 1], "d e l m a n h a m i ʃ e b ɑ t o s t"),
    ("मेरा दिल गाता है", "hi", [2, 1, 2, 1], "m eː ɾ d ɪ l ɡ aː t aː h ɛː"),
    ("हृदयं तव गायति", "sa", [3, 2, 3], "h d ɐ j ɐ m t ɐ v ɐ ɡ aː j ɐ t i"),
    ("আজ বৃষ্টি পড়ে", "bn", [1, 2, 2], "a ɟ b i p ɔ ɽ e"),
    ("Mwen renmen ou chak jou", "ht", [1, 2, 1, 1, 1], "m w ɛ̃ ʁ ɛ̃ m ɛ̃ u ʃ a k ʒ u"),
    ("Ang puso ng mga bituin", "tl", [1, 2, 1, 2, 3], "a ŋ p u s o n a ŋ m a ŋ a b i t u i n"),
    ("Srce, krv i prst", "hr", [2, 1, 1, 1], "s r̩ ts k r̩ v ɪ p r̩ s t"),
    ("Моје срце пева", "sr", [2, 2, 2], "m o j e s r̩ ts p ɛ v"),
    ("Volim te", "sr", [2, 1], "v o l ɪ m t ɛ"),
    ("Moje srdce zpívá", "cs", [2, 2, 2], "s r̩ t ts e s p iː v aː"),
    ("Hviezdy svietia", "sk", [2, 2], "h v j e z d i s v j e"),
    ("Gwiazdy świecą", "pl", [2, 2], "ɡ v ʲ a z d ɨ ɕ"),
    ("Я люблю каждую ночь", "ru", [1, 2, 3, 1], "ja u k ʒ d u ju n o tʃʲ"),
    ("Чуєш їх пісню", "uk", [2, 1, 2], "tʃ u j ɛ ʃ j i x p i s"),
    ("Жүрөгүм сага ырдайт", "ky", [3, 2, 2], "dʒ y r œ ɡ y m s ɑ"),
    ("IŞIK VE İSTANBUL", "tr", [2, 1, 3], "ɯ ʃ ɯ k v ɛ ɪ s t a n"),
    ("Мән сәни севирәм", "az", [1, 2, 3], "m æ n s æ n i s e v i"),
    ("Seni kutib", "uz", [2, 2], "s e n ɪ k ʊ t ɪ b"),
    ("Τα αστέρια, σ' αγαπώ", "el", [1, 4, 3], "t a a s t e r i a s a ɣ a p o"),
    ("Je suis dans la nuit", "fr", [1, 1, 1, 1, 1], "ʒ s ɥ i d ɑ̃ l a n ɥ i"),
    ("Il cuore nuovo", "it", [1, 2, 2], "i l k w ɔ r e n w ɔ v o"),
    ("Eu te amo, coração", "pt", [1, 1, 2, 3], "eʊ tʃ ɐ̃ m ʊ k o ɾ a s ɐ̃ʊ"),
    ("Ich liebe dich", "de", [1, 2, 1], "ɪ ç l iː b ə d ɪ ç"),
    ("Mi corazón, las estrellas", "es", [1, 3, 1, 3], "k o ɾ a θ o n e s t ɾ e ʎ a s"),
    ("Hver hjerte", "da", [1, 2], "ʋ ɛ ɐ̯ j ɛ ɐ̯ d ə"),
    ("Laulab igal ööl", "et", [2, 2, 1], "l a u̯ l a b i ɡ ɑ l øː l"),
    ("Đêm anh yêu em", "vi", [1, 1, 1, 1], "ɗ e m e ɲ iɛ w ɛ m"),
    ("Nyota na mji", "sw", [2, 1, 2], "ɲ o t a n a m̩ ɟ i"),
    ("Fy nghalon, y llyn", "cy", [1, 2, 1, 1], "ŋ h a l ɔ n ə ɬ n"),
    ("ልቤ ይዘምራል", "am", [2, 4], "l ɨ β e j ɨ z ə m ɨ r a l"),
    ("மழை பாடுகிறது", "ta", [2, 5], "m ʌ aɪ p aː ɖ ʉ ɡ i r ʌ d ʉ"),
    ("한류의 신라, 합니다 작년에", "ko", [3, 2, 3, 3], "h ɐ l j u s i l ɐ h ɐ m n i d ɐ tɕ ɐ ŋ n j ʌ n"),
    ("1人で3回、二十歳の八百円", "ja", [4, 4, 4, 5], "ç i t o̞ ɽ i d e̞ s ä ŋ̩ k ä i h ä t ä tɕ i h ä p p ʲ ä k"),
    (
        "何百回も八百年、三本と四時",
        "ja",
        [6, 5, 5, 2],
        "n ä m̩ b ʲ ä k k ä i m o̞ h ä p p ʲ ä k s ä m̩ b o̞ n̩ t o̞ j o̞ dʑ i",
    ),
    ("嗯，2024年3.5倍", "zh", [1, 4, 1, 3, 1], "ə n ər l i ŋ ər s ɨ n iɛ n s a n t iɛ n w u p ei"),
    ("Wǒ ài nǐ, nǐmen yuèliang", "zh", [1, 1, 1, 2, 2], "w o ai n i n i m ə n j yɛ l iɑ ŋ"),
    ("Στ' αστέρια, ό,τι θες", "el", [4, 2, 1], "s t a s t e r i a o t i θ e s"),
    ("Vlk a pár slz", "cs", [1, 1, 1, 1], "v l̩ k a p aː r s l̩ z"),
    ("J't'aime, qu'tu viennes", "fr", [2, 2, 1], "ʒ ə t ɛ m k ə t y v j ɛ n"),
    ("Я б хотел, он ж знал", "ru", [1, 2, 1, 1], "ja p x ʌ tʲ e ɭ o n ʒ z n ɑ ɭ"),
    ("سأظل أحبك، أحلام", "ar", [2, 4, 2], "s a ʔ ð a l ʔ u ħ i b u k a ʔ a ħ l a m"),
    ("عشق کی ھی", "ar", [1, 1, 2], "ʕ i ʃ q k a j h i j a"),
    ("Ты мой ёжик", "uk", [1, 1, 2], "t̪ ɪ m o j j o ʒ ɪ k"),
    ("Stjernene skinner", "no", [3, 2], "ʃ a r n ɛ n a ʃ ɪ n ə r"),
    ("ჩემი გული მღერის", "ka", [2, 2, 2], "tʃ e m i ɡ u l i m ɣ e r i s"),
]


@pytest.mark.parametrize(("text", "language", "counts", "heard"), READ)
def test_a_language_is_read_with_its_own_sounds(
    speaker: Speaker, text: str, language: str, counts: list[int], heard: str
) -> None:
    utterance = said(text, language, speaker)
    assert in_order(heard.split(), sounds(utterance)), sounds(utterance)
    assert syllables(utterance) == counts


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("我愛你，真的！", "zh", ["我", "愛", "你，", "真", "的！"]),
        ("「東京の夜空に」星が光る…", "ja", ["「東京の", "夜空に」", "星が", "光る…"]),
        ("24時間の夏に", "ja", ["24時間の", "夏に"]),
        ("3天2024年", "zh", ["3", "天", "2024", "年"]),
        ("в небе с тобой", "ru", ["в небе", "с тобой"]),
        ("v noci s tebou", "cs", ["v noci", "s tebou"]),
        ("L' amour d' été", "fr", ["L' amour", "d' été"]),
        ("Ｌｏｖｅ 𝓶𝓮 ❤️ to\u200bnight", "en", ["Ｌｏｖｅ", "𝓶𝓮", "to\u200bnight"]),
        ("ㅋㅋㅋ 사랑 ㅠㅠ", "ko", ["사랑"]),
        ("ﾊﾟｰﾃｨｰ ﾅｲﾄ", "ja", ["ﾊﾟｰﾃｨｰ", "ﾅｲﾄ"]),
        ("２人の夏、㌔と㍿", "ja", ["２人の", "夏、", "㌔と", "㍿"]),
        ("３个２０％", "zh", ["３", "个", "２０％"]),
        ("я б хотел", "ru", ["я б", "хотел"]),
        ("٣ أيام, २४", "de", ["٣", "أيام,", "२४"]),
    ],
)
def test_words_stay_as_they_are_written(speaker: Speaker, text: str, language: str, words: list[str]) -> None:
    assert list(said(text, language, speaker).words) == words


@pytest.mark.parametrize(
    ("text", "language", "heard"),
    [
        ("나는 너를 love you baby", "ko", "n ʌ ɾ ɯ ɫ l ʌ v j uː b eɪ b i"),
        ("君と dancing tonight", "ja", "k i m i t o̞ d æ n s ɪ ŋ t ə n aɪ t"),
        ("I can't live without you", "ko", "aɪ k æ n t l ɪ v w ɪ ð aʊ t j uː"),
        ("मैं love करता हूँ", "hi", "m l ʌ v k ʌ ɾ t aː h"),
        ("I love you 我爱你 forever", "en", "aɪ l ʌ v j uː w o ai n i f ɚ ɹ ɛ v ɚ"),
        ("Hello 사랑해 ありがとう", "en", "h oʊ s ɐ ɾ ɐ ŋ h ɛ ä ɽ i ɡ ä t o̞"),
        ("mon cœur, שלום, привет", "fr", "m ɔ̃ k œ ʁ ʃ a l o m p r ʲ i v ʲ e t"),
        ("愛 and さくら", "en", "ä i æ n d s ä k ɯᵝ ɽ ä"),
        ("LOVE in 24시간", "ko", "l ʌ v ɪ n i s i p s ɐ s i k ɐ n"),
        ("anh yêu em forever, my love", "vi", "iɛ w ɛ m f ɚ ɹ ɛ v ɚ l ʌ v"),
        ("Phở với Wǒ", "en", "f oʊ v ɔɪ w oʊ"),
        ("한글 abc ひら", "hi", "h ɐ n k ɯ ɫ eɪ b iː s iː ç i ɽ ä"),
    ],
)
def test_each_writing_is_read_in_its_own_language(speaker: Speaker, text: str, language: str, heard: str) -> None:
    utterance = said(text, language, speaker)
    assert in_order(heard.split(), sounds(utterance)), sounds(utterance)


@pytest.mark.parametrize(
    ("shouted", "spoken", "language"),
    [
        ("LIEBE IST ALLES", "Liebe ist alles", "de"),
        ("ΣΉΜΕΡΑ ΕΔΏ", "σήμερα εδώ", "el"),
        ("LOOOOVE", "love", "en"),
        ("لاااااا", "لا", "ar"),
        ("h\u0338e\u0335llo", "hello", "en"),
    ],
)
def test_shouted_stretched_and_struck_letters_are_read_as_words(
    speaker: Speaker, shouted: str, spoken: str, language: str
) -> None:
    assert sounds(said(shouted, language, speaker)) == sounds(said(spoken, language, speaker))


def test_what_is_offered_is_what_can_be_sung(speaker: Speaker) -> None:
    assert set(capabilities().languages) == set(LANGUAGES) - set(REFUSED)
    assert len(capabilities().languages) > 80


@pytest.mark.parametrize("language", sorted(REFUSED))
def test_a_refused_language_is_named(speaker: Speaker, language: str) -> None:
    with pytest.raises(VoiceUnavailable, match=LANGUAGES[language]):
        utter("la", language, speaker)


DETECTED = {
    "en": "My heart will always sing your name",
    "de": "Die Sterne leuchten über der Stadt",
    "fr": "Mon cœur chante toujours pour toi",
    "es": "Mi corazón siempre canta por ti",
    "it": "Il mio cuore canta sempre per te",
    "pt": "Meu coração sempre canta por você",
    "nl": "De sterren schijnen boven de stad",
    "sv": "Mitt hjärta sjunger alltid för dig",
    "fi": "Sydämeni laulaa sinulle aina",
    "pl": "Moje serce zawsze śpiewa dla ciebie",
    "cs": "Moje srdce zpívá jen pro tebe",
    "hu": "A szívem mindig neked énekel",
    "ro": "Inima mea cântă mereu pentru tine",
    "tr": "Kalbim hep senin için şarkı söylüyor",
    "vi": "Trái tim anh luôn hát cho em nghe",
    "sw": "Moyo wangu unaimba kwa ajili yako",
    "tl": "Ang puso ko'y laging umaawit sa iyo",
    "ru": "Моё сердце всегда поёт для тебя",
    "uk": "Моє серце завжди співає для тебе",
    "bg": "Звездите греят над града, сърцето ми пее",
    "kk": "Жүрегім саған ән салады күн сайын",
    "ar": "قلبي معك في كل مكان يا حبيبي",
    "fa": "دل من همیشه با توست ای ماه شب من",
    "ur": "میرا دل تیرے لیے گاتا ہے",
    "hi": "मेरा दिल तेरे लिए गाता है",
    "mr": "माझे हृदय तुझ्यासाठी गाते आहे",
    "he": "הלב שלי תמיד שר בשבילך",
    "el": "Η καρδιά μου τραγουδάει",
    "bn": "আমি তোমাকে ভালোবাসি",
    "ta": "என் இதயம் பாடுகிறது",
    "ka": "ჩემი გული მღერის",
    "ko": "내 마음은 baby 너를 노래해",
    "ja": "君の名は",
    "zh": "我的心永远为你歌唱",
    "yue": "我哋唔係佢",
    "th": "ฉันรักเธอ",
}


@pytest.mark.parametrize("language", DETECTED)
def test_the_language_of_a_line_is_found(language: str) -> None:
    assert language_of(DETECTED[language]) == language


SHORT = {
    "Je t'aime": "fr", "C’est la vie": "fr", "Mon amour": "fr", "Te quiero": "es", "Ti amo": "it",
    "Ich liebe dich": "de", "Ave Maria gratia plena": "la", "We will rock you": "en", "My mama said": "en",
    "Sun goes down and the stars come out": "en", "Aku cinta padamu setiap malam": "id", "Moje srce kuca za tebe": "hr",
}  # fmt: skip


@pytest.mark.parametrize("text", SHORT)
def test_the_words_of_a_short_text_tell_its_language(text: str) -> None:
    assert language_of(text) == SHORT[text]


@pytest.mark.parametrize("text", ["", "🔥", "la la la la", "Love", "x", "bcdfg hjkl", "1999", "amen"])
@pytest.mark.parametrize("before", ["en", "fr"])
def test_where_a_text_says_too_little_the_expected_language_stands(text: str, before: str) -> None:
    assert language_of(text, before) == before


def test_languages_that_look_alike_stay_what_was_expected() -> None:
    assert language_of("Aku cinta padamu setiap malam", "ms") == "ms"
    assert language_of("Moje srce kuca za tebe", "bs") == "bs"
    assert language_of("我愛你", "yue") == "yue"


def test_a_song_is_sung_in_the_language_asked_for_or_that_of_its_words(speaker: Speaker) -> None:
    session = Session("studio", 48_000, vocabulary(), speaker)
    lyrics = "[Verse 1 - soft and slow]\nDie Sterne leuchten\nMein Herz schlägt nur für dich\n[Chorus]\nHey"
    assert session.language_of(lyrics, "unknown") == "de"
    assert session.language_of(lyrics, "nl") == "nl"
    assert session.language_of("[chorus]\nHey hey", "unknown", "fr") == "fr"


def test_a_section_in_another_language_is_sung_in_it_where_none_was_asked_for(speaker: Speaker) -> None:
    session = Session("studio", 48_000, vocabulary(), speaker)
    lyrics = (
        "[Verse]\nStreet lights hum and the city sleeps\nI hold the secret that the river keeps\n"
        "[Chorus]\nQuiero bailar contigo esta noche\nBajo la luna de mi corazón\n"
        "[Bridge]\nAdiós, mi amor\nla la la\n[Verse]\nMorning comes and the coffee is cold\nsomebody laughs in the hall"
    )
    assert session.language_of(lyrics, "unknown") == "en"
    read = session.read(lyrics, "en", mixed=True)
    assert [line.language for line in read] == ["", "", "es", "es", "", "", "", ""]
    [asked] = {line.language for line in session.read(lyrics, "en")}
    assert asked == ""


@pytest.mark.parametrize("language", ["en", "he", "ht", "ja", "zh"])
@pytest.mark.parametrize("typed", ["[[{}]]", "［［{}］］", "<{}>"])
def test_phonemes_and_markup_that_people_type_are_words(speaker: Speaker, typed: str, language: str) -> None:
    inside = said(typed.format("bana"), language, speaker)
    assert sounds(inside) == sounds(said("bana", language, speaker))


@pytest.mark.parametrize(
    ("text", "language", "beats"),
    [
        ("9" * 90, "zh", 90),
        ("9" * 90, "ja", 180),
        ("ラ" * 150, "ja", 150),
        ("あ" + "ー" * 250, "ja", 251),
        ("שב" * 150, "he", 150),
    ],
)
def test_a_word_of_any_length_is_sung_whole(speaker: Speaker, text: str, language: str, beats: int) -> None:
    assert syllables(said(text, language, speaker)) == [beats]


def test_a_number_longer_than_any_is_read_digit_by_digit() -> None:
    assert chinese_numerals("9" * 5000) == "九" * 5000
    assert chinese_numerals("007") == "零零七"
    assert chinese_numerals("50%", japanese=True) == "五十パーセント"


PIECES = (
    "love", "LOVE", "愛", "恋する", "사랑", "мир", "שיר", "حب", "प्यार", "২৪", "٣", "24", "🔥", "\u200d", "\u0301",
    "«é»", "ǆ", "ー", "っ", "々", "ㅋ", "ß", "İ", "ﬁ", "ⓛ", "Ⅷ", "'", "’s", "[[a]]", "<b>", "$5", "c'è", "…",
    "я б", "Ό,τι", "j't'", "ﾊﾟ", "３．５％", "Wǒ", "vlk", "Қ", "ۇ", "합니다", "二十歳",
    "\u202eabc", "½", "ʰ", "rhythm", "psst", "u\u0308", "ﷺ", "한\u200b글", "q", "%", "ア", "ｱ", "々々", "-", "_",
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), min_size=1, max_size=5),
    glue=st.sampled_from((" ", "", "-")),
    language=st.sampled_from(("en", "ja", "zh", "ko", "ru", "he", "hi", "ar", "fr", "tr", "ht", "yue", "sa", "el")),
)
def test_whatever_is_typed_is_sung_left_out_or_refused(
    pieces: list[str], glue: str, language: str, speaker: Speaker
) -> None:
    text = glue.join(pieces)
    assert language_of(text) in LANGUAGES
    try:
        utterance = utter(text, language, speaker)
    except VoiceUnavailable:
        return
    if utterance is None:
        return
    assert all(word.strip() for word in utterance.words)
    assert min(syllables(utterance)) >= 1
    used = [i for group in utterance.syllables for i in (*group.onset, group.nucleus, *group.coda)]
    assert used == list(range(len(utterance.phones)))
    for phone in utterance.phones:
        assert phone.end > phone.start
        assert phone.symbol
        assert not any(sign in phone.symbol for sign in "()[]_?\"'#^")
    starts = [phone.start for phone in utterance.phones]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("tʃ", Kind.STOP), ("ju", Kind.VOWEL), ("œŋ", Kind.VOWEL), ("ɗ", Kind.VOICED_STOP), ("tʼ", Kind.STOP),
        ("ʈʂʰ", Kind.STOP), ("ɐ̯", Kind.VOWEL), ("r̩", Kind.SONORANT), ("ʲ", Kind.SONORANT), ("ǃ", Kind.STOP),
        ("ɬ", Kind.SONORANT), ("ɣ", Kind.VOICED_FRICATIVE), ("ħ", Kind.FRICATIVE),
    ],
)  # fmt: skip
def test_sounds_are_known_for_what_they_are(symbol: str, kind: Kind) -> None:
    from engine.studio.voice.phones import Phone

    phone = Phone(symbol, 0, 100, 0, 0)
    assert phone.kind is kind
    assert phone.nuclear == (symbol in ("ju", "œŋ", "r̩"))
    assert unicodedata.normalize("NFC", symbol)
