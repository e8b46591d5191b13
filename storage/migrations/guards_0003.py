"""The triggers that keep the lanes: what waits and runs is counted where it changes, whatever code changes it."""

from __future__ import annotations

# Music that still has to be made, in whole milliseconds: sums of fractions would drift.
MUSIC = "CAST({row}.duration * 1000 AS BIGINT) * {row}.takes"
WAITS = "({row}.status = 'PENDING' AND NOT {row}.parked)"
RUNS = "({row}.status = 'PROCESSING')"


def _moved(of: str) -> str:
    """By how much a count changes that `of` tells of each row: 1, 0 or -1."""
    return (
        f"(CASE WHEN {of.format(row='new')} THEN 1 ELSE 0 END) - (CASE WHEN {of.format(row='old')} THEN 1 ELSE 0 END)"
    )


# A claim takes the last turn. It is numbered here, in the row that the claim has locked.
SET_LANE = f"""
    waiting = waiting + {_moved(WAITS)},
    running = running + {_moved(RUNS)},
    music_ms = music_ms + ({_moved(WAITS)}) * {MUSIC.format(row="new")},
    turn = CASE WHEN {RUNS.format(row="new")} AND NOT {RUNS.format(row="old")}
        THEN (SELECT max(turn) FROM lane) + 1 ELSE turn END
"""
NEW_LANE = f"""
    INSERT INTO lane (user_id, priority, turn, waiting, running, music_ms)
    VALUES (
        new.user_id, new.priority, 0, CASE WHEN {WAITS.format(row="new")} THEN 1 ELSE 0 END, 0,
        CASE WHEN {WAITS.format(row="new")} THEN {MUSIC.format(row="new")} ELSE 0 END
    )
    ON CONFLICT (user_id, priority) DO UPDATE
    SET waiting = lane.waiting + excluded.waiting, music_ms = lane.music_ms + excluded.music_ms;
"""
IN_LANE = "user_id = new.user_id AND priority = new.priority"
CHANGES_LANE = "old.status <> new.status OR old.parked <> new.parked"
KEPT = "'a job keeps its lane and its server'"
FIXED = "'the audit log is append-only'"

# Every song is charged in favour of one account, and every gift of the house comes from another: were their sums kept
# in a row, everybody would wait for everybody at it. What the house has is added up when somebody asks.
POST = """
    UPDATE hold SET state = 'captured', settled_at = new.created_at WHERE key = new.hold_key;
    UPDATE account SET posted = posted - new.amount WHERE id = new.debit_id AND kind = 'user';
    UPDATE account SET posted = posted + new.amount WHERE id = new.credit_id AND kind = 'user';
"""

SQLITE = (
    "DROP TRIGGER transfer_post",
    f"CREATE TRIGGER transfer_post AFTER INSERT ON transfer BEGIN {POST} END",
    f"""
    CREATE TRIGGER job_waits AFTER INSERT ON job BEGIN {NEW_LANE} END
    """,
    f"""
    CREATE TRIGGER job_moves AFTER UPDATE OF status, parked ON job WHEN {CHANGES_LANE}
    BEGIN UPDATE lane SET {SET_LANE} WHERE {IN_LANE}; END
    """,
    f"""
    CREATE TRIGGER job_lane_kept BEFORE UPDATE OF priority, server ON job
    WHEN new.priority <> old.priority OR new.server IS NOT old.server
    BEGIN SELECT RAISE(ABORT, {KEPT}); END
    """,
    f"""
    CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, {FIXED}); END
    """,
    f"""
    CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, {FIXED}); END
    """,
)

POSTGRES = (
    f"""
    CREATE OR REPLACE FUNCTION transfer_post() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {POST} RETURN NULL; END $$
    """,
    f"""
    CREATE FUNCTION job_waits() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {NEW_LANE} RETURN NULL; END $$
    """,
    "CREATE TRIGGER job_waits AFTER INSERT ON job FOR EACH ROW EXECUTE FUNCTION job_waits()",
    f"""
    CREATE FUNCTION job_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE lane SET {SET_LANE} WHERE {IN_LANE};
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE TRIGGER job_moves AFTER UPDATE OF status, parked ON job FOR EACH ROW WHEN ({CHANGES_LANE})
    EXECUTE FUNCTION job_moves()
    """,
    f"""
    CREATE TRIGGER job_lane_kept BEFORE UPDATE OF priority, server ON job FOR EACH ROW
    WHEN (new.priority <> old.priority OR new.server IS DISTINCT FROM old.server)
    EXECUTE FUNCTION refuse({KEPT})
    """,
    f"""
    CREATE TRIGGER audit_fixed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse({FIXED})
    """,
    f"""
    CREATE TRIGGER audit_kept BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse({FIXED})
    """,
)


def statements(dialect: str) -> tuple[str, ...]:
    """The triggers in the words of a dialect, `sqlite` or `postgresql`."""
    return POSTGRES if dialect == "postgresql" else SQLITE
