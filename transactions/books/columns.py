"""Which columns does the ledger write, in which order, and what stands in those that nobody speaks of?"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import TypedDict

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.json_types import JsonObject
from transactions.models import Journal
from transactions.models.journal_traces import JournalTrace


class JournalColumns(TypedDict, total=False):
    """What a verb says of its journal; money in minor units.

    Kept as JSON are `payload`, the item as reported, `trace`, how its numbers came about, and `answer`, what the
    sender is told.
    """

    connection_id: int
    kind: str
    activity: str
    external_id: str
    member_id: int | None
    status: str
    activity_at: datetime
    amount: int
    money: str
    base_amount: int
    rate: Decimal | None
    rate_on: date | None
    order_ref: str
    channel: str
    store_id: int | None
    code: str
    attributes: JsonObject
    reverses_id: int | None
    reason: str
    due_at: datetime | None
    error: str
    user_id: int | None
    fingerprint: str
    payload: JsonObject
    trace: JournalTrace
    answer: JsonObject
    decided_by_id: int | None
    decided_by_member_id: int | None
    decided_at: datetime | None


class JournalRow(JournalColumns, total=False):
    """The same with what the unit of work knows by itself."""

    id: int
    program_id: int
    program_version: int
    received_at: datetime
    processed_at: datetime
    reversed_amount: int


JOURNAL = (
    "id program_id connection_id kind activity external_id member_id status activity_at received_at processed_at "
    "amount money base_amount rate rate_on reversed_amount order_ref channel store_id code attributes "
    "reverses_id reason due_at error user_id fingerprint program_version payload trace answer"
)
#: What a journal has in the columns that its verb does not speak of.
USUAL: JournalRow = {
    "activity": "",
    "member_id": None,
    "status": Journal.Status.PROCESSED.value,
    "amount": 0,
    "money": "",
    "base_amount": 0,
    "rate": None,
    "rate_on": None,
    "reversed_amount": 0,
    "order_ref": "",
    "channel": "",
    "store_id": None,
    "code": "",
    "attributes": {},
    "reverses_id": None,
    "reason": "",
    "due_at": None,
    "error": "",
    "user_id": None,
    "payload": {},
    "trace": {},
    "answer": {},
    "decided_by_id": None,
    "decided_by_member_id": None,
    "decided_at": None,
}
#: What a decided journal, which was open before, gets anew (models/immutability.py allows no more).
DECIDED = (
    "member_id status processed_at program_version error trace answer reverses_id base_amount rate rate_on store_id "
    "decided_by_id decided_by_member_id decided_at"
)
#: What the end of a reservation changes; what was reported, and what was answered to it, stays.
ENDED = "status processed_at error decided_by_id decided_at"
#: The one journal of a program and day that says what time did: made by whoever comes first, and read.
OPEN_DAY = (
    "INSERT INTO transactions_journal (id, program_id, connection_id, kind, activity, external_id, status, "
    "activity_at, received_at, processed_at, amount, money, base_amount, reversed_amount, "
    "order_ref, channel, code, attributes, reason, error, fingerprint, program_version, payload, trace, "
    "answer) VALUES (%s, %s, %s, 'settlement', 'settlement', %s, 'processed', %s, %s, %s, 0, '', 0, 0, '', "
    "'', '', '{}', '', '', '', %s, '{}', '{}', '{}') ON CONFLICT DO NOTHING"
)
READ_DAY = (
    "SELECT id FROM transactions_journal WHERE program_id = %s AND connection_id = %s "
    "AND kind = 'settlement' AND external_id = %s"
)
LINE = "journal_id position product_id sku category quantity amount tax thousandths discount"
ENTRY = (
    "id journal_id member_id currency_id kind points available pending reserved arrears balance_after activity_at "
    "posted_at sequence chain"
)
TRACE = "entry_id lot_id points"
REDATING = "lot_id at expires_before expires_after reason"

journal_row: Callable[[JournalRow], Values] = itemgetter(*JOURNAL.split())
decided_row: Callable[[JournalRow], Values] = itemgetter("id", *DECIDED.split())
