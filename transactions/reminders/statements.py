"""What happened to a member's points in a month that is over? The monthly statement.

It says what was booked in the month, on the clock of the program: so each month opens with what the one before it
closed with, and none changes afterwards. Its sums are of the entries of the month, which are found from the member's
last entry backwards; the ledger of before is never read. Everybody gets one who is active, and had points at its
beginning or end, or any movement in between.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TypeAlias, cast

from django.db import transaction

from loyalty_site.lib.arrays import Fragment, Value
from loyalty_site.lib.json_types import Json, JsonObject
from loyalty_site.lib.looking_up import only_looking_up
from loyalty_site.lib.sql import Session
from members import snapshots, telling
from members.models import Balance, Member
from members.telling import Telling
from programs import periods, versions
from programs.configuration import Configuration, Currency
from programs.models import Message, Program

EVENT = "statement.monthly"

#: What moved a balance, as a statement sums it up.
PARTS = ("earned", "redeemed", "expired", "other")
#: Sums of one balance: its PARTS, with "now" what it is at this moment, and "later" what was booked after the month.
Sums: TypeAlias = dict[str, int]

#: A member's entries follow each other in time but for what was under way at the same moment.
_MARGIN = timedelta(days=1)
#: What waits for a confirmation is spent from then on; what is given back of it was not.
_SUMS = """
WITH RECURSIVE walk AS (
    SELECT e.member_id, e.sequence, e.journal_id, e.currency_id, e.kind, e.available - e.arrears AS moved, e.posted_at
    FROM members_member m JOIN transactions_entry e ON e.member_id = m.id AND e.sequence = m.sequence
    WHERE m.id {ids}
    UNION ALL
    SELECT e.member_id, e.sequence, e.journal_id, e.currency_id, e.kind, e.available - e.arrears, e.posted_at
    FROM walk w JOIN transactions_entry e ON e.member_id = w.member_id AND e.sequence = w.sequence - 1
    WHERE w.posted_at >= %s
)
SELECT member_id, currency_id, 'now', available - arrears FROM members_balance WHERE member_id {ids}
UNION ALL
SELECT w.member_id, w.currency_id, CASE
    WHEN w.posted_at >= %s THEN 'later'
    WHEN w.posted_at < %s THEN 'before'
    WHEN w.kind = 'expiry' THEN 'expired'
    WHEN j.kind IN ('adjustment', 'transfer', 'merge', 'opening') THEN 'other'
    WHEN w.kind IN ('credit', 'release', 'reversal_debit') THEN 'earned'
    WHEN w.kind IN ('debit', 'reserve', 'confirm', 'unreserve', 'reversal_credit') THEN 'redeemed'
    ELSE 'other' END AS part, SUM(w.moved)
FROM walk w JOIN transactions_journal j ON j.id = w.journal_id
GROUP BY w.member_id, w.currency_id, part"""
_STATEMENT = " ".join(_SUMS.split())


def find(program_id: int, day: date) -> Iterator[int]:
    """The keys of the members who may get a statement on the local `day`, in ascending order.

    Nobody but on the first day of a month, and where a message of an active program is about it.
    """
    program = Program.objects.get(pk=program_id)
    messages = Message.objects.filter(program=program_id, event=EVENT, is_active=True)
    if day.day != 1 or program.status != Program.Status.ACTIVE or not messages.exists():
        return
    configuration = versions.latest(program_id)
    balances = Balance.objects.filter(currency__in=_spendable(configuration)).order_by("member")
    yield from balances.values_list("member", flat=True).distinct().iterator(chunk_size=10_000)


def state(program_id: int, day: date, member_ids: Collection[int], now: datetime) -> dict[str, int]:
    """Tell these members of the month that ended before the local `day`; nobody twice.

    To be called in a transaction; returns how many were told, as `statements`.
    """
    configuration, program = versions.latest(program_id), Program.objects.get(pk=program_id)
    if not telling.is_heard(program, EVENT):
        return {"statements": 0}
    month = day - periods.ONE_DAY
    members = snapshots.of(configuration, member_ids)
    active = sorted(key for key, said in members.items() if said.status == Member.Status.ACTIVE)
    tellings = []
    for key, sums in sorted(of_month(configuration, active, month).items()):
        if currencies := _told(configuration, sums):
            data = _data(members[key].said, month, currencies)
            tellings.append(Telling(key, data, now, once=f"statement {key} {month:%Y-%m}"))
    return {"statements": telling.tell_many(program, EVENT, tellings)}


def of_month(configuration: Configuration, member_ids: Collection[int], month: date) -> dict[int, dict[int, Sums]]:
    """{member: {currency: Sums with opening and closing}} of the month in which a local day lies, by their keys.

    Of all currencies of which the members have a balance. One statement, so all of it is of the same moment.
    """
    first = month.replace(day=1)
    begins = periods.start_of_day(first, configuration.zone)
    ends = periods.start_of_day(periods.add_months(first, 1), configuration.zone)
    keys = list(member_ids)
    found: dict[int, dict[int, Sums]] = {}
    with transaction.atomic(), only_looking_up():
        rows = Session().run(_STATEMENT, [keys, begins - _MARGIN, keys, ends, begins]).fetchall()
    for member, currency, part, points in rows:
        found.setdefault(member, {}).setdefault(currency, {})[part] = int(points)
    for of_member in found.values():
        for currency, sums in of_member.items():
            of_member[currency] = _closed(sums)
    return found


def _closed(sums: Sums) -> Sums:
    """With what the balance was at both ends of the month."""
    parts = {part: sums.get(part, 0) for part in PARTS}
    closing = sums.get("now", 0) - sums.get("later", 0)
    return {"opening": closing - sum(parts.values()), **parts, "closing": closing}


def _spendable(configuration: Configuration) -> dict[int, Currency]:
    """By key, the primary one first."""
    currencies = sorted(configuration.currencies.values(), key=lambda one: (not one.is_primary, one.code))
    return {one.id: one for one in currencies if one.is_spendable}


def _told(configuration: Configuration, sums: Mapping[int, Sums]) -> list[JsonObject]:
    """The currencies in which there was, or moved, anything."""
    return [
        {"currency": currency.code, "name": currency.name, **sums[key]}
        for key, currency in _spendable(configuration).items()
        if any(sums.get(key, {}).values())
    ]


def _data(member: Fragment, month: date, currencies: list[JsonObject]) -> dict[str, Value]:
    first = currencies[0]
    told = cast("list[Json]", currencies)
    return {
        "member": member,
        "balance": {"currency": first["currency"], "before": first["opening"], "balance": first["closing"]},
        "statement": {"month": f"{month:%Y-%m}", "currencies": told},
    }
