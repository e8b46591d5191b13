from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.audio import picture
from engine.audio.lettering import set_title, title_mask
from engine.audio.motifs import MOTIFS
from engine.audio.palette import oklch, palette

ENERGY = tuple(0.3 + 0.7 * abs(np.sin(i / 9)) for i in range(180))
SIZE = 256


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int16)


def test_a_cover_is_a_square_png_that_repeats_exactly() -> None:
    one, other = (picture.cover("Coffee Steam", seed=7, genre="lo-fi", energy=ENERGY) for _ in range(2))
    assert one == other
    assert pixels(one).shape == (1024, 1024, 3)


@pytest.mark.parametrize("change", [{"seed": 8}, {"genre": "metal"}, {"energy": ENERGY[90:]}])
def test_another_song_has_another_cover(change: dict[str, object]) -> None:
    usual: dict[str, object] = {"seed": 7, "genre": "lo-fi", "energy": ENERGY, "size": SIZE}
    assert picture.cover("Coffee Steam", **usual) != picture.cover("Coffee Steam", **usual | change)  # type: ignore[arg-type]


@pytest.mark.parametrize("motif", MOTIFS)
@pytest.mark.parametrize("minor", [True, False])
def test_every_motif_fills_the_picture_and_shows_the_song(motif: object, minor: bool) -> None:
    def draw(energy: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(3)
        return motif(SIZE, palette(rng, "pop", minor), energy, rng)  # type: ignore[operator,no-any-return]

    art = draw(np.array(ENERGY, np.float32))
    assert art.shape == (SIZE, SIZE, 3)
    assert np.isfinite(art).all()
    assert art.min() > -0.01
    assert art.max() < 1.01
    assert art.std() > 0.03
    assert np.abs(art - draw(np.linspace(1, 0, 180, dtype=np.float32))).max() > 0.1


@pytest.mark.parametrize("title", ["", "雨の歌", "Ørsted", "🎵", "\u0301"])
def test_a_title_without_letters_for_it_is_left_away_whole(title: str) -> None:
    assert set_title(title, SIZE, SIZE) is None
    assert pixels(picture.cover(title, seed=1, size=SIZE)).shape == (SIZE, SIZE, 3)


def test_accents_are_drawn_onto_their_letters() -> None:
    def drawn(title: str) -> np.ndarray:
        lettering = set_title(title, SIZE, SIZE)
        assert lettering is not None
        return np.asarray(title_mask(lettering, SIZE, 10, 10), dtype=np.int16)

    difference = drawn("Über") - drawn("Uber")
    rows, columns = np.nonzero(difference)
    letter_rows = np.nonzero(drawn("Uber"))[0]
    assert difference.max() > 200
    assert rows.max() < letter_rows.min() + 3
    assert columns.max() < SIZE // 8
    # the accent of an í takes the place of its dot
    assert (drawn("í") - drawn("i")).min() < -100


@pytest.mark.parametrize("title", ["Go", "The Longest Winter We Ever Walked Through Together " * 3, "x" * 120])
def test_any_title_stays_inside_the_picture(title: str) -> None:
    lettering = set_title(title, SIZE, SIZE * 0.87)
    assert lettering is not None
    assert len(lettering.lines) <= 3
    mask = np.asarray(title_mask(lettering, SIZE, SIZE * 0.065, SIZE * 0.935 - lettering.height))
    assert mask.max() > 240
    assert mask[:, -4:].max() == mask[-4:].max() == mask[:, :4].max() == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_title_stands_out_from_its_ground(seed: int) -> None:
    named, bare = (pixels(picture.cover(t, seed=seed, genre="pop", energy=ENERGY, size=SIZE)) for t in ("Drift", ""))
    assert named.shape == bare.shape
    lettering = set_title("Drift", SIZE, SIZE * 0.87)
    assert lettering is not None
    top = SIZE * 0.935 - lettering.height
    mask = np.asarray(title_mask(lettering, SIZE, SIZE * 0.065, top))
    rows = slice(int(top), SIZE - 10)
    ink, ground = named[mask > 250].mean(), named[rows][mask[rows] == 0].mean()
    assert abs(ink - ground) > 90


def test_the_small_picture_is_the_same_picture() -> None:
    whole = picture.cover("Drift", seed=4, energy=ENERGY, size=SIZE)
    small = pixels(picture.smaller(whole, 64))
    assert small.shape == (64, 64, 3)
    assert np.abs(small - pixels(whole).reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))).mean() < 6


def test_the_waveform_is_high_where_the_song_is_loud() -> None:
    png = picture.waveform_png((10, 10, 100, 100), width=80, height=40)
    alpha = np.asarray(Image.open(io.BytesIO(png)))[..., 3]
    assert alpha.shape == (40, 80)
    assert (alpha[:, 50:] > 0).sum() > 5 * (alpha[:, :30] > 0).sum()


def test_colours_are_ones_a_screen_can_show() -> None:
    for hue in range(0, 360, 7):
        colour = oklch(0.7, 0.4, hue)
        assert colour.min() >= 0
        assert colour.max() <= 1
    assert oklch(1, 0, 0) == pytest.approx([1, 1, 1], abs=0.01)


def test_a_cover_says_that_a_machine_made_it_at_any_size() -> None:
    png = picture.cover("Coffee Steam", seed=7, size=128)
    for made in (png, picture.smaller(png, 64)):
        said = Image.open(io.BytesIO(made)).info
        assert said["Comment"] == "AI-generated with Minstrel"
        assert "digitalsourcetype/algorithmicMedia" in said["XML:com.adobe.xmp"]


def test_a_picture_of_somebodys_own_says_nothing_of_the_kind() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 80, 60)).save(buffer, format="PNG")
    assert not Image.open(io.BytesIO(picture.smaller(buffer.getvalue(), 32))).info
