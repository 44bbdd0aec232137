"""What did the journals do that somebody wants to take back, and how much of it is taken back already?"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from loyalty_site.lib import money
from loyalty_site.lib.arrays import Row, Value
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.sql import Rows, Session, instant
from members.tiers import Fact
from partners.activity import Activity, Reversal
from partners.stored import load
from programs import progress
from programs.periods import local_date
from programs.progress import Advance
from transactions.books.balances import Cause
from transactions.books.counters import Name
from transactions.books.lots import LOT, LotState, Use
from transactions.books.refunded import Refund, Share, wanted
from transactions.books.relations import Relations
from transactions.models import Journal, journal_traces
from transactions.models.journal_traces import PaidTrace, StoredTrace

_COLUMNS = (
    "id kind status activity activity_at external_id member_id amount money reversed_amount rate program_version "
    "payload trace due_at order_ref connection_id"
)


class Moved(NamedTuple):
    """A credit or (below zero) a debit of the journal's own member."""

    entry: int
    currency_id: int
    points: int


class Shared(NamedTuple):
    """A credit that the journal gave to a group; `group` is the group of today, `then` the one of then."""

    entry: int
    currency_id: int
    points: int
    group: int
    then: int


class Counted(NamedTuple):
    """So much of the counter `name` was used up under a cap."""

    cap: str
    name: Name
    amount: int

    @classmethod
    def read(cls, trace: StoredTrace) -> "list[Counted]":
        """From the trace of an accrual."""
        counted = trace.get("caps", {}).get("counted", ())
        return [cls(cap, (cap_id, key, day), amount) for cap, cap_id, key, day, amount in counted]


@dataclass(slots=True)
class Original:
    """A journal with all that taking it back needs; read under the lock of its member.

    `uses` are in the order of consumption, `expired_or_cancelled` the points of each credit (by the key of its
    entry) that time took, `refunds` the earlier refunds, `redemptions` what was redeemed on this order, by whomever.
    The `trace` is that of an accrual; nothing is computed from those of other kinds.
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
    rate: Decimal | None
    program_version: int
    payload: JsonObject
    trace: StoredTrace
    due_at: datetime | None
    order_ref: str
    connection_id: int
    credits: list[Moved] = field(default_factory=list)
    shares: list[Shared] = field(default_factory=list)
    debits: list[Moved] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    expired_or_cancelled: dict[int, int] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    redemptions: list["Original"] = field(default_factory=list)

    @classmethod
    def read(cls, row: Row) -> "Original":
        original = cls(*row)
        original.activity_at, original.due_at = instant(original.activity_at), instant(original.due_at)
        original.payload, original.trace = json.loads(row[12]), journal_traces.of_accrual(row[13])
        return original

    @property
    def item(self) -> Activity:
        """The Activity as it was reported, with what points paid for it."""
        return as_paid(load(Activity, self.payload), self.trace.get("paid_with"), self.money)

    def wanted(self, undo: Reversal) -> Share:
        """The Share of this order that `undo` asks for. Raises RefundTooLarge, RefundEmpty."""
        earlier = [refund.share for refund in self.refunds]
        left = self.amount - self.reversed_amount
        return wanted(undo, self.item, earlier, left=left, iso=self.money)

    @property
    def first_order(self) -> str:
        """The external id of the first revision of this order: redemptions may name that one."""
        return self.trace.get("first_order", self.external_id)

    @property
    def tiers(self) -> dict[str, str]:
        """{tier group code: tier code} that the member held before it."""
        return dict(self.trace.get("tiers", {}))

    @property
    def seen(self) -> dict[str, Sequence[str]]:
        """What the rules saw of the person, by the name of what they ask."""
        return dict(self.trace.get("seen", {}))

    def counted_for_tiers(self, lots: Sequence[LotState], cause: Cause, zone: tzinfo) -> Fact:
        """Where its qualifying points were counted, whose `lots`, if they were pending, are known; see `Fact`."""
        released = next((lot.available_at for lot in lots if lot.available_at and not lot.is_pending), None)
        said = self.trace.get("counted_on")
        counted_on = date.fromisoformat(said) if said else None if released else local_date(self.activity_at, zone)
        return Fact(self.activity_at, released or self.activity_at, cause.at, counted_on, cause.journal_id)

    @property
    def progress(self) -> dict[str, Advance]:
        """{code of a rule: how it let the member get on, of which what earlier refunds took counts no more}."""
        found = progress.stood(self.trace.get("progress", {}))
        for one in self.refunds:
            for code, (_, _, left) in one.progress.items():
                found[code] = found[code]._replace(after=left)
        return found

    @property
    def counted(self) -> list[Counted]:
        """What it used up of counters of caps."""
        return Counted.read(self.trace)

    def given(self, code: str) -> int:
        """How many points of a currency the rules gave for it."""
        return sum(row["points"] for row in self.trace["rules"] if row["currency"] == code)

    def paid_with(self, relations: Relations) -> list["Original"]:
        """The redemptions that paid for this order: the member's, and those of groups of the member, then or now."""
        own = self.member_id
        return [r for r in self.redemptions if r.member_id == own or relations.find(own, r.member_id)]

    @property
    def left(self) -> int:
        """Of a redemption: how many points are not given back yet."""
        return sum(points for _, points in self.uses) - self.reversed_amount

    @property
    def is_open(self) -> bool:
        return self.status in (Journal.Status.PENDING, Journal.Status.FAILED, Journal.Status.HELD)

    @property
    def is_reversed(self) -> bool:
        return self.status in (Journal.Status.REVERSED, Journal.Status.REJECTED)


