"""How do very many lots end with few statements? The plain case only, and only on PostgreSQL.

Plain is a member whose due balances have nothing but lots that ended: nothing pending is due, nothing is
reserved, no extension may apply, and the balance has no end of its own. Each statement writes what
transactions/books/settlement.py would have written, to the last byte of the hash chain; all else is left to it.

Whether few or most are due, no statistics say in time, so nothing here depends on what the planner expects: it
finds one way only. Every join leads from a row of the batch to a row of a table by its key; what belongs to one
member travels in arrays, so the steps of a batch are never joined with each other.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

#: Members of one batch: large enough to cost few statements, small enough to hold locks briefly.
BATCH = 5000

#: Leaves nothing but indexes to read tables by, and nothing but look-ups to join with.
_ONLY_LOOK_UP = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all batches: the journal of the day, and the instant by which is booked what is due.

    `spendable` are the keys of the currencies that can be plain, `extendable` of those whose lots may live on.
    """

    journal_id: int
    now: datetime
    spendable: list[int]
    extendable: list[int]


class Expired(NamedTuple):
    """What was booked for so many members who are plain; `others` are the keys of those who are due and are not."""

    members: int
    entries: int
    lots: int
    points: int
    others: list[int]


def only_look_up() -> None:
    """Let the planner find one way only until the transaction ends: from key to row, by an index."""
    with connection.cursor() as cursor:
        cursor.execute(_ONLY_LOOK_UP)


def lock(member_ids: list[int]) -> None:
    """Lock these members in the order of their keys, and set the transaction up for `expire`."""
    only_look_up()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM members_member WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE", [member_ids]
        )


