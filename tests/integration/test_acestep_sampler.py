"""Our own passes over the network against the library's: where both can do the same they do it to the last bit."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry
from diffusers.models.autoencoders.autoencoder_oobleck import OobleckDiagonalGaussianDistribution

from engine.acestep import latents, sampler
from engine.acestep.checkpoint import inspect
from engine.acestep.conditions import conditions, timbre
from engine.acestep.guidance import adg
from engine.acestep.model import Model, Models, caught_up
from engine.acestep.player import Player, levelled
from engine.acestep.sampler import Noise, Phase, denoise, schedule
from engine.acestep.wish import Audio, Sampling, Start, Text, Wish
from engine.acestep.words import Fitted, fit
from engine.spec import Cancelled, EngineError
from tests.fakes.acestep import LATENT, save_tiny

TEXT = Text(
    caption="slow blues, slide guitar", lyrics="[verse]\nRain on the roof", language="en", bpm=72.0,
    keyscale="A Minor", timesignature="3/4", seconds=2.0,
)  # fmt: skip
ODE = Sampling(steps=4, shift=3.0, guidance=1.0)
GUIDED = replace(ODE, guidance=5.0, shift=1.0)


@pytest.fixture(scope="module", params=["turbo", "base"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = save_tiny(tmp_path_factory.mktemp("tiny") / request.param, request.param)
    return Models("cpu").of(inspect(folder), lambda _: None)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = save_tiny(tmp_path_factory.mktemp("tiny") / "base", "base")
    return Models("cpu").of(inspect(folder), lambda _: None)


@pytest.fixture
def middling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library draws latents around what it encoded; here it takes their middle, as we do."""
    drawn = OobleckDiagonalGaussianDistribution
    monkeypatch.setattr(drawn, "sample", lambda self, generator=None: self.mode())


def noisy(seconds: float, seed: int = 3) -> Audio:
    return (np.random.default_rng(seed).standard_normal((2, round(seconds * 48_000))) * 0.2).astype(np.float32)


def wish(**more: Any) -> Wish:
    return Wish(**{"task": "text2music", "text": TEXT, "sampling": ODE, "starts": (Start(7),), "seconds": 2.0, **more})


def ours(model: Model, asked: Wish) -> torch.Tensor:
    source = None if asked.source is None else latents.encoded(model, latents.at_rate(model, asked.source))
    heard = conditions(model, asked, asked.task, source, timbre(model, asked.reference))
    return denoise(model, [Phase(0, heard)], asked.starts, asked.sampling, lambda _: None)


def theirs(model: Model, asked: Wish, **more: Any) -> torch.Tensor:
    heard = asked.text
    found = model.pipe(
        prompt=heard.caption, lyrics=heard.lyrics, vocal_language=heard.language, bpm=72, keyscale="A minor",
        timesignature="3", audio_duration=heard.seconds, num_inference_steps=asked.sampling.steps,
        guidance_scale=asked.sampling.guidance, shift=asked.sampling.shift, task_type=asked.task,
        generator=torch.Generator().manual_seed(asked.starts[0].seed), output_type="latent", **more,
    )  # fmt: skip
    latent: torch.Tensor = found.audios
    return latent


@pytest.mark.usefixtures("middling")
@pytest.mark.parametrize("sampling", [ODE, GUIDED, replace(ODE, steps=9, shift=2.0)], ids=["turbo", "guided", "nine"])
def test_a_song_is_the_librarys_to_the_last_bit(model: Model, sampling: Sampling) -> None:
    if model.checkpoint.variant == "turbo":
        sampling = replace(sampling, guidance=1.0)
    asked = wish(sampling=sampling)
    assert torch.equal(ours(model, asked), theirs(model, asked))


