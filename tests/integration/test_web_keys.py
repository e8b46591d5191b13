"""Keys and tokens: who is known by them, what each is good for, and all the ways in that are none."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from storage import keys as kept
from storage import seal, users
from storage.errors import StorageFull
from tests.integration.web_house import MUSIC, WebHouse, web_house
from workflows import keys, link, moderators, tokens
from workflows.keys import DAY_MS, SCOPES, USED_MS
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.privacy import forget
from workflows.refusal import Refusal
from workflows.submit import submit

AUTH = "/api/v1/auth"
SONG = {"caption": "slow blues", "duration": 30}
Headers = list[tuple[str, str | bytes]]
# What needs no key, what any key is good for, and what only looks although it is a POST.
OPEN = {"/", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/health", "/healthz", "/ready"}
ANY = {f"{AUTH}/me", f"{AUTH}/token"}
LOOKS = ("/lrc", "/estimate", "/check-balance", "/topup/checkout", "/topup/payment-intent")


async def answered(web: WebHouse, *headers: tuple[str, str | bytes], path: str = f"{AUTH}/me") -> httpx.Response:
    async with web.client() as anybody:
        # As bytes: some of them no client would send.
        sent = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers]
        return await anybody.get(path, headers=sent)


async def status(web: WebHouse, key: str) -> int:
    return (await answered(web, ("X-API-Key", key))).status_code


async def token(web: WebHouse, key: str, **values: Any) -> httpx.Response:
    async with web.client(key) as whose:
        return await whose.post(f"{AUTH}/token", json=values)


def bearer(secret: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {secret}")


def refused(answer: httpx.Response, given: object = "") -> None:
    assert (answer.status_code, answer.json()["detail"]) == (401, "Authentication required"), given
    assert answer.headers["WWW-Authenticate"] == "Bearer"


# --- a key in the hand ---


@pytest.mark.row("A1", "H1")
def test_a_key_is_taken_from_either_header_or_from_both_as_long_as_they_agree(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        ann, bob = await web.key("ann", "read", "create"), await web.key("bob")
        assert ann.startswith("ap_")
        own = ("X-API-Key", ann)
        good: list[Headers] = [
            [own],
            [bearer(ann)],
            [own, bearer(ann)],
            [("Authorization", f"bearer   {ann} ")],
            [own, own, ("Authorization", "Bearer")],
            # A proxy before us may have a lock of its own.
            [own, ("Authorization", "Basic YW5uOmFubg==")],
        ]
        for headers in good:
            told = (await answered(web, *headers)).json()
            assert (told["name"], told["scopes"], told["token"]) == ("ann", ["read", "create"], False), headers
        [key] = (await answered(web, own, path=f"{AUTH}/keys")).json()["keys"]
        assert told["key"] == key
        assert (key["hint"], key["user"], key["expires_at"], key["revoked_at"]) == (ann[:11], "ann", None, None)
        hers = (await token(web, ann)).json()["access_token"]
        bad: list[Headers] = [
            [own, bearer(bob)],
            [own, ("X-API-Key", bob)],
            [own, bearer(f"{ann}x")],
            [own, bearer("x")],
            [own, bearer(hers)],
            [bearer(hers), bearer(ann)],
        ]
        for headers in bad:
            refused(await answered(web, *headers), headers)

    web_house(tmp_path).run(story)


@pytest.mark.row("A1", "A7")
def test_whatever_is_no_key_is_refused_and_nothing_breaks(tmp_path: Path) -> None:
    def sealed(header: object, payload: object = None) -> str:
        parts = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in (header, payload or {}))
        return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "c2VhbA"])

    async def story(web: WebHouse) -> None:
        ann = await web.key("ann")
        things: list[str | bytes] = [
            "", " ", "x", "ap_", f"ap_{'x' * 43}", ann[:-1], f"{ann}x", ann.upper(), ann[3:], f"Token {ann}",
            "ap_" + "x" * 60_000, "x" * 60_000, ". ." * 500, "...", "a.b.c", "ap_' OR 1=1 --", "ап_ключ", "\U0001f511",
            b"ap_\xff\xfe", b"\xf0\x28\x8c\x28", b"ap_\x00", "ap_%00", "null", "[]",
            sealed({"alg": "HS256"}), sealed({"alg": ["HS256"]}), sealed({"alg": "HS256", "kid": 1}), sealed([1]),
            sealed(b"[" * 700), sealed(b"\xff\xfe"), sealed(b'{"alg": ' + b"9" * 600), sealed({"b64": False}),
            sealed({"alg": "HS256", "crit": ["exp"]}), sealed({"alg": "none"}, {"sub": "x"}),
        ]  # fmt: skip
        for thing in things:
            wrong: list[tuple[str, str | bytes]] = [("X-API-Key", thing)]
            words = thing if isinstance(thing, bytes) else thing.encode()
            wrong += [("Authorization", b"Bearer " + words), ("Authorization", words)]
            for header in wrong:
                answer = await answered(web, header)
                refused(answer, header)
                said = words.strip()[:40]
                assert len(said) < 5 or said not in answer.content, "it is given back"
        for scheme in ("Basic", "Digest", "Token", "ApiKey", ""):
            refused(await answered(web, ("Authorization", f"{scheme} {ann}")), scheme)
        refused(await answered(web), "nothing at all")
        # In an address it would end up in logs and histories: there it counts for nothing.
        strayed = await answered(web, path=f"{AUTH}/me?api_key={ann}")
        assert strayed.status_code in (400, 401)
        assert ann not in strayed.text

    web_house(tmp_path).run(story)


def test_a_key_that_is_no_longer_good_opens_nothing_at_once(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(web: WebHouse) -> None:
        db, rules = web.house.db, web.house.rules
        ada = await keys.create(db, rules, "ada", days=1)
        made = {name: await keys.create(db, rules, name) for name in ("bob", "cyd", "dan")}
        made["ada"] = ada
        made_of = {name: (await token(web, new.key)).json()["access_token"] for name, new in made.items()}
        assert [await status(web, new.key) for new in made.values()] == [200] * 4

        await keys.revoke(db, made["bob"].id)
        # Whoever knows only the key, because it leaked, ends it by that.
        await keys.revoke(db, made["cyd"].key)
        await forget.named(db, "dan")
        assert db.read(lambda session: kept.any_state(session, key_id=made["dan"].id)) is None
        for name in ("bob", "cyd", "dan"):
            assert await status(web, made[name].key) == 401, name
            refused(await answered(web, bearer(made_of[name])), name)
        # Whoever comes back by that name is somebody new.
        assert await status(web, (await keys.create(db, rules, "dan")).key) == 200
        assert await status(web, made["dan"].key) == 401

        assert ada.expires_at is not None
        monkeypatch.setattr(keys, "now_ms", lambda: ada.expires_at - 1)
        assert await status(web, ada.key) == 200
        monkeypatch.setattr(keys, "now_ms", lambda: ada.expires_at)
        assert await status(web, ada.key) == 401
        refused(await answered(web, bearer(made_of["ada"])))
        assert [view.revoked_at is not None for view in await keys.listed(db, "bob")] == [True]
        for nobody in ("0", "ap_x", "", "\udcff"):
            with pytest.raises(Refusal, match="key_not_found"):
                await keys.revoke(db, nobody)

    web_house(tmp_path, url=database_url).run(story)


def test_whoever_is_kept_out_may_look_and_make_nothing(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        key = await web.key("ann")
        why = "spam"
        await moderators.ban(web.house.db, web.house.rules.pricing, OPERATOR, "ann", hours=None, why=why, request=None)
        assert await status(web, key) == 200
        async with web.client(key) as ann:
            answer = await ann.post(f"{MUSIC}/text2music", json=SONG)
        assert (answer.status_code, answer.json()["code"]) == (403, "banned")

    web_house(tmp_path).run(story)


def test_whoever_is_forgotten_while_they_ask_is_not_made_anew(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db = web.house.db
        calls = await keys.caller(db, await web.key("ann"))
        assert calls is not None
        await forget.named(db, "ann")
        with pytest.raises(Refusal, match="unauthorized"):
            await submit(db, web.house.rules, calls.who, calls.where, "text2music", SONG)
        assert db.read(lambda session: users.by_name(session, "ann")) is None
        assert await keys.own(db, calls) == ()

    web_house(tmp_path).run(story)


def test_the_use_of_a_key_is_noted_once_a_minute_and_never_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(web: WebHouse) -> None:
        db, began = web.house.db, now_ms()
        key = await web.key("ann")
        for after, noted in ((0, 0), (USED_MS - 1, 0), (USED_MS, USED_MS), (2 * USED_MS - 1, USED_MS)):
            monkeypatch.setattr(keys, "now_ms", lambda after=after: began + after)
            assert await status(web, key) == 200
            [view] = await keys.listed(db)
            assert view.last_used_at == began + noted
        # Of many who find at one moment that it is time, one notes it.
        db.write(lambda session: kept.used(session, view.id, began + 2 * USED_MS - 1, every_ms=USED_MS))
        assert (await keys.listed(db))[0].last_used_at == began + USED_MS

        async def full(work: Callable[..., Any]) -> None:
            raise StorageFull

        monkeypatch.setattr(db, "awrite", full)
        monkeypatch.setattr(keys, "now_ms", lambda: began + 9 * USED_MS)
        assert await status(web, key) == 200

    web_house(tmp_path).run(story)


def test_a_key_is_nowhere_but_in_the_hand_that_has_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(web: WebHouse) -> None:
        new = await keys.create(web.house.db, web.house.rules, "ann", label="the radio")
        secrets = [new.key, (made := await token(web, new.key)).json()["access_token"]]
        assert made.headers["Cache-Control"] == "no-store"
        async with web.client(new.key) as ann:
            answers = [await ann.get(f"{AUTH}/{path}") for path in ("me", "keys")]
            answers += [await ann.post(f"{MUSIC}/text2music", json=SONG), await ann.delete(f"{AUTH}/keys/{new.key}")]
            answers += [await ann.delete(f"{AUTH}/keys/{new.id}"), await ann.get(f"{AUTH}/me")]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 200, 401]
        told = [answer.text for answer in (*answers[:3], *answers[4:])]
        told += [repr(new), repr(await keys.listed(web.house.db)), caplog.text.replace(f"{AUTH}/keys/{new.key}", "")]
        for secret in secrets:
            assert not [text for text in told if secret in text]
            assert not [text for text in told if secret[11:] in text]
            for file in (path for path in tmp_path.rglob("*") if path.is_file()):
                assert secret.encode() not in file.read_bytes(), file
        assert any(b"the radio" in path.read_bytes() for path in tmp_path.glob("minstrel.db*"))
        assert "ap_" in caplog.text

    web_house(tmp_path).run(story)


# --- what each is good for ---


def needed(method: str, path: str) -> str:
    """The scope that a key needs: whatever is added has to follow this, or to be named above."""
    if path.startswith("/api/v1/webhooks/"):
        return "webhooks"
    if method in ("PATCH", "DELETE") or path.endswith("/cancel"):
        return "manage"
    return "create" if method == "POST" and not path.endswith(LOOKS) else "read"


@pytest.mark.row("A0", "A1")
def test_every_address_there_is_needs_a_key_that_is_good_for_it(tmp_path: Path) -> None:
    from fastapi.routing import iter_route_contexts

    async def story(web: WebHouse) -> None:
        without = {scope: await web.key("ann", *(each for each in SCOPES if each != scope)) for scope in SCOPES}
        there = [(route.path or "", route.methods or set()) for route in iter_route_contexts(web.open().routes)]
        closed = [(path, methods) for path, methods in there if path not in OPEN and not path.startswith("/files/")]
        assert len(closed) > 50
        for pattern, methods in closed:
            path = re.sub(r"{\w+}", "1", pattern)
            for method in sorted(methods - {"HEAD"}):
                async with web.client() as stranger:
                    refused(await stranger.request(method, path), (method, path))
                scope = needed(method, path)
                async with web.client(without[scope]) as client:
                    told = (await client.request(method, path)).json()
                    assert (told.get("code") == "no_scope") is (path not in ANY), (method, path)
                    assert path in ANY or f"needs the scope {scope}" in told["help"], (method, path)

    web_house(tmp_path).run(story)


@pytest.mark.row("A1")
def test_a_key_does_what_its_scopes_say_and_no_more(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        looks, makes = await web.key("ann", "read"), await web.key("ann", "create")
        asked: dict[str, Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]] = {
            "read": lambda client: client.get(f"{AUTH}/keys"),
            "create": lambda client: client.post(f"{MUSIC}/text2music", json=SONG),
            "manage": lambda client: client.delete(f"{AUTH}/keys/none"),
        }
        for key, scope in ((looks, "read"), (makes, "create")):
            async with web.client(key) as client:
                for wanted, ask in asked.items():
                    answer = await ask(client)
                    assert answer.status_code == (200 if wanted == scope else 403), (scope, wanted)
                    if wanted != scope:
                        assert f"needs the scope {wanted}, and has {scope}" in answer.json()["detail"]

    web_house(tmp_path).run(story)


def test_keys_are_seen_and_revoked_by_whom_they_act_for(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db, rules = web.house.db, web.house.rules
        first = await keys.create(db, rules, "ann", label="old")
        last = await keys.create(db, rules, "ann", label=" the\n radio ", scopes=("manage", "read"), days=30)
        bobs = await keys.create(db, rules, "bob")
        async with web.client(last.key) as ann:
            seen = (await ann.get(f"{AUTH}/keys")).json()["keys"]
            assert {key["id"]: (key["label"], key["scopes"]) for key in seen} == {
                last.id: ("the radio", ["read", "manage"]), first.id: ("old", list(keys.SCOPES)),
            }  # fmt: skip
            for other in (bobs.id, "x", "0" * 5000, "%F0%9F%94%91"):
                assert (await ann.delete(f"{AUTH}/keys/{other}")).status_code == 404, other
            for _ in range(2):
                gone = (await ann.delete(f"{AUTH}/keys/{first.id}")).json()
                assert gone["key"]["revoked_at"].endswith("Z")
                assert "good for nothing" in gone["message"]
            assert await status(web, first.key) == 401
            assert await status(web, bobs.key) == 200
            assert (await ann.delete(f"{AUTH}/keys/{last.id}")).status_code == 200
            refused(await ann.get(f"{AUTH}/keys"))

    web_house(tmp_path).run(story)


def test_a_key_that_makes_no_sense_is_not_made(tmp_path: Path) -> None:
    senseless: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "user"), ({"name": "\udcff"}, "user"), ({"name": "a\x00"}, "user"),
        ({"name": "x" * 121}, "user"), ({"label": "x" * 121}, "label"), ({"label": "\x1b[2J"}, "label"),
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("read", "all")}, "scopes"), ({"days": 0}, "days"), ({"days": 3651}, "days"),
    ]  # fmt: skip

    async def story(web: WebHouse) -> None:
        for wrong, field in senseless:
            with pytest.raises(Refusal) as caught:
                await keys.create(web.house.db, web.house.rules, **{"name": "ann", **wrong})
            assert caught.value.field == field
        assert await keys.listed(web.house.db) == ()
        assert web.house.db.read(lambda session: users.by_name(session, "ann")) is None

    web_house(tmp_path).run(story)


def test_two_who_became_one_keep_their_keys_which_act_for_the_one(tmp_path: Path, database_url: str) -> None:
    async def story(web: WebHouse) -> None:
        db, rules = web.house.db, web.house.rules
        of_ann, of_bob = await web.key("ann"), await web.key("bob")
        code = await link.begin(db, rules.pricing, Requester("terminal", "ann", "ann"), None)
        await link.finish(db, rules.pricing, Requester("terminal", "bob", "bob"), code.code, None)
        known = [(await answered(web, bearer(key))).json() for key in (of_ann, of_bob)]
        assert [(one["id"], one["name"]) for one in known] == [(known[0]["id"], "ann")] * 2
        async with web.client(of_bob) as bob, web.client(of_ann) as ann:
            assert {key["user"] for key in (await bob.get(f"{AUTH}/keys")).json()["keys"]} == {"ann"}
            song = (await bob.post(f"{MUSIC}/text2music", json=SONG)).json()
            assert song["job"]["user_id"] == known[0]["id"]
            assert (await ann.get(f"{MUSIC}/jobs/{song['id']}/status")).status_code == 200
            assert (await ann.delete(f"{AUTH}/keys/{known[1]['key']['id']}")).status_code == 200
            refused(await bob.get(f"{AUTH}/me"))
        # What is made for either name from then on is for the one, too.
        assert (await answered(web, bearer(await web.key("bob")))).json()["id"] == known[0]["id"]
        await forget.named(db, "bob")
        assert await status(web, of_ann) == 401

    web_house(tmp_path, url=database_url).run(story)


# --- tokens ---


@pytest.mark.row("A1", "G17")
def test_a_token_is_good_for_a_while_and_for_no_more_than_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(web: WebHouse) -> None:
        ann = await web.key("ann", "read", "create")
        usual = (await token(web, ann)).json()
        assert (usual["token_type"], usual["expires_in"], usual["scopes"]) == ("bearer", 900, ["read", "create"])
        claims = jwt.decode(usual["access_token"], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 900
        assert ann[3:] not in json.dumps(claims)

        less = (await token(web, ann, expires_in=60, scopes=["read", "read"])).json()
        assert (less["expires_in"], less["scopes"]) == (60, ["read"])
        me = (await answered(web, bearer(less["access_token"]))).json()
        assert (me["name"], me["scopes"], me["token"]) == ("ann", ["read"], True)
        async with web.client() as page:
            page.headers["Authorization"] = f"Bearer {less['access_token']}"
            assert (await page.post(f"{MUSIC}/text2music", json=SONG)).json()["code"] == "no_scope"
            again = await page.post(f"{AUTH}/token", json={"scopes": ["create"]})
            assert (again.status_code, again.json()["code"]) == (403, "token_of_token")

        wrong: list[tuple[dict[str, Any], str]] = [
            ({"expires_in": 0}, "expires_in"), ({"expires_in": 3601}, "expires_in"),
            ({"expires_in": "60"}, "expires_in"), ({"expires_in": True}, "expires_in"),
            ({"scopes": ["manage"]}, "scopes"), ({"scopes": []}, "scopes"), ({"scopes": "read"}, "scopes"),
            ({"scopes": ["all"]}, "scopes"), ({"scopes": [None]}, "scopes"), ({"expiry": 5}, "expiry"),
        ]  # fmt: skip
        for values, field in wrong:
            answer = await token(web, ann, **values)
            assert (answer.status_code, answer.json()["field"]) == (400, field), values
            assert isinstance(answer.json()["detail"], str)

        # It promises no more than the key that it comes from has left.
        ending = await keys.create(web.house.db, web.house.rules, "bob", days=1)
        assert ending.expires_at is not None
        monkeypatch.setattr(tokens, "now_ms", lambda: now_ms() + DAY_MS - 30_000)
        assert (await token(web, ending.key)).json()["expires_in"] in (29, 30)

    web_house(tmp_path).run(story)


def test_no_token_is_taken_that_this_house_did_not_make(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db = web.house.db
        new = await keys.create(db, web.house.rules, "ann", scopes=("read",))
        gone = await keys.create(db, web.house.rules, "ann")
        await keys.revoke(db, gone.id)
        own = tokens._secret(db.read(seal.key))
        now = now_ms() // 1000
        claims: dict[str, Any] = {
            "iss": "minstrel", "aud": "minstrel-api", "sub": new.id, "iat": now, "exp": now + 900, "scope": "read",
        }  # fmt: skip

        def made(secret: bytes | str = own, how: str = "HS256", **changed: Any) -> str:
            told = {name: value for name, value in {**claims, **changed}.items() if value is not None}
            return jwt.encode(told, secret, how)

        # What is asked of the others is that they are like this one, but for one thing each.
        assert (await answered(web, bearer(made()))).json()["scopes"] == ["read"]
        head, body, sealed = made().split(".")
        more = made(scope="read create manage").split(".")[1]
        bad = {
            "no algorithm": made("", "none"),
            "no seal": f"{head}.{body}.",
            "another algorithm": made(own + own, "HS512"),
            "another house": made(b"x" * 32),
            "the seal itself": made(db.read(seal.key)),
            "over": made(exp=now - 1, iat=now - 900),
            "without an end": made(exp=None),
            "an end that is none": made(exp="never"),
            "of the future": made(iat=now + 600, exp=now + 900),
            "without a beginning": made(iat=None),
            "not before tomorrow": made(nbf=now + 86_400),
            "for others": made(aud="another-api"),
            "for nobody": made(aud=None),
            "by others": made(iss="somebody"),
            "by nobody": made(iss=None),
            "of no key": made(sub="0" * 12),
            "of a number": made(sub=1),
            "of nothing": made(sub=None),
            "of a revoked key": made(sub=gone.id),
            "of the key itself": made(sub=new.key),
            "without scopes": made(scope=None),
            "for more": f"{head}.{more}.{sealed}",
            "cut": made()[:-1],
            "longer": f"{made()}A",
            "twice": f"{made()}.{sealed}",
        }
        for what, forged in bad.items():
            refused(await answered(web, bearer(forged)), what)
            refused(await answered(web, ("X-API-Key", forged)), what)
        # One that says more than its key may is good for what the key may.
        assert (await answered(web, bearer(made(scope="read create all")))).json()["scopes"] == ["read"]
        none = bearer(made(scope="create"))
        assert (await answered(web, none)).json()["scopes"] == []
        assert (await answered(web, none, path=f"{AUTH}/keys")).status_code == 403

    web_house(tmp_path).run(story)


def test_a_key_made_at_the_terminal_goes_on_record_and_one_that_ends_there_too(tmp_path: Path) -> None:
    from workflows import record

    async def story(web: WebHouse) -> None:
        db = web.house.db
        new = await keys.create(db, web.house.rules, "ann", label="the radio", scopes=("read",))
        for _ in range(2):
            await keys.revoke(db, new.id)
        noted = [(entry.act, record.about(entry), record.in_words(entry)) for entry in await record.latest(db, 9)]
        assert noted == [
            ("keys revoke", "ann", (f"key {new.id}",)),
            ("keys create", "ann", (f"key {new.id}", "label the radio", "scopes read")),
        ]
        who = Requester("web", "1", "ann")
        assert (await submit(db, web.house.rules, who, ReplyTo("web", "user:1"), "text2music", SONG)).price

    web_house(tmp_path).run(story)
