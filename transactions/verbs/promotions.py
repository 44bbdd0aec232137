"""What do promotions give by a posting, and what comes back by a refund? Source of the rules: semantics C7 and C8-R5.

It is written down for each of them, so that their cost is a sum of rows, and a code of their own list is used up only
where the promotion gave something.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from members import promotions as enrolments
from partners.activity import Activity
from programs import capping, promotions
from programs.capping import Part
from programs.configuration import STOPPED, Configuration
from programs.earning import Earned
from transactions.books.balances import Cause
from transactions.books.originals import Original
from transactions.books.posting import Posting
from transactions.books.promoted import Promoted, Typed
from transactions.books.refunded import Refund
from transactions.books.unit_of_work import Books
from transactions.verbs import caps_of_refunds
from transactions.verbs.caps_of_refunds import Rest

#: {promotion: {currency code: points}}.
Given: TypeAlias = dict[str, dict[str, int]]


def lock(books: Books, typed: Mapping[str, Collection[Typed]], originals: Iterable[Original]) -> Promoted:
    """The locked codes that may be used, and those of which the `originals` that are taken back give a use back."""
    used = {key for original in originals for key in original.trace.get("codes", {}).values()}
    return Promoted(books.session, books.configuration, typed, used)


def seen(posting: Posting[Activity], configuration: Configuration) -> dict[str, Sequence[str]]:
    """What the rules of `configuration`, which were in force then, see of promotions, by the names under which they
    ask; and which of them were stopped, whatever was in force then."""
    asked, account = configuration.asks, posting.account
    found: dict[str, Sequence[str]] = {}
    if wanted := asked.get(promotions.ENROLLED):
        found[promotions.ENROLLED] = enrolments.enrolled(account, wanted, posting.activity_at)
    if wanted := asked.get(promotions.LEFT_OUT):
        found[promotions.LEFT_OUT] = promotions.left_out(configuration, account.id, wanted)
    if wanted := asked.get(promotions.OWN_CODES):
        found[promotions.OWN_CODES] = sorted(wanted & usable(posting).keys())
    if posting.configuration.stopped:
        late = promotions.stopped(posting.configuration, posting.activity_at)
        found[STOPPED] = [code for code in late if code in configuration.offered]
    return {name: values for name, values in found.items() if values}


def usable(posting: Posting[Activity]) -> dict[str, int]:
    """{promotion: key of its own code that was typed}, of those that can be used once more."""
    item = posting.item
    freed = held(posting.about).values() if item.replaces else ()
    return posting.books.promoted.usable(item.code, freed) if item.code else {}


def held(original: Original) -> dict[str, int]:
    """{promotion: key of its own code} that an order has used and not given back."""
    done = {code for one in original.refunds for code in one.codes}
    return {code: key for code, key in original.trace.get("codes", {}).items() if code not in done}


def given(parts: Iterable[Part]) -> Given:
    """What of these parts promotions gave."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        if part.promotion:
            found.setdefault(part.promotion, []).append(part)
    totals = {code: capping.totals(own) for code, own in found.items()}
    return {code: own for code, own in totals.items() if own}


def off(parts: Iterable[Part]) -> dict[str, int]:
    """{promotion: minor units of money} that promotions took off by these parts."""
    found: dict[str, int] = {}
    for part in parts:
        if part.promotion and part.points and not part.currency:
            found[part.promotion] = found.get(part.promotion, 0) + part.points
    return found


def book(posting: Posting[Activity], earned: Earned, cause: Cause) -> Earned:
    """Write down what each promotion gave; the trace says it, and which codes were used for it."""
    by_promotion, taken_off = given(earned.parts), off(earned.parts)
    if not by_promotion and not taken_off:
        return earned
    books, account = posting.books, posting.account
    codes, giving = usable(posting), {**by_promotion, **taken_off}
    used = {code: codes[code] for code in giving if code in codes and _needs_code(posting, code)}
    for key in used.values():
        books.promoted.use(key)
    for code, points in by_promotion.items():
        _write(books, code, account.id, points, cause)
    for code, amount in taken_off.items():
        _write_off(books, code, account.id, amount, cause)
    trace = earned.trace.copy()
    if by_promotion:
        trace["promotions"] = by_promotion
    if used:
        trace["codes"] = used
    return earned._replace(trace=trace)


def _needs_code(posting: Posting[Activity], code: str) -> bool:
    return posting.configuration.promotions[code].uses_per_code > 0


def take_back(books: Books, original: Original, refund: Refund, rest: Rest, cause: Cause) -> None:
    """Write down what `refund` takes back of what promotions gave by an order, and note it in the refund.

    Of points that are not recovered the promotion keeps its part.
    """
    given_then = original.trace.get("promotions", {})
    left = given(rest.parts) if rest.parts is not None else {}
    for code, points in given_then.items():
        back: dict[str, int] = {}
        for currency, number in points.items():
            kept = left.get(code, {}).get(currency, 0)
            if rest.parts is None:
                kept = caps_of_refunds.in_proportion(original, currency, rest, number)
            before = sum(one.promotions.get(code, {}).get(currency, 0) for one in original.refunds)
            # An earlier refund that could not recover all leaves nothing to give back twice.
            whole = caps_of_refunds.recovered(original, currency, refund, rest, max(0, number - kept))
            if whole > before:
                back[currency] = whole - before
        if back:
            refund.promotions[code] = back
            _write(books, code, original.member_id or 0, {name: -number for name, number in back.items()}, cause)
    left_off = off(rest.off)
    _take_back_off(books, original, refund, left_off, cause)
    if rest.parts is not None:
        _give_codes_back(books, original, refund, {*left, *left_off})


def _take_back_off(books: Books, original: Original, refund: Refund, left: Mapping[str, int], cause: Cause) -> None:
    """Write down the money off that is none any more, because its goods came back."""
    then: dict[str, int] = {}
    for row in original.trace.get("discounts", ()):
        if "promotion" in row:
            then[row["promotion"]] = then.get(row["promotion"], 0) + row["amount"]
    for code, amount in then.items():
        before = sum(one.discounts.get(code, 0) for one in original.refunds)
        back = amount - left.get(code, 0) - before
        if back > 0:
            refund.discounts[code] = back
            _write_off(books, code, original.member_id or 0, -back, cause)


def _give_codes_back(books: Books, original: Original, refund: Refund, left: Collection[str]) -> None:
    """A code can be used again where its promotion is none of those that still give something by this order."""
    for code, key in held(original).items():
        if code not in left:
            books.promoted.give_back(key)
            refund.codes.append(code)


def _write(books: Books, code: str, member_id: int, points: Mapping[str, int], cause: Cause) -> None:
    # One that is in old versions only has no row any more.
    if offer := books.configuration.promotions.get(code):
        for name, number in points.items():
            books.promoted.note(offer.id, cause, member_id, books.configuration.currencies[name].id, number)


def _write_off(books: Books, code: str, member_id: int, amount: int, cause: Cause) -> None:
    if offer := books.configuration.promotions.get(code):
        books.promoted.note_off(offer.id, cause, member_id, amount)