def as_paid(item: Activity, paid: PaidTrace | None, iso: str) -> Activity:
    """The activity with what its points paid, where they have a money value; `iso` is its money."""
    if paid is None or paid["worth"] is None:
        return item
    return replace(item, points_value=money.parse(paid["worth"], money.exponent(iso)))


#: Lots with points of an entry that its member, or the one who bought, holds by now: moved there, or given back.
_DESCENDANTS = (
    "SELECT e.id AS root, l.entry_id AS lot FROM transactions_entry e "
    "JOIN transactions_journal j ON j.id = e.journal_id JOIN transactions_lot l ON l.origin_id = e.id "
    "JOIN members_member h ON h.id = l.member_id JOIN members_member m ON m.id = e.member_id "
    "JOIN members_member b ON b.id = j.member_id WHERE e.journal_id {ids} AND COALESCE(h.merged_into_id, h.id) "
    "IN (COALESCE(m.merged_into_id, m.id), COALESCE(b.merged_into_id, b.id))"
)
#: What time took of each entry: points that ended and were not reinstated, and pending ones whose event never
#: came. Wherever they were by then: nobody loses them a second time.
_EXPIRED_OR_CANCELLED = (
    "WITH family AS (SELECT id AS root, id AS lot FROM transactions_entry WHERE journal_id {ids} "
    f"UNION ALL {_DESCENDANTS}) "
    "SELECT root, SUM(points) FROM ("
    "SELECT f.root, t.points FROM family f JOIN transactions_trace t ON t.lot_id = f.lot "
    "JOIN transactions_entry x ON x.id = t.entry_id JOIN transactions_journal s ON s.id = x.journal_id "
    "WHERE x.kind = 'expiry' OR (x.kind = 'reversal_debit' AND s.kind = 'settlement') UNION ALL "
    "SELECT f.root, -x.points FROM family f JOIN transactions_entry x ON x.id = f.lot "
    "JOIN transactions_journal s ON s.id = x.journal_id WHERE s.activity = 'reinstatement'"
    ") gone GROUP BY root"
)
#: Journals by key, and redemptions by the orders that they paid for. One index answers each part.
_WANTED = (
    "j.id IN (SELECT id FROM transactions_journal WHERE id {ids} UNION ALL SELECT id FROM transactions_journal "
    "WHERE program_id = %s AND kind = 'redemption' AND NOT (order_ref = '') AND order_ref {ids})"
)


