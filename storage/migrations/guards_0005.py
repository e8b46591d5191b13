"""The triggers that change so that somebody can be forgotten: words go, what was paid and done stays."""

from __future__ import annotations

from collections.abc import Sequence

# What a transfer and a note in the record keep whatever happens. Their words may go, and whoever did something may
# become nobody by name; words never change into others.
TRANSFER = ("id", "key", "kind", "debit_id", "credit_id", "amount", "hold_key", "created_at")
AUDIT = ("id", "at", "surface", "act", "subject")
NOBODY = "deleted-%"

TRANSFERS = "'transfers are append-only'"
NOTES = "'the audit log is append-only'"
LANES = "'a job keeps its lane and its server'"


def _changed(columns: Sequence[str], differs: str) -> str:
    """The condition that one of `columns` is another; `differs` compares two values, of which either may be NULL."""
    return " OR ".join(f"new.{name} {differs} old.{name}" for name in columns)


def _transfer(differs: str) -> str:
    return f"new.note IS NOT NULL OR {_changed(TRANSFER, differs)}"


def _audit(differs: str, as_text: str = "") -> str:
    words = f"new.details IS NOT NULL AND new.details{as_text} {differs} old.details{as_text}"
    return f"({words}) OR (new.by <> old.by AND new.by NOT LIKE '{NOBODY}') OR {_changed(AUDIT, differs)}"


def _lane(differs: str) -> str:
    """A job that ended may lose its server: that one removed the bot, and is forgotten."""
    forgotten = "new.server IS NULL AND new.status NOT IN ('PENDING', 'PROCESSING')"
    return f"new.priority <> old.priority OR (new.server {differs} old.server AND NOT ({forgotten}))"


SQLITE = (
    "DROP TRIGGER transfer_fixed",
    f"""
    CREATE TRIGGER transfer_fixed BEFORE UPDATE ON transfer WHEN {_transfer("IS NOT")}
    BEGIN SELECT RAISE(ABORT, {TRANSFERS}); END
    """,
    "DROP TRIGGER audit_fixed",
    f"""
    CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit WHEN {_audit("IS NOT")}
    BEGIN SELECT RAISE(ABORT, {NOTES}); END
    """,
    "DROP TRIGGER job_lane_kept",
    f"""
    CREATE TRIGGER job_lane_kept BEFORE UPDATE OF priority, server ON job WHEN {_lane("IS NOT")}
    BEGIN SELECT RAISE(ABORT, {LANES}); END
    """,
)

# The condition of a trigger for DELETE can't speak of a new row, so updates get one of their own.
POSTGRES = (
    "DROP TRIGGER transfer_fixed ON transfer",
    f"""
    CREATE TRIGGER transfer_fixed BEFORE UPDATE ON transfer FOR EACH ROW WHEN ({_transfer("IS DISTINCT FROM")})
    EXECUTE FUNCTION refuse({TRANSFERS})
    """,
    f"""
    CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION refuse({TRANSFERS})
    """,
    "DROP TRIGGER audit_fixed ON audit",
    f"""
    CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit FOR EACH ROW WHEN ({_audit("IS DISTINCT FROM", "::text")})
    EXECUTE FUNCTION refuse({NOTES})
    """,
    f"""
    CREATE TRIGGER audit_stays BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse({NOTES})
    """,
    "DROP TRIGGER job_lane_kept ON job",
    f"""
    CREATE TRIGGER job_lane_kept BEFORE UPDATE OF priority, server ON job FOR EACH ROW
    WHEN ({_lane("IS DISTINCT FROM")})
    EXECUTE FUNCTION refuse({LANES})
    """,
)


def statements(dialect: str) -> tuple[str, ...]:
    """The triggers in the words of a dialect, `sqlite` or `postgresql`."""
    return POSTGRES if dialect == "postgresql" else SQLITE