@pytest.mark.usefixtures("middling")
def test_so_are_references_covers_repaints_and_stems(base: Model) -> None:
    sound, other = torch.from_numpy(noisy(2.0)), torch.from_numpy(noisy(11.0, seed=4))
    cases: dict[str, tuple[Wish, dict[str, Any]]] = {
        "reference": (wish(reference=other.numpy()), {"reference_audio": other}),
        "cover": (wish(task="cover", source=sound.numpy()), {"src_audio": sound}),
        "repaint": (
            wish(task="repaint", source=sound.numpy(), region=(0.4, 1.2)),
            {"src_audio": sound, "repainting_start": 0.4, "repainting_end": 1.2},
        ),
        "extract": (
            wish(task="extract", source=sound.numpy(), track="drums"),
            {"src_audio": sound, "track_name": "drums"},
        ),
    }  # fmt: skip
    made = {name: ours(base, asked) for name, (asked, _) in cases.items()}
    for name, (asked, more) in cases.items():
        assert torch.equal(made[name], theirs(base, asked, **more)), name
    assert len({latent.sum().item() for latent in made.values()}) == len(cases), "each is another music"


def test_the_steps_are_those_the_checkpoints_were_trained_with() -> None:
    # The tables that ship with turbo for shifts of 1 and 3.
    assert schedule(4, 1.0) == [1.0, 0.75, 0.5, 0.25, 0.0]
    told = [1.0, 0.9545454545, 0.9, 0.8333333333, 0.75, 0.6428571429, 0.5, 0.3, 0.0]
    assert schedule(8, 3.0) == pytest.approx(told)


def test_noise_is_a_seeds_own_and_mixes_without_becoming_louder() -> None:
    def noise(start: Start) -> torch.Tensor:
        return Noise(start).draw(500, 64)

    one, two = noise(Start(1)), noise(Start(2))
    assert torch.equal(one, noise(Start(1)))
    assert not torch.equal(one, two)
    assert torch.equal(noise(Start(2, of=1, variance=0.0)), one)
    assert torch.equal(noise(Start(2, of=1, variance=1.0)), two)
    assert torch.equal(noise(Start(1, of=1, variance=0.4)), one)
    near = [torch.corrcoef(torch.stack([one.flatten(), noise(Start(2, of=1, variance=v)).flatten()]))[0, 1].item()
            for v in (0.1, 0.3, 0.7, 0.9)]  # fmt: skip
    assert near == sorted(near, reverse=True)
    assert near[1] == pytest.approx(math.cos(0.3 * math.pi / 2), abs=0.02)
    assert noise(Start(2, of=1, variance=0.5)).std().item() == pytest.approx(1.0, abs=0.02)


def test_every_take_is_its_seeds_whoever_is_made_beside_it(base: Model) -> None:
    together = ours(base, wish(starts=(Start(1), Start(2), Start(3))))
    alone = [ours(base, wish(starts=(Start(seed),))) for seed in (1, 2, 3)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)
    assert not torch.allclose(together[0], together[1], atol=0.1)


def test_sde_puts_new_noise_on_and_is_a_seeds_own(base: Model) -> None:
    sde = replace(ODE, method="sde")
    made = ours(base, wish(sampling=sde))
    assert torch.equal(made, ours(base, wish(sampling=sde)))
    assert not torch.allclose(made, ours(base, wish()), atol=0.1)
    # With a single step there is nothing to put noise on.
    one = replace(ODE, steps=1)
    assert torch.equal(ours(base, wish(sampling=one)), ours(base, wish(sampling=replace(one, method="sde"))))


def test_guidance_acts_in_its_interval_alone(base: Model) -> None:
    def made(**more: Any) -> torch.Tensor:
        return ours(base, wish(sampling=replace(GUIDED, **more)))

    none, whole = made(guidance=1.0), made()
    assert torch.equal(made(interval=(0.0, 0.0)), none)
    assert torch.equal(made(interval=(0.0, 1.0)), whole)
    early, late = made(interval=(0.0, 0.5)), made(interval=(0.5, 1.0))
    for one in (early, late):
        assert not torch.allclose(one, none, atol=1e-3)
        assert not torch.allclose(one, whole, atol=1e-3)
    further = (made(guidance=9.0) - none).norm()
    assert further > (made(guidance=2.0) - none).norm() > 0


