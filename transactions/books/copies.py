"""How is what one posting wrote written once more, for a member whom nothing tells apart from the first but a name?

The first is posted by its verb. What differs in a copy is said here and nowhere else: keys, names, the place in the
chain of the member, and what the balances are afterwards. Whoever copies has made sure that the verb would have come
to the same for both.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.json_types import JsonObject
from members.holdings import Account
from partners.activity import Activity
from partners.stored import dump
from transactions.books import idempotency
from transactions.books.balances import Cause
from transactions.books.columns import ENTRY, JOURNAL
from transactions.books.lots import LOT, row_of
from transactions.books.unit_of_work import Books
from transactions.models import Entry

#: Stand for the names in what a fact says; no code and no text of a fact has such a character.
_NAME, _NUMBER = "\0name", "\0number"

_ID, _EXTERNAL_ID, _MEMBER, _FINGERPRINT, _PAYLOAD, _ANSWER = (
    JOURNAL.split().index(name) for name in ("id", "external_id", "member_id", "fingerprint", "payload", "answer")
)
_SAID = slice(ENTRY.split().index("currency_id"), ENTRY.split().index("balance_after"))
_BEHIND_WHOSE = LOT.split().index("currency_id")


class _Credit(NamedTuple):
    """Points of a currency: the columns of their entry from `currency_id` to `arrears`, and those of their lot."""

    currency_id: int
    points: int
    said: tuple[int | str, ...]
    lot: Values
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Copier:
    """What one activity of a member wrote: its journal, and credits that are free at once."""

    books: Books
    at: datetime
    text: str
    journal: Values
    payload: JsonObject
    answer: JsonObject
    credits: tuple[_Credit, ...]
    fingerprint_of: Callable[[str, str], str]

    @property
    def gives(self) -> bool:
        """Whether it gave points."""
        return bool(self.credits)

    def copy(self, account: Account, external_id: str) -> None:
        """Write the same for a locked member who owes nothing, under that name."""
        books, cause = self.books, Cause(self.books.next_journal(), self.at, self.text)
        lots = []
        for credit in self.credits:
            holding = account.holding(credit.currency_id)
            holding.move(credit.points)
            holding.earned += credit.points
            holding.wake_at(credit.ends_at)
            key = books.add_line(account, credit.said, holding.balance, cause)
            lots.append((key, account.id, *credit.lot))
        for currency_id, holding in account.holdings.items():
            if currency_id in books.currencies:
                holding.note_activity(self.at)
                account.is_touched = True
        number = account.number
        row = list(self.journal)
        row[_ID], row[_EXTERNAL_ID], row[_MEMBER] = cause.journal_id, external_id, account.id
        row[_FINGERPRINT] = self.fingerprint_of(external_id, number)
        row[_PAYLOAD] = {**self.payload, "external_id": external_id, "member": {"number": number}}
        row[_ANSWER] = {**self.answer, "member": number, "balances": _balances(books, account)}
        books.copy(tuple(row), lots)


def copier(books: Books, account: Account, item: Activity, before: tuple[int, int, int]) -> Copier | None:
    """The Copier of what `item` wrote when the books had `written` what is `before`; None where it did more than can
    be copied."""
    *counts, others = before
    journals, entries = books.since(*counts)
    if len(journals) != 1 or books.written[2] != others or account.counted or item.activity_at is None:
        return None
    credits = [_credit(books, account, row) for row in entries]
    found = tuple(credit for credit in credits if credit)
    if len(found) < len(credits):
        return None
    [journal] = journals
    answer = journal[_ANSWER]
    if not isinstance(answer, dict):
        return None
    cause = Cause(0, item.activity_at)
    return Copier(books, cause.at, cause.text, journal, dump(item), answer, found, _fingerprints(item))


def _credit(books: Books, account: Account, row: Values) -> _Credit | None:
    """What can be copied of an entry: a credit of points in a lot of its own, which are free at once."""
    said = dict(zip(ENTRY.split(), row, strict=True))
    currency_id, points, key = said["currency_id"], said["points"], said["id"]
    if not isinstance(currency_id, int) or not isinstance(points, int) or not isinstance(key, int):
        return None
    lot = books.lots.get((account.id, currency_id), {}).get(key)
    if said["kind"] != Entry.Kind.CREDIT or said["available"] != points or lot is None or lot.is_pending:
        return None
    columns = tuple(value for value in row[_SAID] if isinstance(value, int | str))
    return _Credit(currency_id, points, columns, row_of(lot)[_BEHIND_WHOSE:], lot.expires_at)


def _balances(books: Books, account: Account) -> JsonObject:
    return {one.code: account.holding(one.id).balance for one in books.currencies.values()}


def _fingerprints(item: Activity) -> Callable[[str, str], str]:
    """What makes the fingerprints of facts that differ from `item` in external id and number of the member."""
    said = idempotency.content(replace(item, external_id=_NAME, member={"number": _NUMBER}))
    before, rest = said.split(json.dumps(_NAME))
    between, behind = rest.split(json.dumps(_NUMBER))

    def fingerprint(external_id: str, number: str) -> str:
        return idempotency.mark_of(f"{before}{json.dumps(external_id)}{between}{json.dumps(number)}{behind}")

    return fingerprint
