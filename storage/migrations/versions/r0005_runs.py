"""Runs and their steps, schedules, challenges, bulletins; and people and servers who want to be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards_0005

revision = "0005"
down_revision = "0004"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    _bulletins()
    _schedules()
    _runs()
    _challenges()
    # Written out: SQLite adds a column that refers to another only like this.
    op.execute("ALTER TABLE job ADD COLUMN step_id BIGINT CONSTRAINT fk_job_step_id REFERENCES step (id)")
    op.create_index("ix_job_step_id", "job", ["step_id"], unique=True)
    for statement in guards_0005.statements(op.get_bind().dialect.name):
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "departed",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_departed"),
    )
    op.create_table(
        "erased",
        sa.Column("known_by", sa.Text(), nullable=False),
        sa.Column("banned_until", sa.BigInteger(), nullable=True),
        sa.Column("operators", sa.Boolean(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("known_by", name="pk_erased"),
    )
    op.create_index("ix_erased_erased_at", "erased", ["erased_at"])
    op.add_column("user", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_user_erased",
        "user",
        ["erased_at"],
        sqlite_where=sa.text("erased_at IS NOT NULL"),
        postgresql_where=sa.text("erased_at IS NOT NULL"),
    )


def _bulletins() -> None:
    op.create_table(
        "bulletin",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("server", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("post", sa.Text(), nullable=True),
        sa.Column("moved", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("dead_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('run', 'challenge', 'schedule')", name=op.f("ck_bulletin_kind")),
        sa.CheckConstraint("shown <= version", name=op.f("ck_bulletin_version")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_bulletin_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bulletin"),
        sa.UniqueConstraint("key", name="uq_bulletin_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bulletin_kind_subject", "bulletin", ["kind", "subject"])
    op.create_index("ix_bulletin_server", "bulletin", ["server"])
    op.create_index("ix_bulletin_user_id", "bulletin", ["user_id"])
    op.create_index(
        "ix_bulletin_waiting",
        "bulletin",
        ["surface", "due_at"],
        sqlite_where=sa.text("shown < version AND dead_at IS NULL"),
        postgresql_where=sa.text("shown < version AND dead_at IS NULL"),
    )


def _schedules() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("requester", sa.JSON(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('recipe', 'challenge')", name=op.f("ck_schedule_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_schedule_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_schedule"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_schedule_server", "schedule", ["server"])
    op.create_index("ix_schedule_user_id", "schedule", ["user_id"])
    op.create_table(
        "firing",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name="fk_firing_schedule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_firing"),
        sa.UniqueConstraint("schedule_id", "due_at", name="uq_firing_schedule_id_due_at"),
        sqlite_autoincrement=True,
    )


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("requester", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("firing_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("held_up", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(status IN ('PROPOSED', 'RUNNING')) = (finished_at IS NULL)", name=op.f("ck_run_finished")),
        sa.CheckConstraint("kind IN ('batch', 'recipe')", name=op.f("ck_run_kind")),
        sa.CheckConstraint("status IN ('PROPOSED', 'RUNNING', 'COMPLETED', 'CANCELLED')", name=op.f("ck_run_status")),
        sa.CheckConstraint("price >= 0 AND reserved >= 0", name=op.f("ck_run_counts")),
        sa.ForeignKeyConstraint(["firing_id"], ["firing.id"], name="fk_run_firing_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_run_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("firing_id", name="uq_run_firing_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_run_running",
        "run",
        ["due_at"],
        sqlite_where=sa.text("status = 'RUNNING'"),
        postgresql_where=sa.text("status = 'RUNNING'"),
    )
    op.create_index("ix_run_server", "run", ["server"])
    op.create_index("ix_run_user_id", "run", ["user_id"])
    op.create_table(
        "step",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("takes", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_params", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('WAITING', 'QUEUED', 'DONE', 'FAILED', 'SKIPPED', 'CANCELLED')", name=op.f("ck_step_state")
        ),
        sa.CheckConstraint("price >= 0 AND takes >= 0 AND number >= 1", name=op.f("ck_step_counts")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_step_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
        sa.UniqueConstraint("run_id", "number", name="uq_step_run_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_step_run_id_state_number", "step", ["run_id", "state", "number"])


def _challenges() -> None:
    op.create_table(
        "challenge",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("firing_id", sa.BigInteger(), nullable=True),
        sa.Column("season", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=True),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=False),
        sa.Column("theme_until", sa.BigInteger(), nullable=True),
        sa.Column("submit_until", sa.BigInteger(), nullable=False),
        sa.Column("vote_until", sa.BigInteger(), nullable=False),
        sa.Column("remind_ms", sa.BigInteger(), nullable=False),
        sa.Column("prizes", sa.JSON(), nullable=False),
        sa.Column("each", sa.Integer(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("tie", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_why", sa.Text(), nullable=True),
        sa.Column("tallied_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("tie IN ('share', 'earliest', 'nobody')", name=op.f("ck_challenge_tie")),
        sa.CheckConstraint("each >= 1", name=op.f("ck_challenge_each")),
        sa.CheckConstraint("opens_at < submit_until AND submit_until < vote_until", name=op.f("ck_challenge_times")),
        sa.CheckConstraint(
            "theme_until IS NULL OR (opens_at < theme_until AND theme_until < submit_until)",
            name=op.f("ck_challenge_theme"),
        ),
        sa.ForeignKeyConstraint(["firing_id"], ["firing.id"], name="fk_challenge_firing_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_challenge_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_challenge"),
        sa.UniqueConstraint("firing_id", name="uq_challenge_firing_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_challenge_season", "challenge", ["season"])
    op.create_index("ix_challenge_user_id", "challenge", ["user_id"])
    op.create_table(
        "challenge_place",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("challenge_id", sa.BigInteger(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name="fk_challenge_place_challenge_id"),
        sa.PrimaryKeyConstraint("id", name="pk_challenge_place"),
        sa.UniqueConstraint(
            "challenge_id", "surface", "channel", name="uq_challenge_place_challenge_id_surface_channel"
        ),
    )
    op.create_index("ix_challenge_place_channel", "challenge_place", ["channel"])
    op.create_index("ix_challenge_place_server", "challenge_place", ["server"])
    op.create_index("ix_challenge_place_surface", "challenge_place", ["surface"])
    op.create_table(
        "entry",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("challenge_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("take", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("votes", sa.Integer(), nullable=True),
        sa.Column("prize", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'shown', 'rejected', 'withdrawn')", name=op.f("ck_entry_state")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name="fk_entry_challenge_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_entry_job_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_entry_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint("challenge_id", "job_id", "take", name="uq_entry_challenge_id_job_id_take"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entry_job_id", "entry", ["job_id"])
    op.create_index("ix_entry_user_id", "entry", ["user_id"])
    op.create_table(
        "vote",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("challenge_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("voted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name="fk_vote_challenge_id"),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_vote_entry_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_vote_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_vote"),
        sa.UniqueConstraint("challenge_id", "user_id", name="uq_vote_challenge_id_user_id"),
    )
    op.create_index("ix_vote_entry_id", "vote", ["entry_id"])
    op.create_index("ix_vote_user_id", "vote", ["user_id"])
    op.create_table(
        "theme_vote",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("challenge_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.Column("voted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name="fk_theme_vote_challenge_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_theme_vote_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_theme_vote"),
        sa.UniqueConstraint("challenge_id", "user_id", name="uq_theme_vote_challenge_id_user_id"),
    )
    op.create_index("ix_theme_vote_user_id", "theme_vote", ["user_id"])
