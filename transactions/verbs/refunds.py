"""How are the points of a refunded purchase taken back? Source of the rules: semantics C14."""

from dataclasses import dataclass, replace
from fractions import Fraction

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from partners.activity import Refunded
from programs import earning, versions, worth
from programs.rules.base import Facts
from transactions.books import moves
from transactions.models import Entry
from transactions.verbs import caps, groups, restoring
from transactions.verbs.baskets import basket_of


class RefundTooLarge(Refused):
    code = "refund_too_large"


class RefundEmpty(Refused):
    code = "refund_empty"


@dataclass(frozen=True, slots=True)
class Share:
    """What came back of an order: `lines` (Refunded) and `amount` of money beside them, in minor units."""

    lines: tuple
    amount: int

    @property
    def money(self):
        return self.amount + sum(line.amount for line in self.lines)

    @property
    def is_empty(self):
        """Neither money nor pieces."""
        return not self.money and not any(line.quantity for line in self.lines)


def share_of(values):
    """The Share that the trace of a stored refund speaks of."""
    return Share(tuple(Refunded(**line) for line in values["lines"]), values["amount"])


def wanted(posting):
    """The Share that the Reversal of `posting` asks for. Raises RefundTooLarge, RefundEmpty."""
    item, original = posting.item, posting.original
    left = original.amount - original.reversed_amount
    if item.amount is None and not item.lines:
        return Share((), left)
    share = Share(item.lines, item.amount or 0)
    if original.amount and share.is_empty:
        detail = "Nothing comes back: say how much does, or nothing at all for all that is left."
        raise RefundEmpty(detail, field="lines" if item.lines else "amount")
    if share.money > left:
        most = f"{money.render(left, money.exponent(original.money))} {original.money}"
        raise RefundTooLarge(f"Less than that is left of the order; refund at most {most}.", field="amount")
    earlier = [line for refund, _ in original.refunds for line in share_of(refund["share"]).lines]
    lines = original.item.lines
    for number, line in enumerate(item.lines):
        if line.position >= len(lines):
            raise RefundTooLarge("The order has no such line.", field=f"lines[{number}].position")
        same = [other for other in (*earlier, *item.lines) if other.position == line.position]
        bought = lines[line.position]
        if sum(o.amount for o in same) > bought.amount or sum(o.quantity for o in same) > bought.quantity:
            raise RefundTooLarge("More than the line cannot come back.", field=f"lines[{number}]")
    return share


def kept(basket, item, shares):
    """The Basket that is left of an order after `shares` came back: exact, nothing rounded."""
    lines = list(basket.lines)
    for share in shares:
        for back in share.lines:
            bought, line = item.lines[back.position], lines[back.position]
            part = Fraction(back.amount, bought.amount) if bought.amount else Fraction(0)
            full = basket.lines[back.position].eligible
            # Who tells only the money of a line means all of its pieces when it is all of the money.
            quantity = bought.quantity if part == 1 and not back.quantity else back.quantity
            lines[back.position] = replace(
                line, eligible=line.eligible - full * part, quantity=line.quantity - quantity
            )
    by_lines = sum(line.amount for share in shares for line in share.lines)
    by_amount = sum(share.amount for share in shares)
    rest = item.amount - by_lines
    scale = Fraction(rest - by_amount, rest) if rest else Fraction(0)
    lines = tuple(replace(line, eligible=line.eligible * scale) for line in lines)
    return replace(basket, lines=lines, eligible=sum(line.eligible for line in lines), amount=rest - by_amount)


