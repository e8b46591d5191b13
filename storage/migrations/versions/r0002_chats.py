"""What the chats need: where a job was posted, which requests were heard, and drafts of refused ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("job", sa.Column("post", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("moved", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("deleted_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "heard",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_heard"),
    )
    op.create_index("ix_heard_heard_at", "heard", ["heard_at"])
    op.create_table(
        "draft",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_draft_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
    )
    op.create_index("ix_draft_created_at", "draft", ["created_at"])
