"""Who somebody is in a Slack workspace: admins, guests, people who are named, and what Slack makes of what is typed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.on_slack.manifest import SCOPES
from bot.on_slack.mrkdwn import naming, typed, unlinked
from storage import jobs
from storage.tables import Job
from storage.tables import User as Person
from tests.fakes.slack import User
from tests.integration.slack_house import Scene, scene

ROLES: dict[str, dict[str, Any]] = {
    "admin": {"in_charge": True, "priority": 10},
    "member": {"priority": 5},
}
Story = Callable[[Scene], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Plays a story in a workspace whose admins are in charge."""

    def run(story: Story, **more: Any) -> None:
        async def told() -> None:
            async with scene(tmp_path, "socket", roles=ROLES, **more) as here:
                await story(here)
                here.clean()

        asyncio.run(told())

    return run


def latest(here: Scene) -> Job:
    [job] = here.house.db.read(lambda session: jobs.recent(session, None, 1))
    return job


async def studio(here: Scene, user: User, text: str) -> str:
    return await here.reply(await here.people.slash(user, here.channel, "/studio", text))


def test_admins_of_the_workspace_are_in_charge_and_guests_are_nobody(play: Play) -> None:
    async def story(here: Scene) -> None:
        kinds: dict[str, tuple[dict[str, bool], int]] = {
            "admin": ({"is_admin": True}, 10), "owner": ({"is_owner": True}, 10), "plain": ({}, 5),
            "guest": ({"is_restricted": True}, 0), "visitor": ({"foreign": True, "is_admin": True}, 0),
        }  # fmt: skip
        for name, (what, priority) in kinds.items():
            user = here.slack.workspace.add_user(name, **what)
            await here.ask(user=user)
            assert (latest(here).server, latest(here).priority) == ("slack:T0STUDIO001", priority), name
            said = await studio(here, user, "grant @ann 50")
            assert ("for those who run this place" in said) is (priority < 10), name
            told = await studio(here, user, "help")
            assert ("`/studio grant`" in told) is (priority == 10), name

    play(story)


def test_a_form_for_those_in_charge_opens_for_them_alone(play: Play) -> None:
    async def story(here: Scene) -> None:
        boss = here.slack.workspace.add_user("boss", is_admin=True)
        for command in here.surface._handlers._desk.commands.values():
            if command.form and command.admin:
                view = await here.form(await here.people.slash(boss, here.channel, "/studio", command.name))
                # Where every option is shown there is no line for others.
                others = ["options"] if len(command.options) > len(command.form) else []
                assert [block["block_id"] for block in view.blocks] == [*command.form, *others]
                assert view.definition["title"]["text"] == f"/studio {command.name}"
                assert view.definition["submit"]["text"] == "Send"
                assert "for those who run this place" in await studio(here, here.ann, command.name)

    play(story)


def test_who_somebody_is_is_asked_once_in_a_while_and_never_waited_for_long(play: Play) -> None:
    async def story(here: Scene) -> None:
        fault = here.slack.faults.add("users.info", "delay", seconds=0.6)
        here.surface._handlers.members._patience_s = 0.02
        boss = here.slack.workspace.add_user("boss", is_admin=True)
        asked = await here.people.slash(boss, here.channel, "/song", "slow blues duration:30")
        assert (await asyncio.wait_for(asked.ack, 3)).status == 200
        # Until Slack has told, they are like everybody else.
        assert "taken" in await here.reply(asked)
        assert (fault.used, latest(here).priority) == (1, 5)

        def asked_for() -> list[str]:
            return [call.arguments["user"] for call in here.slack.calls if call.method == "users.info"]

        await here.until(lambda: boss.id in asked_for(), "Slack to tell")
        await here.rest()
        for _ in range(3):
            await here.ask(user=boss)
        assert (asked_for(), latest(here).priority) == ([boss.id], 10)

    play(story)


