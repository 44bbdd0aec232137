"""What does an activity earn, and how is it booked?"""

import re
from dataclasses import replace

from loyalty_site.lib import money
from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refused
from members import tiers
from programs import earning, periods, versions
from programs.rules.base import Facts
from transactions.books import moves, settlement
from transactions.books.posting import UnknownCurrency
from transactions.models import Journal, JournalLine
from transactions.verbs import caps, groups, refunds
from transactions.verbs.baskets import base_amount, basket_of

ISO = re.compile("[A-Z]{3}")
ACCRUAL = Journal.Kind.ACCRUAL


class TooManyPoints(Refused):
    code = "points_too_many"


class UnknownOrder(Refused):
    code = "order_unknown"


def accrue(posting):
    """Book what the rules give for the Activity of `posting`. Raises Refused before anything moves."""
    item, configuration = posting.item, posting.configuration
    posting.check_member()
    posting.check_date()
    posting.check_partner()
    columns = _columns(posting)
    if item.replaces:
        _check_revision(posting)
    if item.hold and not posting.resumed:
        return posting.keep(ACCRUAL, Journal.Status.HELD, item.hold, **columns)
    if sum(groups.percents(posting).values()) > 100:
        why = "The member gives more than 100 % to groups: correct the shares, then retry."
        return posting.keep(ACCRUAL, Journal.Status.FAILED, why, **columns)
    rate, rate_on, why = _rate(posting)
    if why:
        return posting.keep(ACCRUAL, Journal.Status.FAILED, why, **columns)
    earned, categories = _evaluate(posting, rate)
    caps.check(posting, earned)
    columns |= {"rate": rate, "rate_on": rate_on, "base_amount": base_amount(item, configuration, rate)}
    return _book(posting, earned, categories, columns)


def _rate(posting):
    """(rate, its day, "") of foreign money, or (None, None, why it is not known); a rate is never guessed."""
    item, configuration = posting.item, posting.configuration
    if item.money in ("", configuration.money):
        return None, None, ""
    day = periods.local_date(posting.activity_at, configuration.zone)
    rate, rate_on = posting.rates.get((item.money, day), (None, None))
    if rate is not None:
        return rate, rate_on, ""
    if not ISO.fullmatch(item.money) or not money.is_iso(item.money):
        raise UnknownCurrency("Use the three capital letters of ISO 4217, for example EUR.", field="currency")
    return None, None, f"There is no rate of {item.money} for {day}: enter it, then retry."


def _columns(posting):
    """What the journal says of the activity, whatever becomes of it."""
    item = posting.item
    return {
        "activity": item.kind,
        "amount": item.amount,
        "money": (item.money or posting.configuration.money) if item.amount else "",
        "order_ref": item.order or (posting.original.first_order if item.replaces and posting.original else ""),
        "channel": item.channel,
        "store_id": posting.catalogue.store_id(item),
        "code": item.code,
        "attributes": item.attributes,
    }


def _check_revision(posting):
    """The order that is replaced is there, is the member's own, and is not taken back yet."""
    original = posting.original
    if original is None or original.member_id != posting.account.id:
        raise UnknownOrder("The member has no such order to replace.", field="replaces")
    if original.is_open or original.is_reversed:
        raise UnknownOrder("That revision does not count any more; replace the latest one.", field="replaces")


def _evaluate(posting, rate):
    """(Earned, {SKU: category}) by the rules in force, and the tier held, when it happened (C16-R2)."""
    item, configuration = posting.item, versions.in_force(posting.configuration, posting.activity_at)
    categories = {line.sku: posting.catalogue.product(item, line.sku)[1] for line in item.lines if line.sku}
    partner = item.partner or posting.via.partner.code
    dated = replace(item, activity_at=posting.activity_at, partner=partner)
    basket = basket_of(dated, configuration, rate=rate, category_of=categories)
    # The tier before this order, and so before the revision of it that this one replaces.
    held = tiers.codes(configuration, posting.account, at=posting.activity_at)
    held = posting.original.trace.get("tiers", {}) if item.replaces else held
    facts = Facts(tiers=held, enrolled_at=posting.account.enrolled_at)
    earned = earning.evaluate(configuration, basket, facts)
    if max(earned.points.values(), default=0) > LARGEST:
        raise TooManyPoints("The rules give more points for it than a ledger can hold.", field="amount")
    return earned, categories


