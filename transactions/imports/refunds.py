"""How are the refunds of a batch posted? After its purchases, as reversals of the orders that they name."""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeAlias

from loyalty_site.lib.refusals import Refusal
from partners.activity import Reversal
from partners.models import Connection
from programs.configuration import Configuration
from transactions import ledger
from transactions.books.items import wait_of
from transactions.imports.posting import WAITS, Posted
from transactions.imports.records import Row
from transactions.models import Journal

#: Which of these purchases a dry run would have posted by now.
Foreseen: TypeAlias = Callable[[Iterable[str]], Container[str]]


class _Order(NamedTuple):
    """What is recorded of a purchase; amounts in minor units of its money."""

    amount: int
    refunded: int
    received_at: datetime
    activity_at: datetime


class Refunds:
    """Posts what rows say came back. `since`: the start of the import, `is_rehearsed` for a dry run."""

    def __init__(self, via: Connection, configuration: Configuration, since: datetime, *, is_rehearsed: bool) -> None:
        self.via, self.configuration, self.since, self.is_rehearsed = via, configuration, since, is_rehearsed

    def post(self, rows: Sequence[Row], purchases: Posted, foreseen: Foreseen) -> Posted:
        """What became of the refunds of these rows, but of those whose purchase was refused.

        `purchases` is what became of these; `foreseen` knows which ones a dry run would have posted.
        """
        done = Posted()
        rows = [row for row in rows if row.refund and row.line not in purchases.refusals]
        orders = self._recorded(rows) if rows else {}
        items: list[tuple[Row, Reversal]] = []
        for row in rows:
            if self._is_unheard_of(row, orders):
                done.refunded += row.line not in purchases.notes
            elif reversal := _reversal(row, orders, self.since):
                items.append((row, reversal))
        self._record(items, done, foreseen([row.refund.order for row in rows if row.refund]))
        # Why the purchase itself waits is more to the point.
        done.notes = {line: note for line, note in done.notes.items() if line not in purchases.notes}
        return done

    def _recorded(self, rows: Sequence[Row]) -> dict[str, _Order]:
        known = Journal.objects.filter(
            program=self.configuration.id,
            connection=self.via,
            kind=Journal.Kind.ACCRUAL,
            external_id__in={row.refund.order for row in rows if row.refund},
        ).values_list("external_id", "amount", "reversed_amount", "received_at", "activity_at")
        return {name: _Order(amount, refunded, received, at) for name, amount, refunded, received, at in known}

    def _is_unheard_of(self, row: Row, orders: Mapping[str, _Order]) -> bool:
        """Whether the purchase of the row would have been posted with it, were this no dry run."""
        return bool(self.is_rehearsed and row.refund and not row.refund.is_own and row.refund.order not in orders)

    def _record(self, items: Sequence[tuple[Row, Reversal]], done: Posted, foreseen: Container[str]) -> None:
        if not items:
            return
        reversals = [reversal for _, reversal in items]
        results = ledger.record(reversals, program_id=self.configuration.id, via=self.via, dry_run=self.is_rehearsed)
        for (row, reversal), result in zip(items, results, strict=True):
            is_own = bool(row.refund and row.refund.is_own)
            why = "" if reversal.order in foreseen else wait_of(result)
            if result.refusal and is_own:
                done.refusals[row.line] = replace(result.refusal, field="amount")
            elif result.refusal:
                done.unrefunded[row.line] = replace(result.refusal, field="refund")
            elif result.status == "replayed":
                done.replayed += is_own
            elif why:
                done.waiting += is_own
                field = "refund_of" if is_own else "refund"
                done.notes[row.line] = Refusal(WAITS, f"{why} (“{reversal.order[:60]}”)", field=field)
            else:
                done.posted += is_own
                done.refunded += 1


def _reversal(row: Row, orders: Mapping[str, _Order], since: datetime) -> Reversal | None:
    """The Reversal of what came back since the last one; None for nothing, or where the purchase was not taken."""
    refund = row.refund
    if refund is None:
        return None
    if refund.is_own:
        # Its purchase may be in a later file: the ledger waits for it.
        return Reversal(row.activity.external_id, order=refund.order, amount=refund.total, activity_at=row.at)
    order = orders.get(refund.order)
    if order is None or refund.total <= order.refunded:
        return None
    name = hashlib.blake2b(refund.order.encode(), digest_size=16).hexdigest()
    # When it came back is not said: of a purchase that arrives with its refund, at once; else today.
    at = order.activity_at if order.received_at >= since else None
    external_id = f"refund-{name}-{refund.total}"
    return Reversal(external_id, order=refund.order, amount=refund.total - order.refunded, activity_at=at)
