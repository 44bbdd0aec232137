"""Who is a member, and what does the member hold now? Everything by one statement, as values.

For who reads members one by one and often. What is several rows of a table comes as one JSON array, so that the
statement gives one row, whatever a member has.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from loyalty_site.lib.arrays import Row
from loyalty_site.lib.sql import Session, instant
from members import assessing
from members.holdings import Account
from members.ladder_rows import LockedStanding, LockedTally

#: What is known of the person, as columns of the customer.
PERSON = ("kind", "first_name", "last_name", "company_name", "email", "phone", "birth_date", "birthday", "language")
#: Whose profile: conditions of the member `m`, with the values that they need.
BY_ID = "m.id = %s"
BY_NUMBER = "m.program_id = %s AND m.number = %s"


@dataclass(frozen=True, slots=True)
class HeldBalance:
    """The row of a Balance; points in the smallest unit of the currency."""

    currency_id: int
    available: int
    pending: int
    reserved: int
    arrears: int
    lifetime_earned: int
    lifetime_redeemed: int
    lifetime_expired: int
    lifetime_reversed: int
    lifetime_opening: int
    earned_before: int
    redeemed_before: int
    next_change_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldConsent:
    """What the person said last about messages over a channel."""

    channel: str
    is_given: bool
    said_at: datetime


@dataclass(frozen=True, slots=True)
class HeldSegment:
    """A segment that the member is in, as it was looked up last, and since when."""

    code: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A member. `home_store` is the code of the store, `external_id` what one connection calls the person.

    `balances` are by currency; `expiries` by currency, each (instant, points), the soonest first. `account` is what
    the member counts and holds on ladders, as a posting would find it; its balances are not in it. `benefits` are
    those that the member has, by key, each with the instant since when.
    """

    id: int
    number: str
    status: str
    enrolled_at: datetime
    channel: str
    home_store: str | None
    external_id: str | None
    person: Mapping[str, str | date | None]
    cards: Sequence[str]
    tags: Sequence[str]
    consents: Sequence[HeldConsent]
    segments: Sequence[HeldSegment]
    activity_score: int | None
    balances: Mapping[int, HeldBalance]
    account: Account
    benefits: Mapping[int, datetime]
    expiries: Mapping[int, Sequence[tuple[datetime, int]]]

    def is_due(self, now: datetime) -> bool:
        """Whether time has changed a balance or a tier, which nobody has booked yet."""
        return assessing.is_due(self.account, now) or any(
            row.next_change_at and row.next_change_at <= now for row in self.balances.values()
        )


_STANDING = (
    "h.group_id, h.tier_id, h.since_at, h.from_at, h.valid_until, h.due_at, h.locked_until, h.waits_from, "
    "h.proposed_id, h.reason"
)
_BALANCE = ", ".join(f"b.{field.name}" for field in fields(HeldBalance))


def read(
    session: Session,
    condition: str,
    values: Sequence[int | str],
    *,
    connection_id: int,
    windows_from: date,
    expiries: str,
    now: datetime,
) -> Profile | None:
    """The Profile of the member that the `condition` with its `values` names, None where there is none.

    Tallies of windows that began before `windows_from` are left out. The ledger lies above this app: `expiries` is
    its subquery for the coming expiries of the member `m` behind the instant of its one parameter, collected as
    (currency id, instant, points).
    """
    collect = session.collect
    sql = (
        "SELECT m.id, m.number, m.status, m.enrolled_at, m.channel, s.code, "
        "(SELECT e.value FROM members_externalid e WHERE e.customer_id = c.id AND e.connection_id = %s "
        "ORDER BY e.id LIMIT 1), "
        f"(SELECT {collect('k.id, k.number')} FROM members_card k WHERE k.member_id = m.id AND k.is_active), "
        f"(SELECT {collect('g.name')} FROM members_tag g WHERE g.customer_id = c.id), "
        f"(SELECT {collect('a.said_at, a.id, a.channel, a.is_given')} FROM members_consent a "
        "WHERE a.customer_id = c.id), "
        f"(SELECT {collect('p.code, p.name, o.since')} FROM members_segmentmembership o "
        "JOIN programs_segment p ON p.id = o.segment_id WHERE o.member_id = m.id AND p.is_active), "
        "(SELECT v.score FROM members_activityscore v WHERE v.member_id = m.id), "
        f"(SELECT {collect(_BALANCE)} FROM members_balance b WHERE b.member_id = m.id), "
        f"(SELECT {collect(_STANDING)} FROM members_standing h WHERE h.member_id = m.id AND h.is_current), "
        f"(SELECT {collect('t.group_id, t.currency_id, t.period, t.points, t.carried')} FROM members_tally t "
        "WHERE t.member_id = m.id AND t.period >= %s), "
        f"(SELECT {collect('f.benefit_id, f.assigned_at')} FROM members_memberbenefit f "
        "WHERE f.member_id = m.id AND f.withdrawn_at IS NULL), "
        f"({expiries}), {', '.join(f'c.{name}' for name in PERSON)} "
        "FROM members_member m JOIN members_customer c ON c.id = m.customer_id "
        f"LEFT JOIN partners_store s ON s.id = m.home_store_id WHERE {condition}"
    )
    row = session.run(sql, [connection_id, windows_from, now, *values]).fetchone()
    return _profile(row) if row else None


