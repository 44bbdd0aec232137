"""What did the journals do that somebody wants to take back, and how much of it is taken back already?"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_site.lib.sql import instant
from partners.activity import Activity, Decision, load
from transactions.books.lots import LOT, LotState
from transactions.models import Journal

_COLUMNS = (
    "id kind status activity activity_at external_id member_id amount money reversed_amount rate program_version "
    "payload trace due_at order_ref connection_id"
)


@dataclass(slots=True)
class Original:
    """A journal with all that taking it back needs; read under the lock of its member.

    `credits` and `debits` are (entry key, currency key, points), `shares` the credits of groups, with the keys
    of the group of today and of then at the end, `uses` (lot, points) in the order of consumption, `lost` the
    points of each credit that time took, `refunds` the earlier refunds as (trace, answer), `redemptions` what
    was redeemed on this order, by whomever.
    """

    id: int
    kind: str
    status: str
    activity: str
    activity_at: datetime
    external_id: str
    member_id: int | None
    amount: int
    money: str
    reversed_amount: int
    rate: object
    program_version: int
    payload: dict
    trace: dict
    due_at: datetime | None
    order_ref: str
    connection_id: int
    credits: list = field(default_factory=list)
    shares: list = field(default_factory=list)
    debits: list = field(default_factory=list)
    uses: list = field(default_factory=list)
    lost: dict = field(default_factory=dict)
    refunds: list = field(default_factory=list)
    redemptions: list = field(default_factory=list)

    @classmethod
    def read(cls, row):
        original = cls(*row)
        original.activity_at, original.due_at = instant(original.activity_at), instant(original.due_at)
        original.payload, original.trace = json.loads(original.payload), json.loads(original.trace)
        return original

    @property
    def item(self):
        """The Activity as it was reported."""
        return load(Activity, self.payload)

    @property
    def first_order(self):
        """The external id of the first revision of this order: redemptions may name that one."""
        return self.trace.get("first_order", self.external_id)

    def paid_with(self, ties):
        """The redemptions that paid for this order: the member's, and those of groups of the member, then or now."""
        own = self.member_id
        return [r for r in self.redemptions if r.member_id == own or ties.find(own, r.member_id)]

    @property
    def is_open(self):
        return self.status in (Journal.Status.PENDING, Journal.Status.FAILED, Journal.Status.HELD)

    @property
    def is_reversed(self):
        return self.status in (Journal.Status.REVERSED, Journal.Status.REJECTED)


#: A journal with its member of today, and one row for each group that shares in it.
_NAMED = (
    "SELECT DISTINCT j.id, COALESCE(m.merged_into_id, j.member_id), j.external_id, j.order_ref, "
    "COALESCE(g.merged_into_id, g.id) "
    "FROM transactions_journal j LEFT JOIN members_member m ON m.id = j.member_id "
    "LEFT JOIN transactions_entry e ON e.journal_id = j.id AND e.member_id <> j.member_id "
    "LEFT JOIN members_member g ON g.id = e.member_id WHERE j.program_id = %s"
)


#: An order with the members of today who redeemed points on it; it itself, or its first revision, is named.
_PAYERS = (
    "SELECT DISTINCT j.id, COALESCE(m.merged_into_id, m.id) FROM transactions_journal j "
    "JOIN transactions_journal r ON r.program_id = j.program_id AND r.connection_id = j.connection_id "
    "AND r.kind = 'redemption' AND NOT (r.order_ref = '') AND r.order_ref IN (j.external_id, j.order_ref) "
    "AND r.member_id <> j.member_id JOIN members_member m ON m.id = r.member_id "
    "WHERE j.program_id = %s AND j.kind = 'accrual' "
    "AND (j.id {ids} OR (j.connection_id = %s AND j.external_id {ids}))"
)


class References:
    """Which journals do items name? By key, or by the external id of an accrual of the same connection.

    Of a member who was merged into another, it is the other's by now. `parties` of {journal key: members}
    are the groups that share in it, and others who paid for it with points.
    """

    def __init__(self, session, program_id, connection_id, items):
        self._by_id = self._by_order = None
        self.parties = {}
        ids = [item.journal_id for item in items if getattr(item, "journal_id", 0)]
        self._ids = session.run(f"{_NAMED} AND j.id {{ids}}", [program_id, ids])
        orders = [order for item in items if (order := named_order(item))]
        self._orders = session.run(
            f"{_NAMED} AND j.connection_id = %s AND j.kind = 'accrual' AND j.external_id {{ids}}",
            [program_id, connection_id, orders],
        )
        is_about_orders = any(not isinstance(item, Decision) for item in items)
        params = [program_id, ids, connection_id, orders]
        self._payers = session.run(_PAYERS, params) if is_about_orders else None

    def find(self, item):
        """(journal key, member key, external id, order's name) of what `item` names, or None; after the pipeline."""
        if self._by_id is None:
            by_id, by_order = self._ids.fetchall(), self._orders.fetchall()
            self._by_id = {row[0]: row[:4] for row in by_id}
            self._by_order = {row[2]: row[:4] for row in by_order}
            payers = self._payers.fetchall() if self._payers else ()
            for journal, *_, party in (*by_id, *by_order, *payers):
                if party:
                    self.parties.setdefault(journal, set()).add(party)
        if getattr(item, "journal_id", 0):
            return self._by_id.get(item.journal_id)
        return self._by_order.get(named_order(item))


