"""What a community needs: lanes to wait in, limits for each server, moderation, and people who are one on two chats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards_0003

revision = "0003"
down_revision = "0002"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    _lanes()
    _house()
    # From here on the triggers keep the lanes; what waits and runs already is counted once.
    op.execute(
        """
        INSERT INTO lane (user_id, priority, turn, waiting, running, music_ms)
        SELECT job.user_id, job.priority, max("user".turn),
            sum(CASE WHEN status = 'PENDING' THEN 1 ELSE 0 END),
            sum(CASE WHEN status = 'PROCESSING' THEN 1 ELSE 0 END),
            sum(CASE WHEN status = 'PENDING' THEN CAST(duration * 1000 AS BIGINT) * takes ELSE 0 END)
        FROM job JOIN "user" ON "user".id = job.user_id GROUP BY job.user_id, job.priority
        """
    )
    op.drop_column("user", "turn")
    for statement in guards_0003.statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.execute("UPDATE account SET posted = 0 WHERE kind = 'system'")
    op.execute("INSERT INTO gate (id, state, since) VALUES (1, 'open', 0)")


def _people() -> None:
    # Written out: SQLite adds a column that refers to another only like this.
    op.execute('ALTER TABLE "user" ADD COLUMN joined BIGINT CONSTRAINT fk_user_joined REFERENCES "user" (id)')
    op.create_index("ix_user_joined", "user", ["joined"])
    op.create_table(
        "link_code",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_link_code_user_id"),
        sa.PrimaryKeyConstraint("code", name="pk_link_code"),
    )
    op.create_index("ix_link_code_user_id", "link_code", ["user_id"])
    op.create_table(
        "ban",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_ban_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_ban"),
    )
    op.create_table(
        "asked",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_asked_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_asked"),
    )
    op.create_index("ix_asked_user_id_task_asked_at", "asked", ["user_id", "task", "asked_at"])
    op.create_index("ix_asked_asked_at", "asked", ["asked_at"])


def _lanes() -> None:
    op.add_column("job", sa.Column("server", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("engine", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("taken_down", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("bucket", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("job", sa.Column("parked", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    for old in ("status_run_after_priority_id", "user_id_task_created_at", "user_id_status", "status_task_finished_at"):
        op.drop_index(f"ix_job_{old}", "job")
    for name, columns, where in (
        ("lane", ["user_id", "priority", "id"], "status = 'PENDING' AND NOT parked"),
        ("parked", ["user_id"], "status = 'PENDING' AND parked"),
        ("running", ["lease_until"], "status = 'PROCESSING'"),
        ("server_running", ["server"], "status = 'PROCESSING' AND server IS NOT NULL"),
        ("shown", ["status", "id"], "status IN ('PENDING', 'PROCESSING') AND post IS NOT NULL"),
        ("server_live", ["server", "id"], "status IN ('PENDING', 'PROCESSING') AND server IS NOT NULL"),
        ("speed", ["task", "finished_at"], "status = 'COMPLETED'"),
        ("dead", ["finished_at"], "status = 'FAILED' AND NOT error_permanent"),
    ):
        op.create_index(f"ix_job_{name}", "job", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    dead = sa.text("dead_at IS NOT NULL")
    op.create_index("ix_outbox_dead", "outbox", ["job_id"], sqlite_where=dead, postgresql_where=dead)
    op.create_index("ix_job_user_id_created_at", "job", ["user_id", "created_at"])
    op.create_index("ix_job_server_created_at", "job", ["server", "created_at"])
    op.create_table(
        "lane",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("music_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("waiting >= 0 AND running >= 0 AND music_ms >= 0", name=op.f("ck_lane_counts")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_lane_user_id"),
        sa.PrimaryKeyConstraint("user_id", "priority", name="pk_lane"),
    )
    waiting = sa.text("waiting > 0")
    op.create_index(
        "ix_lane_next",
        "lane",
        [sa.desc("priority"), "turn", "user_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_lane_turn", "lane", ["turn"])
    op.create_table(
        "gate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_gate_one")),
        sa.CheckConstraint("state IN ('open', 'paused', 'draining')", name=op.f("ck_gate_state")),
        sa.PrimaryKeyConstraint("id", name="pk_gate"),
    )


def _house() -> None:
    op.add_column("transfer", sa.Column("note", sa.Text(), nullable=True))
    op.create_table(
        "review",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'rejected')", name=op.f("ck_review_state")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_review_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_review"),
    )
    op.create_index("ix_review_state", "review", ["state"])
    op.create_table(
        "report",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_report_job_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_report_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("job_id", "user_id", name="uq_report_job_id_user_id"),
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index("ix_report_open", "report", ["created_at"], sqlite_where=still_open, postgresql_where=still_open)
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    for column in ("at", "act", "subject"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
