"""Whether the books, the queue and the blobs agree: every rule the house lives by, asked of the database itself."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

# Each query gives the rows that break a rule; each sentence says which rule, with the row's columns filled in.
RULES: tuple[tuple[str, str], ...] = (
    (
        "All people together have {posted} credits, but {given} were given to them and not taken back.",
        """
        SELECT posted, given FROM (
            SELECT coalesce(sum(posted), 0) AS posted FROM account WHERE kind = 'user'
        ) AS people, (
            SELECT coalesce(sum(CASE WHEN giver.kind = 'system' THEN amount ELSE 0 END), 0)
                - coalesce(sum(CASE WHEN taker.kind = 'system' THEN amount ELSE 0 END), 0) AS given
            FROM transfer JOIN account AS giver ON giver.id = debit_id JOIN account AS taker ON taker.id = credit_id
        ) AS moved
        WHERE posted <> given
        """,
    ),
    (
        "Account {id} shows {posted} credits, but its transfers add up to {total}.",
        """
        SELECT account.id, posted, coalesce(moved.total, 0) AS total
        FROM account LEFT JOIN (
            SELECT id, sum(amount) AS total FROM (
                SELECT credit_id AS id, amount FROM transfer UNION ALL SELECT debit_id, -amount FROM transfer
            ) AS side GROUP BY id
        ) AS moved ON moved.id = account.id
        WHERE kind = 'user' AND posted <> coalesce(moved.total, 0)
        """,
    ),
    (
        "Account {id} shows {held} credits held, but its open holds add up to {total}.",
        """
        SELECT account.id, held, coalesce(sum(hold.amount), 0) AS total
        FROM account LEFT JOIN hold ON hold.account_id = account.id AND hold.state = 'open'
        GROUP BY account.id, held HAVING held <> coalesce(sum(hold.amount), 0)
        """,
    ),
    (
        "Account {id} has fewer credits ({posted}) than it has held ({held}).",
        "SELECT id, posted, held FROM account WHERE kind = 'user' AND posted < held",
    ),
    (
        "Hold {key} is {state}, which does not go with the transfer that captures it or with the lack of one.",
        """
        SELECT hold.key, state FROM hold LEFT JOIN transfer ON transfer.hold_key = hold.key
        WHERE (state = 'captured') <> (transfer.id IS NOT NULL)
        """,
    ),
    (
        "Transfer {key} charges {amount} credits of {debit_id}, more than its hold or another account's.",
        """
        SELECT transfer.key, transfer.amount, debit_id FROM transfer JOIN hold ON hold.key = transfer.hold_key
        WHERE transfer.amount > hold.amount OR transfer.debit_id <> hold.account_id
        """,
    ),
    (
        "Hold {key} is open, but no waiting or running job of that round keeps it, and no run.",
        """
        SELECT key FROM hold WHERE state = 'open' AND key NOT IN (
            SELECT 'job:' || id || ':' || round FROM job WHERE status IN ('PENDING', 'PROCESSING')
            UNION ALL SELECT 'run:' || id || ':' || reserved FROM run WHERE status = 'RUNNING'
        )
        """,
    ),
    (
        "Hold {key} was captured, but no job was completed in that round.",
        """
        SELECT key FROM hold WHERE state = 'captured' AND key NOT IN (
            SELECT 'job:' || id || ':' || round FROM job WHERE status = 'COMPLETED'
        )
        """,
    ),
    (
        "Job {id} is {status} and costs {price}, but it has no open hold of that amount on its owner's account.",
        """
        SELECT job.id, status, price FROM job JOIN "user" ON "user".id = job.user_id LEFT JOIN hold
            ON hold.key = 'job:' || job.id || ':' || job.round AND hold.state = 'open'
            AND hold.amount = job.price AND hold.account_id = 'user:' || coalesce("user".joined, job.user_id)
        WHERE job.status IN ('PENDING', 'PROCESSING') AND job.price > 0 AND hold.key IS NULL
        """,
    ),
    (
        "Job {id} is COMPLETED and costs {price}, but it was not charged, or more than that.",
        """
        SELECT job.id, price FROM job LEFT JOIN transfer
            ON transfer.hold_key = 'job:' || job.id || ':' || job.round AND transfer.amount <= job.price
        WHERE job.status = 'COMPLETED' AND job.price > 0 AND transfer.id IS NULL
        """,
    ),
    (
        "Run {id} ({status}) has {held} credits held for steps to come, but those cost {to_come}.",
        """
        SELECT run.id, run.status, coalesce(hold.amount, 0) AS held, coalesce(waits.price, 0) AS to_come
        FROM run JOIN "user" ON "user".id = run.user_id
        LEFT JOIN hold ON hold.key = 'run:' || run.id || ':' || run.reserved AND hold.state = 'open'
            AND hold.account_id = 'user:' || coalesce("user".joined, run.user_id)
        LEFT JOIN (
            SELECT run_id, sum(price) AS price FROM step WHERE state = 'WAITING' GROUP BY run_id
        ) AS waits ON waits.run_id = run.id AND run.status = 'RUNNING'
        WHERE coalesce(hold.amount, 0) <> coalesce(waits.price, 0)
        """,
    ),
    (
        "Run {id} is {status}, but {open} of its steps are still to come or under way.",
        """
        SELECT id, status, open FROM (
            SELECT run.id, run.status, sum(CASE WHEN state IN ('WAITING', 'QUEUED') THEN 1 ELSE 0 END) AS open
            FROM run JOIN step ON step.run_id = run.id GROUP BY run.id, run.status
        ) AS stands WHERE (status = 'RUNNING' AND open = 0) OR (status IN ('COMPLETED', 'CANCELLED') AND open > 0)
        """,
    ),
    (
        "Step {number} of run {run_id} is {state}, which does not go with its job, or with the lack of one.",
        """
        SELECT step.number, step.run_id, step.state FROM step LEFT JOIN job ON job.step_id = step.id
        WHERE (state = 'QUEUED') <> coalesce(job.status IN ('PENDING', 'PROCESSING'), false)
            OR (state = 'DONE') <> coalesce(job.status = 'COMPLETED', false)
        """,
    ),
    (
        "Lane {user_id} ({priority}) shows {waiting}, {running} and {music_ms} ms, not {waits}, {runs} and {music}.",
        """
        SELECT lane.user_id, lane.priority, waiting, running, music_ms, coalesce(waits, 0) AS waits,
            coalesce(runs, 0) AS runs, coalesce(music, 0) AS music
        FROM lane LEFT JOIN (
            SELECT user_id, priority,
                sum(CASE WHEN status = 'PENDING' AND NOT parked THEN 1 ELSE 0 END) AS waits,
                sum(CASE WHEN status = 'PROCESSING' THEN 1 ELSE 0 END) AS runs,
                sum(CASE WHEN status = 'PENDING' AND NOT parked
                    THEN CAST(duration * 1000 AS BIGINT) * takes ELSE 0 END) AS music
            FROM job WHERE status IN ('PENDING', 'PROCESSING') GROUP BY user_id, priority
        ) AS live ON live.user_id = lane.user_id AND live.priority = lane.priority
        WHERE waiting <> coalesce(waits, 0) OR running <> coalesce(runs, 0) OR music_ms <> coalesce(music, 0)
        """,
    ),
    (
        "Job {id} is {status}, but its owner has no lane of priority {priority}.",
        """
        SELECT job.id, status, job.priority FROM job LEFT JOIN lane
            ON lane.user_id = job.user_id AND lane.priority = job.priority
        WHERE status IN ('PENDING', 'PROCESSING') AND lane.user_id IS NULL
        """,
    ),
    (
        "File {name} of track {track_id} names the blob {digest}, which is not there.",
        """
        SELECT track_file.name, track_id, track_file.digest FROM track_file
        LEFT JOIN blob ON blob.digest = track_file.digest WHERE blob.digest IS NULL
        """,
    ),
)


def check(session: Session) -> list[str]:
    """Sentences a person can read about everything that is wrong; an empty list says that all is sound.

    To be read from one snapshot (`Database.read`): between two queries of a busy house the books move on.
    """
    return [
        sentence.format_map(row._mapping)
        for sentence, query in RULES
        for row in session.connection().execute(text(query))
    ]
