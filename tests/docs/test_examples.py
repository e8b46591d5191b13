"""What the documentation shows is typed here, as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot.commands import catalogue
from bot.on_discord.permissions import NEEDED, shown_name
from bot.on_slack.manifest import SCOPES
from bot.on_terminal.cli import DONE, REFUSED, _parser
from bot.syntax import parse_command
from config.settings import Settings
from engine.spec import MODELS, parse_as
from engine.studio.capabilities import capabilities
from engine.studio.compose.tags import Tag, read
from engine.studio.writer.words import languages
from tests.acceptance.studio_cli import Typist
from workflows.asks import ASKS
from workflows.submit import judge

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/discord.md", "docs/slack.md", "docs/operations.md", "docs/lyrics.md", "docs/gpu.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLAYED = [shlex.split(line)[2] for line in re.findall(r"^\.venv/bin/minstrel play '.*$", README, re.MULTILINE)]
PLAYED_ON_A_CARD = re.findall(r"minstrel play '(.*)'", (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8"))


def test_the_readme_shows_commands_to_play() -> None:
    assert len(PLAYED) >= 2


@pytest.mark.parametrize("command", PLAYED)
def test_the_commands_of_the_readme_are_taken(tmp_path: Path, command: str) -> None:
    done = Typist(tmp_path).run("play", command, "--no-wait")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [*re.findall(r"^/.*$", README, re.MULTILINE), *PLAYED_ON_A_CARD])
def test_what_the_readme_types_in_a_chat_would_be_taken(command: str) -> None:
    from bot.compose import read_rules

    rules, _ = read_rules(Settings())
    parsed = parse_command(command, catalogue(rules.known, rules.recipes.values()))
    if parsed.command.music:
        judge(rules, parsed.command.task, parsed.values)


def test_the_song_of_make_demo_is_taken() -> None:
    from bot.compose import read_rules

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    [command] = re.findall(r"^DEMO := (.*)$", makefile, re.MULTILINE)
    parsed = parse_command(command, catalogue())
    rules, _ = read_rules(Settings())
    spec = judge(rules, parsed.command.task, parsed.values)
    assert getattr(spec, "duration", 0) >= 60
    assert getattr(spec, "lyrics", "")


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= targets, page


@pytest.mark.parametrize("command", catalogue().values(), ids=lambda command: command.name)
def test_the_example_of_every_command_can_be_typed(command: object) -> None:
    example = getattr(command, "example", "")
    assert parse_command(example, catalogue()).command == command


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_the_documents_name_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"MINSTREL_([A-Z_]+)", text):
        # One is for the tests alone.
        assert name == "DISCORD_OPENAPI" or name.lower().removesuffix("_file") in Settings.model_fields, name


@pytest.mark.parametrize("page", PAGES)
def test_the_minstrel_commands_the_documents_name_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\|", "|")
    named = re.findall(
        r"minstrel ((?:serve|worker|doctor|discord|slack|credits|jobs|queue|audit|db|commands|models)\b[^\n`#]*)", text
    )
    for words in named:
        shown = re.sub(r"\[.*?\]|…|\|.*", "", words).replace("NAME", "ann").replace(" ID", " 1")
        _parser().parse_args(shlex.split(shown))


def test_the_commands_of_the_operations_page_work(tmp_path: Path) -> None:
    """Typed one after the other, in a place where nothing failed yet."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    shown = re.findall(r"^minstrel ([^\n#]+)", page, re.MULTILINE)
    assert len(shown) > len({"queue", "credits", "audit"})
    shell = Typist(tmp_path)
    shell.run("credits", "grant", "ada", "1")
    for words in map(shlex.split, shown):
        if words[0] in ("worker", "serve"):
            continue
        done = shell.run(*words)
        nothing_failed = words[:2] == ["queue", "requeue"]
        assert done.returncode == (REFUSED if nothing_failed else DONE), done.stderr
        assert "usage:" not in done.stderr


def test_what_the_operations_page_types_in_a_chat_would_be_understood() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    typed = re.findall(r"`(/[a-z][^`]*)`", page) + re.findall(r"minstrel play '([^']+)'", page)
    named = set()
    for text in typed:
        if text == "/studio":
            continue
        parsed = parse_command(text.removeprefix("/studio ").replace("/studio queue", "/queue"), catalogue())
        named.add(parsed.command.name)
        if parsed.values:
            parse_as((MODELS | ASKS)[parsed.command.task], parsed.values)
    assert {"queue", "dead", "requeue", "grant", "revoke", "ban", "review", "takedown", "audit"} <= named


def test_the_scopes_and_permissions_that_are_explained_are_those_we_ask_for() -> None:
    slack = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    scopes = slack.partition("## The scopes")[2].partition("## ")[0]
    explained = re.findall(r"`([^`]+)`", " ".join(re.findall(r"^\| (`.*?`) \|", scopes, re.MULTILINE)))
    assert sorted(explained) == sorted(SCOPES)
    discord = (ROOT / "docs" / "discord.md").read_text(encoding="utf-8")
    table = discord.partition("| permission |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()[2:]]
    explained = [name.strip() for row in rows for name in row.split(",")]
    assert sorted(explained) == sorted(shown_name(name) for name, asked in NEEDED if asked)


def test_the_manifest_that_the_documents_link_to_is_there() -> None:
    slack = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    [link] = re.findall(r"\]\(([^)]*manifest[^)]*)\)", slack)
    assert (ROOT / "docs" / link).resolve().is_file()


def test_the_page_about_lyrics_names_every_language_and_what_the_writer_knows() -> None:
    text = (ROOT / "docs" / "lyrics.md").read_text(encoding="utf-8")
    assert set(re.findall(r"[A-Z][\w ]+(?:\*\*)?\s`(\w{2,3})`", text)) == set(capabilities().languages)
    assert set(re.findall(r"\*\*[\w ]+\*\*\s`(\w{2,3})`", text)) == set(languages())


def test_the_tags_on_the_page_about_lyrics_are_understood() -> None:
    text = (ROOT / "docs" / "lyrics.md").read_text(encoding="utf-8")
    tags = re.findall(r"`\[([^\]]+)\]`", text)
    assert len(tags) > 15
    assert [tag for tag in tags if read(tag) == Tag(None)] == []
