"""Keys of programs, webhooks, tracks of the second API, and what people do with their collections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("job", sa.Column("fingerprint", sa.Text(), nullable=True))
    _keys()
    _webhooks()
    _collections()


def _keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_api_key_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("digest", name="uq_api_key_digest"),
    )
    op.create_index("ix_api_key_user_id", "api_key", ["user_id"])


def _webhooks() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_webhook_endpoint_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_endpoint_user_id", "webhook_endpoint", ["user_id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("dead_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("delivered_at IS NULL OR dead_at IS NULL", name=op.f("ck_webhook_delivery_ending")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name="fk_webhook_delivery_endpoint_id"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_webhook_delivery_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
        sa.UniqueConstraint("endpoint_id", "event_id", name="uq_webhook_delivery_endpoint_id_event_id"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("delivered_at IS NULL AND dead_at IS NULL")
    op.create_index(
        "ix_webhook_delivery_waiting",
        "webhook_delivery",
        ["due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_webhook_delivery_created_at", "webhook_delivery", ["created_at"])
    op.create_index("ix_webhook_delivery_job_id", "webhook_delivery", ["job_id"])


def _collections() -> None:
    op.create_table(
        "ordered",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("take", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("bit_rate", sa.Integer(), nullable=True),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_ordered_job_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_ordered_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ordered"),
        sa.UniqueConstraint("job_id", "take", name="uq_ordered_job_id_take"),
    )
    op.create_index("ix_ordered_user_id", "ordered", ["user_id"])
    op.create_table(
        "job_mark",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("liked_at", sa.BigInteger(), nullable=True),
        sa.Column("hidden_at", sa.BigInteger(), nullable=True),
        sa.Column("thumbnail_url", sa.Text(), nullable=True),
        sa.Column("picture", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_mark_job_id"),
        sa.ForeignKeyConstraint(["picture"], ["blob.digest"], name="fk_job_mark_picture"),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_mark"),
    )
    op.create_index("ix_job_mark_picture", "job_mark", ["picture"])
