"""Which journals do items name, and which members have to do with them? Looked up before anything is locked."""

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_site.lib.sql import Rows, Session


class Named(NamedTuple):
    """The journal that an item is about: by its key, or as the external id of an accrual of the same connection."""

    journal_id: int = 0
    order: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.journal_id or self.order)


class Reference(NamedTuple):
    """A journal that is there. Of a member who was merged into another, `member_id` is the other by now."""

    journal_id: int
    member_id: int | None
    external_id: str
    order_ref: str


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
    """The statements that look up what items name; sent inside a pipeline, taken after it."""

    def __init__(
        self, session: Session, program_id: int, connection_id: int, named: Sequence[Named], *, with_payers: bool
    ) -> None:
        """`with_payers`: also who paid for the orders with points; nobody asks that of a mere reservation."""
        self._by_id: dict[int, Reference] = {}
        self._by_order: dict[str, Reference] = {}
        self._parties: dict[int, set[int]] = {}
        ids = [one.journal_id for one in named if one.journal_id]
        orders = [one.order for one in named if one.order]
        self._ids: Rows = session.run(f"{_NAMED} AND j.id {{ids}}", [program_id, ids])
        self._orders: Rows = session.run(
            f"{_NAMED} AND j.connection_id = %s AND j.kind = 'accrual' AND j.external_id {{ids}}",
            [program_id, connection_id, orders],
        )
        self._payers = session.run(_PAYERS, [program_id, ids, connection_id, orders]) if with_payers else None

    def take(self) -> "References":
        by_id, by_order = self._ids.fetchall(), self._orders.fetchall()
        self._by_id = {row[0]: Reference(*row[:4]) for row in by_id}
        self._by_order = {row[2]: Reference(*row[:4]) for row in by_order}
        payers = self._payers.fetchall() if self._payers else []
        for journal, *_, party in (*by_id, *by_order, *payers):
            if party:
                self._parties.setdefault(journal, set()).add(party)
        return self

    def find(self, named: Named) -> Reference | None:
        """What is there of what an item names."""
        if named.journal_id:
            return self._by_id.get(named.journal_id)
        return self._by_order.get(named.order)

    def parties(self, journal_id: int) -> set[int]:
        """The groups that share in a journal, and others who paid for it with points."""
        return self._parties.get(journal_id, set())
