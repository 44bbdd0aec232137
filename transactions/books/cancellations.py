"""What do the caps get back for pending points whose event never came?"""

from typing import TypeAlias

from loyalty_site.lib.sql import Rows
from programs import versions
from transactions.books.counters import Name
from transactions.books.originals import Counted
from transactions.books.unit_of_work import Books
from transactions.models import journal_traces

#: (key of a journal, currency code).
_Order: TypeAlias = tuple[int, str]

#: The credits that gave these lots, each with the journal whose rules and caps it came by.
_ORDERS = (
    "SELECT e.id, e.currency_id, j.id, j.program_version, j.trace FROM transactions_entry e "
    "JOIN transactions_journal j ON j.id = e.journal_id WHERE e.id {ids} ORDER BY e.id"
)
_REFUNDS = (
    "SELECT r.reverses_id, r.trace, r.answer FROM transactions_journal r "
    "WHERE r.reverses_id IN (SELECT journal_id FROM transactions_entry WHERE id {ids})"
)
#: What was cancelled of the same journals before.
_BEFORE = (
    "SELECT o.journal_id, o.currency_id, SUM(t.points) FROM transactions_entry o "
    "JOIN transactions_lot l ON l.entry_id = o.id OR l.origin_id = o.id "
    "JOIN transactions_trace t ON t.lot_id = l.entry_id "
    "JOIN transactions_entry x ON x.id = t.entry_id AND x.kind = 'reversal_debit' "
    "JOIN transactions_journal s ON s.id = x.journal_id AND s.kind = 'settlement' "
    "WHERE o.journal_id IN (SELECT journal_id FROM transactions_entry WHERE id {ids}) GROUP BY 1, 2"
)


def returned_to_caps(books: Books) -> dict[Name, int]:
    """{counter: how much comes back to it} for points that settling has cancelled in `books` (C8-R5).

    As much of the use as of the points is gone; parts, whoever cancelled or refunded them, give back together
    no more than was used.
    """
    if not books.cancelled:
        return {}
    ids = list(books.cancelled)
    with books.session.together():
        orders, *before = [books.session.run(sql, [ids]) for sql in (_ORDERS, _REFUNDS, _BEFORE)]
    rows, gone = orders.fetchall(), _gone_before(books, *before)
    back: dict[Name, int] = {}
    for root, currency_id, journal, version, text in rows:
        code, trace = books.currencies[currency_id].code, journal_traces.of_accrual(text)
        caps = {cap.code: cap for cap in versions.at(books.configuration.id, version).caps}
        given = sum(row["points"] for row in trace.get("rules", ()) if row["currency"] == code)
        was = gone.get((journal, code), 0)
        now = gone[journal, code] = min(given, was + books.cancelled[root])
        for counted in Counted.read(trace):
            if caps[counted.cap].reopens and caps[counted.cap].currency == code:
                more = counted.amount * now // given - counted.amount * was // given
                back[counted.name] = back.get(counted.name, 0) + more
    return {name: amount for name, amount in back.items() if amount > 0}


def _gone_before(books: Books, refunds: Rows, cancelled: Rows) -> dict[_Order, int]:
    """Points that were taken back before."""
    found: dict[_Order, int] = {}
    for journal, trace, answer in refunds.fetchall():
        for code, points in journal_traces.moved_by(trace, answer).items():
            found[journal, code] = found.get((journal, code), 0) - points
    for journal, currency_id, points in cancelled.fetchall():
        key = journal, books.currencies[currency_id].code
        found[key] = found.get(key, 0) + int(points)
    return found