def expire(member_ids: list[int], terms: Terms) -> Expired:
    """End the due lots of those of the locked members who are plain."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, asdict(terms) | {"member_ids": member_ids})
        return Expired(*cursor.fetchone())


_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"

#: What transactions/books/chain.py hashes behind the value of the entry before, in its order.
_HASHED = "concat_ws('|', '', {}, " + ", ".join(map(_UTC.format, ("n.at", "%(now)s::timestamptz"))) + ")"
_HASHED = _HASHED.format(
    "n.member_id, m.sequence + n.place, %(journal_id)s::bigint, n.currency_id, 'expiry', -n.points, -n.points, "
    "0, 0, 0, n.balance_after"
)

_READ = """
WITH due AS (
    SELECT id, member_id, currency_id, available - arrears AS held,
        reserved > 0 OR COALESCE(expires_at <= %(now)s, FALSE) OR NOT currency_id = ANY(%(spendable)s::bigint[])
            AS is_special
    FROM members_balance
    WHERE member_id = ANY(%(member_ids)s::bigint[]) AND COALESCE(next_change_at, 'infinity') <= %(now)s
), live AS (
    SELECT d.*, l.entry_id, l.remaining, l.is_pending,
        CASE WHEN l.is_pending THEN COALESCE(l.available_at, l.deadline_at) ELSE l.expires_at END AS at,
        NOT l.is_extended AND l.currency_id = ANY(%(extendable)s::bigint[]) AS may_live_on
    FROM due d LEFT JOIN LATERAL (
        SELECT * FROM transactions_lot
        WHERE member_id = d.member_id AND currency_id = d.currency_id AND remaining > 0 OFFSET 0
    ) l ON TRUE
), judged AS MATERIALIZED (
    SELECT *, COALESCE(at <= %(now)s, FALSE) AS has_ended, NOT bool_or(
        is_special OR (COALESCE(at <= %(now)s, FALSE) AND (is_pending OR may_live_on))
    ) OVER (PARTITION BY member_id) AS is_plain
    FROM live
), ending AS (
    SELECT member_id, currency_id, at, held, sum(remaining)::bigint AS points,
        array_agg(entry_id ORDER BY entry_id) AS lots, array_agg(remaining ORDER BY entry_id) AS parts
    FROM judged WHERE is_plain AND has_ended GROUP BY member_id, currency_id, at, held
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY at, currency_id) AS place,
        held - sum(points) OVER (PARTITION BY member_id, currency_id ORDER BY at)::bigint AS balance_after
    FROM ending
), keyed AS MATERIALIZED (
    SELECT nextval('transactions_entry_id_seq') AS id, o.* FROM (
        SELECT n.*, m.sequence + n.place AS sequence, m.chain AS before, HASHED AS hashed
        FROM numbered n JOIN members_member m ON m.id = ANY(ARRAY[n.member_id])
        ORDER BY n.member_id, n.place
    ) o
), chained AS MATERIALIZED (
    SELECT *, ARRAY(
        WITH RECURSIVE link AS (
            SELECT 1 AS place, encode(sha256(convert_to(before || hashed[1], 'UTF8')), 'hex') AS chain
            UNION ALL
            SELECT place + 1, encode(sha256(convert_to(chain || hashed[place + 1], 'UTF8')), 'hex')
            FROM link WHERE place < cardinality(hashed)
        ) SELECT chain FROM link ORDER BY place
    ) AS chains
    FROM (
        SELECT member_id, before, max(sequence) AS sequence, array_agg(id ORDER BY place) AS ids,
            array_agg(currency_id ORDER BY place) AS currency_ids, array_agg(points ORDER BY place) AS points,
            array_agg(balance_after ORDER BY place) AS balances_after, array_agg(at ORDER BY place) AS ats,
            array_agg(sequence ORDER BY place) AS sequences, array_agg(hashed ORDER BY place) AS hashed
        FROM keyed GROUP BY member_id, before
    ) member
)""".replace("HASHED", _HASHED)

_WRITE = """
, entries AS (
    INSERT INTO transactions_entry (id, journal_id, member_id, currency_id, kind, points, available, pending,
        reserved, arrears, balance_after, activity_at, posted_at, sequence, chain)
    SELECT e.id, %(journal_id)s, c.member_id, e.currency_id, 'expiry', -e.points, -e.points, 0, 0, 0,
        e.balance_after, e.at, %(now)s, e.sequence, e.chain
    FROM chained c, unnest(c.ids, c.currency_ids, c.points, c.balances_after, c.ats, c.sequences, c.chains)
        AS e(id, currency_id, points, balance_after, at, sequence, chain) ORDER BY e.id
), traces AS (
    INSERT INTO transactions_trace (entry_id, lot_id, points)
    SELECT k.id, l.id, l.points FROM keyed k, unnest(k.lots, k.parts) AS l(id, points) ORDER BY k.id, l.id
), lots AS (
    UPDATE transactions_lot SET remaining = 0
    WHERE entry_id = ANY(ARRAY(SELECT entry_id FROM judged WHERE is_plain AND has_ended))
), balances AS (
    UPDATE members_balance b SET available = b.available - t.points,
        lifetime_expired = b.lifetime_expired + t.points,
        next_change_at = LEAST(b.expires_at, t.rest_at), version = b.version + 1
    FROM (
        SELECT id, COALESCE(sum(remaining) FILTER (WHERE has_ended), 0)::bigint AS points,
            min(at) FILTER (WHERE NOT has_ended) AS rest_at
        FROM judged WHERE is_plain GROUP BY id
    ) t WHERE b.id = ANY(ARRAY[t.id])
), members AS (
    UPDATE members_member m SET sequence = c.sequence, chain = c.chains[cardinality(c.chains)]
    FROM chained c WHERE m.id = ANY(ARRAY[c.member_id])
)
SELECT (SELECT count(DISTINCT member_id) FROM judged WHERE is_plain), (SELECT count(*) FROM keyed),
    (SELECT count(*) FROM judged WHERE is_plain AND has_ended),
    (SELECT COALESCE(sum(points), 0)::bigint FROM keyed),
    ARRAY(SELECT DISTINCT member_id FROM judged WHERE NOT is_plain ORDER BY member_id)"""


_EXPIRE = _READ + _WRITE
