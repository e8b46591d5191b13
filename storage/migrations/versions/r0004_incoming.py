"""What comes in from outside: recordings, what was heard in them, and the seal of our own links."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=False),
        sa.Column("lyrics", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_recording_user_id"),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name="fk_recording_digest"),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
    )
    op.create_index("ix_recording_digest", "recording", ["digest"])
    op.create_index("ix_recording_used_at", "recording", ["used_at"])
    # Written out: SQLite adds a column that refers to another only like this.
    op.execute("ALTER TABLE job ADD COLUMN recording_id TEXT CONSTRAINT fk_job_recording_id REFERENCES recording (id)")
    op.create_index("ix_job_recording_id", "job", ["recording_id"])
    op.add_column("job", sa.Column("analysis", sa.Text(), nullable=True))
    op.create_table(
        "seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_seal_one")),
        sa.PrimaryKeyConstraint("id", name="pk_seal"),
    )
    seal = sa.table("seal", sa.column("id", sa.Integer), sa.column("key", sa.Text))
    op.bulk_insert(seal, [{"id": 1, "key": secrets.token_hex(32)}])
