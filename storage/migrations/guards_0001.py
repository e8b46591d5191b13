"""The triggers of the first release, for each dialect: they hold whatever code runs above them."""

from __future__ import annotations

# RAISE(ABORT) undoes its statement alone; the driver reports an IntegrityError, as for a constraint.
SQLITE = (
    """
    CREATE TRIGGER account_new BEFORE INSERT ON account WHEN new.posted <> 0 OR new.held <> 0
    BEGIN SELECT RAISE(ABORT, 'an account opens empty'); END
    """,
    """
    CREATE TRIGGER account_fixed BEFORE UPDATE ON account WHEN new.id <> old.id OR new.kind <> old.kind
    BEGIN SELECT RAISE(ABORT, 'an account keeps its name and kind'); END
    """,
    """
    CREATE TRIGGER account_kept BEFORE DELETE ON account
    BEGIN SELECT RAISE(ABORT, 'accounts are kept for good'); END
    """,
    """
    CREATE TRIGGER hold_new BEFORE INSERT ON hold WHEN new.state <> 'open'
    BEGIN SELECT RAISE(ABORT, 'a hold begins open'); END
    """,
    """
    CREATE TRIGGER hold_reserve AFTER INSERT ON hold
    BEGIN UPDATE account SET held = held + new.amount WHERE id = new.account_id; END
    """,
    """
    CREATE TRIGGER hold_fixed BEFORE UPDATE ON hold
    WHEN old.state <> 'open' OR new.state = 'open' OR new.key <> old.key OR new.account_id <> old.account_id
        OR new.amount <> old.amount OR new.created_at <> old.created_at
    BEGIN SELECT RAISE(ABORT, 'a hold settles once and changes in nothing else'); END
    """,
    """
    CREATE TRIGGER hold_captured BEFORE UPDATE ON hold
    WHEN new.state = 'captured' AND NOT EXISTS (SELECT 1 FROM transfer WHERE hold_key = new.key)
    BEGIN SELECT RAISE(ABORT, 'a hold is captured by a transfer'); END
    """,
    """
    CREATE TRIGGER hold_release AFTER UPDATE ON hold
    BEGIN UPDATE account SET held = held - old.amount WHERE id = old.account_id; END
    """,
    """
    CREATE TRIGGER hold_kept BEFORE DELETE ON hold
    BEGIN SELECT RAISE(ABORT, 'holds are kept for good'); END
    """,
    """
    CREATE TRIGGER transfer_capture BEFORE INSERT ON transfer
    WHEN new.hold_key IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM hold
        WHERE key = new.hold_key AND state = 'open' AND account_id = new.debit_id AND amount >= new.amount
    )
    BEGIN SELECT RAISE(ABORT, 'a capture needs an open hold of its account and amount'); END
    """,
    # The hold goes first: until then its credits are not available to be charged.
    """
    CREATE TRIGGER transfer_post AFTER INSERT ON transfer
    BEGIN
        UPDATE hold SET state = 'captured', settled_at = new.created_at WHERE key = new.hold_key;
        UPDATE account SET posted = posted - new.amount WHERE id = new.debit_id;
        UPDATE account SET posted = posted + new.amount WHERE id = new.credit_id;
    END
    """,
    """
    CREATE TRIGGER transfer_fixed BEFORE UPDATE ON transfer
    BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END
    """,
    """
    CREATE TRIGGER transfer_kept BEFORE DELETE ON transfer
    BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END
    """,
    """
    CREATE TRIGGER job_fixed BEFORE UPDATE ON job
    WHEN new.id <> old.id OR new.user_id <> old.user_id OR new.price <> old.price
    BEGIN SELECT RAISE(ABORT, 'a job keeps its number, owner and price'); END
    """,
    """
    CREATE TRIGGER job_final BEFORE UPDATE ON job
    WHEN old.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        AND (new.status <> old.status OR new.round <> old.round)
        AND NOT (old.status = 'FAILED' AND new.status = 'PENDING' AND new.round = old.round + 1)
    BEGIN SELECT RAISE(ABORT, 'an ended job stays as it ended; a failed one may begin another round'); END
    """,
)