def test_adg_turns_towards_the_caption_by_thirty_degrees_at_most(base: Model) -> None:
    """On latents whose angle is known: wanted lies 10 degrees from plain, both as long as the other."""

    def at(degrees: float) -> torch.Tensor:
        angle = math.radians(degrees)
        return torch.tensor([[[math.cos(angle), math.sin(angle)]]])

    def turned(scale: float) -> float:
        # At time 1 from zero a velocity is what it takes off.
        found = -adg(scale)(torch.zeros(1, 1, 2), 1.0, -at(10), -at(0))
        return math.degrees(math.atan2(found[0, 0, 1].item(), found[0, 0, 0].item()))

    def told(degrees: float) -> float:
        """So far where the wanted one is shortened, and what parts it from the plain one has its new share."""
        x = at(degrees)[0, 0, 0].item() * at(10)[0, 0]
        return math.degrees(math.atan2(x[1].item() + at(degrees)[0, 0, 1].item(), x[0].item()))

    for scale, degrees in ((1.0, 0), (1.5, 5), (2.0, 10), (3.0, 20), (4.0, 30), (5.0, 30), (15.0, 30)):
        assert turned(scale) == pytest.approx(told(degrees), abs=0.05)
    assert not torch.allclose(
        ours(base, wish(sampling=replace(GUIDED, adg=True))), ours(base, wish(sampling=GUIDED)), atol=1e-3
    )


def test_a_cover_follows_its_source_for_its_strengths_share_of_the_steps(base: Model) -> None:
    player, source = Player(_Loaded(base), {}), noisy(2.0)

    def made(strength: float, sound: Audio | None = source) -> Audio:
        asked = wish(task="cover", source=sound, strength=strength, sampling=replace(ODE, steps=8))
        [(_, audio)] = player.play(base.checkpoint, asked, lambda _: None)
        return audio

    def apart(one: Audio, other: Audio) -> float:
        return float(np.abs(one - other).mean())

    [(_, free)] = player.play(base.checkpoint, wish(sampling=replace(ODE, steps=8)), lambda _: None)
    # At 0 nothing of the source is heard.
    assert np.array_equal(made(0.0), free)
    assert np.array_equal(made(0.0, noisy(2.0, seed=9)), free)
    assert not np.array_equal(made(1.0), made(1.0, noisy(2.0, seed=9)))
    away = [apart(made(strength), made(1.0)) for strength in (0.0, 0.25, 0.5, 0.9)]
    assert min(away) > 0
    # int(steps x strength), as the reference counts: half a step more changes nothing.
    assert np.array_equal(made(0.5), made(0.55))


def test_it_can_be_cancelled_at_every_step_and_goes_on_as_if_nothing_had_been(base: Model) -> None:
    player = Player(_Loaded(base), {})
    heard: list[float] = []
    asked = wish(starts=(Start(1), Start(2)), source=noisy(2.0), task="repaint", region=(0.5, 1.5))
    before = [audio for _, audio in player.play(base.checkpoint, asked, heard.append)]
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0)
    # The source, reference and words read once; and for each of two takes its steps, and what is decoded.
    assert len(set(heard)) == 3 + 2 * (4 + 1)
    # Within a step too, after each of two layers: on a CPU one takes minutes.
    assert len(heard) >= 3 + 2 * (3 * 4 + 1)
    for stop in range(len(heard)):
        calls = 0

        def give_up(_: float, stop: int = stop) -> None:
            nonlocal calls
            calls += 1
            if calls > stop:
                raise Cancelled

        with pytest.raises(Cancelled):
            list(player.play(base.checkpoint, asked, give_up))
        assert calls == stop + 1, "nothing is done after the call that ended it"
    after = [audio for _, audio in player.play(base.checkpoint, asked, lambda _: None)]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("shape", [
    {"latent": 6, "ratios": (10, 96)}, {"width": 64, "ratios": (8, 10, 16)}, {"rate": 44_100, "ratios": (9, 98)},
])  # fmt: skip
def test_checkpoints_of_other_sizes_give_songs_of_the_length_asked(tmp_path: Path, shape: dict[str, Any]) -> None:
    models = Models("cpu")
    checkpoint = inspect(save_tiny(tmp_path / "other", "base", **shape))
    for asked in (
        wish(seconds=1.234, text=replace(TEXT, seconds=1.234)),
        wish(task="cover", source=noisy(1.501), seconds=1.501, strength=0.5),
        wish(task="repaint", source=noisy(1.501), seconds=1.501, region=(0.5, 1.0)),
    ):
        [(_, audio)] = Player(models, {}).play(checkpoint, asked, lambda _: None)
        assert audio.shape == (2, round(asked.seconds * 48_000))
        assert audio.dtype == np.float32
        assert np.isfinite(audio).all()
        assert np.abs(audio).max() > 1e-3


