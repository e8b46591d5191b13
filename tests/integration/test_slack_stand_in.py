"""The stand-in for Slack, driven by what drives Slack: slack_bolt and slack_sdk, unchanged."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import Ack, Interaction, People, SlackStandIn, Whisper
from tests.fakes.slack.faults import Kind

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OVER = pytest.mark.parametrize("over", ["socket", "http"])


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(action_id: str = "redo", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain("Redo"), **more}


def actions(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def field_of(name: str, **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": name, **more}
    return {"type": "input", "block_id": f"{name} block", "label": plain(name), "element": element}


def modal(**more: Any) -> dict[str, Any]:
    view = {"type": "modal", "callback_id": "make", "title": plain("A song"), "submit": plain("Make it")}
    return {**view, "blocks": [field_of("caption")], **more}


@dataclass
class Bot:
    """A small app of the kind we test with, and what it saw."""

    app: AsyncApp
    client: AsyncWebClient
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, Any]] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        app = self.app

        @app.middleware
        async def note(req: Any, body: dict[str, Any], next: Any) -> None:  # noqa: A002 (bolt's own name)
            self.seen.append(body)
            self.headers.append(req.headers)
            await next()

        @app.command("/song")
        async def song(ack: Any, command: dict[str, Any], client: AsyncWebClient, respond: Any) -> None:
            if not command["text"]:
                await ack()
                await client.views_open(trigger_id=command["trigger_id"], view=modal())
                return
            await ack("heard")
            await client.chat_postMessage(
                channel=command["channel_id"],
                text=command["text"],
                blocks=[section(command["text"]), actions(button("redo", value="12"))],
                metadata={"event_type": "job", "event_payload": {"job": 12}},
            )
            await respond("only you see this")

        @app.command("/slow")
        async def slow(ack: Any) -> None:
            await self.ready.wait()
            await ack()

        @app.action("redo")
        async def redo(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            where = body["container"]
            await client.chat_update(
                channel=where["channel_id"], ts=where["message_ts"], text=f"redone {body['actions'][0]['value']}"
            )

        @app.view("make")
        async def make(ack: Any, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient) -> None:
            caption = view["state"]["values"]["caption block"]["caption"]["value"]
            if caption == "noise":
                await ack(response_action="errors", errors={"caption block": "no noise"})
                return
            if caption in ("update", "push", "clear"):
                await ack(response_action=caption, view=modal(title=plain(caption)))
                return
            await ack()
            await client.chat_postMessage(channel=body["user"]["id"], text=f"making {caption}")

        @app.shortcut("cover this")
        async def cover(ack: Any, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(
                trigger_id=shortcut["trigger_id"],
                view=modal(blocks=[field_of("caption", initial_value=shortcut["message"]["text"])]),
            )

        @app.event("app_mention")
        async def mention(event: dict[str, Any]) -> None: ...


class Scene:
    """A stand-in with a channel, a person, and a bot that listens one way or the other."""

    def __init__(self, slack: SlackStandIn) -> None:
        self.slack = slack
        self.ann = slack.workspace.add_user("ann")
        self.music = slack.workspace.add_channel("music")
        self.people = slack.people
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        self.bot = Bot(AsyncApp(client=client, signing_secret=slack.signing_secret), client)
        self.url = ""

    async def song(self, text: str = "slow blues") -> Interaction:
        return await self.people.slash(self.ann, self.music, "/song", text)

    async def until_posts(self, count: int) -> None:
        await until(lambda: len(self.slack.posts(self.music)) == count)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def acked(interaction: Interaction) -> Ack:
    return await asyncio.wait_for(interaction.ack, 5)


@asynccontextmanager
async def scene(over: str = "") -> AsyncIterator[Scene]:
    async with SlackStandIn() as slack:
        scene = Scene(slack)
        scene.bot.listen()
        if over == "socket":
            handler = AsyncSocketModeHandler(scene.bot.app, slack.app_token, ping_interval=0.5)
            try:
                await handler.connect_async()  # type: ignore[no-untyped-call]
                await slack.sockets.connected()
                yield scene
            finally:
                await handler.close_async()  # type: ignore[no-untyped-call]
        elif over == "http":
            runner = web.AppRunner(scene.bot.app.server(path="/slack/events").web_app, shutdown_timeout=1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                scene.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
                scene.people = slack.over_http(scene.url)
                yield scene
            finally:
                await runner.cleanup()
        else:
            yield scene
        assert slack.web.unknown_methods == []


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


@OVER
def test_a_command_is_acked_answered_in_private_and_posted(over: str) -> None:
    async def run() -> None:
        async with scene(over) as s:
            typed = await s.song("slow blues duration:60")
            ack = await acked(typed)
            assert (ack.status, ack.payload) == (200, {"text": "heard"})
            assert 0 < ack.after_s < 5
            await until(lambda: len(typed.replies) == 2)
            assert {(reply.via, reply.text) for reply in typed.replies} == {
                ("ack", "heard"),
                ("response_url", "only you see this"),
            }
            assert all(isinstance(reply.shown, Whisper) for reply in typed.replies)
            (post,) = s.slack.posts(s.music)
            assert post.text == "slow blues duration:60"
            assert post.metadata == {"event_type": "job", "event_payload": {"job": 12}}
            assert (s.slack.violations, s.slack.pings) == ([], [])

    asyncio.run(run())


@OVER
def test_a_button_edits_its_message(over: str) -> None:
    async def run() -> None:
        async with scene(over) as s:
            await s.song()
            await s.until_posts(1)
            (post,) = s.slack.posts(s.music)
            pressed = await s.people.press(s.ann, post, "redo")
            assert (await acked(pressed)).status == 200
            await until(lambda: post.edits)
            assert post.text == "redone 12"
            assert [version.text for version in post.versions] == ["slow blues", "redone 12"]
            assert post.versions[0].at < post.versions[1].at
            # Text without blocks takes the blocks away, and with them the button. Metadata stays.
            assert post.metadata is not None
            with pytest.raises(LookupError):
                await s.people.press(s.ann, post, "redo")

    asyncio.run(run())


@OVER
def test_a_modal_opens_complains_and_closes(over: str) -> None:
    async def run() -> None:
        async with scene(over) as s:
            typed = await s.song("")
            await until(lambda: typed.views)
            (view,) = typed.views
            with pytest.raises(ValueError, match="required"):
                await s.people.submit_view(s.ann, view, {})
            await acked(await s.people.submit_view(s.ann, view, {"caption": "noise"}))
            assert (view.is_open, view.errors) == (True, {"caption block": "no noise"})
            await acked(await s.people.submit_view(s.ann, view, {"caption": "slow blues"}))
            assert not view.is_open
            direct = s.slack.workspace.direct(s.ann.id)
            await until(lambda: s.slack.posts(direct))
            assert s.slack.posts(direct)[0].text == "making slow blues"
            with pytest.raises(LookupError):
                await s.people.submit_view(s.ann, view, {"caption": "more"})

    asyncio.run(run())


def test_what_a_submission_is_answered_with_happens_to_the_view() -> None:
    async def run() -> None:
        async with scene("http") as s:
            typed = await s.song("")
            await until(lambda: typed.views)
            (view,) = typed.views
            await acked(await s.people.submit_view(s.ann, view, {"caption": "update"}))
            assert view.definition["title"] == plain("update")
            await acked(await s.people.submit_view(s.ann, view, {"caption": "push"}))
            top = next(other for other in s.slack.views.all.values() if other.previous_id == view.id)
            await acked(await s.people.submit_view(s.ann, top, {"caption": "clear"}))
            assert not view.is_open
            assert not top.is_open

    asyncio.run(run())


def test_a_form_is_filled_in_as_slack_would() -> None:
    def choice(name: str) -> dict[str, Any]:
        return {"text": plain(name), "value": name}

    def asked(name: str, kind: str, **more: Any) -> dict[str, Any]:
        return {**field_of(name), "element": {"type": kind, "action_id": name, **more}}

    blocks = [
        asked("genre", "static_select", options=[choice("jazz"), choice("rock")], initial_option=choice("rock")),
        asked("stems", "checkboxes", options=[choice("drums"), choice("vocals")]),
        asked("seconds", "number_input", is_decimal_allowed=False, min_value="10", max_value="600"),
        asked("sound", "file_input", filetypes=["mp3"]),
        {**asked("channel", "conversations_select"), "optional": True},
    ]

    async def run() -> None:
        async with scene("http") as s:
            trigger = (await s.song()).payload["trigger_id"]
            opened = await s.bot.client.views_open(trigger_id=trigger, view=modal(callback_id="form", blocks=blocks))
            view = s.slack.views.all[opened["view"]["id"]]
            sound = s.people.upload(s.ann, "hum.mp3", b"ID3")
            form = {"stems": ["drums"], "seconds": 60, "sound": [sound]}
            for wrong, error in (
                ({"seconds": 9}, ValueError),
                ({"stems": []}, ValueError),
                ({"key": "C"}, LookupError),
            ):
                with pytest.raises(error):
                    await s.people.submit_view(s.ann, view, {**form, **wrong})
            await acked(await s.people.submit_view(s.ann, view, form))
            state = s.bot.seen[-1]["view"]["state"]["values"]
            assert state["genre block"]["genre"]["selected_option"]["value"] == "rock"
            assert [each["value"] for each in state["stems block"]["stems"]["selected_options"]] == ["drums"]
            assert state["seconds block"]["seconds"]["value"] == "60"
            assert state["sound block"]["sound"]["files"][0]["id"] == sound.id
            assert state["channel block"]["channel"]["selected_conversation"] is None

    asyncio.run(run())


@OVER
def test_a_shortcut_on_a_message_brings_the_message(over: str) -> None:
    async def run() -> None:
        async with scene(over) as s:
            said = s.people.say(s.ann, s.music, "la la la")
            used = await s.people.shortcut(s.ann, "cover this", said)
            assert (await acked(used)).status == 200
            await until(lambda: used.views)
            assert used.views[0].blocks[0]["element"]["initial_value"] == "la la la"

    asyncio.run(run())


@OVER
def test_a_repeated_request_is_the_same_but_for_its_retry_number(over: str) -> None:
    async def run() -> None:
        async with scene(over) as s:
            first = await s.song()
            await acked(first)
            assert (await acked(await s.people.again(first, retry_num=2))).status == 200
            # bolt does not deduplicate: that is the product's to do.
            await s.until_posts(2)
            assert s.bot.seen[0] == s.bot.seen[1]
            assert "x-slack-retry-num" not in s.bot.headers[0]
            assert s.bot.headers[1]["x-slack-retry-num"] == ["2"]
            event = {"type": "app_mention", "user": s.ann.id, "text": "hi", "channel": s.music.id, "ts": "1.2"}
            told = await s.people.event(event)
            await acked(told)
            await acked(await s.people.again(told))
            assert s.bot.seen[2]["event_id"] == s.bot.seen[3]["event_id"]

    asyncio.run(run())


def test_requests_that_are_not_slacks_are_refused() -> None:
    async def run() -> None:
        async with scene("http") as s:
            for people in (s.slack.over_http(s.url, secret="guessed"), s.slack.over_http(s.url, age_s=301)):
                typed = await people.slash(s.ann, s.music, "/song", "slow blues")
                ack = await acked(typed)
                assert (ack.status, ack.body) == (401, '{"error": "invalid request"}')
            assert s.bot.seen == []

    asyncio.run(run())


def test_nobody_listens() -> None:
    async def run() -> None:
        async with scene() as s:
            nowhere: list[People] = [s.slack.people, s.slack.over_http(f"http://127.0.0.1:{s.slack.port}/nothing")]
            assert (await acked(await nowhere[0].slash(s.ann, s.music, "/song"))).status == 0
            assert (await acked(await nowhere[1].slash(s.ann, s.music, "/song"))).status == 404
            await s.slack.stop()
            assert (await acked(await nowhere[1].slash(s.ann, s.music, "/song"))).status == 0

    asyncio.run(run())


def test_sockets_are_refreshed_and_pinged() -> None:
    async def run() -> None:
        async with scene("socket") as s:
            sockets = s.slack.sockets
            await sockets.ping()
            await until(lambda: sockets.connections[0].pongs == 1)
            await sockets.disconnect()
            await sockets.connected(beyond=1)
            await until(lambda: len(sockets.connections) == 1)
            assert (await acked(await s.song())).status == 200
            other = AsyncSocketModeHandler(s.bot.app, s.slack.app_token)
            await other.connect_async()  # type: ignore[no-untyped-call]
            await sockets.connected(2)
            for _ in range(4):
                await acked(await s.song())
            await until(lambda: len(s.slack.posts(s.music)) == 5)
            await other.close_async()  # type: ignore[no-untyped-call]
            assert sockets.stray_acks == []

    asyncio.run(run())


def test_an_envelope_looks_like_slacks_and_an_address_is_good_once() -> None:
    async def run() -> None:
        async with scene() as s, aiohttp.ClientSession() as session:
            url = (await s.bot.client.apps_connections_open(app_token=s.slack.app_token))["url"]
            async with session.ws_connect(url) as socket:
                assert (await socket.receive_json())["type"] == "hello"
                with pytest.raises(aiohttp.WSServerHandshakeError):
                    await session.ws_connect(url)
                typed = await s.song("slow blues")
                envelope = await socket.receive_json()
                assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
                assert envelope["payload"] == typed.payload
                await socket.send_json({"envelope_id": "of nobody"})
                await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "hi"}})
                assert (await acked(typed)).payload == {"text": "hi"}
                assert s.slack.sockets.stray_acks == [{"envelope_id": "of nobody"}]
                told = await s.people.event({"type": "app_mention"})
                assert (await socket.receive_json())["retry_attempt"] == 0
                await s.people.again(told, retry_num=1)
                again = await socket.receive_json()
                assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")

    asyncio.run(run())


def test_an_ack_comes_by_a_later_connection_or_never() -> None:
    async def run() -> None:
        async with scene("socket") as s:
            waits = await s.people.slash(s.ann, s.music, "/slow")
            await until(lambda: s.bot.seen)
            await s.slack.sockets.disconnect()
            await s.slack.sockets.connected(beyond=1)
            await until(lambda: len(s.slack.sockets.connections) == 1)
            assert not waits.ack.done()
            s.bot.ready.set()
            assert (await acked(waits)).status == 200
            s.bot.ready.clear()
            lost = await s.people.slash(s.ann, s.music, "/slow")
            s.slack.sockets.cut()
            assert (await acked(lost)).status == 0
            s.bot.ready.set()

    asyncio.run(run())


@pytest.mark.waits
def test_an_outage_ends_and_nothing_is_forgotten() -> None:
    async def run() -> None:
        async with scene("socket") as s:
            post = (await s.bot.client.chat_postMessage(channel=s.music.id, text="before"))["ts"]
            s.slack.outage(True)
            with pytest.raises(aiohttp.ClientError):
                await s.bot.client.chat_postMessage(channel=s.music.id, text="during")
            await until(lambda: s.slack.sockets.connections == [])
            assert (await acked(await s.song())).status == 0
            s.slack.outage(False)
            async with asyncio.timeout(20):
                await s.slack.sockets.connected(beyond=1)
            assert (await acked(await s.song("after"))).status == 200
            await s.until_posts(2)
            assert [post.text for post in s.slack.posts(s.music)] == ["before", "after"]
            port = s.slack.port
            await s.slack.stop()
            await s.slack.start(port)
            await s.bot.client.chat_update(channel=s.music.id, ts=post, text="still here")
            assert s.slack.posts(s.music)[0].text == "still here"

    asyncio.run(run())


def test_a_file_goes_up_in_one_call_of_the_sdk() -> None:
    async def run() -> None:
        async with scene() as s:
            answer = await s.bot.client.files_upload_v2(
                channel=s.music.id, filename="song.mp3", content=b"ID3 sound", title="A song", initial_comment="here"
            )
            (post,) = s.slack.posts(s.music)
            assert (post.text, [(file.title, file.data) for file in post.files]) == ("here", [("A song", b"ID3 sound")])
            about = (await s.bot.client.files_info(file=answer["file"]["id"]))["file"]
            assert about["shares"]["public"][s.music.id][0]["ts"] == post.ts
            headers = {"Authorization": f"Bearer {s.slack.bot_token}"}
            async with aiohttp.ClientSession() as session:
                async with session.get(about["url_private"], headers=headers) as response:
                    assert await response.read() == b"ID3 sound"
                async with session.get(about["url_private"]) as response:
                    assert response.status == 403
            await s.bot.client.files_delete(file=answer["file"]["id"])
            assert post.files == []
            assert await refused(s.bot.client.files_info(file=answer["file"]["id"])) == "file_deleted"

    asyncio.run(run())


def test_files_go_up_in_three_calls_and_join_a_message() -> None:
    async def run() -> None:
        async with scene() as s, aiohttp.ClientSession() as session:
            client = s.bot.client
            ids = []
            for name, data in (("song.mp3", b"sound"), ("cover.png", PNG)):
                asked = await client.files_getUploadURLExternal(filename=name, length=len(data))
                ids.append(asked["file_id"])
                # Too short once, then right: as a form, and bare.
                async with session.post(asked["upload_url"], data=data[1:]) as response:
                    assert response.status == 400
                body = aiohttp.FormData({"file": BytesIO(data)}) if name == "song.mp3" else data
                async with session.post(asked["upload_url"], data=body) as response:
                    assert response.status == 200
            s.slack.violations.clear()
            picture = {"type": "image", "alt_text": "cover", "slack_file": {"id": ids[1]}}
            post: dict[str, Any] = {"channel": s.music.id, "text": "done", "blocks": [picture]}
            assert await refused(client.chat_postMessage(**post)) == "invalid_blocks"
            s.slack.workspace.settling_s = 5
            await client.files_completeUploadExternal(files=[{"id": each, "title": each} for each in ids])
            assert await refused(client.files_completeUploadExternal(files=[{"id": ids[0]}])) == "file_not_found"
            assert await refused(client.chat_postMessage(**post)) == "invalid_blocks"
            assert "invalid slack file" in s.slack.violations[-1].message
            s.slack.clock.forward(6)
            ts = (await client.chat_postMessage(**post))["ts"]
            await client.chat_update(channel=s.music.id, ts=ts, text="done", file_ids=ids[:1])
            (message,) = s.slack.posts(s.music)
            assert [file.data for file in message.files] == [b"sound"]
            assert len(message.edits) == 1
            # Whatever does not say otherwise keeps the files.
            await client.chat_update(channel=s.music.id, ts=ts, text="quite done")
            assert [file.name for file in message.files] == ["song.mp3"]
            sound = {"type": "image", "alt_text": "no picture", "slack_file": {"id": ids[0]}}
            assert await refused(client.chat_postMessage(**{**post, "blocks": [sound]})) == "invalid_blocks"

    asyncio.run(run())


def test_history_finds_a_post_by_its_metadata() -> None:
    async def run() -> None:
        async with scene() as s:
            client, sent = s.bot.client, []
            for number in range(5):
                answer = await client.chat_postMessage(
                    channel=s.music.id,
                    text=f"job {number}",
                    metadata={"event_type": "job", "event_payload": {"job": number}},
                )
                sent.append(answer["ts"])
            named = sent + [s.slack.workspace.new_ts() for _ in range(500)]
            assert sorted(set(named), key=float) == named
            await client.chat_postMessage(channel=s.music.id, text="a reply", thread_ts=sent[0])
            bare = await client.conversations_history(channel=s.music.id)
            assert [message["text"] for message in bare["messages"]] == [f"job {n}" for n in (4, 3, 2, 1, 0)]
            assert "metadata" not in bare["messages"][0]
            found: list[int] = []
            async for page in await client.conversations_history(
                channel=s.music.id, limit=2, include_all_metadata=True, oldest=sent[1], latest=sent[4]
            ):
                found += [message["metadata"]["event_payload"]["job"] for message in page["messages"]]
            assert found == [3, 2]
            edges = await client.conversations_history(
                channel=s.music.id, inclusive=True, oldest=sent[1], latest=sent[4], limit=3
            )
            assert (len(edges["messages"]), edges["has_more"]) == (3, True)
            thread = await client.conversations_replies(channel=s.music.id, ts=sent[0])
            assert [message["text"] for message in thread["messages"]] == ["job 0", "a reply"]
            await client.chat_delete(channel=s.music.id, ts=sent[2])
            left = await client.conversations_history(channel=s.music.id)
            assert "job 2" not in [message["text"] for message in left["messages"]]
            assert len(s.slack.posts(s.music, deleted=True)) == 6

    asyncio.run(run())


def test_a_rate_limit_says_how_long() -> None:
    async def run() -> None:
        async with scene() as s:
            s.slack.faults.add("chat.postMessage", "ratelimited", after=1, times=2, seconds=7)
            post: dict[str, Any] = {"channel": s.music.id, "text": "once"}
            await s.bot.client.chat_postMessage(**post)
            for _ in range(2):
                with pytest.raises(SlackApiError) as error:
                    await s.bot.client.chat_postMessage(**post)
                assert error.value.response["error"] == "ratelimited"
                assert (error.value.response.status_code, error.value.response.headers["Retry-After"]) == (429, "7")
            await s.bot.client.chat_postMessage(**post)
            assert len(s.slack.posts(s.music)) == 2

    asyncio.run(run())


def test_connections_drop_before_and_after_the_work() -> None:
    async def run() -> None:
        async with scene() as s:
            careful = AsyncWebClient(token=s.slack.bot_token, base_url=s.slack.api_url, retry_handlers=[])
            kinds: list[tuple[Kind, int]] = [("drop_before", 0), ("drop_after", 1)]
            for kind, posted in kinds:
                s.slack.faults.add("chat.*", kind)
                with pytest.raises(aiohttp.ClientError):
                    await careful.chat_postMessage(channel=s.music.id, text=kind)
                assert [post.text for post in s.slack.posts(s.music)] == [kind] * posted
            # As it comes, the client asks again by itself, and the message is there twice.
            fault = s.slack.faults.add("chat.postMessage", "drop_after")
            await s.bot.client.chat_postMessage(channel=s.music.id, text="twice")
            assert [post.text for post in s.slack.posts(s.music)].count("twice") == 2
            assert fault.used == 1

    asyncio.run(run())


def test_other_faults() -> None:
    async def run() -> None:
        async with scene() as s, aiohttp.ClientSession() as session:
            s.slack.faults.add("auth.test", "error", error="fatal_error")
            assert await refused(s.bot.client.auth_test()) == "fatal_error"
            s.slack.faults.add("auth.test", "status", status=503)
            with pytest.raises(SlackApiError) as error:
                await s.bot.client.auth_test()
            assert error.value.response.status_code == 503
            s.slack.faults.add("auth.test", "delay", seconds=0.2)
            before = asyncio.get_running_loop().time()
            await s.bot.client.auth_test()
            assert asyncio.get_running_loop().time() - before >= 0.2
            asked = await s.bot.client.files_getUploadURLExternal(filename="a", length=1)
            s.slack.faults.add("upload", "drop_after")
            with pytest.raises(aiohttp.ClientError):
                await session.post(asked["upload_url"], data=b"a")
            assert s.slack.workspace.files[asked["file_id"]].data == b"a"

    asyncio.run(run())


BROKEN: list[tuple[list[dict[str, Any]], str]] = [
    ([section("a")] * 51, "0 to 50"),
    ([section("a" * 3001)], "3001"),
    ([section("")], "more than 0"),
    ([{"type": "header", "text": plain("a" * 151)}], "151"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}], "plain text"),
    ([actions(*(button(str(n)) for n in range(26)))], "1 to 25"),
    ([actions(button("a"), button("a"))], "action_id must be unique"),
    ([actions(button("a" * 256))], "256"),
    ([actions(button(value="a" * 2001))], "2001"),
    ([actions({**button(), "text": plain("a" * 76)})], "76"),
    ([actions(button(style="green"))], "primary"),
    ([{**section("a"), "block_id": "b"}, {**section("a"), "block_id": "b"}], "block_id must be unique"),
    ([{**section("a"), "block_id": "b" * 256}], "256"),
    ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}] * 11}], "1 to 10"),
    ([{"type": "image", "image_url": "https://example.org/a.png"}], "missing"),
    ([{"type": "image", "alt_text": "a", "slack_file": {"id": "F07NOBODY"}}], "invalid slack file"),
    ([{"type": "song"}], "unsupported"),
    # What only the models of the SDK know here.
    ([{**section("a"), "accessory": {"type": "datepicker", "action_id": "day", "initial_date": "soon"}}], "YYYY-MM-DD"),
]


@pytest.mark.parametrize(("blocks", "said"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_broken_message_is_refused_and_written_down(blocks: list[dict[str, Any]], said: str) -> None:
    async def run() -> None:
        async with scene() as s:
            call = s.bot.client.chat_postMessage(channel=s.music.id, text="a", blocks=blocks)
            assert await refused(call) == "invalid_blocks"
            assert said in s.slack.violations[0].message
            assert s.slack.posts(s.music) == []

    asyncio.run(run())


def test_a_message_at_its_limits_is_taken() -> None:
    async def run() -> None:
        async with scene() as s:
            blocks = [
                {"type": "header", "text": plain("a" * 150)},
                section("a" * 3000),
                actions(*(button(str(n), value="v" * 50) for n in range(25))),
                *({"type": "divider"} for _ in range(47)),
            ]
            await s.bot.client.chat_postMessage(channel=s.music.id, text="a" * 4000, blocks=blocks)
            assert s.slack.violations == []
            assert len({block["block_id"] for block in s.slack.posts(s.music)[0].blocks}) == 50
            long = [section("a" * 2700)] * 5
            assert await refused(s.bot.client.chat_postMessage(channel=s.music.id, text="a", blocks=long)) == (
                "msg_blocks_too_long"
            )
            assert await refused(s.bot.client.chat_postMessage(channel=s.music.id, text="a" * 4001)) == "msg_too_long"
            mute = s.bot.client.api_call("chat.postMessage", json={"channel": s.music.id, "blocks": [section("a")]})
            assert await refused(mute) == "invalid_blocks"
            empty = s.bot.client.api_call("chat.postMessage", json={"channel": s.music.id, "text": " "})
            assert await refused(empty) == "no_text"
            assert len(s.slack.violations) == 4

    asyncio.run(run())


def test_a_modal_has_limits_and_a_trigger_one_use() -> None:
    async def run() -> None:
        async with scene() as s:
            client = s.bot.client

            async def trigger() -> str:
                return str((await s.song()).payload["trigger_id"])

            for broken in (
                modal(title=plain("a" * 25)),
                modal(blocks=[section("a")] * 101),
                modal(private_metadata="a" * 3001),
                {name: value for name, value in modal().items() if name != "submit"},
            ):
                assert await refused(client.views_open(trigger_id=await trigger(), view=broken)) == "invalid_arguments"
            assert len(s.slack.violations) == 4
            once = await trigger()
            opened = (await client.views_open(trigger_id=once, view=modal()))["view"]
            again = client.views_open(trigger_id=once, view=modal())
            assert await refused(again) == "exchanged_trigger_id"
            late = await trigger()
            s.slack.clock.forward(4)
            assert await refused(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
            view = s.slack.views.all[opened["id"]]
            blocks = [field_of("caption"), actions(button("more"))]
            stale = client.views_update(view_id=view.id, hash="other", view=modal())
            assert await refused(stale) == "hash_conflict"
            await client.views_update(view_id=view.id, hash=opened["hash"], view=modal(blocks=blocks))
            pressed = await s.people.press_in_view(s.ann, view, "more", values={"caption": "half a"})
            state = pressed.payload["view"]["state"]["values"]
            assert state["caption block"]["caption"]["value"] == "half a"
            pushed = await client.views_push(trigger_id=pressed.payload["trigger_id"], view=modal())
            assert pushed["view"]["previous_view_id"] == view.id
            # The view below can't be reached any more.
            with pytest.raises(LookupError):
                await s.people.submit_view(s.ann, view, {"caption": "a"})

    asyncio.run(run())


def test_channels_messages_and_tokens_can_be_out_of_reach() -> None:
    async def run() -> None:
        async with scene() as s:
            client, workspace = s.bot.client, s.slack.workspace
            elsewhere = workspace.add_channel("elsewhere", member=False)
            secret = workspace.add_channel("secret", kind="private", member=False)
            old = workspace.add_channel("old", archived=True)
            for channel, error in (
                (elsewhere, "not_in_channel"),
                (secret, "channel_not_found"),
                (old, "is_archived"),
            ):
                assert await refused(client.chat_postMessage(channel=channel.id, text="a")) == error
            assert await refused(client.conversations_history(channel=elsewhere.id)) == "not_in_channel"
            await client.conversations_join(channel=elsewhere.id)
            ts = (await client.chat_postMessage(channel=elsewhere.id, text="a"))["ts"]
            assert await refused(client.chat_update(channel=elsewhere.id, ts="1.000000", text="b")) == (
                "message_not_found"
            )
            hers = s.people.say(s.ann, s.music, "mine")
            assert await refused(client.chat_update(channel=s.music.id, ts=hers.ts, text="b")) == "cant_update_message"
            permalink = (await client.chat_getPermalink(channel=elsewhere.id, message_ts=ts))["permalink"]
            assert ts.replace(".", "") in permalink
            elsewhere.gone = True
            assert await refused(client.chat_update(channel=elsewhere.id, ts=ts, text="b")) == "channel_not_found"
            s.slack.scopes.discard("files:write")
            lacking = client.files_getUploadURLExternal(filename="a", length=1)
            assert await refused(lacking) == "missing_scope"
            assert (await client.users_info(user=s.ann.id))["user"]["tz"] == "Europe/Amsterdam"
            stranger = AsyncWebClient(token="xoxb-other", base_url=s.slack.api_url)
            assert await refused(stranger.auth_test()) == "invalid_auth"
            assert await refused(AsyncWebClient(base_url=s.slack.api_url).auth_test()) == "not_authed"
            s.slack.web.revoked = True
            assert await refused(client.chat_postMessage(channel=s.music.id, text="a")) == "token_revoked"
            assert await refused(client.api_call("chat.sing")) == "unknown_method"
            assert s.slack.web.unknown_methods == ["chat.sing"]
            s.slack.web.unknown_methods.clear()
            assert s.slack.calls[-1].error == "unknown_method"

    asyncio.run(run())


def test_a_response_url_works_five_times_and_half_an_hour() -> None:
    async def run() -> None:
        async with scene() as s, aiohttp.ClientSession() as session:

            async def send(to: Interaction, **body: Any) -> tuple[int, str]:
                async with session.post(to.payload["response_url"], json=body) as response:
                    return response.status, await response.text()

            typed = await s.song()
            for number in range(5):
                assert await send(typed, text=str(number)) == (200, "ok")
            assert (await send(typed, text="5"))[0] == 404
            assert [reply.text for reply in typed.replies] == ["0", "1", "2", "3", "4"]
            other = await s.song()
            assert (await send(other, text="all", response_type="in_channel"))[0] == 200
            await s.bot.client.chat_postMessage(channel=s.music.id, text="a", blocks=[actions(button())])
            public, post = s.slack.posts(s.music)
            assert public.text == "all"
            assert (await send(other, text="a", blocks=[section("")]))[0] == 404
            pressed = await s.people.press(s.ann, post, "redo")
            await send(pressed, text="changed", replace_original=True, blocks=[actions(button())])
            assert post.text == "changed"
            await send(pressed, text="private", blocks=[actions(button("own"))])
            private = pressed.replies[-1].shown
            assert isinstance(private, Whisper)
            of_private = await s.people.press(s.ann, private, "own")
            assert of_private.payload["container"]["is_ephemeral"]
            assert "message" not in of_private.payload
            await send(of_private, delete_original=True)
            assert private.deleted
            s.slack.clock.forward(31 * 60)
            assert (await send(pressed, text="late"))[0] == 404

    asyncio.run(run())


def test_mentions_that_would_ping_are_written_down() -> None:
    async def run() -> None:
        async with scene() as s:
            client = s.bot.client
            quiet = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"for <@{s.ann.id}>"}]}
            await client.chat_postMessage(channel=s.music.id, text="@here &lt;!here&gt;", blocks=[quiet])
            assert [(ping.where, ping.rouses_many) for ping in s.slack.pings] == [("context", False)]
            s.slack.pings.clear()
            await client.chat_postMessage(channel=s.music.id, text="<!channel>", blocks=[section("<!everyone|all>")])
            await client.chat_postMessage(channel=s.music.id, text="@here", link_names=True)
            assert [ping.mention for ping in s.slack.pings] == ["<!channel>", "<!everyone|all>", "@here"]
            assert all(ping.rouses_many for ping in s.slack.pings)

    asyncio.run(run())
