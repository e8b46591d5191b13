"""Somebody who left a trace everywhere: every table that is about people has rows of theirs, every text is marked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Table, Text, cast, select, update
from sqlmodel import Session
from sqlmodel import select as select_rows

from storage import (
    audit,
    bans,
    blobs,
    bulletins,
    gate,
    heard,
    jobs,
    keys,
    ledger,
    links,
    marks,
    outbox,
    personal,
    recordings,
    tracks,
    users,
)
from storage.blobs import FolderBlobs, KeptBlob
from storage.database import Database
from storage.personal import PERSONAL
from storage.tables import (
    Asked,
    Blob,
    Challenge,
    ChallengePlace,
    Draft,
    Entry,
    Firing,
    Ordered,
    Report,
    Review,
    Run,
    Schedule,
    Step,
    ThemeVote,
    User,
    Vote,
    WebhookDelivery,
    WebhookEndpoint,
)
from storage.tables import Table as Base
from tests.rows import account, free_job, person, priced_job
from workflows.people import now_ms

TABLES = Base.metadata.tables
# Nothing of theirs is so old that it would go by itself.
NOW = now_ms()
# Stands in everything that is theirs and in nothing else; so do these two numbers.
MARK = "zqx"
DISCORD, SLACK = "99887766554433", "TZQ1:UZQX7"
TRACE = re.compile(rf"{MARK}[\w-]*|{DISCORD}|UZQX7", re.IGNORECASE)
# What tells no more of anybody than a number does: names of ours, and what a constraint chooses from.
PLAIN = frozenset(
    {
        "surface", "server", "status", "state", "kind", "task", "topic", "act", "engine", "worker", "token", "bucket",
        "format", "keyscale", "timesignature", "error_code", "held_up", "outcome", "zone", "cron", "tie",
        "season", "account_id", "debit_id", "credit_id", "hold_key", "digest", "subject", "moved", "id",
        "cancelled_why",
    }
)  # fmt: skip


def mark(what: str) -> str:
    return f"{MARK}-{what}"


def live_in(database: Database, store: FolderBlobs, folder: Path) -> int:
    """Let somebody do everything there is; returns their number."""
    kept = {name: stored(store, folder, name) for name in ("song", "stem", "brought", "picture", "shared", "others")}
    return database.write(lambda session: _live(session, kept))


def stored(store: FolderBlobs, folder: Path, name: str) -> KeptBlob:
    own = name not in ("shared", "others")
    path = folder / "a file"
    path.write_text(f"the sound of {mark(name) if own else name}")
    kept = store.put(path, "flac")
    path.unlink()
    return kept


def _live(session: Session, kept: dict[str, KeptBlob]) -> int:
    bob = person(session, "bob")
    ann = users.ensure(session, surface="discord", external_id=DISCORD, name=mark("name"), now=1)
    ledger.open_account(session, account(ann))
    ledger.grant(session, key="welcome:ann", account=account(ann), amount=500, now=1)
    was = users.ensure(session, surface="slack", external_id=SLACK, name=mark("other-name"), now=1)
    ledger.open_account(session, account(was))
    _key(session, was)
    early = _song(session, was, kept["stem"], channel="TZQ1/DZQX", surface="slack")
    links.join(session, was.id, ann.id, now=NOW, weightier="operator")

    song = _song(session, ann, kept["song"], channel="555/777", surface="discord", server="discord:555")
    at_home = _song(session, ann, kept["shared"], channel="", surface="terminal")
    outbox.add(
        session, key=f"{at_home}:told", job_id=at_home, surface="terminal", topic="completed", payload={}, now=NOW
    )  # fmt: skip
    others = _song(session, bob, kept["others"], channel="", surface="terminal")
    tracks.add(
        session, job_id=others, take=2, title="bob's", seed=1, duration=5, sample_rate=48000, channels=2, bpm=90,
        keyscale="C Major", timesignature="4/4", files=[("audio", "", "flac", kept["shared"])], now=NOW,
    )  # fmt: skip
    jobs.posted(session, song, "1234567")
    jobs.posted(session, early, "1234.5678")
    row = recordings.add(
        session, user_id=ann.id, blob=kept["brought"], title=mark("sound"), artist=mark("artist"),
        lyrics=mark("sung"), kind="mp3", duration=9, sample_rate=48_000, channels=2, now=NOW,
    )  # fmt: skip
    heard_in = free_job(session, ann, task="analyze", spec=_spec("analyze"), recording_id=row.id, key=mark("key"))
    _finish(session, heard_in.id, analysis=f'{{"caption": "{mark("analysis")}"}}')
    free_job(session, bob, task="cover", spec="{}", parent_id=song, recording_id=row.id)
    waiting = priced_job(
        session, ann, channel="555/777", server="discord:555", surface="discord", spec=_spec("waiting"), parked=True
    )
    session.add(Review(job_id=waiting.id, why=mark("review"), created_at=NOW))
    running = priced_job(
        session, ann, channel="555/777", server="discord:555", surface="discord", spec=_spec("running")
    )
    jobs.claim(session, worker="w", now=NOW, lease_ms=10_000, tasks=("text2music",))
    outbox.add(
        session, key=f"{running.id}:told", job_id=running.id, surface="discord", topic="accepted",
        payload={"position": mark("payload")}, now=NOW,
    )  # fmt: skip

    ledger.transfer(
        session, key="gift:1", kind="gift", debit=account(ann), credit=account(bob), amount=5, now=NOW,
        note=mark("gift-given"),
    )  # fmt: skip
    ledger.transfer(
        session, key="gift:2", kind="gift", debit=account(bob), credit=account(ann), amount=7, now=NOW,
        note=mark("gift-got"),
    )  # fmt: skip
    bans.put(session, user_id=ann.id, why=mark("ban"), by="mo", until=None, now=NOW)
    bans.put(session, user_id=bob.id, why="spam", by=ann.name, until=None, now=NOW)
    audit.note(
        session, at=NOW, by="mo", surface="discord", act="ban", subject=f"user:{ann.id}", details={"name": ann.name}
    )
    audit.note(
        session, at=NOW, by="mo", surface="discord", act="takedown", subject=f"job:{song}", details={"why": MARK}
    )
    audit.note(session, at=NOW, by=ann.name, surface="discord", act="grant", subject="user:1", details={"why": MARK})
    audit.note(session, at=NOW, by=f"{MARK}/{DISCORD}", surface="discord", act="unban", subject="user:1")
    gate.turn(session, "paused", by=ann.name, why="maintenance", now=NOW)
    gate.turn(session, "open", by=ann.name, why=None, now=4)
    session.add(Report(job_id=others, user_id=ann.id, why=mark("report"), created_at=NOW))
    session.add(Report(job_id=song, user_id=bob.id, why=mark("complaint"), created_at=NOW))
    session.add(Draft(id=mark("draft-id"), user_id=ann.id, text=mark("draft"), created_at=NOW))
    session.add(Asked(user_id=ann.id, task="lrc", asked_at=NOW))
    links.keep_code(session, code=mark("code"), user_id=ann.id, expires_at=NOW + 99_000)
    heard.first(session, "discord:123", NOW)
    _programs(session, ann, song, kept["picture"])
    _runs_and_schedules(session, ann)
    _challenges(session, ann, bob, song, others)
    session.flush()
    _fill(session, personal.person(session, ann.id))
    return ann.id


def _spec(what: str) -> str:
    return f'{{"task": "text2music", "caption": "{mark(what)}", "lyrics": "{mark("lyrics")}"}}'


def _song(session: Session, owner: User, kept: KeptBlob, **place: Any) -> int:
    marked = owner.name != "bob"
    job = free_job(session, owner, spec=_spec("caption") if marked else "{}", **place)
    title = mark("title") if marked else "a tune"
    _finish(session, job.id, title=title, plan=f'{{"lyrics": "{mark("plan")}"}}' if marked else None)
    tracks.add(
        session, job_id=job.id, take=1, title=title, seed=1, duration=5, sample_rate=48000, channels=2, bpm=90,
        keyscale="C Major", timesignature="4/4", lrc=mark("lrc") if marked else None, peaks=[1, 2],
        files=[("audio", "", "flac", kept), ("stem", mark("part") if marked else "bass", "flac", kept)], now=NOW,
    )  # fmt: skip
    return job.id


def _finish(session: Session, job_id: int, **values: Any) -> None:
    done = update(TABLES["job"]).where(TABLES["job"].c.id == job_id)
    session.connection().execute(done.values(status="COMPLETED", started_at=NOW, finished_at=NOW, **values))


def _key(session: Session, owner: User) -> None:
    users.also_known(session, surface="web", external_id=str(owner.id), user_id=owner.id)
    keys.add(
        session, key_id=f"key-{owner.id}", user_id=owner.id, digest=mark(f"digest-{owner.id}"), hint=f"ap_{MARK}",
        label=mark("label"), scopes=["read"], expires_at=None, now=NOW,
    )  # fmt: skip


def _programs(session: Session, ann: User, song: int, picture: KeptBlob) -> None:
    """What is there of somebody whose programs come over HTTP."""
    _key(session, ann)
    blobs.record(session, picture, now=NOW)
    marks.change(session, song, liked_at=NOW, thumbnail_url=f"https://example.com/{MARK}.png", picture=picture.digest)
    session.add(
        Ordered(
            id=mark("ordered"), user_id=ann.id, job_id=song, take=1, name=mark("called"), tags=[mark("tag")],
            format="wav", stored=True, created_at=NOW,
        )
    )  # fmt: skip
    endpoint = WebhookEndpoint(
        user_id=ann.id, url=f"https://example.com/{MARK}", events=["job.completed"], description=mark("described"),
        secret=mark("secret"), created_at=NOW,
    )  # fmt: skip
    session.add(endpoint)
    session.flush()
    for event, job_id in (("job.completed", song), ("webhook.test", None)):
        delivery = WebhookDelivery(
            endpoint_id=endpoint.id, event=event, event_id=mark(event), job_id=job_id, body=f'{{"x": "{mark(event)}"}}',
            due_at=NOW, created_at=NOW,
        )  # fmt: skip
        session.add(delivery)


def _runs_and_schedules(session: Session, ann: User) -> None:
    who = {"surface": "discord", "external_id": DISCORD, "name": ann.name}
    place: dict[str, Any] = {"surface": "discord", "requester": who, "created_at": NOW}
    for kind in ("recipe", "challenge"):
        there = {"channel": "555/9", "server": "discord:555"}
        place |= there if kind == "challenge" else {"channel": f"@me/{MARK}"}
        values = {"theme": "rain"} if kind == "challenge" else {"caption": mark("input")}
        schedule = Schedule(
            user_id=ann.id,
            kind=kind,
            name="daily",
            cron="0 9 * * *",
            zone="UTC",
            values=values,
            since=NOW,
            seen_at=NOW,
            **place,
        )
        session.add(schedule)
        session.flush()
        firing = Firing(schedule_id=schedule.id, due_at=NOW, fired_at=NOW, outcome="run")
        session.add(firing)
        session.flush()
        if kind == "recipe":
            run = Run(
                user_id=ann.id, kind="recipe", name=mark("run"), inputs={"x": mark("run-input")}, status="RUNNING",
                price=5, reserved=1, due_at=NOW, firing_id=firing.id, **place,
            )  # fmt: skip
            session.add(run)
            session.flush()
            step = Step(
                run_id=run.id, number=1, name=mark("step"), label=mark("label"), needs=[], task="text2music",
                spec={"caption": mark("step-caption")}, price=5, duration=5, takes=1,
            )  # fmt: skip
            session.add(step)
            session.flush()
            ledger.hold(session, key=f"run:{run.id}:1", account=account(ann), amount=5, now=NOW)
            bulletins.put_up(
                session, key=f"run:{run.id}", kind="run", subject=run.id, topic="progress", surface="discord",
                channel=f"@me/{MARK}", user_id=ann.id, now=NOW,
            )  # fmt: skip
            bulletins.put_up(
                session, key=f"firing:{firing.id}", kind="schedule", subject=firing.id, topic="refused",
                surface="discord", channel=f"@me/{MARK}", user_id=ann.id, now=NOW,
            )  # fmt: skip
            told = TABLES["bulletin"]
            shown = update(told).where(told.c.kind != "challenge").values(shown=1, post=mark("post-") + told.c.kind)
            session.connection().execute(shown)


def challenge(user_id: int, number: int, tallied: int | None) -> Challenge:
    return Challenge(
        user_id=user_id, number=number, theme="rain", themes=["rain"], tallied_at=tallied, opens_at=1, submit_until=5,
        vote_until=9, remind_ms=0, created_at=1, season="1", zone="UTC", prizes=[5], each=1, anonymous=True,
        review=True, tie="share",
    )  # fmt: skip


def _challenges(session: Session, ann: User, bob: User, song: int, others: int) -> None:
    for number, tallied in ((1, 9), (2, None)):
        held = challenge(ann.id, number, tallied)
        session.add(held)
        session.flush()
        session.add(ChallengePlace(challenge_id=held.id, surface="discord", channel="555/9", server="discord:555"))
        hers = Entry(challenge_id=held.id, user_id=ann.id, job_id=song, take=1, state="shown", why=MARK, created_at=NOW)
        his = Entry(challenge_id=held.id, user_id=bob.id, job_id=others, take=1, state="shown", created_at=NOW)
        session.add_all([hers, his])
        session.flush()
        if tallied:
            hers.place, hers.votes, hers.prize = 1, 1, 5
        session.add(Vote(challenge_id=held.id, user_id=ann.id, entry_id=his.id, voted_at=NOW))
        session.add(Vote(challenge_id=held.id, user_id=bob.id, entry_id=hers.id, voted_at=NOW))
        session.add(ThemeVote(challenge_id=held.id, user_id=ann.id, choice=0, voted_at=NOW))
        bulletins.put_up(
            session, key=f"challenge:{held.id}", kind="challenge", subject=held.id, topic="podium", surface="discord",
            channel="555/9", server="discord:555", now=NOW,
        )  # fmt: skip


def free_texts(table: Table) -> list[Column[Any]]:
    """The columns of a table that can say anything of anybody."""
    checks = " ".join(str(part.sqltext) for part in table.constraints if isinstance(part, CheckConstraint))
    return [
        column
        for column in table.columns
        if isinstance(column.type, Text | JSON) and column.name not in PLAIN and f"{column.name} IN" not in checks
    ]


def _fill(session: Session, who: personal.Person) -> None:
    """Say something in every column of theirs that nobody has said anything in: one that is new fills itself."""
    for name, about in PERSONAL.items():
        table = TABLES[name]
        for column in free_texts(table):
            theirs = about.whose(who)
            said = session.connection().execute(select(column).where(theirs, column.is_not(None)).limit(1)).first()
            if said is None and column.nullable:
                words = {MARK: name} if isinstance(column.type, JSON) else f"{MARK}-{name}-{column.name}"
                session.connection().execute(update(table).where(theirs).values({column.name: words}))


def dumped(database: Database) -> dict[str, str]:
    """Everything in the database as text, table by table; tables come from the database itself."""

    def look(session: Session) -> dict[str, str]:
        found = {}
        for name, table in TABLES.items():
            rows = session.connection().execute(select(*(cast(column, Text) for column in table.columns))).all()
            found[name] = "\n".join(" | ".join(map(str, row)) for row in rows)
        return found

    return database.read(look)


def traces(database: Database) -> dict[str, set[str]]:
    """What there is of somebody in each table."""
    found = {name: {trace.lower() for trace in TRACE.findall(text)} for name, text in dumped(database).items()}
    return {name: here for name, here in found.items() if here}


def rows_of(database: Database, user_id: int) -> dict[str, list[dict[str, Any]]]:
    return database.read(lambda session: dict(personal.rows(session, personal.person(session, user_id))))


def blobs_of(database: Database) -> set[str]:
    return database.read(lambda session: set(session.exec(select_rows(Blob.digest))))
