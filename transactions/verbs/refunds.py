"""How are the points of a refunded purchase taken back? Source of the rules: semantics C14."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from loyalty_site.lib.json_types import JsonObject
from members.holdings import Account
from partners.activity import Reversal
from programs import earning, rounding, versions, worth
from programs.configuration import Configuration, Currency
from programs.earning import Earned
from programs.progress import Advance
from programs.rules.base import Facts
from transactions.books.balances import BalanceInHand, Cause
from transactions.books.lots import LotState, remaining
from transactions.books.originals import Original, Shared
from transactions.books.refunded import Refund, Share, is_all
from transactions.books.unit_of_work import Books
from transactions.models import Entry
from transactions.models.journal_traces import MovedTrace
from transactions.verbs import caps_of_refunds, progress, promotions, restoring
from transactions.verbs.baskets import basket_of, left_of, money_left_of
from transactions.verbs.caps_of_refunds import Rest


class TakenBack(NamedTuple):
    """What is answered to a reversal, and what its journal remembers of it."""

    answer: JsonObject
    trace: MovedTrace


def refund(
    books: Books, account: Account, original: Original, item: Reversal, share: Share, cause: Cause
) -> TakenBack:
    """Take back the points of a Share of an order, after giving back what was redeemed on it.

    Points that are spent by now are answered as `unrecovered`, with their money value.
    """
    return _Refunding(books, account, original, item, share, cause).run()


class _Refunding:
    """One refund on its way: what it took so far, by currency code, in smallest units of points."""

    def __init__(
        self, books: Books, account: Account, original: Original, item: Reversal, share: Share, cause: Cause
    ) -> None:
        self.books, self.account, self.original, self.item = books, account, original, item
        self.cause, self.refund = cause, Refund(share)
        self.shares = [*(one.share for one in original.refunds), share]
        self.total = original.reversed_amount + share.money
        self.is_all = is_all(item, original.item, self.shares)
        self.unrecovered: dict[str, int] = {}

    def run(self) -> TakenBack:
        original, refund = self.original, self.refund
        restored, value = (0, 0) if self.item.keeps_redemption else self._restore()
        rest = self._rest()
        self._claw_own(rest.points)
        self._claw_shares(rest.points)
        self.books.reverse(original, refund.share.money, is_all=self.is_all)
        if self.is_all and self.books.earlier:
            self.books.earlier.drop(original.id)
        caps_of_refunds.reopen(self.books, original, refund, rest)
        if original.trace.get("promotions") or original.trace.get("discounts"):
            promotions.take_back(self.books, original, refund, rest, self.cause)
        original.refunds.append(refund)
        answer: JsonObject = {"points": refund.points, "clawback": refund.clawback, "restored": restored}
        answer |= {"restored_value": worth.text(value, self.books.configuration), "unrecovered": self.unrecovered}
        answer |= {"clawback_of_groups": self._by_group()} if refund.shared else {}
        answer |= {
            "unrecovered_value": worth.texts(self.unrecovered, self.books.configuration),
            "reverses": original.id,
        }
        return TakenBack(answer, refund.trace())

    def _restore(self) -> tuple[int, int | None]:
        """Give back what was redeemed on the order, as much as its refunded part (C14-R6).

        Returns the points and what they had paid of it in minor units, None where that is not known.
        """
        restored, books = 0, self.books
        paid: int | None = 0
        part = Fraction(self.total, self.original.amount or 1)
        for redemption in self.original.paid_with(books.relations):
            if redemption.is_open or redemption.is_reversed or redemption.member_id is None:
                continue
            spent = sum(points for _, points in redemption.uses)
            back = redemption.left if self.is_all else int(spent * part) - redemption.reversed_amount
            if back > 0:
                payer = books.accounts[redemption.member_id]
                value = restoring.paid_by(books, redemption, back)
                paid = None if value is None or paid is None else paid + value
                restored += restoring.give_back(books, payer, redemption, back, self.cause)
        return restored, paid

    def _rest(self) -> Rest:
        """What the rest of the order deserves, by the rules and the caps of then (C14-R1)."""
        original, books = self.original, self.books
        if self.is_all:
            self._count_back({})
            return Rest({}, (), ())
        item, program, counted_under = original.item, books.configuration.id, original.program_version
        version: int = original.trace.get("version", counted_under)
        then = versions.at(program, version)
        is_proportional = self.item.mode == "proportional"
        if not is_proportional or original.progress:
            earned = self._deserves(then)
            self._count_back(earned.progress)
        if is_proportional:
            left = money_left_of(item, then, self.shares)
            code_of = {key: currency.code for key, currency in books.currencies.items()}
            points = {
                code_of[credit.currency_id]: rounding.round_to(credit.points * left, "half_up")
                for credit in original.credits
            }
            return Rest(points, None, caps_of_refunds.off_in_proportion(original, left))
        earned = caps_of_refunds.again(original, versions.at(program, counted_under), earned)
        off = tuple(part for part in earned.parts if not part.currency)
        return Rest(earned.points, earned.parts, off)

    def _deserves(self, then: Configuration) -> Earned:
        """What the rules of then give for what is left of the order, and count of it."""
        original, item = self.original, self.original.item
        basket = basket_of(
            item,
            then,
            at=original.activity_at,
            partner=original.trace.get("partner", ""),
            rate=original.rate,
            category_of=original.trace.get("categories", {}),
            lists_of=original.trace.get("sku_lists", {}),
        )
        stood = {code: advance.before for code, advance in original.progress.items()}
        facts = Facts(original.tiers, self.account.enrolled_at, original.seen, progress=stood)
        return earning.evaluate(then, left_of(basket, item, then, self.shares), facts)

    def _count_back(self, left: Mapping[str, Advance]) -> None:
        """Take back what the order counted for rules beyond what is `left` of it."""
        if self.original.progress:
            progress.take_back(self.account, self.original, self.refund, left)

    def _claw_own(self, targets: Mapping[str, int]) -> None:
        """Take back what the member got of the order beyond the targets and what groups keep of them."""
        books, original = self.books, self.original
        for entry, currency_id, points in original.credits:
            currency = books.currencies[currency_id]
            code, target = currency.code, targets.get(currency.code, 0)
            still = points - self._clawed_before(code) - books.gone_of(original, entry, self.account)
            claw = max(0, still - target + sum(_groups_keep(original, currency, target).values()))
            hand = books.balance(self.account, currency)
            taken = claw_back(hand, original, entry, claw, self.cause) if claw else 0
            self.refund.points[code], self.refund.clawback[code] = -taken, claw
            if taken < claw:
                self.unrecovered[code] = claw - taken

    def _clawed_before(self, code: str) -> int:
        return sum(refund.clawback.get(code, 0) for refund in self.original.refunds)

    def _claw_shares(self, targets: Mapping[str, int]) -> None:
        """Take back what groups got of the order, in the same proportion (C19-R4).

        What a group has spent is treated by the policy of the currency, or is owed by the member.
        """
        books, original, refund = self.books, self.original, self.refund
        spare = {one.code: self._spare(one, targets) for one in books.currencies.values()} if original.shares else {}
        for shared in original.shares:
            currency = books.currencies[shared.currency_id]
            code, name = currency.code, str(shared.entry)
            before = sum(one.shared.get(name, 0) for one in original.refunds)
            gone = books.gone_of(original, shared.entry, self.account, books.accounts[shared.group])
            keeps = _groups_keep(original, currency, targets.get(code, 0)).get(shared.then, 0)
            claw = max(0, shared.points - before - gone - keeps)
            left = min(claw, spare[code])
            claw, spare[code] = claw - left, spare[code] - left
            if not claw:
                continue
            refund.shared[name] = claw
            taken = self._claw_share(currency, shared, claw)
            refund.points[code] = refund.points.get(code, 0) - taken
            if taken < claw:
                self.unrecovered[code] = self.unrecovered.get(code, 0) + claw - taken

    def _spare(self, currency: Currency, targets: Mapping[str, int]) -> int:
        """How many points the groups keep for now, because rounding gives the member more of less than of all."""
        original, code = self.original, currency.code
        target = targets.get(code, 0)
        earned = sum(credit.points for credit in original.credits if credit.currency_id == currency.id)
        before = self._clawed_before(code) + self.refund.clawback.get(code, 0)
        return max(0, target - sum(_groups_keep(original, currency, target).values()) - (earned - before))

    def _claw_share(self, currency: Currency, shared: Shared, claw: int) -> int:
        """Take back one group's part: what was given back to the member when leaving, the group's, the member's."""
        books, original, entry, cause = self.books, self.original, shared.entry, self.cause
        own, taken = books.balance(self.account, currency), 0
        returned = sum(lot.remaining for lot in own.descendant_lots(entry))
        if returned:
            taken += claw_back(own, original, entry, min(claw, returned), cause)
        relation = books.relations.find(self.account.id, shared.group)
        group_owes = relation is None or relation.liability == "pool"
        if taken < claw:
            theirs = books.balance(books.accounts[shared.group], currency)
            taken += claw_back(theirs, original, entry, claw - taken, cause, owes=group_owes)
        if taken < claw and not group_owes:
            taken += claw_back(own, original, entry, claw - taken, cause)
        return taken

    def _by_group(self) -> dict[str, dict[str, int]]:
        """{number of a group: {currency code: points}} of what is taken back of groups, for the answer."""
        books, found = self.books, dict[str, dict[str, int]]()
        for shared in self.original.shares:
            if points := self.refund.shared.get(str(shared.entry)):
                of_group = found.setdefault(books.accounts[shared.group].number, {})
                code = books.currencies[shared.currency_id].code
                of_group[code] = of_group.get(code, 0) + points
        return found


