"""Whether the books, the queue and the blobs agree: every rule the house lives by, asked of the database itself."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

# Each query gives the rows that break a rule; each sentence says which rule, with the row's columns filled in.
RULES: tuple[tuple[str, str], ...] = (
    (
        "The credits of all accounts add up to {total}, not to 0.",
        "SELECT sum(posted) AS total FROM account HAVING sum(posted) <> 0",
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
        WHERE posted <> coalesce(moved.total, 0)
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
        "Hold {key} is open, but no waiting or running job of that round keeps it.",
        """
        SELECT key FROM hold WHERE state = 'open' AND key NOT IN (
            SELECT 'job:' || id || ':' || round FROM job WHERE status IN ('PENDING', 'PROCESSING')
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
        SELECT job.id, status, price FROM job LEFT JOIN hold
            ON hold.key = 'job:' || job.id || ':' || job.round AND hold.state = 'open'
            AND hold.amount = job.price AND hold.account_id = 'user:' || job.user_id
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