def refund(posting):
    """Take back the points of a Share of an order, after giving back what was redeemed on it.

    Returns (key of the journal, its answer, its trace). Points that are spent by now are told as
    `unrecovered`, with their money value.
    """
    original, books, item = posting.original, posting.books, posting.item
    share = wanted(posting)
    key = posting.key()
    total = original.reversed_amount + share.money
    is_all = total >= original.amount
    restored = 0 if item.keeps_redemption else _restore(posting, Fraction(total, original.amount or 1), is_all, key)
    targets, parts = _targets(posting, [*(share_of(r["share"]) for r, _ in original.refunds), share], is_all)
    moved, clawback, unrecovered = {}, {}, {}
    for entry, currency_id, points in original.credits:
        currency = books.currencies[currency_id]
        taken_before = sum(answer["clawback"].get(currency.code, 0) for _, answer in original.refunds)
        still = points - taken_before - books.lost_of(original, entry, posting.account)
        target = targets.get(currency.code, 0)
        claw = max(0, still - target + sum(groups.kept(original, currency, target).values()))
        taken = claw_back(posting, currency, entry, claw, key) if claw else 0
        moved[currency.code], clawback[currency.code] = -taken, claw
        if taken < claw:
            unrecovered[currency.code] = claw - taken
    shared = _claw_shares(posting, targets, clawback, key, moved, unrecovered)
    if is_all or total:
        books.take_back(original, share.money, is_all=is_all)
    answer = {"points": moved, "clawback": clawback, "restored": restored, "unrecovered": unrecovered}
    answer |= {"clawback_of_groups": _by_group(posting, shared)} if shared else {}
    answer |= {"unrecovered_value": _values(posting, unrecovered), "reverses": original.id}
    trace = {"share": _plain(share)} | ({"shared": shared} if shared else {})
    trace |= caps.reopen(posting, targets=targets, parts=parts, moved=moved)
    original.refunds.append((trace, answer))
    return key, answer, trace


def _claw_shares(posting, targets, clawback, journal_id, moved, unrecovered):
    """Take back what groups got of the order, in the same proportion (C19-R4); {entry that gave it: points}.

    What a group has spent is treated by the policy of the currency, or is owed by the member.
    """
    original, books, shared = posting.original, posting.books, {}
    spare = {currency.code: _spare(original, currency, targets, clawback) for currency in books.currencies.values()}
    for entry, currency_id, points, group, then in original.shares:
        currency = books.currencies[currency_id]
        code, name = currency.code, str(entry)
        before = sum(trace.get("shared", {}).get(name, 0) for trace, _ in original.refunds)
        still = points - before - books.lost_of(original, entry, posting.account, books.accounts[group])
        claw = max(0, still - groups.kept(original, currency, targets.get(code, 0)).get(then, 0))
        left = min(claw, spare[code])
        claw, spare[code] = claw - left, spare[code] - left
        if not claw:
            continue
        shared[name] = claw
        taken = _claw_share(posting, currency, entry, claw, group, journal_id)
        moved[code] = moved.get(code, 0) - taken
        if taken < claw:
            unrecovered[code] = unrecovered.get(code, 0) + claw - taken
    return shared


def _by_group(posting, shared):
    """{number of a group: {currency code: points}} of what is taken back of these entries, for the answer."""
    books, found = posting.books, {}
    for entry, currency_id, _, group, _ in posting.original.shares:
        if points := shared.get(str(entry)):
            told, code = found.setdefault(books.accounts[group].number, {}), books.currencies[currency_id].code
            told[code] = told.get(code, 0) + points
    return found


def _spare(original, currency, targets, clawback):
    """How many points the groups keep for now, because rounding gives the member more of less than of all."""
    target, code = targets.get(currency.code, 0), currency.code
    earned = sum(points for _, c, points in original.credits if c == currency.id)
    before = sum(answer["clawback"].get(code, 0) for _, answer in original.refunds) + clawback.get(code, 0)
    return max(0, target - sum(groups.kept(original, currency, target).values()) - (earned - before))


def _claw_share(posting, currency, entry, claw, group, journal_id):
    """Take back one group's part: what was given back to the member when leaving, the group's, the member's."""
    books, taken = posting.books, 0
    returned = sum(lot.remaining for lot in books.heirs(posting.account, currency.id, entry))
    if returned:
        taken += claw_back(posting, currency, entry, min(claw, returned), journal_id)
    tie = books.ties.find(posting.account.id, group)
    owes = tie is None or tie.liability == "pool"
    if taken < claw:
        there = replace(posting, account=books.accounts[group])
        taken += claw_back(there, currency, entry, claw - taken, journal_id, owes=owes)
    if taken < claw and not owes:
        taken += claw_back(posting, currency, entry, claw - taken, journal_id)
    return taken