def _groups_keep(original: Original, currency: Currency, target: int) -> dict[int, int]:
    """{key of a group of then: points} that groups keep when `target` is left of what an order earned (C19-R4)."""
    shares = original.trace.get("shares", {}) if currency.is_spendable else {}
    return {int(group): target * percent // 100 for group, percent in shares.items()}


def claw_back(
    hand: BalanceInHand,
    original: Original,
    entry: int,
    points: int,
    cause: Cause,
    *,
    policy: str = "",
    owes: bool = True,
) -> int:
    """Take `points` that the entry of `original` gave from its own lot, then from others, then as the policy says.

    `policy` is another than the currency's; `owes` says whether the balance may fall into arrears for it. Returns
    how many were taken.
    """
    currency, policy = hand.currency, policy or hand.currency.refund_policy
    own = hand.descendant_lots(entry)
    was_pending = any(lot.is_pending for lot in own)
    lots = _reachable(hand, own, policy, was_pending=was_pending)
    taken = min(points, remaining(lots) + (0 if currency.is_spendable else hand.holding.available))
    if owes and policy == "arrears" and currency.is_spendable:
        taken = points
    if taken:
        hand.debit(taken, cause, lots, kind=Entry.Kind.REVERSAL_DEBIT, lifetime="reversed")
        if not was_pending:
            hand.count_fact(-taken, original.counted_for_tiers(own, cause, hand.books.configuration.zone))
    return taken


def _reachable(hand: BalanceInHand, own: Sequence[LotState], policy: str, *, was_pending: bool) -> list[LotState]:
    """The lots that may be taken from, those of the credit itself first (C14-R3)."""
    now, is_spendable = hand.books.now, hand.currency.is_spendable
    lots = [lot for lot in own if lot.is_pending or lot.is_usable(now)]
    if is_spendable and policy == "pending_only":
        lots = lots if was_pending else []
    elif is_spendable:
        lots += [lot for lot in hand.usable_lots(now) if lot not in own]
    return lots