class Originals:
    """The statements that read originals; sent inside the pipeline of the lock, taken after it."""

    def __init__(self, session: Session, program_id: int, *, ids: list[int], orders: Iterable[str]) -> None:
        """`ids` are keys of journals, `orders` names of orders whose redemptions are read along."""
        columns = ", ".join(f"j.{name}" for name in _COLUMNS.split())
        columns = columns.replace("j.member_id", "COALESCE(m.merged_into_id, j.member_id)")
        params: list[Value] = [ids, program_id, [order for order in orders if order]]
        lots = ", ".join(f"l.{name}" for name in LOT.split())
        self._journals: Rows = session.run(
            f"SELECT {columns} FROM transactions_journal j LEFT JOIN members_member m ON m.id = j.member_id "
            f"WHERE {_WANTED} ORDER BY j.id",
            params,
        )
        self._moved: Rows = session.run(
            "SELECT e.journal_id, e.id, e.currency_id, e.points, "
            "CASE WHEN e.member_id <> j.member_id THEN COALESCE(m.merged_into_id, m.id) END, e.member_id "
            "FROM transactions_entry e JOIN transactions_journal j ON j.id = e.journal_id "
            "JOIN members_member m ON m.id = e.member_id "
            f"WHERE e.kind IN ('credit', 'debit') AND {_WANTED} ORDER BY e.id",
            params,
        )
        self._uses: Rows = session.run(
            f"SELECT e.journal_id, t.points, {lots} FROM transactions_trace t "
            "JOIN transactions_entry e ON e.id = t.entry_id JOIN transactions_lot l ON l.entry_id = t.lot_id "
            f"JOIN transactions_journal j ON j.id = e.journal_id WHERE e.points < 0 AND {_WANTED} ORDER BY t.id",
            params,
        )
        self._gone: Rows = session.run(_EXPIRED_OR_CANCELLED, [ids, ids])
        self._refunds: Rows = session.run(
            "SELECT reverses_id, trace, answer FROM transactions_journal WHERE reverses_id {ids} ORDER BY id", [ids]
        )

    def take(self) -> dict[int, Original]:
        """{journal key: Original}."""
        found = {row[0]: Original.read(row) for row in self._journals.fetchall()}
        for journal, entry, currency, points, group, then in self._moved.fetchall():
            original = found[journal]
            if group:
                original.shares.append(Shared(entry, currency, points, group, then))
            else:
                (original.credits if points > 0 else original.debits).append(Moved(entry, currency, points))
        for journal, points, *row in self._uses.fetchall():
            found[journal].uses.append((LotState.read(tuple(row)), points))
        gone = {lot: int(points) for lot, points in self._gone.fetchall()}
        for journal, trace, answer in self._refunds.fetchall():
            if found[journal].kind == Journal.Kind.ACCRUAL:
                found[journal].refunds.append(Refund.read(journal_traces.of_refund(trace, answer)))
        for original in found.values():
            entries = [one.entry for one in original.credits] + [one.entry for one in original.shares]
            original.expired_or_cancelled = {entry: gone.get(entry, 0) for entry in entries}
        for order, redemption in _payments(found.values()):
            order.redemptions.append(redemption)
        return found


def _payments(found: Iterable[Original]) -> Iterator[tuple[Original, Original]]:
    """(order, redemption) of each redemption that names an order here, by its own name or its first revision's."""
    originals = list(found)
    redemptions = [one for one in originals if one.kind == Journal.Kind.REDEMPTION and one.order_ref]
    for redemption in redemptions:
        for order in originals:
            if order.kind != Journal.Kind.ACCRUAL or order.connection_id != redemption.connection_id:
                continue
            if redemption.order_ref in (order.external_id, order.first_order):
                yield order, redemption
