"""What does an activity earn, and how is it booked?"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple, cast

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refusal, Refused
from partners import limits
from partners.activity import Activity, Reversal
from programs import earning, periods, versions
from programs.earning import Earned
from transactions.books import limits as common
from transactions.books.balances import Cause
from transactions.books.columns import JournalColumns
from transactions.books.items import Result
from transactions.books.originals import Original, as_paid
from transactions.books.posting import Posting, UnknownCurrency
from transactions.books.references import Named
from transactions.models import Journal
from transactions.models.journal_traces import PaidTrace, StoredTrace
from transactions.verbs import (
    caps,
    crediting,
    discounts,
    doubts,
    facts,
    groups,
    occasions,
    parts_of_amounts,
    paying,
    promotions,
    refunds,
)
from transactions.verbs.base import Needs, Verb
from transactions.verbs.baskets import base_amount, basket_of, categories_of
from transactions.verbs.progress import booked

ISO = re.compile("[A-Z]{3}")
_ACCRUAL = Journal.Kind.ACCRUAL.value


class TooManyPoints(Refused):
    """The rules give more points than the ledger can hold."""

    code = "points_too_many"


class UnknownOrder(Refused):
    """The member has no order that could be replaced."""

    code = "order_unknown"


class Rate(NamedTuple):
    """What one unit of foreign money is worth in the program's, of which day; None for the program's own money."""

    rate: Decimal | None = None
    on: date | None = None


class _Award(NamedTuple):
    """What is to be booked of an activity: what it earned, the categories that this was computed with, the percents
    that go to groups, the points that pay for it by the same fact, and what was paid with points in all."""

    earned: Earned
    categories: dict[str, str]
    shares: dict[int, int]
    payment: paying.Payment | None
    paid: PaidTrace | None


class Accrue(Verb[Activity]):
    """Book what the rules give for an Activity."""

    Item = Activity
    kind = Journal.Kind.ACCRUAL
    is_resumed = True

    def check(self, item: Activity) -> Iterator[Refusal]:
        if not item.kind:
            yield Refusal("activity_missing", "Say what the member did, for example purchase.", field="activity")
        yield from limits.numbers(item)
        yield from common.lines(item)
        for position, line in enumerate(item.lines):
            yield from common.line(line, position)
            if line.discount > line.amount:
                detail = "The discount is part of the line's amount."
                yield Refusal("invalid_amount", detail, field=f"lines[{position}].discount")
            elif line.tax > line.price:
                detail = "The tax is part of the line's amount, less its discount."
                yield Refusal("invalid_amount", detail, field=f"lines[{position}].tax")
        yield from parts_of_amounts.problems(item)
        yield from paying.problems(item)

    def needs(self, item: Activity) -> Needs:
        named = Named(order=item.replaces or item.order)
        return Needs(
            external_id=item.external_id,
            member=item.member,
            second=(item.redeem.group or None) if item.redeem else None,
            second_field="redeem.group",
            named=named,
            payers=named.is_any,
            lots=named.is_any or item.redeem is not None,
            past=bool(item.replaces),
            writes_too=(Journal.Kind.REDEMPTION,) if item.redeem else (),
            returns=bool(item.replaces),
            money=item.money,
            store=item.store,
            skus=tuple(line.sku for line in item.lines),
            code=item.code,
            order=item.external_id,
        )

    def post(self, posting: Posting[Activity]) -> Result:
        item = posting.item
        posting.check_member()
        occasions.check(posting)
        if not item.occasion:
            # The night catches up, however long it was stopped; and it asked who was a member on that day.
            posting.check_date()
        posting.check_partner(item.partner)
        columns = _columns(posting)
        columns["answer"] = doubts.settled(posting, doubts.of_activity(posting))
        if item.replaces:
            _check_revision(posting)
        if item.hold and not posting.resumed:
            return posting.hold_for_staff(item.hold, **columns)
        shares = groups.percents(posting.books, posting.account)
        if sum(shares.values()) > 100:
            why = "The member gives more than 100 % to groups: correct the shares, then retry."
            return posting.keep(Journal.Status.FAILED, why, **columns)
        rate, why = _rate(posting)
        if why:
            return posting.keep(Journal.Status.FAILED, why, **columns)
        award = _award(posting, rate.rate, shares)
        caps.check(posting, award.earned)
        columns["rate"], columns["rate_on"] = rate
        columns["base_amount"] = base_amount(item, posting.configuration, rate.rate)
        return _book(posting, award, columns)


def _rate(posting: Posting[Activity]) -> tuple[Rate, str]:
    """The Rate of the item's money, or why it is not known; a rate is never guessed. Raises UnknownCurrency."""
    item, configuration = posting.item, posting.configuration
    if item.money in ("", configuration.money):
        return Rate(), ""
    day = periods.local_date(posting.activity_at, configuration.zone)
    found = posting.context.rates.get((item.money, day))
    if found:
        return Rate(*found), ""
    if not ISO.fullmatch(item.money) or not money.is_iso(item.money):
        raise UnknownCurrency("Use the three capital letters of ISO 4217, for example EUR.", field="currency")
    return Rate(), f"There is no rate of {item.money} for {day}: enter it, then retry."


def _columns(posting: Posting[Activity]) -> JournalColumns:
    """What the journal says of the activity, whatever becomes of it. Raises UnknownStore."""
    item, original = posting.item, posting.original
    paid = item.paid
    return {
        "kind": _ACCRUAL,
        "external_id": item.external_id,
        "activity": item.kind,
        "amount": paid,
        "money": (item.money or posting.configuration.money) if paid else "",
        "order_ref": item.order or (original.first_order if item.replaces and original else ""),
        "channel": item.channel,
        "store_id": posting.context.catalogue.store_id(item.partner, item.store),
        "code": item.code,
        "attributes": item.attributes,
    }


