"""Every table of the first release, the triggers that guard them, and the house's own accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards_0001

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = "sent_at IS NULL AND dead_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind = 'system' OR posted >= held", name=op.f("ck_account_available")),
        sa.CheckConstraint("kind IN ('user', 'system')", name=op.f("ck_account_kind")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_account_held")),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
    )
    op.create_table(
        "blob",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_blob"),
    )
    op.create_index("ix_blob_created_at", "blob", ["created_at"])
    op.create_table(
        "user",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("name", name="uq_user_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "hold",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (settled_at IS NULL)", name=op.f("ck_hold_settled")),
        sa.CheckConstraint("state IN ('open', 'captured', 'voided')", name=op.f("ck_hold_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hold_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_hold_account_id"),
        sa.PrimaryKeyConstraint("key", name="pk_hold"),
    )
    op.create_index("ix_hold_account_id_state", "hold", ["account_id", "state"])
    op.create_table(
        "identity",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_identity_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("surface", "external_id", name="uq_identity_surface_external_id"),
    )
    op.create_index("ix_identity_user_id", "identity", ["user_id"])
    op.create_table(
        "job",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("takes", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run_after", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_params", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error_permanent", sa.Boolean(), nullable=True),
        sa.Column("error_cause", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(status = 'PROCESSING') = (lease_until IS NOT NULL)", name=op.f("ck_job_lease")),
        sa.CheckConstraint("(status = 'PROCESSING') = (token IS NOT NULL)", name=op.f("ck_job_token")),
        sa.CheckConstraint(
            "(status IN ('PENDING', 'PROCESSING')) = (finished_at IS NULL)", name=op.f("ck_job_finished")
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')", name=op.f("ck_job_status")
        ),
        sa.CheckConstraint("price >= 0 AND attempt >= 0 AND round >= 1 AND takes >= 0", name=op.f("ck_job_counts")),
        sa.ForeignKeyConstraint(["parent_id"], ["job.id"], name="fk_job_parent_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_job_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("token", name="uq_job_token"),
        sa.UniqueConstraint("user_id", "key", name="uq_job_user_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_parent_id", "job", ["parent_id"])
    op.create_index("ix_job_status_run_after_priority_id", "job", ["status", "run_after", "priority", "id"])
    op.create_index("ix_job_status_task_finished_at", "job", ["status", "task", "finished_at"])
    op.create_index("ix_job_user_id_status", "job", ["user_id", "status"])
    op.create_index("ix_job_user_id_task_created_at", "job", ["user_id", "task", "created_at"])
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("dead_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.CheckConstraint("sent_at IS NULL OR dead_at IS NULL", name=op.f("ck_outbox_ending")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_outbox_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_job_id", "outbox", ["job_id"])
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["surface", "due_at"],
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    )
    op.create_table(
        "track",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("take", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("bpm", sa.Float(), nullable=False),
        sa.Column("keyscale", sa.Text(), nullable=False),
        sa.Column("timesignature", sa.Text(), nullable=False),
        sa.Column("quality_score", sa.Float(), nullable=True),
        sa.Column("lrc", sa.Text(), nullable=True),
        sa.Column("peaks", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_track_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_track"),
        sa.UniqueConstraint("job_id", "take", name="uq_track_job_id_take"),
    )
    op.create_table(
        "transfer",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("debit_id", sa.Text(), nullable=False),
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("hold_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind = 'capture') = (hold_key IS NOT NULL)", name=op.f("ck_transfer_capture")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_transfer_sides")),
        sa.ForeignKeyConstraint(["credit_id"], ["account.id"], name="fk_transfer_credit_id"),
        sa.ForeignKeyConstraint(["debit_id"], ["account.id"], name="fk_transfer_debit_id"),
        sa.ForeignKeyConstraint(["hold_key"], ["hold.key"], name="fk_transfer_hold_key"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("hold_key", name="uq_transfer_hold_key"),
        sa.UniqueConstraint("key", name="uq_transfer_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transfer_credit_id", "transfer", ["credit_id"])
    op.create_index("ix_transfer_debit_id", "transfer", ["debit_id"])
    op.create_table(
        "track_file",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("track_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name="fk_track_file_digest"),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name="fk_track_file_track_id"),
        sa.PrimaryKeyConstraint("id", name="pk_track_file"),
        sa.UniqueConstraint("track_id", "kind", "name", "format", name="uq_track_file_track_id_kind_name_format"),
    )
    op.create_index("ix_track_file_digest", "track_file", ["digest"])
    for statement in guards_0001.statements(op.get_bind().dialect.name):
        op.execute(statement)
    account = sa.table("account", sa.column("id"), sa.column("kind"), sa.column("posted"), sa.column("held"))
    house = {"kind": "system", "posted": 0, "held": 0}
    op.bulk_insert(account, [{"id": "bank", **house}, {"id": "income", **house}])