@pytest.mark.parametrize("trouble", ["no scope", "no answer"])
def test_where_slack_does_not_tell_everybody_is_an_ordinary_member(play: Play, trouble: str) -> None:
    async def story(here: Scene) -> None:
        if trouble == "no answer":
            here.slack.faults.add("users.info", "drop_before", times=9)
        boss = here.slack.workspace.add_user("boss", is_admin=True)
        await here.ask(user=boss)
        assert latest(here).priority == 5
        assert "for those who run this place" in await studio(here, boss, "grant @ann 5")

    without = tuple(scope for scope in SCOPES if scope != "users:read")
    play(story, scopes=without if trouble == "no scope" else SCOPES)


def test_somebody_is_named_by_mention_by_form_or_by_name(play: Play) -> None:
    async def story(here: Scene) -> None:
        lee = here.slack.workspace.add_user("lee & co")
        said = await studio(here, here.ann, f"gift <@{lee.id}|lee &amp; co> 50")
        assert "950" in said
        # Slack may leave out the name: then it is asked for it.
        kim = here.slack.workspace.add_user("kim")
        assert "kim" in await studio(here, here.ann, f"gift who:<@{kim.id}> amount:50")
        assert "900" in await studio(here, here.ann, "credits")
        assert "850" in await studio(here, here.ann, "gift @kim 50")
        for who, has in ((lee, "1,050"), (kim, "1,100")):
            assert has in await studio(here, who, "credits")
        opened = await here.people.slash(here.ann, here.channel, "/studio", "gift")
        await here.people.submit_view(here.ann, await here.form(opened), {"who": here.bob.id, "amount": "25"})
        told = here.slack.workspace.whispers
        await here.until(lambda: any("has 25" in whisper.text for whisper in told), "an answer to the form")
        assert "1,025" in await studio(here, here.bob, "credits")
        # Two chats may each have somebody of that name; whoever is named is never called.
        assert "Nobody here is called" in await studio(here, here.ann, "gift @nobody 5")

    play(story)


def test_the_names_of_many_take_no_longer_than_the_name_of_one(play: Play) -> None:
    async def story(here: Scene) -> None:
        members, people = here.surface._handlers.members, [here.slack.workspace.add_user(n) for n in ("kim", "lee")]
        asked = asyncio.Event()
        describe, waiting = members._client.users_info, []

        async def users_info(*, user: str) -> object:
            waiting.append(user)
            if len(waiting) == len(people):
                asked.set()
            # Nobody is answered before everybody was asked for.
            await asked.wait()
            return await describe(user=user)

        members._client.users_info = users_info  # type: ignore[method-assign, assignment]
        text = await members.named(" ".join(f"<@{one.id}>" for one in people))
        assert text == f"<@{people[0].id}|kim> <@{people[1].id}|lee>"

    play(story)


def test_what_is_wrong_in_the_form_of_an_ask_is_said_in_it(play: Play) -> None:
    async def story(here: Scene) -> None:
        opened = await here.people.slash(here.ann, here.channel, "/studio", "gift")
        view = await here.form(opened)
        sent = await here.people.submit_view(here.ann, view, {"who": here.bob.id, "amount": "many"})
        await asyncio.wait_for(sent.ack, 3)
        assert "many" in view.errors["amount"]
        assert view.is_open

    play(story)


TYPED = [
    # What Slack makes of it, and what was typed.
    ("rap <@U1|ann> and <#C1|songs>", "rap @ann and #songs"),
    ("rap <https://example.com/a?b=c&amp;d=e>", "rap https://example.com/a?b=c&amp;d=e"),
    ("rap like <http://example.com|example.com>", "rap like example.com"),
    ("rap <mailto:ann@example.com|ann@example.com>", "rap ann@example.com"),
    ("rap <!here> <!channel|channel> <!subteam^S1|@band> <!subteam^S1>", "rap @here @channel @band @subteam"),
    ("rap &lt;3 &lt;@U1&gt; a|b <", "rap &lt;3 &lt;@U1&gt; a|b <"),
    ("rap <@U1>", "rap @U1"),
]


