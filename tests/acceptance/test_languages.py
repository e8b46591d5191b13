"""Twenty languages in twelve scripts, sung and heard: in tune, in place, and with the sounds of that language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
import torch

from bench.couplets import couplets
from bench.ears.hearing import LINE_S, OUT_OF_TUNE_CENTS, WORD_S
from bench.sung import HeardCouplet, Overheard, Timbre, heard
from bench.voices import CENTS, SOUNDS

LANGUAGES = (
    "en", "es", "fr", "de", "pt", "ru", "uk", "el", "tr", "ar", "he", "hi", "bn", "ta", "ja", "zh", "ko", "vi", "fi",
    "sw",
)  # fmt: skip

Song = Callable[[str], HeardCouplet]


def timbre(language: str) -> Timbre:
    return "female" if LANGUAGES.index(language) % 2 == 0 else "male"


@pytest.fixture(scope="module")
def song() -> Iterator[Song]:
    """Each language's couplet, sung once."""
    torch.set_num_threads(1)
    with Overheard() as speaker:
        yield cache(lambda language: heard(couplets()[language], timbre(language), speaker))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_sung_in_tune_in_place_and_with_its_own_sounds(song: Song, language: str) -> None:
    sung = song(language)
    assert np.median(sung.cents) <= CENTS
    assert len(sung.lines_s) == 2
    assert sung.lines_s.max() <= LINE_S
    assert sung.sounds >= SOUNDS
    assert sung.switched == ()
    # What is asked for is not what any voice would say to these letters.
    assert sung.wrong < SOUNDS


def test_words_begin_when_they_are_heard_and_hardly_a_note_is_off(song: Song) -> None:
    songs = [song(language) for language in LANGUAGES]
    assert np.quantile(np.concatenate([sung.words_s for sung in songs]), 0.9) <= WORD_S
    assert np.quantile(np.concatenate([sung.words_chance_s for sung in songs]), 0.9) > 1.5 * WORD_S
    assert np.mean(np.concatenate([sung.cents for sung in songs]) > OUT_OF_TUNE_CENTS) <= 0.02
