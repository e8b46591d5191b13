"""What Alembic runs: the steps, on the connection and in the transaction that `storage.migrate` hands over."""

from __future__ import annotations

from alembic import context

from storage.tables import Table

# The tables are there for their naming convention: a step that drops a constraint needs its name.
context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()
