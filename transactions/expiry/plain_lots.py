"""How do very many lots end with few statements? The plain case only, and only on PostgreSQL.

Plain is a member whose due balances have nothing but lots that ended: nothing pending is due, nothing is
reserved, no extension may apply, and the balance has no end of its own. Each statement writes what
transactions/books/settlement.py would have written, to the last byte of the hash chain; all else is left to it.

Whether few or most are due, no statistics say in time, so nothing here depends on what the planner expects: it
finds one way only, whatever the values are, so its plans are kept for the next batch or program. Every join leads
from a row of the batch to a row of a table: by its key, or by its place (ctid) where the same statement has read it,
which nobody else moves while its member is locked. What belongs to one member travels in arrays, so the steps of a
batch are never joined with each other.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from loyalty_site.lib.arrays import Row, Value
from loyalty_site.lib.looking_up import ONLY_LOOK_UP
from loyalty_site.lib.sql import Session
from partners.models import Connection

#: Members of one batch: large enough to cost few statements, small enough to hold locks briefly.
BATCH = 5000


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


class Look(NamedTuple):
    """What is asked before all batches: the stored version of a program, the events that somebody listens to, the key
    of the journal under which time writes today (None: nobody made it yet), and the keys of the members who are due,
    in ascending order.
    """

    version: int | None
    listens_to: str
    journal_id: int | None
    due: list[int]


def look(program_id: int, day: str, currency_ids: list[int], now: datetime) -> Look:
    """Ask all that in one round trip."""
    asked: dict[str, Value] = {"program_id": program_id, "day": day, "now": now, "currency_ids": currency_ids}
    with transaction.atomic():
        return Look(*_answer(_LOOK, values=asked | {"timetable": Connection.Platform.TIMETABLE.label}))


def expire(member_ids: list[int], terms: Terms) -> Expired:
    """Lock these members in the order of their keys, and end the due lots of those who are plain.

    For the caller's transaction, until the end of which the planner finds one way only.
    """
    return Expired(*_answer(_LOCK, _EXPIRE, values=asdict(terms) | {"member_ids": member_ids}))


def _answer(*statements: str, values: Mapping[str, Value]) -> Row:
    """Send these in one round trip, while there is one way only; returns the row that the last one answers."""
    session = Session()
    with session.together():
        for statement in (ONLY_LOOK_UP, *statements):
            answer = session.run_prepared(statement, values)
    return answer.fetchall()[0]


#: With a sum in place of each column neither the currencies nor the order can tempt the database to walk through the
#: balances of all members, whatever it believes about how many are due: there is the index of what is due only.
#: The keys come as one value, which takes a third of the memory that as many rows take.
_LOOK = """
SELECT (SELECT version FROM programs_program WHERE id = %(program_id)s),
    (SELECT listens_to FROM programs_program WHERE id = %(program_id)s), (
    SELECT id FROM transactions_journal
    WHERE program_id = %(program_id)s AND kind = 'settlement' AND external_id = %(day)s AND connection_id = (
        SELECT id FROM partners_connection WHERE name = %(timetable)s AND partner_id = (
            SELECT owner_id FROM programs_program WHERE id = %(program_id)s
        )
    )
), ARRAY(
    SELECT DISTINCT member_id + 0 AS whose FROM members_balance
    WHERE next_change_at <= %(now)s AND currency_id + 0 = ANY(%(currency_ids)s::bigint[]) ORDER BY whose
)"""

#: A statement of its own: the next one sees what whoever held the members before has written.
_LOCK = "SELECT FROM members_member WHERE id = ANY(%(member_ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"

_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"

#: What transactions/books/chain.py hashes behind the value of the entry before, in its order.
_HASHED = "concat_ws('|', '', {}, " + ", ".join(map(_UTC.format, ("n.at", "%(now)s::timestamptz"))) + ")"
_HASHED = _HASHED.format(
    "n.member_id, m.sequence + n.place, %(journal_id)s::bigint, n.currency_id, 'expiry', -n.points, -n.points, "
    "0, 0, 0, n.balance_after"
)

#: The chain value of a member's first new entry.
_LINK = "encode(sha256(convert_to(before || hashed[1], 'UTF8')), 'hex')"

_READ = """
WITH due AS (
    SELECT ctid AS place_of_row, member_id, currency_id, available - arrears AS held,
        reserved > 0 OR COALESCE(expires_at <= %(now)s, FALSE) OR NOT currency_id = ANY(%(spendable)s::bigint[])
            AS is_special
    FROM members_balance
    WHERE member_id = ANY(%(member_ids)s::bigint[]) AND COALESCE(next_change_at, 'infinity') <= %(now)s
), live AS (
    SELECT d.*, l.ctid AS lot_row, l.entry_id, l.remaining, l.is_pending,
        CASE WHEN l.is_pending THEN COALESCE(l.available_at, l.deadline_at) ELSE l.expires_at END AS at,
        NOT l.is_extended AND l.currency_id = ANY(%(extendable)s::bigint[]) AS may_live_on
    FROM due d LEFT JOIN LATERAL (
        SELECT ctid, * FROM transactions_lot
        WHERE member_id = d.member_id AND currency_id = d.currency_id AND remaining > 0 OFFSET 0
    ) l ON TRUE
), judged AS MATERIALIZED (
    SELECT *, COALESCE(at <= %(now)s, FALSE) AS has_ended, NOT bool_or(
        is_special OR (COALESCE(at <= %(now)s, FALSE) AND (is_pending OR may_live_on))
    ) OVER (PARTITION BY member_id) AS is_plain
    FROM live
), ending AS (
    SELECT member_id, currency_id, at, held, sum(remaining)::bigint AS points,
        array_agg(entry_id) AS lots, array_agg(remaining) AS parts
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
    SELECT *, CASE WHEN cardinality(hashed) = 1 THEN ARRAY[LINK] ELSE ARRAY(
        WITH RECURSIVE link AS (
            SELECT 1 AS place, LINK AS chain
            UNION ALL
            SELECT place + 1, encode(sha256(convert_to(chain || hashed[place + 1], 'UTF8')), 'hex')
            FROM link WHERE place < cardinality(hashed)
        ) SELECT chain FROM link ORDER BY place
    ) END AS chains
    FROM (
        SELECT member_id, before, max(sequence) AS sequence, array_agg(id) AS ids,
            array_agg(currency_id) AS currency_ids, array_agg(points) AS points,
            array_agg(balance_after) AS balances_after, array_agg(at) AS ats,
            array_agg(sequence) AS sequences, array_agg(hashed) AS hashed
        FROM (SELECT * FROM keyed ORDER BY member_id, before, place) in_order GROUP BY member_id, before
    ) member
)""".replace("HASHED", _HASHED).replace("LINK", _LINK)

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
    WHERE ctid = ANY(ARRAY(SELECT lot_row FROM judged WHERE is_plain AND has_ended))
), balances AS (
    UPDATE members_balance b SET available = b.available - t.points,
        lifetime_expired = b.lifetime_expired + t.points,
        next_change_at = LEAST(b.expires_at, t.rest_at), version = b.version + 1
    FROM (
        SELECT place_of_row, COALESCE(sum(remaining) FILTER (WHERE has_ended), 0)::bigint AS points,
            min(at) FILTER (WHERE NOT has_ended) AS rest_at
        FROM judged WHERE is_plain GROUP BY place_of_row
    ) t WHERE b.ctid = t.place_of_row
), members AS (
    UPDATE members_member m SET sequence = c.sequence, chain = c.chains[cardinality(c.chains)]
    FROM chained c WHERE m.id = ANY(ARRAY[c.member_id])
)
SELECT count(DISTINCT member_id) FILTER (WHERE is_plain), (SELECT count(*) FROM keyed),
    count(*) FILTER (WHERE is_plain AND has_ended),
    COALESCE(sum(remaining) FILTER (WHERE is_plain AND has_ended), 0)::bigint,
    COALESCE(array_agg(DISTINCT member_id ORDER BY member_id) FILTER (WHERE NOT is_plain), '{}')
FROM judged"""


#: In one line: what is short enough is taken apart by the client only once.
_EXPIRE = " ".join(f"{_READ} {_WRITE}".split())
