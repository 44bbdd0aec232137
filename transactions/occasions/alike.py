"""How are the same points given to many members at once, whom nothing tells apart but their names?

The first of those who are alike is posted by the verb, as ever; the others are copies of what that wrote
(transactions/books/copies.py). Whoever may come to something else is left to the general way: see `_Terms` for what
has to hold of a program, and `_is_plain` of a member under lock.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from django.db import transaction

from loyalty_site.lib import locks
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Rows, Session
from members import assessing, tiers
from members.holdings import Account
from members.models import Member
from partners.activity import Activity
from partners.catalogue import Catalogue
from partners.models import Connection
from programs import periods
from programs.configuration import Configuration, Currency
from transactions import verbs
from transactions.books import copies, idempotency
from transactions.books.copies import Copier
from transactions.books.idempotency import Known
from transactions.books.posting import Context, Posting
from transactions.books.unit_of_work import Books
from transactions.occasions.planning import Day, Plan, Wish

#: What makes the fact of a plan.
Make: TypeAlias = Callable[[Plan], Activity]

#: What tells apart those who are asked the same: the tiers held on the day, and those held now.
_Tiers: TypeAlias = tuple[tuple[tuple[str, str], ...], ...]

#: Members who belong to a group, and those who are one.
_RELATED = (
    "SELECT member_id FROM members_relation WHERE left_at IS NULL AND member_id {ids} "
    "UNION ALL SELECT group_id FROM members_relation WHERE left_at IS NULL AND group_id {ids}"
)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What of a program decides whether its members can be alike on a day at all."""

    configuration: Configuration
    day: Day
    now: datetime

    def hold(self, via: Connection) -> bool:
        """Nothing is capped, no rule asks what tells persons apart, no balance ends by silence, no ladder is counted
        anew or counts in another cycle."""
        configuration = self.configuration
        ladders, zone = configuration.tier_groups.values(), configuration.zone
        is_of_today = periods.local_date(self.now, zone) == periods.local_date(self.day.starts_at, zone)
        return not (
            configuration.has_parts
            or self.day.starts_at > self.now
            or via.partner.code not in configuration.partners
            or configuration.asks
            or self.day.configuration.asks
            or any(one.is_spendable and one.expiry.model == "activity" for one in configuration.currencies.values())
            or any(group.recounts or (group.has_cycles and not is_of_today) for group in ladders)
        )

    def suit(self, wish: Wish) -> bool:
        """Its points are free at once, count for no tier, and end for everybody alike."""
        found = [self.configuration.currencies.get(due.rule.currency) for due in wish.dues]
        return all(one is not None and _is_plain_currency(one) for one in found)


def _is_plain_currency(one: Currency) -> bool:
    return one.is_spendable and not one.may_wait and one.expiry.model != "anniversary"


@dataclass(slots=True)
class _Round:
    """One batch under way: the books, and the Copier of each wish and tiers; None where these cannot be copied."""

    terms: _Terms
    context: Context
    make: Make
    copiers: dict[tuple[Wish, _Tiers], Copier | None] = field(default_factory=dict)

    def give(self, plan: Plan) -> bool | None:
        """Whether points were given; None where nothing was written, because it is for the general way."""
        books = self.context.books
        account = books.accounts[plan.person.id]
        kind = plan.wish, self._tiers(account)
        if kind in self.copiers:
            copier = self.copiers[kind]
            if copier:
                copier.copy(account, plan.name)
            return copier.gives if copier else None
        item, before = self.make(plan), books.written
        posting = Posting(self.context, item, idempotency.fingerprint(item), account)
        try:
            result = verbs.of(item).post(posting)
        except Refused:
            self.copiers[kind] = None
            return None
        self.copiers[kind] = copies.copier(books, account, item, before)
        return bool(result.answer and result.answer.get("points"))

    def _tiers(self, account: Account) -> _Tiers:
        if not account.tiers and not account.past:
            return ()
        day = self.terms.day
        held = (
            tiers.codes(day.configuration, account, at=day.starts_at),
            tiers.codes(self.terms.configuration, account),
        )
        return tuple(tuple(codes.items()) for codes in held)


def give(
    configuration: Configuration, day: Day, plans: Sequence[Plan], *, make: Make, via: Connection, now: datetime
) -> dict[int, bool]:
    """Give what the plans say to those who are plain: {place of the plan: whether there were points}.

    Of the others nothing is written: they are for the general way, as are all where somebody else was quicker or
    the program was changed meanwhile. `make` makes the fact of a plan. Raises IntegrityError where a fact is known.
    """
    terms = _Terms(configuration, day, now)
    if not plans or not terms.hold(via):
        return {}
    books = Books(Session(), configuration, now=now)
    books.known.note_connection(via)
    with transaction.atomic():
        related = _lock(books, plans)
        if related is None:
            return {}
        left = related | _left(terms, books, plans)
        catalogue = Catalogue(books.session, stores=(), skus=(), partner=via.partner.code)
        one = _Round(terms, Context(books, catalogue, via, None, {}, Known()), make)
        given = {place: one.give(plan) for place, plan in enumerate(plans) if plan.person.id not in left}
        if books.is_changed:
            books.close()
    return {place: gives for place, gives in given.items() if gives is not None}


def _lock(books: Books, plans: Sequence[Plan]) -> set[int] | None:
    """Lock the members and read what they hold; returns those who have to do with groups.

    None where the program is another one by now.
    """
    ids = sorted({plan.person.id for plan in plans})
    with locks.long_waits.place() as patience_ms, books.session.together():
        if patience_ms is not None:
            locks.limit_waits(books.session, patience_ms)
        entries = sum(len({due.rule.currency for due in plan.wish.dues}) for plan in plans)
        version = books.lock(ids, journals=len(plans), entries=entries, with_lots=False, with_past=True)
        related: Rows = books.session.run(_RELATED, [ids, ids])
    stored = version()
    return {key for (key,) in related.fetchall()} if stored == books.configuration.version else None


def _left(terms: _Terms, books: Books, plans: Iterable[Plan]) -> set[int]:
    """Keys of the members who are for the general way, with all that they are to be given."""
    wishes = {plan.wish for plan in plans}
    unsuitable = {wish for wish in wishes if not terms.suit(wish)}
    left = set()
    for plan in plans:
        account = books.accounts.get(plan.person.id)
        if account is None or plan.wish in unsuitable or not _is_plain(account, plan.person.number, terms.now):
            left.add(plan.person.id)
    return left


def _is_plain(account: Account, number: str, now: datetime) -> bool:
    """An active member to whom time has done nothing that is not booked, who owes nothing, and is still called so."""
    if account.status != Member.Status.ACTIVE or account.number != number:
        return False
    if account.tiers and assessing.is_due(account, now):
        return False
    return not any(one.arrears or one.is_due(now) for one in account.holdings.values())
