"""To whom will time do something by an instant? Keys and sums that are read by the indexes of what is due."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty_site.lib.arrays import Value
from loyalty_site.lib.sql import Session
from programs.configuration import Configuration, Currency


@dataclass(frozen=True, slots=True)
class Due:
    """Keys in ascending order: members to whose tiers alone something is due, those whose balances have to be
    `computed`, too, one after the other, and those whose lots just end.

    Of the ones `apart` a reservation runs out, or debts are paid by what is released: there all currencies have to
    be computed, of others only special ones (`kinds`).
    """

    tiers: Sequence[int]
    computed: Sequence[int]
    apart: Sequence[int]
    ending: Sequence[int]


def kinds(configuration: Configuration) -> tuple[frozenset[int], frozenset[int]]:
    """(special, plain): keys of the currencies of whose points more may come than that lots end, and of others."""
    currencies = configuration.currencies.values()
    longer = any(tier.extension_months for group in configuration.tier_groups.values() for tier in group.tiers)
    special = frozenset(currency.id for currency in currencies if _is_special(currency, tiers_extend=longer))
    return special, frozenset(currency.id for currency in currencies) - special


def find(configuration: Configuration, now: datetime) -> Due:
    """Who is due by `now`."""
    special, plain = kinds(configuration)
    apart = {*_keys(_RESERVING, now, [configuration.id]), *_keys(_IN_DEBT, now, plain)}
    computed = {*_keys(_BALANCES, now, special)} - apart
    groups = [group.id for group in configuration.tier_groups.values()]
    tiers = {*_keys(_TIERS, now, groups)} - computed - apart
    if any(group.recounts for group in configuration.tier_groups.values()):
        # What they count has to be counted anew first, from the ledger.
        tiers, computed = set(), computed | tiers
    ending = {*_keys(_BALANCES, now, plain)} - apart
    return Due(sorted(tiers), sorted(computed), sorted(apart), sorted(ending))


def count(configuration: Configuration, now: datetime, *, most: int) -> int:
    """How many tiers, balances and reservations are due by `now`; stops counting beyond `most` of each."""
    groups = [group.id for group in configuration.tier_groups.values()]
    currencies = [currency.id for currency in configuration.currencies.values()]
    counted = 0
    for sql, keys in ((_TIERS, groups), (_BALANCES, currencies), (_RESERVING, [configuration.id])):
        params: list[Value] = [now, sorted(keys), most + 1]
        [[found]] = Session().run(f"SELECT COUNT(*) FROM ({sql} LIMIT %s) AS found", params).fetchall()
        counted += int(found)
    return counted


def _is_special(currency: Currency, *, tiers_extend: bool) -> bool:
    """Whether more may happen to its points than that lots end on their days."""
    expiry = currency.expiry
    return not currency.is_spendable or tiers_extend or bool(expiry.extension_months) or expiry.model == "activity"


# With sums in place of columns the databases have one way only: the index of what is due (see expiry/plain_lots.py).


_TIERS = "SELECT member_id FROM members_standing WHERE due_at <= %s AND group_id + 0 {ids}"
_BALANCES = "SELECT member_id FROM members_balance WHERE next_change_at <= %s AND currency_id + 0 {ids}"
_IN_DEBT = f"{_BALANCES} AND arrears > 0 AND pending > 0"
_RESERVING = (
    "SELECT member_id FROM transactions_journal WHERE kind = 'redemption' AND status = 'pending' "
    "AND due_at <= %s AND program_id {ids} AND member_id IS NOT NULL"
)


def _keys(sql: str, now: datetime, keys: Collection[int]) -> list[int]:
    """Keys that a statement about an instant and other keys answers; none where there are no others."""
    params: list[Value] = [now, sorted(keys)]
    return [int(key) for (key,) in Session().run(sql, params).fetchall()] if keys else []


_ENDING = (
    "SELECT m.id, m.number, l.currency_id, SUM(l.remaining) FROM transactions_lot l "
    "JOIN members_member m ON m.id = l.member_id WHERE l.remaining > 0 AND l.member_id {ids} "
    "AND l.currency_id + 0 {ids} AND l.expires_at <= %s AND (NOT l.is_pending OR l.available_at <= %s) "
    "GROUP BY m.id, m.number, l.currency_id ORDER BY m.id, l.currency_id"
)


def ending(configuration: Configuration, member_ids: list[int], now: datetime) -> Iterator[tuple[int, str, int, int]]:
    """(member, number, currency, points) of the lots of these members that just end by `now`."""
    _, plain = kinds(configuration)
    yield from Session().run(_ENDING, [member_ids, sorted(plain), now, now]).fetchall()
