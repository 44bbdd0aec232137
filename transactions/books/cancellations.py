"""What do the caps get back for pending points whose event never came?"""

import json

from programs import versions
from transactions.books.unit_of_work import ENTRY
from transactions.models import Entry, Trace

#: The credits that gave these lots, each with the journal whose rules and caps it came by.
_ORDERS = (
    "SELECT e.id, e.currency_id, j.id, j.program_version, j.trace FROM transactions_entry e "
    "JOIN transactions_journal j ON j.id = e.journal_id WHERE e.id {ids} ORDER BY e.id"
)
_REFUNDS = (
    "SELECT r.reverses_id, r.answer FROM transactions_journal r "
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


def _cancelled(books):
    """{lot in which they were earned: pending points} whose event never came; asked before more is booked."""
    lots = {key: lot for own in books.lots.values() for key, lot in own.items()}
    kind = ENTRY.split().index("kind")
    by_time = {row[0] for row in books.rows[Entry] if row[kind] == Entry.Kind.REVERSAL_DEBIT}
    found = {}
    for entry, lot, points in books.rows[Trace]:
        if entry in by_time:
            found[lots[lot].root] = found.get(lots[lot].root, 0) + points
    return found


def reopened(books):
    """{name of a counter: how much comes back to it} for pending points whose event never came (C8-R5).

    As much of the use as of the points is gone; parts, whoever cancelled or refunded them, give back together
    no more than was used.
    """
    cancelled = _cancelled(books)
    if not cancelled:
        return {}
    with books.session.together():
        orders, *before = [books.session.run(sql, [list(cancelled)]) for sql in (_ORDERS, _REFUNDS, _BEFORE)]
    orders, gone, back = orders.fetchall(), _gone(books, *before), {}
    for root, currency_id, journal, version, trace in orders:
        code, trace = books.currencies[currency_id].code, json.loads(trace)
        caps = {cap.code: cap for cap in versions.at(books.configuration.id, version).caps}
        given = sum(row["points"] for row in trace.get("rules", ()) if row["currency"] == code)
        was = gone.get((journal, code), 0)
        now = gone[journal, code] = min(given, was + cancelled[root])
        for cap, *name, amount in trace.get("caps", {}).get("counted", ()):
            if caps[cap].reopens and caps[cap].currency == code:
                back[tuple(name)] = back.get(tuple(name), 0) + amount * now // given - amount * was // given
    return {name: amount for name, amount in back.items() if amount > 0}


def _gone(books, refunds, cancelled):
    """{(journal, currency code): points} that were taken back before."""
    found = {}
    for journal, answer in refunds.fetchall():
        for code, points in json.loads(answer).get("points", {}).items():
            found[journal, code] = found.get((journal, code), 0) - points
    for journal, currency_id, points in cancelled.fetchall():
        key = journal, books.currencies[currency_id].code
        found[key] = found.get(key, 0) + int(points)
    return found
