"""The schema's history: it leads to the tables the code knows, once, whoever walks it at the same time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex
from sqlmodel import select

from storage import jobs, ledger, migrate
from storage.database import Database
from storage.engines import open_engine, settled
from storage.ledger import Balance
from storage.migrate import HEAD, UnknownSchema, current, upgrade
from storage.tables import LIVE, Lane, Table
from tests.rows import person, priced_job


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new folder' / '100%.db'}"
    return str(request.getfixturevalue("postgres").empty())


def checks(engine: Engine) -> dict[str, set[str]]:
    """The names of the check constraints of every table."""
    seen = inspect(engine)
    return {
        table: {str(check["name"]) for check in seen.get_check_constraints(table)} for table in Table.metadata.tables
    }


def test_head_is_the_last_step() -> None:
    assert ScriptDirectory(str(Path(migrate.__file__).with_name("migrations"))).get_heads() == [HEAD]


def test_an_empty_database_gets_every_table(empty_url: str) -> None:
    assert current(empty_url) is None
    upgrade(empty_url)
    assert current(empty_url) == HEAD
    database = Database(empty_url)
    assert database.write(person).id == 1
    database.close()


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = open_engine(settled(database_url))
    with engine.connect() as connection:
        # Of SQLite's indexes Alembic reads neither the order nor the rows they are of: those are compared below.
        told = {"include_object": lambda *found: found[2] != "index"} if connection.dialect.name == "sqlite" else {}
        context = MigrationContext.configure(connection, opts={"compare_server_default": True, **told})
        differences = compare_metadata(context, Table.metadata)
    found = checks(engine)
    engine.dispose()
    assert differences == []
    assert found == {
        name: {str(part.name) for part in table.constraints if isinstance(part, CheckConstraint)}
        for name, table in Table.metadata.tables.items()
    }


def test_models_and_migrations_agree_on_every_index(sqlite_url: str) -> None:
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    made = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    connection.close()
    indexes = [index for table in Table.metadata.tables.values() for index in table.indexes]
    assert dict(made) == {index.name: str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes}


def test_rows_of_sqlite_keep_their_numbers_for_good(sqlite_url: str) -> None:
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    for table in ("user", "job", "transfer", "outbox", "audit"):
        (schema,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        assert "AUTOINCREMENT" in schema, table
    connection.close()


def test_upgrading_again_keeps_everything_and_does_not_load_alembic(sqlite_url: str) -> None:
    script = """
import sys
from storage.migrate import upgrade
upgrade(sys.argv[1])
sys.exit("alembic" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script, sqlite_url], check=True)


# A house of the version before lanes: the price of each job, its status and owner, whose turns were 7 and 3.
OLD_JOBS = (
    (1, "ann", "PENDING", 10), (2, "ann", "PENDING", 0), (3, "bob", "PENDING", 5), (4, "ann", "PROCESSING", 10),
    (5, "bob", "COMPLETED", 20), (6, "bob", "FAILED", 20), (7, "ann", "CANCELLED", 0), (8, "bob", "PENDING", 5),
)  # fmt: skip
OLD_TURNS = {"ann": 7, "bob": 3, "idle": 0}