def named_order(item):
    """The external id of the accrual that `item` is about, "" for none."""
    return getattr(item, "replaces", "") or getattr(item, "order", "")


#: Lots with points of an entry that its member, or the one who bought, holds by now: moved there, or given back.
_HEIRS = (
    "SELECT e.id AS root, l.entry_id AS lot FROM transactions_entry e "
    "JOIN transactions_journal j ON j.id = e.journal_id JOIN transactions_lot l ON l.origin_id = e.id "
    "JOIN members_member h ON h.id = l.member_id JOIN members_member m ON m.id = e.member_id "
    "JOIN members_member b ON b.id = j.member_id WHERE e.journal_id {ids} AND COALESCE(h.merged_into_id, h.id) "
    "IN (COALESCE(m.merged_into_id, m.id), COALESCE(b.merged_into_id, b.id))"
)
#: What time took of each entry: points that ended and were not reinstated, and pending ones whose event never
#: came. Wherever they were by then: nobody loses them a second time.
_LOST = (
    "WITH family AS (SELECT id AS root, id AS lot FROM transactions_entry WHERE journal_id {ids} "
    f"UNION ALL {_HEIRS}) "
    "SELECT root, SUM(points) FROM ("
    "SELECT f.root, t.points FROM family f JOIN transactions_trace t ON t.lot_id = f.lot "
    "JOIN transactions_entry x ON x.id = t.entry_id JOIN transactions_journal s ON s.id = x.journal_id "
    "WHERE x.kind = 'expiry' OR (x.kind = 'reversal_debit' AND s.kind = 'settlement') UNION ALL "
    "SELECT f.root, -x.points FROM family f JOIN transactions_entry x ON x.id = f.lot "
    "JOIN transactions_journal s ON s.id = x.journal_id WHERE s.activity = 'reinstatement'"
    ") lost GROUP BY root"
)


#: Journals by key, and redemptions by the orders that they paid for. One index answers each part.
_WANTED = (
    "j.id IN (SELECT id FROM transactions_journal WHERE id {ids} UNION ALL SELECT id FROM transactions_journal "
    "WHERE program_id = %s AND kind = 'redemption' AND NOT (order_ref = '') AND order_ref {ids})"
)


class Originals:
    """The statements that read originals; said inside the pipeline of the lock, taken after it."""

    def __init__(self, session, program_id, *, ids, orders):
        columns = ", ".join(f"j.{name}" for name in _COLUMNS.split())
        columns = columns.replace("j.member_id", "COALESCE(m.merged_into_id, j.member_id)")
        params = [ids, program_id, [order for order in orders if order]]
        lots = ", ".join(f"l.{name}" for name in LOT.split())
        self._journals = session.run(
            f"SELECT {columns} FROM transactions_journal j LEFT JOIN members_member m ON m.id = j.member_id "
            f"WHERE {_WANTED} ORDER BY j.id",
            params,
        )
        self._moved = session.run(
            "SELECT e.journal_id, e.id, e.currency_id, e.points, "
            "CASE WHEN e.member_id <> j.member_id THEN COALESCE(m.merged_into_id, m.id) END, e.member_id "
            "FROM transactions_entry e JOIN transactions_journal j ON j.id = e.journal_id "
            "JOIN members_member m ON m.id = e.member_id "
            f"WHERE e.kind IN ('credit', 'debit') AND {_WANTED} ORDER BY e.id",
            params,
        )
        self._uses = session.run(
            f"SELECT e.journal_id, t.points, {lots} FROM transactions_trace t "
            "JOIN transactions_entry e ON e.id = t.entry_id JOIN transactions_lot l ON l.entry_id = t.lot_id "
            f"JOIN transactions_journal j ON j.id = e.journal_id WHERE e.points < 0 AND {_WANTED} ORDER BY t.id",
            params,
        )
        self._lost = session.run(_LOST, [ids, ids])
        self._refunds = session.run(
            "SELECT reverses_id, trace, answer FROM transactions_journal WHERE reverses_id {ids} ORDER BY id", [ids]
        )

    def take(self):
        """{journal key: Original}."""
        found = {row[0]: Original.read(row) for row in self._journals.fetchall()}
        for journal, *moved, group, then in self._moved.fetchall():
            original = found[journal]
            if group:
                original.shares.append((*moved, group, then))
            else:
                (original.credits if moved[-1] > 0 else original.debits).append(tuple(moved))
        for journal, points, *row in self._uses.fetchall():
            found[journal].uses.append((LotState.read(row), points))
        lost = {lot: int(points) for lot, points in self._lost.fetchall()}
        for journal, trace, answer in self._refunds.fetchall():
            found[journal].refunds.append((json.loads(trace), json.loads(answer)))
        for original in found.values():
            original.lost = {entry: lost.get(entry, 0) for entry, *_ in original.credits + original.shares}
            if original.kind == Journal.Kind.REDEMPTION and original.order_ref:
                for order in found.values():
                    if order.kind == Journal.Kind.ACCRUAL and _names(original, order):
                        order.redemptions.append(original)
        return found


def _names(redemption, order):
    is_same = redemption.order_ref in (order.external_id, order.first_order)
    return is_same and redemption.connection_id == order.connection_id