def _profile(row: Row) -> Profile:
    (
        id,
        number,
        status,
        enrolled_at,
        channel,
        home_store,
        external_id,
        cards,
        tags,
        consents,
        segments,
        activity_score,
        balances,
        tiers,
        tallies,
        benefits,
        ends,
        *person,
    ) = row
    return Profile(
        id=id,
        number=number,
        status=status,
        enrolled_at=instant(enrolled_at),
        channel=channel,
        home_store=home_store,
        external_id=external_id,
        person=dict(zip(PERSON, person, strict=True)),
        cards=[number for _, number in sorted(_rows(cards))],
        tags=sorted(name for (name,) in _rows(tags)),
        consents=_latest(_rows(consents)),
        segments=[HeldSegment(code, name, _instant(at)) for code, name, at in sorted(_rows(segments))],
        activity_score=activity_score,
        balances={held[0]: _balance(held) for held in _rows(balances)},
        account=_account(id, number, status, instant(enrolled_at), _rows(tiers), _rows(tallies)),
        benefits={benefit: _instant(since) for benefit, since in _rows(benefits)},
        expiries=_expiries(_rows(ends)),
    )


def _expiries(rows: list[Row]) -> dict[int, list[tuple[datetime, int]]]:
    """The coming expiries of each currency, the soonest first."""
    found: dict[int, list[tuple[datetime, int]]] = {}
    for currency_id, at, points in rows:
        found.setdefault(currency_id, []).append((_instant(at), points))
    return {currency_id: sorted(ends) for currency_id, ends in found.items()}


def _account(
    id: int, number: str, status: str, enrolled_at: datetime, tiers: list[Row], tallies: list[Row]
) -> Account:
    account = Account(id, number, status, enrolled_at, 0, "")
    for group, tier, since, start, *moments, proposed, reason in tiers:
        valid, due, locked, waits = (_instant(text) if text else None for text in moments)
        account.tiers[group] = LockedStanding(
            None,
            tier,
            _instant(since),
            _instant(start),
            valid,
            due_at=due,
            locked_until=locked,
            waits_from=waits,
            proposed_id=proposed,
            reason=reason,
        )
    for group, currency, first, points, carried in tallies:
        account.tallies[group, currency, date.fromisoformat(first)] = LockedTally(None, points, carried)
    return account


def _latest(said: list[Row]) -> list[HeldConsent]:
    """The last word about each channel, by the name of the channel."""
    # As instants, because a text without fractions of a second sorts behind one that has them.
    ordered = sorted((_instant(at), key, channel, is_given) for at, key, channel, is_given in said)
    last = {channel: HeldConsent(channel, bool(is_given), at) for at, _, channel, is_given in ordered}
    return [last[channel] for channel in sorted(last)]


def _balance(held: Row) -> HeldBalance:
    row: Row = (*held[:-1], _instant(held[-1]) if held[-1] else None)
    return HeldBalance(*row)


def _rows(collected: str | None) -> list[Row]:
    """What `Session.collect` collected."""
    rows: list[Row] = json.loads(collected) if collected else []
    return rows


def _instant(text: str) -> datetime:
    """An instant that was collected."""
    return instant(datetime.fromisoformat(text))