# 23000 makes the driver report an IntegrityError, as SQLite's does. Triggers of one event fire in the order of names.
POSTGRES = (
    """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '%', tg_argv[0] USING ERRCODE = '23000';
    END $$
    """,
    """
    CREATE TRIGGER account_new BEFORE INSERT ON account FOR EACH ROW WHEN (new.posted <> 0 OR new.held <> 0)
    EXECUTE FUNCTION refuse('an account opens empty')
    """,
    """
    CREATE TRIGGER account_fixed BEFORE UPDATE ON account FOR EACH ROW
    WHEN (new.id <> old.id OR new.kind <> old.kind)
    EXECUTE FUNCTION refuse('an account keeps its name and kind')
    """,
    """
    CREATE TRIGGER account_kept BEFORE DELETE ON account FOR EACH ROW
    EXECUTE FUNCTION refuse('accounts are kept for good')
    """,
    """
    CREATE TRIGGER hold_new BEFORE INSERT ON hold FOR EACH ROW WHEN (new.state <> 'open')
    EXECUTE FUNCTION refuse('a hold begins open')
    """,
    """
    CREATE FUNCTION hold_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE account SET held = held + new.amount WHERE id = new.account_id;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER hold_reserve AFTER INSERT ON hold FOR EACH ROW EXECUTE FUNCTION hold_reserve()",
    """
    CREATE TRIGGER hold_fixed BEFORE UPDATE ON hold FOR EACH ROW
    WHEN (old.state <> 'open' OR new.state = 'open' OR new.key <> old.key OR new.account_id <> old.account_id
        OR new.amount <> old.amount OR new.created_at <> old.created_at)
    EXECUTE FUNCTION refuse('a hold settles once and changes in nothing else')
    """,
    """
    CREATE FUNCTION hold_captured() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM transfer WHERE hold_key = new.key) THEN
            RAISE EXCEPTION 'a hold is captured by a transfer' USING ERRCODE = '23000';
        END IF;
        RETURN new;
    END $$
    """,
    """
    CREATE TRIGGER hold_captured BEFORE UPDATE ON hold FOR EACH ROW WHEN (new.state = 'captured')
    EXECUTE FUNCTION hold_captured()
    """,
    """
    CREATE FUNCTION hold_release() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE account SET held = held - old.amount WHERE id = old.account_id;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER hold_release AFTER UPDATE ON hold FOR EACH ROW EXECUTE FUNCTION hold_release()",
    """
    CREATE TRIGGER hold_kept BEFORE DELETE ON hold FOR EACH ROW
    EXECUTE FUNCTION refuse('holds are kept for good')
    """,
    # The hold is locked before it is looked at, so that two captures can't both find it open.
    """
    CREATE FUNCTION transfer_capture() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM hold
        WHERE key = new.hold_key AND state = 'open' AND account_id = new.debit_id AND amount >= new.amount
        FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a capture needs an open hold of its account and amount' USING ERRCODE = '23000';
        END IF;
        RETURN new;
    END $$
    """,
    """
    CREATE TRIGGER transfer_capture BEFORE INSERT ON transfer FOR EACH ROW WHEN (new.hold_key IS NOT NULL)
    EXECUTE FUNCTION transfer_capture()
    """,
    # The hold goes first: until then its credits are not available to be charged.
    """
    CREATE FUNCTION transfer_post() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE hold SET state = 'captured', settled_at = new.created_at WHERE key = new.hold_key;
        UPDATE account SET posted = posted - new.amount WHERE id = new.debit_id;
        UPDATE account SET posted = posted + new.amount WHERE id = new.credit_id;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER transfer_post AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_post()",
    """
    CREATE TRIGGER transfer_fixed BEFORE UPDATE OR DELETE ON transfer FOR EACH ROW
    EXECUTE FUNCTION refuse('transfers are append-only')
    """,
    # TRUNCATE fires no trigger of a row.
    """
    CREATE TRIGGER transfer_kept BEFORE TRUNCATE ON transfer FOR EACH STATEMENT
    EXECUTE FUNCTION refuse('transfers are append-only')
    """,
    """
    CREATE TRIGGER job_fixed BEFORE UPDATE ON job FOR EACH ROW
    WHEN (new.id <> old.id OR new.user_id <> old.user_id OR new.price <> old.price)
    EXECUTE FUNCTION refuse('a job keeps its number, owner and price')
    """,
    """
    CREATE TRIGGER job_final BEFORE UPDATE ON job FOR EACH ROW
    WHEN (old.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        AND (new.status <> old.status OR new.round <> old.round)
        AND NOT (old.status = 'FAILED' AND new.status = 'PENDING' AND new.round = old.round + 1))
    EXECUTE FUNCTION refuse('an ended job stays as it ended; a failed one may begin another round')
    """,
)


def statements(dialect: str) -> tuple[str, ...]:
    """The triggers in the words of a dialect, `sqlite` or `postgresql`."""
    return POSTGRES if dialect == "postgresql" else SQLITE
