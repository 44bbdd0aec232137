"""Which invariants can the database check by itself? Each is one statement that returns only what differs."""

from collections.abc import Iterator
from dataclasses import dataclass

from transactions.proof.audit.drift import Drift, Members


@dataclass(frozen=True, slots=True)
class Sums:
    """Two sums for each member and currency that must agree.

    `stored` and `computed` are each a SELECT of (member_id, currency_id, number) with `{ids}`.
    """

    what: str
    stored: str
    computed: str

    def __call__(self, members: Members) -> Iterator[Drift]:
        sql = (
            "SELECT member_id, currency_id, SUM(stored), SUM(computed) FROM ("
            f"SELECT member_id, currency_id, number AS stored, 0 AS computed FROM ({self.stored}) s "
            f"UNION ALL SELECT member_id, currency_id, 0, number FROM ({self.computed}) c"
            ") both_sides GROUP BY member_id, currency_id HAVING SUM(stored) <> SUM(computed)"
        )
        for member, currency, stored, computed in members.ask(sql):
            yield members.drift(member, currency, self.what, int(stored), int(computed))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that contradict others. `sql` selects those only: (member_id, currency_id, id, stored, computed)."""

    what: str
    sql: str

    def __call__(self, members: Members) -> Iterator[Drift]:
        for member, currency, key, stored, computed in members.ask(self.sql):
            yield members.drift(member, currency, self.what.format(key), stored, computed)


def _balance(column: str) -> str:
    return f"SELECT member_id, currency_id, {column} AS number FROM members_balance WHERE member_id {{ids}}"


def _entries(number: str, where: str = "TRUE") -> str:
    """Over entries `e`, their journals `j` and what these reverse, `o`."""
    return (
        f"SELECT e.member_id, e.currency_id, {number} AS number FROM transactions_entry e "
        "JOIN transactions_journal j ON j.id = e.journal_id "
        f"LEFT JOIN transactions_journal o ON o.id = j.reverses_id WHERE e.member_id {{ids}} AND {where}"
    )


def _lots(where: str) -> str:
    # Lots have an index by member as long as something is left of them.
    columns = "member_id, currency_id, remaining AS number"
    return f"SELECT {columns} FROM transactions_lot WHERE remaining > 0 AND member_id {{ids}} AND {where}"


_SPENDABLE = (
    "SELECT b.member_id, b.currency_id, b.available AS number FROM members_balance b "
    "JOIN programs_currency c ON c.id = b.currency_id AND c.kind = 'spendable' WHERE b.member_id {ids}"
)
_SPENDABLE_LOTS = (
    "SELECT l.member_id, l.currency_id, l.remaining AS number FROM transactions_lot l "
    "JOIN programs_currency c ON c.id = l.currency_id AND c.kind = 'spendable' "
    "WHERE l.remaining > 0 AND l.member_id {ids} AND NOT l.is_pending"
)
_OPEN_RESERVATIONS = (
    "SELECT e.member_id, e.currency_id, t.points AS number FROM transactions_entry e "
    "JOIN transactions_journal j ON j.id = e.journal_id AND j.kind = 'redemption' AND j.status = 'pending' "
    "JOIN transactions_trace t ON t.entry_id = e.id WHERE e.member_id {ids} AND e.kind = 'reserve'"
)
# A manual debit corrects, and so does what takes it back; all else that is taken is spent.
_CORRECTS = (
    "(e.kind = 'reversal_debit' OR (e.kind = 'debit' AND j.kind = 'adjustment') "
    "OR (e.kind = 'reversal_credit' AND COALESCE(o.kind, '') = 'adjustment'))"
)
# What had expired and came back.
_REINSTATES = "(e.kind = 'reversal_credit' AND j.activity = 'reinstatement')"
_SPENDS = f"e.kind IN ('debit', 'confirm', 'write_off', 'reversal_credit') AND NOT {_CORRECTS} AND NOT {_REINSTATES}"

#: When time does something to a balance for the first time: whoever locks it settles what is due by then.
_FIRST_DUE = (
    "SELECT member_id, currency_id, MIN(due_at) AS first_at FROM ("
    "SELECT member_id, currency_id, CASE WHEN is_pending THEN COALESCE(available_at, deadline_at) "
    "ELSE expires_at END AS due_at FROM transactions_lot WHERE remaining > 0 AND member_id {ids} "
    "UNION ALL SELECT member_id, currency_id, expires_at FROM members_balance WHERE member_id {ids} "
    "UNION ALL SELECT e.member_id, e.currency_id, j.due_at FROM transactions_entry e "
    "JOIN transactions_journal j ON j.id = e.journal_id AND j.kind = 'redemption' AND j.status = 'pending' "
    "WHERE e.kind = 'reserve' AND e.member_id {ids}"
    ") dues GROUP BY member_id, currency_id"
)

_LIFETIME = (
    "lifetime_earned - lifetime_redeemed - lifetime_expired - lifetime_reversed + lifetime_transferred "
    "+ lifetime_opening"
)

BALANCES: list[Sums | Rows] = [
    *(
        Sums(f"{part} points", _balance(part), _entries(f"e.{part}"))
        for part in ("available", "pending", "reserved", "arrears")
    ),
    Sums("what can be spent", _SPENDABLE, _SPENDABLE_LOTS),
    Sums("what is pending", _balance("pending"), _lots("is_pending")),
    Sums("what is reserved", _balance("reserved"), _OPEN_RESERVATIONS),
    Sums("lifetime_earned", _balance("lifetime_earned"), _entries("e.points", "e.kind = 'credit'")),
    Sums("lifetime_redeemed", _balance("lifetime_redeemed"), _entries("-e.points", _SPENDS)),
    Sums("lifetime_reversed", _balance("lifetime_reversed"), _entries("-e.points", _CORRECTS)),
    Sums(
        "lifetime_expired",
        _balance("lifetime_expired"),
        _entries("-e.points", f"(e.kind = 'expiry' OR {_REINSTATES})"),
    ),
    Sums(
        "lifetime_transferred",
        _balance("lifetime_transferred"),
        _entries("e.points", "e.kind IN ('transfer_in', 'transfer_out')"),
    ),
    Sums("lifetime_opening", _balance("lifetime_opening"), _entries("e.points", "e.kind = 'opening'")),
    Sums("the lifetime totals together", _balance(_LIFETIME), _balance("available + pending + reserved - arrears")),
    Rows(
        "the next change",
        "SELECT b.member_id, b.currency_id, b.id, b.next_change_at, d.first_at FROM members_balance b "
        f"JOIN ({_FIRST_DUE}) d ON d.member_id = b.member_id AND d.currency_id = b.currency_id "
        "WHERE b.member_id {ids} AND d.first_at IS NOT NULL "
        "AND (b.next_change_at IS NULL OR b.next_change_at > d.first_at)",
    ),
]

_SPENT_FROM_LOT = "COALESCE((SELECT SUM(t.points) FROM transactions_trace t WHERE t.lot_id = l.entry_id), 0)"
_TAKEN_BY_ENTRY = "COALESCE((SELECT SUM(t.points) FROM transactions_trace t WHERE t.entry_id = e.id), 0)"
# What a statement shows of an entry; a release moves points from one part of the balance to another.
_SHOWN = (
    "CASE e.kind WHEN 'release' THEN -e.pending WHEN 'unreserve' THEN -e.reserved WHEN 'confirm' THEN e.reserved "
    "ELSE e.available + e.pending - e.arrears END"
)

LOTS = [
    Rows(
        "what remains of lot {}",
        f"SELECT l.member_id, l.currency_id, l.entry_id, l.remaining, l.points - {_SPENT_FROM_LOT} "
        "FROM transactions_entry e JOIN transactions_lot l ON l.entry_id = e.id "
        f"WHERE e.member_id {{ids}} AND l.remaining <> l.points - {_SPENT_FROM_LOT}",
    ),
    Rows(
        "what lots and traces say of entry {}",
        f"SELECT e.member_id, e.currency_id, e.id, COALESCE(l.points, 0) - {_TAKEN_BY_ENTRY}, "
        "e.available + e.pending FROM transactions_entry e "
        "JOIN programs_currency c ON c.id = e.currency_id AND c.kind = 'spendable' "
        "LEFT JOIN transactions_lot l ON l.entry_id = e.id "
        f"WHERE e.member_id {{ids}} AND e.available + e.pending <> COALESCE(l.points, 0) - {_TAKEN_BY_ENTRY}",
    ),
    Rows(
        "the points of entry {}",
        f"SELECT e.member_id, e.currency_id, e.id, e.points, {_SHOWN} FROM transactions_entry e "
        f"WHERE e.member_id {{ids}} AND e.points <> {_SHOWN}",
    ),
    Rows(
        "the member or currency of lot {}",
        "SELECT e.member_id, e.currency_id, l.entry_id, 'another one', 'that of its entry' "
        "FROM transactions_entry e JOIN transactions_lot l ON l.entry_id = e.id "
        "WHERE e.member_id {ids} AND (l.member_id <> e.member_id OR l.currency_id <> e.currency_id)",
    ),
    Rows(
        "the lot of trace {}",
        "SELECT e.member_id, e.currency_id, t.id, 'that of another balance', 'one of the same member and currency' "
        "FROM transactions_entry e JOIN transactions_trace t ON t.entry_id = e.id "
        "JOIN transactions_lot l ON l.entry_id = t.lot_id "
        "WHERE e.member_id {ids} AND (l.member_id <> e.member_id OR l.currency_id <> e.currency_id)",
    ),
    # A lot serves nothing from its end on (C11). It may have another end since, but never one in the past.
    Rows(
        "the end of the lot of trace {}",
        "SELECT e.member_id, e.currency_id, t.id, l.expires_at, 'later than its use' FROM transactions_entry e "
        "JOIN transactions_trace t ON t.entry_id = e.id AND t.points > 0 "
        "JOIN transactions_lot l ON l.entry_id = t.lot_id JOIN transactions_journal j ON j.id = e.journal_id "
        "WHERE e.member_id {ids} AND e.kind IN ('debit', 'reserve', 'transfer_out', 'write_off', 'reversal_debit', "
        "'opening') AND j.kind <> 'settlement' "
        "AND (l.expires_at <= e.posted_at OR (j.kind = 'redemption' AND l.expires_at <= e.activity_at))",
    ),
]

_SPENT_BY_JOURNAL = (
    "COALESCE((SELECT SUM(t.points) FROM transactions_trace t JOIN transactions_entry e ON e.id = t.entry_id "
    "WHERE e.journal_id = j.id AND e.kind IN ('debit', 'reserve')), 0)"
)
_IS_UNDONE = (
    "EXISTS (SELECT 1 FROM transactions_journal r WHERE r.reverses_id = j.id AND r.kind = 'reversal' "
    "AND r.status = 'processed')"
)
_SAYS_UNDONE = "(j.status IN ('reversed', 'partially_reversed'))"

# Both as they are called by now: members may have been merged into others since.
_IN_A_GROUP = (
    "j.kind IN ('accrual', 'reversal', 'adjustment') AND EXISTS (SELECT 1 FROM members_relation r "
    "JOIN members_member p ON p.id = r.member_id JOIN members_member g ON g.id = r.group_id "
    "WHERE j.member_id IN (p.id, p.merged_into_id) AND e.member_id IN (g.id, g.merged_into_id))"
)

_HAS_PIECES = (
    "EXISTS (SELECT 1 FROM transactions_journalline x WHERE x.journal_id = j.id AND x.quantity + x.thousandths > 0)"
)
JOURNALS = [
    Rows(
        "the journal of entry {}",
        "SELECT e.member_id, e.currency_id, e.id, 'that of another member', 'one of the same member' "
        "FROM transactions_entry e JOIN transactions_journal j ON j.id = e.journal_id "
        # A transfer and a merge have two sides; a settlement has none; groups share in what people earn.
        "WHERE e.member_id {ids} AND j.kind NOT IN ('transfer', 'merge') AND j.member_id <> e.member_id "
        f"AND NOT ({_IN_A_GROUP})",
    ),
    Rows(
        "the status of transaction {}",
        f"SELECT j.member_id, NULL, j.id, j.status, CASE WHEN {_IS_UNDONE} THEN 'reversed' ELSE 'not reversed' END "
        "FROM transactions_journal j WHERE j.member_id {ids} AND j.kind IN ('accrual', 'adjustment') "
        f"AND {_SAYS_UNDONE} <> {_IS_UNDONE}",
    ),
    Rows(
        "what was refunded of transaction {}",
        "SELECT j.member_id, NULL, j.id, j.reversed_amount, j.amount FROM transactions_journal j "
        f"WHERE j.member_id {{ids}} AND j.kind = 'accrual' AND {_SAYS_UNDONE} "
        "AND (j.status = 'reversed') <> (j.reversed_amount = j.amount) "
        # The money of an order may be back before its pieces are.
        f"AND NOT (j.status = 'partially_reversed' AND {_HAS_PIECES})",
    ),
    Rows(
        "what was given back of redemption {}",
        f"SELECT j.member_id, NULL, j.id, j.reversed_amount, {_SPENT_BY_JOURNAL} FROM transactions_journal j "
        "WHERE j.member_id {ids} AND j.kind = 'redemption' AND j.status IN ('processed', 'partially_reversed', "
        f"'reversed') AND j.status <> CASE WHEN j.reversed_amount = 0 THEN 'processed' "
        f"WHEN j.reversed_amount < {_SPENT_BY_JOURNAL} THEN 'partially_reversed' ELSE 'reversed' END",
    ),
]

STATEMENTS: list[Sums | Rows] = [*BALANCES, *LOTS, *JOURNALS]