def _book(posting, earned, categories, columns):
    item, configuration, account = posting.item, posting.configuration, posting.account
    answer = _take_back_revision(posting) if item.replaces else {}
    earned = caps.book(posting, earned)
    key = posting.key()
    if item.order:
        _set_free(posting, key)
    ends, waits, shares = {}, {}, groups.percents(posting)
    for code, points in earned.points.items():
        ends[code], waits[code] = _credit(posting, configuration.currencies[code], points, key)
    for currency in configuration.currencies.values():
        for owner in (account, *(posting.books.accounts[group] for group in shares)):
            if currency.id in owner.holdings:
                moves.keep_alive(posting.books, owner, currency, item.kind, posting.activity_at)
    posting.upgrade()
    for position, line in enumerate(item.lines):
        product_id, category = posting.catalogue.product(item, line.sku)
        row = (key, position, product_id, line.sku, line.category or category, line.quantity, line.amount, line.tax)
        posting.books.rows[JournalLine].append(row)
    answer |= {"points": earned.points, "expires": ends} | _pending(waits) | caps.desired(earned)
    trace = earned.trace | ({"categories": categories} if any(categories.values()) else {})
    if not item.partner and posting.via.partner.code != configuration.owner:
        trace["partner"] = posting.via.partner.code
    if shares:
        trace["shares"] = shares
        answer["shared"] = groups.told(posting, earned.points, shares)
    if item.replaces:
        trace["first_order"] = posting.original.first_order
    state = posting.state(configuration.currencies.values())
    return posting.write(key, ACCRUAL, answer=answer | state, trace=trace, **columns)


def _credit(posting, currency, points, journal_id):
    """Credit one currency; returns when it ends, as text for the answer, and the Escrow or None."""
    books, account, at = posting.books, posting.account, posting.activity_at
    escrow = moves.escrow_of(currency, activity_at=at, now=books.now, zone=posting.configuration.zone)
    if escrow and (posting.item.external_id, account.id, escrow.waits_for) in posting.events:
        escrow = None
    end = moves.end_of(books, account, currency, earned_at=at, released_at=escrow.available_at if escrow else None)
    shared = groups.parts(posting, currency, points, groups.percents(posting))
    own = points - sum(part for _, part in shared)
    for owner, part in [(account, own), *shared]:
        if not part:
            continue
        common = {"journal_id": journal_id, "activity_at": at, "end": end, "escrow": escrow}
        # Before it would get the clock of points that no activity keeps alive.
        moves.keep_alive(books, owner, currency, posting.item.kind, at)
        key = moves.credit(books, owner, currency, part, lifetime_earned=part, **common)
        if escrow and escrow.waits_for:
            posting.fresh.append((posting.item.external_id, account.id, books.lots[owner.id, currency.id][key]))
    if not escrow:
        moves.count(books, account, currency, points, at)
    return end.at.isoformat() if end.at else None, escrow if points else None


def _pending(waits):
    """What the answer says of points that cannot be spent yet; `waits` maps codes to their Escrow or None."""
    pending = {
        code: {
            "available_at": escrow.available_at.isoformat() if escrow.available_at else None,
            "waits_for": escrow.waits_for,
            "deadline_at": escrow.deadline_at.isoformat() if escrow.deadline_at else None,
        }
        for code, escrow in waits.items()
        if escrow
    }
    return {"pending": pending} if pending else {}


def _take_back_revision(posting):
    """Take back the revision that this order replaces, in the same transaction (C14-R7)."""
    undo = posting.of_revision()
    key, told, trace = refunds.refund(undo)
    undo.books.journal(
        key,
        connection_id=posting.via.pk,
        kind=Journal.Kind.REVERSAL.value,
        activity="replaced",
        external_id=undo.item.external_id,
        member_id=posting.account.id,
        activity_at=posting.activity_at,
        user_id=posting.user_id,
        fingerprint=posting.fingerprint,
        reverses_id=posting.original.id,
        trace=trace,
        answer=told,
    )
    return {"replaced": told}


def _set_free(posting, journal_id):
    """Release the points of the order that waited for this very event, whichever of the two came first."""
    item, books, account, original = posting.item, posting.books, posting.account, posting.original
    posting.events.add((item.order, account.id, item.kind))
    lots = [lot for order, earner, lot in posting.fresh if (order, earner) == (item.order, account.id)]
    if original and original.member_id == account.id:
        lots += [lot for _, _, lot in groups.pending_lots(posting)]
    for lot in lots:
        if lot.is_pending and lot.remaining and lot.waits_for == item.kind:
            currency = books.currencies[lot.currency_id]
            common = {"journal_id": journal_id, "at": posting.activity_at}
            settlement.release_now(books, books.accounts[lot.member_id], currency, lot, **common)