def make_old_house(url: str) -> None:
    """Rows as the version before wrote them: its triggers kept a sum for every account, those of the house too."""
    engine = open_engine(settled(url))
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")

        def run(statement: str, **values: object) -> None:
            connection.execute(text(statement), values)

        number = dict(zip(OLD_TURNS, range(1, 4), strict=True))
        for name, turn in OLD_TURNS.items():
            run('INSERT INTO "user" (name, turn, created_at) VALUES (:name, :turn, 1)', name=name, turn=turn)
            run("INSERT INTO account VALUES (:id, 'user', 0, 0)", id=f"user:{number[name]}")
            run(
                "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, created_at)"
                " VALUES (:key, 'grant', 'bank', :id, 100, 1)",
                key=f"welcome:{name}",
                id=f"user:{number[name]}",
            )
        for job, name, status, price in OLD_JOBS:
            run(
                "INSERT INTO job (user_id, surface, channel, task, spec, duration, takes, seed, price, status,"
                " priority, round, attempt, run_after, cancel_requested, created_at, token, lease_until, finished_at)"
                " VALUES (:owner, 'terminal', '', 'text2music', '{}', 30.0, 2, 7, :price, :status, :priority, 1, 0, 1,"
                " false, 1, :token, :lease, :finished)",
                owner=number[name],
                price=price,
                status=status,
                priority=5 if job == 8 else 0,
                token="t" if status == "PROCESSING" else None,
                lease=1000 if status == "PROCESSING" else None,
                finished=None if status in LIVE else 9,
            )
            if price:
                run(
                    "INSERT INTO hold VALUES (:key, :account, :price, 'open', 1, NULL)",
                    key=f"job:{job}:1",
                    account=f"user:{number[name]}",
                    price=price,
                )
            if status == "COMPLETED":
                run(
                    "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, hold_key, created_at)"
                    " VALUES ('c', 'capture', :account, 'income', :price, :key, 9)",
                    key=f"job:{job}:1",
                    account=f"user:{number[name]}",
                    price=price,
                )
            elif status not in LIVE and price:
                run("UPDATE hold SET state = 'voided', settled_at = 9 WHERE key = :key", key=f"job:{job}:1")
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_house_of_the_version_before_gets_lanes_and_sound_books(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if kind == "sqlite" else request.getfixturevalue("postgres").empty()
    make_old_house(url)
    upgrade(url)
    database = Database(url)
    lanes = database.read(lambda session: session.exec(select(Lane).order_by(Lane.user_id, Lane.priority)).all())  # type: ignore[arg-type]
    assert [lane.model_dump() for lane in lanes] == [
        {"user_id": 1, "priority": 0, "turn": 7, "waiting": 2, "running": 1, "music_ms": 120_000},
        {"user_id": 2, "priority": 0, "turn": 3, "waiting": 1, "running": 0, "music_ms": 60_000},
        {"user_id": 2, "priority": 5, "turn": 3, "waiting": 1, "running": 0, "music_ms": 60_000},
    ]
    assert database.read(ledger.check) == []
    kept = text("SELECT DISTINCT posted FROM account WHERE kind = 'system'")
    assert database.read(lambda session: session.connection().execute(kept).scalars().all()) == [0]
    having = {name: database.read(partial(ledger.balance, account=name)) for name in ("bank", "income", "user:1")}
    assert having == {"bank": Balance(-300, 0, -300), "income": Balance(20, 0, 20), "user:1": Balance(100, 20, 80)}
    # Life goes on where it stood: bob's turn is before ann's, and what runs can still be finished and paid for.
    claim = partial(jobs.claim, worker="w", now=10, lease_ms=9, tasks=["text2music"], most=9)
    assert [job.id for job in database.write(claim)] == [8, 3, 1, 2]
    assert database.write(partial(jobs.complete, job_id=4, token="t", now=20))
    database.write(partial(ledger.capture, key="job:4:1", amount=10, now=20))
    database.write(lambda session: priced_job(session, person(session, "new"), price=100))
    assert database.read(ledger.check) == []
    assert database.read(partial(ledger.balance, account="bank")).posted == -400
    database.close()


def test_processes_that_start_together_upgrade_once(empty_url: str) -> None:
    script = "import sys; from storage.migrate import upgrade; sys.stdin.readline(); upgrade(sys.argv[1])"
    houses = [
        subprocess.Popen([sys.executable, "-c", script, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for house in houses:
        assert house.stdin is not None
        house.stdin.write(b"go\n")
        house.stdin.flush()
    errors = [house.communicate(timeout=60)[1].decode() for house in houses]
    assert [house.returncode for house in houses] == [0] * 3, errors
    assert current(empty_url) == HEAD
    database = Database(empty_url)
    accounts = database.read(
        lambda s: s.connection().execute(text("SELECT id FROM account ORDER BY id")).scalars().all()
    )
    assert accounts == ["bank", "income"]
    database.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_connection: Any) -> None:
        take_steps(_connection)
        raise RuntimeError("power cut")

    take_steps = migrate._take_steps
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "_take_steps", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            upgrade(empty_url)
    assert current(empty_url) is None
    upgrade(empty_url)
    assert current(empty_url) == HEAD


def test_a_database_of_a_later_version_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    database.write(lambda s: s.connection().execute(text("UPDATE alembic_version SET version_num = '9999'")))
    database.close()
    with pytest.raises(UnknownSchema, match="later version"):
        upgrade(database_url)
    assert current(database_url) == "9999"
