"""What only a graphics card can show, with tiny checkpoints; skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.acestep import player as players
from engine.acestep.checkpoint import Checkpoint, inspect
from engine.acestep.memory import LEAST
from engine.acestep.model import Models
from engine.acestep.player import Player
from engine.acestep.wish import Audio, Sampling, Start, Text, Wish
from engine.spec import EngineError
from tests.fakes.acestep import save_tiny

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

WISH = Wish(
    task="text2music",
    text=Text("slow blues", "[verse]\nRain on the roof", "en", 72, "A Minor", "4/4", 5.0),
    sampling=Sampling(steps=8, shift=1.0, guidance=5.0),
    starts=(Start(1), Start(2), Start(3)),
    seconds=5.0,
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return inspect(save_tiny(tmp_path_factory.mktemp("tiny") / "base", "base"))


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    models = Models("cuda")
    yield Player(models, {})
    models.drop()


def played(player: Player, checkpoint: Checkpoint) -> list[Audio]:
    return [audio for _, audio in player.play(checkpoint, WISH, lambda _: None)]


def test_the_same_wish_gives_the_same_bytes_and_another_seed_another_song(
    player: Player, checkpoint: Checkpoint
) -> None:
    first, again = played(player, checkpoint), played(player, checkpoint)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert all(audio.shape == (2, 5 * 48_000) and np.isfinite(audio).all() for audio in first)
    assert not np.array_equal(first[0], first[1])


def test_parts_that_take_turns_on_the_card_play_the_same(
    player: Player, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, in_turns = (played_by(player, checkpoint, monkeypatch, offload=offload) for offload in (False, True))
    assert all(np.array_equal(one, other) for one, other in zip(whole, in_turns, strict=True))


def played_by(player: Player, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, *, offload: bool) -> list[Audio]:
    """One take at a time, with all of the model on the card or a part at a time."""
    with monkeypatch.context() as settled:
        settled.setattr(players, "budget_for", lambda *_, **__: replace(LEAST, offload=offload))
        return played(player, checkpoint)


def test_a_card_that_is_full_is_told_and_plays_again_when_it_is_not(player: Player, checkpoint: Checkpoint) -> None:
    before = played(player, checkpoint)
    _, total = torch.cuda.mem_get_info()
    # Nothing more than what is there already.
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 2**20) / total)
    try:
        torch.cuda.empty_cache()
        with pytest.raises(EngineError) as caught:
            played(player, checkpoint)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert caught.value.code == "gpu_out_of_memory"
    assert caught.value.params["gigabytes"] == pytest.approx(total / 2**30, abs=0.1)
    assert all(np.array_equal(one, other) for one, other in zip(before, played(player, checkpoint), strict=True))


def test_the_cards_memory_is_as_it_was_after_fifty_songs(
    player: Player, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    other = inspect(save_tiny(tmp_path / "turbo", "turbo"))
    played(player, checkpoint)
    before = torch.cuda.memory_allocated()
    for number in range(50):
        played(player, other if number % 10 == 9 else checkpoint)
    played(player, checkpoint)
    assert torch.cuda.memory_allocated() == before
