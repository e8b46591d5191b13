"""Who makes the music in a house, with which checkpoint, and what people hear of it where something is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bot import compose
from bot.commands import catalogue
from bot.compose import Settings, Trouble, choice, open_house, read_rules, require_engine
from bot.compose.checkpoints import read_models, shelf_of
from bot.compose.choice import Choice
from bot.compose.running import engine_pools
from bot.replies import reply
from config.errors import ConfigError
from engine.acestep.shelf import Shelf
from engine.spec import EngineError, InvalidSpec, parse
from engine.spec.fields import STEMS
from engine.studio.capabilities import capabilities as of_studio
from tests.acceptance.studio_cli import Typist
from tests.fakes.checkpoints import safetensors, save_bare
from workflows.refusal import Refusal

BIG, BIG_BASE = "ACE-Step/acestep-v15-xl-turbo-diffusers", "ACE-Step/acestep-v15-xl-base-diffusers"
SMALL = "Runware/acestep-v15-base-diffusers"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine on which nothing is plugged in."""
    monkeypatch.setattr(choice, "ROOT", tmp_path / "machine")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path / "machine"


@pytest.fixture(autouse=True)
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch has nothing against the card."""
    monkeypatch.setattr(choice, "PROBE", ("true",))


def plug_in(machine: Path) -> None:
    (machine / "dev").mkdir(parents=True)
    (machine / "dev" / "nvidia0").touch()


def chosen(settings: Settings) -> Choice:
    return choice.choice(settings, shelf(settings))


def shelf(settings: Settings) -> Shelf:
    return shelf_of(settings, read_models(settings))


def told(home: Path, **settings: str) -> tuple[bool, str]:
    """What `minstrel doctor` says of the engine."""
    named = {f"MINSTREL_{name.upper()}": value for name, value in settings.items()}
    line = json.loads(Typist(home, named).run("doctor", "--json").stdout)["model"]
    return line["ok"], line["message"]


# --- auto ---


def test_auto_takes_the_gpu_engine_once_everything_is_there(
    home: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=home)
    assert chosen(settings) == Choice("studio", "no_cuda")
    assert "no CUDA device" in told(home)[1]
    plug_in(machine)
    assert chosen(settings) == Choice("studio", "no_checkpoint")
    ok, words = told(home)
    assert ok
    assert f"`minstrel models fetch {BIG}`" in words
    save_bare(home / "models" / SMALL, "base")
    assert chosen(settings) == Choice("acestep", "all_there")
    assert read_rules(settings)[0].capabilities.name == "acestep"
    assert chosen(Settings(home=home, engine="studio")) == Choice("studio", "asked_for")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert chosen(settings) == Choice("studio", "no_cuda")
    monkeypatch.setattr(choice, "PARTS", ("torch", "no_such_part"))
    assert chosen(settings) == Choice("studio", "parts_missing")
    ok, words = told(home)
    assert ok
    assert "no_such_part is missing here" in words
    assert "pip install 'minstrel-bot[worker,acestep]'" in words


def test_a_card_that_torch_can_t_use_is_told_and_never_played_on_the_cpu_instead(
    home: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_bare(home / "models" / BIG)
    plug_in(machine)
    settings = Settings(home=home)
    with open_house(settings) as house, monkeypatch.context() as patched:
        patched.setattr("engine.pool.local.LocalPool", lambda **made: made["options"])
        songs: Any = engine_pools(house)[0]
    assert songs["device"] == "cuda"
    broken = "import sys; sys.exit('Traceback\\nRuntimeError: The NVIDIA driver is too old\\nCompile with DSA')"
    monkeypatch.setattr(choice, "PROBE", (sys.executable, "-c", broken))
    ok, words = told(home)
    assert not ok
    assert "can't use the graphics card: The NVIDIA driver is too old. `nvidia" in words
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.11.0+cpu")
    assert chosen(settings) == Choice("studio", "cpu_torch")
    ok, words = told(home)
    assert ok
    assert "`make clean install`" in words
    assert "`make clean install`" in Typist(home).run("models").stdout


@pytest.mark.parametrize("sign", choice.SIGNS)
def test_a_device_is_known_by_what_its_driver_leaves(machine: Path, sign: str) -> None:
    assert not choice.has_cuda()
    (machine / sign).parent.mkdir(parents=True)
    (machine / sign).touch()
    assert choice.has_cuda()


def test_auto_does_not_take_a_checkpoint_that_is_half_there(home: Path, machine: Path) -> None:
    plug_in(machine)
    (save_bare(home / "models" / BIG) / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"half")
    assert chosen(Settings(home=home)) == Choice("studio", "no_checkpoint")
    assert "vae/diffusion_pytorch_model.safetensors is missing or cut short" in told(home)[1]


# --- by name ---


def test_the_gpu_engine_by_name_is_taken_without_a_device_and_without_a_checkpoint(home: Path, machine: Path) -> None:
    settings = Settings(home=home, engine="acestep")
    assert chosen(settings) == Choice("acestep", "asked_for")
    require_engine(settings)
    ok, words = told(home, engine="acestep")
    assert not ok
    assert f"`minstrel models fetch {BIG}`" in words
    jobs = Typist(home, {"MINSTREL_ENGINE": "acestep"}).run("jobs")
    assert (jobs.returncode, jobs.stderr) == (0, "")
    save_bare(home / "models" / BIG)
    ok, words = told(home, engine="acestep")
    assert ok, words
    assert f"for audiomusic-v2 with {BIG} (turbo, " in words
    assert "on the CPU" in words
    assert "text2music, cover, repaint" in words
    plug_in(machine)
    assert "on CUDA" in told(home, engine="acestep")[1]


def test_a_front_knows_what_the_engine_can_do_though_nothing_of_it_is_installed(
    home: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del machine
    monkeypatch.setattr(choice, "PARTS", ("no_such_part",))
    settings = Settings(home=home, engine="acestep")
    can = read_rules(settings)[0].capabilities
    assert (can.name, can.tasks, can.max_batch, can.max_duration) == ("acestep", of_studio().tasks, 8, 600)
    assert (can.sample_rate, can.stems, can.quick, can.from_score) == (48_000, STEMS, ("analyze",), ())
    assert can.from_outside == of_studio().from_outside
    assert len(can.languages) >= 50
    with pytest.raises(Trouble) as caught:
        require_engine(settings)
    words = reply(caught.value.code, **caught.value.params)
    assert "no_such_part" in words
    assert "`make install`, or `pip install 'minstrel-bot[worker,acestep]'`" in words
    assert told(home, engine="acestep") == (False, reply("doctor_acestep_parts_missing", parts="no_such_part"))
    require_engine(Settings(home=home))


def test_a_stem_is_the_models_where_a_base_checkpoint_is_here(home: Path) -> None:
    settings = Settings(home=home, engine="acestep")
    assert read_rules(settings)[0].capabilities.separates == of_studio().separates
    save_bare(home / "models" / BIG_BASE, "base")
    assert read_rules(settings)[0].capabilities.separates == STEMS
    assert read_rules(Settings(home=home))[0].capabilities == of_studio()


def test_what_is_quick_has_an_engine_of_its_own_beside_the_model(home: Path) -> None:
    with open_house(Settings(home=home, engine="acestep")) as house:
        songs, quick = engine_pools(house)
    assert (songs.capabilities.name, songs.size) == ("acestep", 1)
    assert "analyze" not in songs.capabilities.tasks
    assert quick.capabilities.tasks == ("analyze",)
    with open_house(Settings(home=home, engine="acestep", engines=2)) as house:
        assert engine_pools(house)[0].size == 2


# --- which checkpoint ---


def used(settings: Settings, version: str = "audiomusic-v2") -> dict[str, str]:
    """The name of what does each task, or what is wrong with it."""
    found: dict[str, str] = {}
    for _, task, _ in shelf(settings).places():
        try:
            found[task] = shelf(settings).checkpoint(version, task).checkpoint.name
        except EngineError as error:
            found[task] = error.code
    return found


def test_a_folder_is_used_for_all_that_it_can_do(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_bare(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in (str(tmp_path / "mine"), "mine", "./mine", "~/mine"):
        settings = Settings(home=home, engine="acestep", acestep_checkpoint=named)
        mine = dict.fromkeys(("text2music", "cover", "repaint"), "mine")
        none = dict.fromkeys(("extract", "lego", "complete"), "checkpoint_missing")
        assert used(settings) == used(settings, "audiomusic-v1.5") == {**mine, **none}
    # What it can't do is done by those of models.toml that are here.
    save_bare(home / "models" / BIG_BASE, "base")
    assert used(settings) == {**mine, **dict.fromkeys(none, BIG_BASE)}
    save_bare(tmp_path / "mine", "base")
    assert used(settings) == dict.fromkeys((*mine, *none), "mine")


def test_a_checkpoint_without_what_covers_need_says_so_unless_another_is_here(home: Path, tmp_path: Path) -> None:
    save_bare(tmp_path / "mine", covers=False)
    settings = Settings(home=home, engine="acestep", acestep_checkpoint=str(tmp_path / "mine"))
    assert used(settings)["cover"] == "checkpoint_wrong_task"
    ok, words = told(home, engine="acestep", acestep_checkpoint=str(tmp_path / "mine"))
    assert not ok
    assert "The model mine can't do `cover`: that needs an audio tokenizer." in words
    save_bare(home / "models" / BIG)
    assert used(settings)["cover"] == BIG
    assert used(settings)["text2music"] == "mine"


def test_a_version_or_a_name_of_the_file_can_be_named_too(home: Path) -> None:
    save_bare(home / "models" / BIG)
    save_bare(home / "models" / SMALL, "base")
    small = Settings(home=home, engine="acestep", acestep_checkpoint="audiomusic-v1.5")
    assert set(used(small).values()) == {SMALL}
    assert shelf(small).checkpoint("audiomusic-v2", "text2music").version == "audiomusic-v1.5"
    one = Settings(home=home, engine="acestep", acestep_checkpoint=BIG)
    assert used(one, "audiomusic-v1.5")["text2music"] == BIG
    assert used(one, "audiomusic-v1.5")["extract"] == SMALL


def test_a_folder_that_is_not_there_is_named_with_what_to_do(home: Path, tmp_path: Path) -> None:
    ok, words = told(home, engine="acestep", acestep_checkpoint=str(tmp_path / "gone"))
    assert not ok
    assert f"nothing lies in {tmp_path}/gone" in words
    assert "`MINSTREL_ACESTEP_CHECKPOINT`" in words


def test_a_checkpoint_that_is_named_for_what_it_can_not_do_is_told(home: Path, tmp_path: Path) -> None:
    save_bare(tmp_path / "turbo")
    home.mkdir()
    (home / "models.toml").write_text(
        f'[versions.audiomusic-v2.checkpoints]\ntext2music = "{tmp_path}/turbo"\nextract = "{tmp_path}/turbo"\n'
    )
    settings = Settings(home=home, engine="acestep")
    assert used(settings)["text2music"] == "turbo"
    with pytest.raises(EngineError) as caught:
        shelf(settings).checkpoint("audiomusic-v2", "extract")
    assert caught.value.code == "checkpoint_wrong_task"
    said = reply(caught.value.code, job=12, **caught.value.params)
    assert "The model turbo can't do `extract`: that needs a base checkpoint. Nothing was charged." in said
    ok, words = told(home, engine="acestep")
    assert not ok
    assert "can't do `extract`" in words


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('text2music = "just-a-name"', 'is "just-a-name", must be a folder'),
        ('text2music = "ORG/../../etc"', "must be a folder"),
        (
            'text2musik = "ORG/NAME"',
            "must be for text2music, cover, repaint, extract, lego, complete, planner, not for text2musik",
        ),
    ],
)
def test_a_wrong_line_of_the_file_is_told(home: Path, line: str, wrong: str) -> None:
    home.mkdir()
    (home / "models.toml").write_text(f"[versions.audiomusic-v2.checkpoints]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        read_models(Settings(home=home))
    assert str(home / "models.toml") in str(caught.value)
    assert wrong in str(caught.value)


def test_a_pinned_checkpoint_has_a_folder_of_its_own(home: Path) -> None:
    home.mkdir()
    (home / "models.toml").write_text('[versions.audiomusic-v2.checkpoints]\ntext2music = "ORG/NAME@v1.0"\n')
    save_bare(home / "models" / "ORG" / "NAME")
    settings = Settings(home=home, engine="acestep")
    assert used(settings)["text2music"] == "checkpoint_missing"
    save_bare(home / "models" / "ORG" / "NAME@v1.0")
    assert used(settings)["text2music"] == "ORG/NAME@v1.0"


# --- style adapters ---


def adapter(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(safetensors("a"))


def refused(settings: Settings, name: str) -> str:
    with pytest.raises(InvalidSpec) as caught:
        parse("text2music", {"caption": "x", "lora_name_or_path": name}, read_rules(settings)[0].known)
    refusal = Refusal.of(caught.value)
    params = {**refusal.params, "field": refusal.field, "value": refusal.value, "allowed": refusal.allowed}
    return reply(refusal.code, **params)


def test_only_adapters_that_the_house_has_can_be_named(home: Path) -> None:
    settings = Settings(home=home, engine="acestep")
    assert refused(settings, "warm") == (
        "This house has no style adapters, so there is none called warm. Leave out `lora_name_or_path`."
    )
    adapter(home / "adapters" / "Warm.safetensors")
    adapter(home / "adapters" / "lo-fi" / "adapter_model.safetensors")
    (home / "adapters" / "notes.txt").touch()
    (home / "adapters" / "stolen.pt").touch()
    (home / "models.toml").write_text('[adapters.brass]\npath = "elsewhere/brass.safetensors"\n')
    known = read_rules(settings)[0].known
    assert known["lora_name_or_path"] == ("Warm", "lo-fi", "brass")
    assert shelf(settings).adapter("brass") == home / "elsewhere" / "brass.safetensors"
    spec = parse("text2music", {"caption": "x", "lora_name_or_path": "warm"}, known)
    assert spec.model_dump()["lora_name_or_path"] == "Warm"
    for name in ("cold", "stolen", str(home / "adapters" / "Warm.safetensors"), "../adapters/Warm"):
        assert "must be one of Warm, lo-fi, brass" in refused(settings, name)


def test_with_the_built_in_engine_an_adapter_changes_nothing_as_before(home: Path) -> None:
    known = read_rules(Settings(home=home))[0].known
    assert "lora_name_or_path" not in known
    assert parse("text2music", {"caption": "x", "lora_name_or_path": "anything"}, known)


def test_the_catalogue_offers_the_adapters_of_the_house(home: Path) -> None:
    adapter(home / "adapters" / "warm.safetensors")
    rules, _ = read_rules(Settings(home=home, engine="acestep"))
    option = catalogue(rules.known)["song"].spellings()["lora_name_or_path"]
    assert (option.choices, option.sample) == (("warm",), "warm")


def test_compose_speaks_of_one_engine() -> None:
    assert compose.engine_report(Settings()).choice.engine == "studio"