@pytest.mark.parametrize(("text", "plain"), TYPED)
def test_what_slack_makes_links_of_is_read_as_it_was_typed(text: str, plain: str) -> None:
    assert unlinked(text) == plain


FORGED = [
    "&lt;@U777|Rude Name&gt;", "&lt;&lt;@U777&gt;", "&lt;\u200b@U777|Rude&gt;", "&lt;<#C1|@U777>&gt;",
    "&lt;<http://x.example|@U777>&gt;", "&lt;@!U777|a&amp;b&gt;", "&amp;lt;@U777&gt;", "<<@U1|&lt;@U777&gt;>",
]  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_nobody_is_mentioned_but_by_slack(forged: str) -> None:
    read = naming(f"{forged} <@U1|lee &amp; co> <#C1|x> {forged}")
    assert "<@U1|lee & co> #x" in read
    seen = "".join(filter(str.isprintable, read))
    assert [found for found in re.findall(r"<@!?(\w+)", seen) if found != "U1"] == []
    assert "U777" in typed(read)


def test_a_mention_that_somebody_typed_names_nobody_for_the_house(play: Play) -> None:
    async def story(here: Scene) -> None:
        await studio(here, here.ann, "credits")
        lee = here.slack.workspace.add_user("lee")

        def people() -> list[str]:
            return here.house.db.read(lambda session: list(session.exec(select(Person.name))))

        for forged in (f'gift who:"&lt;@{lee.id}|Rude Name&gt;" amount:1', "gift &lt;@UMADEUP01&gt; 1"):
            assert "Nobody here is called" in await studio(here, here.ann, forged)
        opened = await here.people.slash(here.ann, here.channel, "/studio", "gift")
        view = await here.form(opened)
        answers = {"who": here.bob.id, "amount": "1", "message": f"for <@{lee.id}|Rude> & <3"}
        await here.people.submit_view(here.ann, view, answers)
        await here.until(lambda: "bob" in people(), "the form to be read")
        assert people() == ["ann", "bob"]

    play(story)


def test_captions_and_links_behind_studio_arrive_as_they_were_typed(play: Play) -> None:
    async def story(here: Scene) -> None:
        caption = "<@U0|ann> &amp; friends, see <http://example.com|example.com> &lt;3 in <#C1|songs>"
        await studio(here, here.ann, f'instrumental caption:"{caption}" duration:30')
        [job] = await here.jobs()
        assert job.spec["caption"] == "@ann & friends, see example.com <3 in #songs"
        link = "<https://example.com/song.mp3?a=1&amp;b=2>"
        said = await studio(here, here.ann, f"reference calm reference_audio_url:{link}")
        # The engine of this house does not have the task; the link itself was read.
        assert "reference" in said
        assert "must be a link" not in said
        # In front of `/studio` Slack changes nothing, and neither do we.
        await here.ask('caption:"&lt;@U1|ann&gt; a &lt;b|c&gt;" duration:30')
        assert (await here.jobs())[-1].spec["caption"] == "<@U1|ann> a <b|c>"

    play(story)


def test_a_song_of_a_private_conversation_is_its_owners_alone(play: Play) -> None:
    async def story(here: Scene) -> None:
        direct = here.slack.workspace.direct(here.ann.id)
        asked = await here.people.slash(here.ann, direct, "/song", "slow blues duration:30")
        await here.reply(asked)
        await here.house.work()
        for text in ("lrc 1", "stems 1", "extend x source_job_id:1"):
            assert "There is no job #1" in await studio(here, here.bob, text)
        # The words of a song open in a form of their own.
        opened = await here.people.slash(here.ann, here.channel, "/studio", "lrc 1")
        assert (await here.form(opened)).definition["title"]["text"] == "a-title.lrc"

    play(story)