def _check_revision(posting: Posting[Activity]) -> None:
    """The order that is replaced is there, is the member's own, and is not taken back yet. Raises UnknownOrder."""
    original = posting.original
    if original is None or original.member_id != posting.account.id:
        raise UnknownOrder("The member has no such order to replace.", field="replaces")
    if original.is_open or original.is_reversed:
        raise UnknownOrder("That revision does not count any more; replace the latest one.", field="replaces")


def _award(posting: Posting[Activity], rate: Decimal | None, shares: dict[int, int]) -> _Award:
    """What is to be booked of an activity, nothing of which has moved yet. Raises Refused."""
    payment, categories = paying.plan(posting, rate), categories_of(posting.item, posting.context.catalogue)
    paid = payment.trace if payment else paying.carried_over(posting)
    return _Award(_evaluate(posting, rate, categories, paid), categories, shares, payment, paid)


def _evaluate(
    posting: Posting[Activity], rate: Decimal | None, categories: dict[str, str], paid: PaidTrace | None
) -> Earned:
    """What it earns by the rules in force, and the tier held, when it happened (C16-R2). Raises TooManyPoints."""
    configuration = versions.in_force(posting.configuration, posting.activity_at)
    item = as_paid(posting.item, paid, posting.item.money or configuration.money)
    basket = basket_of(
        item,
        configuration,
        at=posting.activity_at,
        partner=posting.context.catalogue.partner,
        rate=rate,
        category_of=categories,
        lists_of=posting.context.lists_of,
    )
    earned = earning.evaluate(configuration, basket, facts.before(posting, configuration, basket))
    if max(earned.points.values(), default=0) > LARGEST:
        raise TooManyPoints("The rules give more points for it than a ledger can hold.", field="amount")
    return earned


def _book(posting: Posting[Activity], award: _Award, columns: JournalColumns) -> Result:
    """Write down what was spent on it, and what was earned, cut to what the caps allow."""
    item, configuration, books, shares = posting.item, posting.configuration, posting.books, award.shares
    beside: JsonObject = {"redeemed": paying.book(award.payment)} if award.payment else {}
    beside |= _take_back_revision(posting, posting.about) if item.replaces else {}
    earned = caps.book(posting, booked(posting.account, award.earned) if award.earned.progress else award.earned)
    cause = posting.cause()
    if item.order:
        crediting.release_order(posting, cause)
    earned = promotions.book(posting, earned, cause) if earned.parts else earned
    given = crediting.give(posting, earned.points, shares, cause)
    crediting.keep_alive(posting, shares, earned.alive)
    posting.upgrade()
    for position, line in enumerate(item.lines):
        known = posting.context.catalogue.product(item.partner, line.sku)
        books.line(cause.journal_id, position, line, product_id=known.id, category=known.category)
    answer: JsonObject = columns["answer"] | beside | {"points": earned.points}
    answer |= given.answer() | caps.desired(earned)
    if "promotions" in earned.trace:
        answer["promotions"] = cast(JsonObject, earned.trace["promotions"])
    if shares:
        answer["shared"] = groups.shared(books, earned.points, shares)
    columns["trace"] = trace = _trace(posting, award, earned)
    if "discounts" in trace or configuration.gives_discounts:
        answer |= discounts.told(posting, trace, columns.get("rate"))
    columns["answer"] = answer | posting.state(configuration.currencies.values())
    return posting.write(cause.journal_id, **columns)


def _trace(posting: Posting[Activity], award: _Award, earned: Earned) -> StoredTrace:
    """What a refund years later has to know: the rules' own trace, and what they could not see."""
    trace = cast(StoredTrace, earned.trace.copy())
    if award.categories and any(award.categories.values()):
        trace["categories"] = award.categories
    lists_of = posting.context.lists_of
    if lists_of and (lists := {one.sku: lists_of[one.sku] for one in posting.item.lines if one.sku in lists_of}):
        trace["sku_lists"] = lists
    sender = posting.context.catalogue.partner
    if not posting.item.partner and sender != posting.configuration.owner:
        trace["partner"] = sender
    if award.shares:
        trace["shares"] = {str(group): percent for group, percent in award.shares.items()}
    if award.paid:
        trace["paid_with"] = award.paid
    if counted_on := posting.counted_on():
        trace["counted_on"] = counted_on
    if posting.item.replaces:
        trace["first_order"] = posting.about.first_order
    return trace


def _take_back_revision(posting: Posting[Activity], revision: Original) -> JsonObject:
    """Take back the revision that this order replaces, in the same transaction (C14-R7); returns what is answered."""
    books, item = posting.books, posting.item
    name = f"{item.replaces} replaced by {item.external_id}"[:128]
    # What was paid with points stays paid: the order goes on.
    undo = Reversal(external_id=name, journal_id=revision.id, keeps_redemption=True, activity_at=item.activity_at)
    cause = Cause(books.next_journal(), posting.activity_at)
    back = refunds.refund(books, posting.account, revision, undo, revision.wanted(undo), cause)
    # Before the points of the new one: if these reach the tier as well, it is the new one that has.
    posting.upgrade()
    posting.revert(revision.id)
    books.journal(
        cause.journal_id,
        connection_id=posting.context.via.pk,
        kind=Journal.Kind.REVERSAL.value,
        activity="replaced",
        external_id=name,
        member_id=posting.account.id,
        activity_at=cause.at,
        user_id=posting.context.user_id,
        fingerprint=posting.fingerprint,
        reverses_id=revision.id,
        trace=back.trace,
        answer=back.answer,
    )
    return {"replaced": back.answer}