def _plain(share):
    lines = [{"position": x.position, "amount": x.amount, "quantity": x.quantity} for x in share.lines]
    return {"lines": lines, "amount": share.amount}


def _targets(posting, shares, is_all):
    """({currency code: points that what is left of the order deserves}, the same as parts), by the rules and
    the caps of then (C14-R1). The parts are None where only proportions are known."""
    original = posting.original
    if is_all:
        return {}, ()
    if posting.item.mode == "proportional":
        left = Fraction(original.amount - sum(share.money for share in shares), original.amount)
        codes = posting.books.currencies
        return {codes[c].code: earning.round_to(points * left, "half_up") for _, c, points in original.credits}, None
    program, counted_under = posting.configuration.id, original.program_version
    then = versions.at(program, original.trace.get("version", counted_under))
    partner = original.item.partner or original.trace.get("partner", "")
    item = replace(original.item, activity_at=original.activity_at, partner=partner)
    basket = basket_of(item, then, rate=original.rate, category_of=original.trace.get("categories", {}))
    facts = Facts(tiers=original.trace.get("tiers", {}), enrolled_at=posting.account.enrolled_at)
    earned = earning.evaluate(then, kept(basket, item, shares), facts)
    earned = caps.again(original, versions.at(program, counted_under), earned)
    return earned.points, earned.parts


def _restore(posting, part, is_all, journal_id):
    """Give back what was redeemed on the order, as much as its refunded part; returns the points (C14-R6)."""
    restored, books = 0, posting.books
    for redemption in posting.original.paid_with(books.ties):
        if redemption.is_open or redemption.is_reversed:
            continue
        spent = sum(points for _, points in redemption.uses)
        back = restoring.left(redemption) if is_all else int(spent * part) - redemption.reversed_amount
        if back > 0:
            there = replace(posting, account=books.accounts[redemption.member_id])
            restored += restoring.give_back(there, redemption, back, journal_id=journal_id)
    return restored


def claw_back(posting, currency, entry_id, points, journal_id, *, owes=True, policy=None):
    """Take `points` from the credit's own lot, then from others, then as the policy says (C14-R3).

    `owes`: whether the account may fall into arrears for it; `policy`: another than the currency's.
    """
    policy = policy or currency.refund_policy
    books, account = posting.books, posting.account
    holding = account.holding(currency.id)
    own = books.heirs(account, currency.id, entry_id)
    was_pending = any(lot.is_pending for lot in own)
    lots = [lot for lot in own if lot.is_pending or lot.is_usable(books.now)]
    if policy != "pending_only" and currency.is_spendable:
        lots += [lot for lot in books.usable_lots(account, currency, at=books.now) if lot not in own]
    elif not was_pending and currency.is_spendable:
        lots = []
    reachable = sum(lot.remaining for lot in lots)
    if not currency.is_spendable:
        reachable += holding.available
    taken = min(points, reachable)
    if owes and policy == "arrears" and currency.is_spendable:
        taken = points
    if not taken:
        return 0
    common = {"journal_id": journal_id, "activity_at": posting.activity_at, "kind": Entry.Kind.REVERSAL_DEBIT}
    moves.debit(books, account, currency, taken, lots=lots, lifetime_reversed=taken, **common)
    if not was_pending:
        moves.count(books, account, currency, -taken, posting.original.activity_at)
    return taken


def _values(posting, unrecovered):
    """{currency code: minor units of money that the unrecovered points are worth}."""
    values = {}
    for code, points in unrecovered.items():
        currency = posting.configuration.currencies[code]
        if currency.point_value:
            price = worth.price(currency.point_value, major=posting.configuration.major, unit=currency.unit)
            values[code] = worth.of_points(points, price).money_value
    return values