def test_sound_goes_through_the_autoencoder_in_tiles_as_in_one(base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    latent = torch.randn(1, 300, LATENT, generator=torch.Generator().manual_seed(1))
    calls: list[tuple[int, float]] = []
    whole = latents.decoded(base, latent, 300 * 1920, 1000, lambda share: calls.append((0, share)))
    tiled = latents.decoded(base, latent, 300 * 1920, 64, lambda share: calls.append((1, share)))
    assert [share for of, share in calls if of == 0] == [1.0]
    shares = [share for of, share in calls if of == 1]
    assert len(shares) > 4
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert np.abs(whole - tiled).max() < 1e-4
    long = latents.at_rate(base, noisy(7.0))
    made = latents.encoded(base, long)
    monkeypatch.setattr(latents, "TILE_S", 3)
    monkeypatch.setattr(latents, "OVERLAP_S", 1)
    assert made.shape[1] == 7 * 25
    read: list[float] = []
    assert torch.allclose(latents.encoded(base, long, read.append), made, atol=1e-4)
    assert read == pytest.approx([number / 7 for number in range(1, 8)])


def test_long_captions_lose_words_and_not_tempo_and_key(base: Model) -> None:
    long = replace(TEXT, caption=" ".join(f"word{number}" for number in range(200)))
    fitted = fit(base.pipe.tokenizer, long, "text2music")
    assert fitted.shortened
    assert long.caption.startswith(fitted.text.caption + " ")
    asked = wish(text=long, seconds=1.0)
    other = wish(text=replace(long, bpm=140.0), seconds=1.0)
    assert not torch.equal(ours(base, asked), ours(base, other)), "the tempo is heard all the same"
    # Where nothing parts the words, signs are left out.
    unspaced = fit(base.pipe.tokenizer, replace(TEXT, caption="静かな雨の夜に響くピアノ" * 30), "text2music")
    assert len(unspaced.text.caption) > 20
    assert unspaced.shortened
    lyrics = "\n".join(f"[verse]\nline number {number} of the song" for number in range(200))
    sung = fit(base.pipe.tokenizer, replace(TEXT, lyrics=lyrics), "text2music")
    kept = sum(1 for line in sung.text.lyrics.splitlines())
    assert sung.lines_cut == 400 - kept > 0
    assert fit(base.pipe.tokenizer, TEXT, "text2music").text == TEXT


def test_captions_without_spaces_and_lyrics_without_lines_are_cut_and_not_dropped(base: Model) -> None:
    def fitted(**more: Any) -> Fitted:
        return fit(base.pipe.tokenizer, replace(TEXT, **more), "text2music")

    for caption in ("\u6162" * 300, "rock " + "\u6162" * 300, "a" * 900):
        found = fitted(caption=caption)
        assert found.shortened
        assert caption.startswith(found.text.caption)
        fuller = fitted(caption=found.text.caption + caption[-1])
        assert fuller.text.caption == found.text.caption, "no more has room"
    for lyrics in ("la lo " * 900, "[verse]\n" + "la lo " * 900, "\u6162" * 1500):
        found = fitted(lyrics=lyrics)
        assert found.lines_cut == 1
        assert lyrics.startswith(found.text.lyrics)
        assert len(found.text.lyrics.encode()) > 1900
    # What is left are whole words, and an empty line is not missed.
    assert fitted(lyrics="la lo " * 900 + "\n\nlast").lines_cut == 2
    assert fitted(lyrics="la lo " * 900).text.lyrics.endswith(("la", "lo"))


def test_a_source_is_read_once_for_all_takes(base: Model) -> None:
    player, calls = Player(_Loaded(base), {}), []
    hook = base.pipe.vae.encoder.register_forward_hook(lambda *_: calls.append(1))
    asked = wish(task="repaint", source=noisy(2.0), region=(0.5, 1.5), starts=(Start(1), Start(2), Start(3)))
    try:
        made = [audio for _, audio in player.play(base.checkpoint, asked, lambda _: None)]
    finally:
        hook.remove()
    assert len(calls) == 1
    [(_, alone)] = player.play(base.checkpoint, replace(asked, starts=(Start(3),)), lambda _: None)
    assert np.array_equal(made[2], alone)


def test_a_cover_of_next_to_nothing_is_made(base: Model) -> None:
    """Of less than a token, which stands for five latents."""
    for samples in (1, 1920, 3 * 1920, 4 * 1920 + 1):
        seconds = samples / 48_000
        asked = wish(task="cover", source=noisy(seconds), seconds=seconds)
        [(_, audio)] = Player(_Loaded(base), {}).play(base.checkpoint, asked, lambda _: None)
        assert audio.shape == (2, samples)


@pytest.mark.parametrize(("region", "anew"), [
    ((0.0, 0.04), (0, 1)), ((1.16, 1.4), (29, 35)), ((0.28, 0.3), (7, 8)), ((0.5, 9.0), (12, 50)),
    ((1.999, 2.0), (49, 50)),
])  # fmt: skip
def test_a_repaint_makes_the_latents_of_its_region_anew(
    base: Model, region: tuple[float, float], anew: tuple[int, int]
) -> None:
    source = latents.encoded(base, latents.at_rate(base, noisy(2.0)))
    heard = conditions(base, wish(task="repaint", region=region), "repaint", source, timbre(base, None))
    start, mask = heard.context.chunk(2, dim=-1)
    assert mask[0, :, 0].nonzero().flatten().tolist() == list(range(*anew))
    kept = mask == 0
    assert torch.equal(start[kept], source[kept])
    assert not torch.isclose(start[~kept], source[~kept]).any()


def test_what_is_no_sound_is_said(base: Model) -> None:
    hook = base.pipe.transformer.register_forward_hook(lambda *given: (given[-1][0] * math.inf,))
    try:
        with pytest.raises(EngineError) as caught:
            list(Player(_Loaded(base), {}).play(base.checkpoint, wish(), lambda _: None))
    finally:
        hook.remove()
    assert (caught.value.code, caught.value.permanent, caught.value.params) == ("sound_broken", True, {"name": "base"})


def test_a_step_is_told_when_the_card_has_done_it(base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(torch.cuda, "synchronize", said.append)
    caught_up(base)
    assert said == []
    # No card is here to compute on: one that is told to wait is enough.
    card = replace(base, device=torch.device("cuda", 1))
    for room in (sampler, latents):
        monkeypatch.setattr(room, "caught_up", lambda _: caught_up(card))
    heard = conditions(base, wish(), "text2music", None, timbre(base, None))
    made = denoise(base, [Phase(0, heard)], (Start(7),), ODE, said.append)
    assert [said[said.index(step) - 1] for step in range(1, 5)] == [card.device] * 4
    said.clear()
    latents.decoded(base, made, 96_000, 64, said.append)
    assert said == [card.device, 1.0]


def test_no_other_way_to_attend_leaves_the_masks_out(base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may name another kernel for all models, one that the library gives no masks."""
    takes, heard = torch.randn(1, 100, LATENT), torch.randn(1, 9, 32)

    def made() -> torch.Tensor:
        with torch.no_grad():
            found: torch.Tensor = base.pipe.transformer(
                takes, torch.ones(1), torch.ones(1), heard, torch.cat([takes, takes], -1), return_dict=False
            )[0]
        return found

    usual = made()
    monkeypatch.setattr(_AttentionBackendRegistry, "_active_backend", AttentionBackendName.FLASH)
    assert torch.equal(made(), usual)


def test_new_songs_peak_at_one_decibel_below_full_scale() -> None:
    assert np.abs(levelled(noisy(1.0) * 7)).max() == pytest.approx(10 ** (-1 / 20))
    assert np.abs(levelled(np.zeros((2, 100), np.float32))).max() == 0


class _Loaded(Models):
    """A model that is there already."""

    def __init__(self, model: Model) -> None:
        super().__init__("cpu")
        self._there = model

    def of(self, checkpoint: Any, on_progress: Any) -> Model:
        return self._there
