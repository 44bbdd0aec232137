"""How do very many lots end with few statements? The plain case only, and only on PostgreSQL.

Plain is a member whose due balances have nothing but lots that ended: nothing pending is due, nothing is
reserved, no extension may apply, and the balance has no end of its own. Each statement writes what
transactions/books/settlement.py would have written, to the last byte of the hash chain; all else is left to it.
"""

from django.db import connection

#: Balances looked at in one batch: large enough to cost few statements, small enough to hold locks briefly.
BATCH = 5000


def lock_due(*, currency_ids, now, after, limit, share):
    """Lock, in the order of their keys, the next members behind `after` to whom time did something; their ids.

    `share` (n, of) leaves the other members to others. Also sets the transaction up for `expire`.
    """
    with connection.cursor() as cursor:
        # A batch is a small part of each table; without this the planner reads all of it for every batch.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
        cursor.execute(
            "SELECT m.id FROM members_member m WHERE m.id IN (SELECT b.member_id FROM members_balance b "
            "WHERE b.next_change_at <= %s AND b.currency_id = ANY(%s) AND b.member_id > %s "
            "AND b.member_id %% %s = %s ORDER BY b.member_id LIMIT %s) ORDER BY m.id FOR NO KEY UPDATE OF m",
            [now, currency_ids, after, share[1], share[0], limit],
        )
        return [row[0] for row in cursor.fetchall()]


def expire(member_ids, *, journal_id, now, spendable, extendable):
    """End the due lots of those of the locked members who are plain; returns (members, entries, lots, points).

    `spendable` are the keys of the currencies that can be plain, `extendable` of those whose lots may live on.
    """
    params = {
        "members": member_ids,
        "journal": journal_id,
        "now": now,
        "spendable": spendable,
        "extendable": extendable,
    }
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, params)
        return tuple(map(int, cursor.fetchone()))


_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"

#: What transactions/books/chain.py hashes behind the value of the entry before, in its order.
_HASHED = "concat_ws('|', '', {}, " + ", ".join(map(_UTC.format, ("n.at", "%(now)s::timestamptz"))) + ")"
_HASHED = _HASHED.format(
    "n.member_id, m.sequence + n.place, %(journal)s::bigint, n.currency_id, 'expiry', -n.points, -n.points, "
    "0, 0, 0, n.available - n.arrears - n.taken"
)

_READ = """
WITH RECURSIVE due AS MATERIALIZED (
    SELECT id, member_id, currency_id, available, arrears, reserved, expires_at
    FROM members_balance WHERE member_id = ANY(%(members)s) AND next_change_at <= %(now)s
), live AS MATERIALIZED (
    SELECT l.entry_id, l.member_id, l.currency_id, l.remaining, l.is_pending,
        CASE WHEN l.is_pending THEN COALESCE(l.available_at, l.deadline_at) ELSE l.expires_at END AS at,
        NOT l.is_extended AND l.currency_id = ANY(%(extendable)s::bigint[]) AS may_live_on
    FROM due d JOIN transactions_lot l ON l.member_id = d.member_id AND l.currency_id = d.currency_id
    WHERE l.remaining > 0
), plain AS MATERIALIZED (
    SELECT DISTINCT member_id FROM due
    EXCEPT SELECT member_id FROM due
    WHERE reserved > 0 OR expires_at <= %(now)s OR NOT currency_id = ANY(%(spendable)s::bigint[])
    EXCEPT SELECT member_id FROM live WHERE at <= %(now)s AND (is_pending OR may_live_on)
), ending AS MATERIALIZED (
    SELECT l.entry_id, l.member_id, l.currency_id, l.remaining, l.at
    FROM live l JOIN plain p ON p.member_id = l.member_id WHERE l.at <= %(now)s
), numbered AS (
    SELECT g.*, d.available, d.arrears,
        row_number() OVER (PARTITION BY g.member_id ORDER BY g.at, g.currency_id) AS place,
        sum(g.points) OVER (PARTITION BY g.member_id, g.currency_id ORDER BY g.at)::bigint AS taken
    FROM (SELECT member_id, currency_id, at, sum(remaining)::bigint AS points FROM ending GROUP BY 1, 2, 3) g
    JOIN due d ON d.member_id = g.member_id AND d.currency_id = g.currency_id
), keyed AS MATERIALIZED (
    SELECT nextval('transactions_entry_id_seq') AS id, o.* FROM (
        SELECT n.*, m.sequence + n.place AS sequence, m.chain AS before, HASHED AS hashed
        FROM numbered n JOIN members_member m ON m.id = n.member_id ORDER BY n.member_id, n.place
    ) o
), chained AS (
    SELECT id, member_id, place, encode(sha256(convert_to(before || hashed, 'UTF8')), 'hex') AS chain
    FROM keyed WHERE place = 1
    UNION ALL
    SELECT k.id, k.member_id, k.place, encode(sha256(convert_to(c.chain || k.hashed, 'UTF8')), 'hex')
    FROM chained c JOIN keyed k ON k.member_id = c.member_id AND k.place = c.place + 1
)""".replace("HASHED", _HASHED)

_WRITE = """
, entries AS (
    INSERT INTO transactions_entry (id, journal_id, member_id, currency_id, kind, points, available, pending,
        reserved, arrears, balance_after, activity_at, posted_at, sequence, chain)
    SELECT k.id, %(journal)s, k.member_id, k.currency_id, 'expiry', -k.points, -k.points, 0, 0, 0,
        k.available - k.arrears - k.taken, k.at, %(now)s, k.sequence, c.chain
    FROM keyed k JOIN chained c ON c.id = k.id ORDER BY k.id
), traces AS (
    INSERT INTO transactions_trace (entry_id, lot_id, points)
    SELECT k.id, e.entry_id, e.remaining FROM ending e
    JOIN keyed k ON k.member_id = e.member_id AND k.currency_id = e.currency_id AND k.at = e.at
    ORDER BY k.id, e.entry_id
), lots AS (
    UPDATE transactions_lot l SET remaining = 0 FROM ending e WHERE l.entry_id = e.entry_id
), balances AS (
    UPDATE members_balance b SET available = b.available - COALESCE(t.points, 0),
        lifetime_expired = b.lifetime_expired + COALESCE(t.points, 0),
        next_change_at = LEAST(b.expires_at, t.rest_at), version = b.version + 1
    FROM due d JOIN plain p ON p.member_id = d.member_id LEFT JOIN (
        SELECT member_id, currency_id, sum(remaining) FILTER (WHERE at <= %(now)s)::bigint AS points,
            min(at) FILTER (WHERE at > %(now)s) AS rest_at
        FROM live GROUP BY 1, 2
    ) t ON t.member_id = d.member_id AND t.currency_id = d.currency_id
    WHERE b.id = d.id
), members AS (
    UPDATE members_member m SET sequence = k.sequence, chain = c.chain
    FROM (SELECT DISTINCT ON (member_id) member_id, id, sequence FROM keyed ORDER BY member_id, place DESC) k
    JOIN chained c ON c.id = k.id WHERE m.id = k.member_id
)
SELECT (SELECT count(*) FROM plain), (SELECT count(*) FROM keyed), (SELECT count(*) FROM ending),
    (SELECT COALESCE(sum(remaining), 0) FROM ending)"""

_EXPIRE = _READ + _WRITE
