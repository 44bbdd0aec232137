"""What should the ledger do? The life of a point in plain Python, small enough to be read and believed.

Written from the rules (semantics C9 to C14, C20, C21), not from the engine. Days are UTC days; one point
and one status point for each whole euro, beside what offers_model.py adds; points end `LIFE` days after they can be
spent.
"""

from datetime import timedelta
from itertools import count

from tests.support.ledger_values import GRACE, LIFE, Lot, No, Order, Spending, end_after, midnight
from tests.support.offers_model import Offers

TIERS = [("base", 0), ("silver", 500), ("gold", 1000)]


class Ledger:
    def __init__(self, *, policy, pending_days, returned):
        self.policy, self.pending_days, self.returned = policy, pending_days, returned
        self.numbers = count()
        self.orders, self.spendings, self.members = {}, {}, {}
        self.offers = Offers()

    def lots(self):
        return (lot for member in self.members.values() for lot in member.lots)

    def settle(self, member, now):
        """What time does, one instant after the other."""
        while (at := min(self._dues(member), default=None)) is not None and at <= now:
            self._settle_at(member, at)

    def _dues(self, member):
        yield from (lot.free_at or lot.ends_at for lot in member.lots if lot.remaining)
        yield from (spending.due_at for spending in member.reserved.values())

    def _settle_at(self, member, now):
        """Points are set free, reservations run out, points end."""
        for lot in member.lots:
            if lot.is_pending and lot.free_at <= now:
                lot.free_at = None
                self._pay(member, [lot])
        for spending in list(member.reserved.values()):
            if spending.due_at <= now:
                self._free(spending)
        for lot in member.lots:
            if not lot.is_pending and lot.ends_at <= now:
                lot.expired += lot.remaining
                lot.remaining = 0

    def _pay(self, member, lots):
        """Arrears are paid from points that become available."""
        for lot in lots:
            paid = min(member.arrears, lot.remaining)
            lot.remaining -= paid
            member.arrears -= paid

    def _credit(self, member, points, now, *, ends_at=None, may_wait=False, root=None):
        free_at = midnight(now.date() + timedelta(days=self.pending_days)) if may_wait and self.pending_days else None
        ends_at = ends_at or end_after(free_at or now, LIFE)
        lot = Lot(next(self.numbers), points, points, now, ends_at, free_at, root=root)
        member.lots.append(lot)
        if not lot.is_pending:
            self._pay(member, [lot])
        return lot

    def _debit(self, points, lots):
        uses = []
        for lot in lots:
            used = min(points, lot.remaining)
            if used:
                lot.remaining -= used
                points -= used
                uses.append((lot, used))
        return uses

    def usable(self, member):
        return sorted((lot for lot in member.lots if not lot.is_pending and lot.remaining), key=Lot.order)

    def earn(self, key, member, amount, now, code="", old=None):
        extra = self.offers.bought(member, amount, code, old)
        earned = amount // 100 + extra.points(amount)
        lot = self._credit(member, earned, now, may_wait=True) if earned else None
        self.orders[key] = Order(member, amount, earned, lot, extra)
        member.status += amount // 100
        self._upgrade(member)

    def _upgrade(self, member, other="base"):
        """The highest of the tier that there is, an `other` one, and the one that the status points reach."""
        reached = [name for name, threshold in TIERS if member.status >= threshold]
        member.tier = max(member.tier, other, *reached, key=[name for name, _ in TIERS].index)

    def edit(self, old, key, member, amount, now, code=""):
        """An order takes the place of another: all of that one is taken back first."""
        order = self.orders[old]
        if order.member.today is not member or not order.left:
            raise No
        self.refund(old, order.left, now)
        self.earn(key, member, amount, now, code, order.extra)

    def refund(self, key, amount, now):
        """Take back what the rest of the order does not deserve; returns the points that are not there."""
        order = self.orders[key]
        if amount > order.left or not order.left:
            raise No
        member = order.member.today
        order.refunded += amount
        status = order.left // 100
        target = status + order.extra.points(order.left)
        order.status_taken += self._claw_status(member, order.amount // 100 - order.status_taken - status)
        claw = max(0, order.earned - order.taken - sum(lot.expired for lot in order.lots) - target)
        order.taken += claw
        missing = self._claw(order, claw)
        order.recovered += claw - missing
        order.extra.take_back(order.left, order.recovered, order.earned - target)
        return missing

    def _claw(self, order, claw):
        """Take points back from what is left of the order, then from others; returns those that are not there."""
        member = order.member.today
        own = [lot for lot in order.lots if lot.remaining]
        if self.policy == "pending_only":
            lots = [lot for lot in own if lot.is_pending]
        else:
            lots = own + [lot for lot in self.usable(member) if lot not in own]
        missing = claw - sum(used for _, used in self._debit(claw, lots))
        if self.policy == "arrears":
            member.arrears += missing
            return 0
        return missing

    def release_early(self, key, now):
        """What is pending of an order can be spent now, and its life begins now."""
        waiting = [lot for lot in self.orders[key].lots if lot.is_pending and lot.remaining]
        if not waiting:
            raise No
        for lot in waiting:
            lot.free_at, lot.ends_at = None, end_after(now, LIFE)
            self._pay(self.orders[key].member.today, [lot])

    def _claw_status(self, member, points):
        """Status points are never below zero; what was asked for counts as taken."""
        points = max(0, points)
        member.status -= min(points, member.status)
        return points

    def redeem(self, key, member, points, now, *, due_at=None):
        if points > member.available:
            raise No
        spending = Spending(member, self._debit(points, self.usable(member)), due_at=due_at, is_open=bool(due_at))
        self.spendings[key] = spending
        if due_at:
            member.reserved[key] = spending

    def confirm(self, key, now):
        spending = self.spendings[key]
        has_run_out = spending.is_open and spending.due_at <= now
        if spending.due_at is None or spending.is_released or spending.returned or has_run_out:
            raise No
        spending.is_open = False
        spending.member.today.reserved.pop(key, None)

    def release(self, key, now):
        spending = self.spendings[key]
        if not spending.is_open and not spending.is_released:
            raise No
        if spending.is_open:
            self._free(spending)

    def _free(self, spending):
        spending.is_open, spending.is_released = False, True
        member = spending.member.today
        member.reserved = {key: other for key, other in member.reserved.items() if other is not spending}
        self._back(member, spending.uses)

    def _back(self, member, uses):
        for lot, used in uses:
            lot.remaining += used
        paid = min(member.arrears, sum(used for _, used in uses))
        member.arrears -= paid
        self._debit(paid, [lot for lot, _ in uses])

    def cancel(self, key, points, now):
        spending = self.spendings[key]
        left = spending.points - spending.returned
        if spending.is_open or spending.is_released or not left or points > left:
            raise No
        member, skip, back = spending.member.today, spending.returned, []
        spending.returned += points
        for lot, used in reversed(spending.uses):
            skipped = min(skip, used)
            skip -= skipped
            here = min(points, used - skipped)
            points -= here
            if here:
                back.append((lot, here))
        self._back(member, [(lot, used) for lot, used in back if lot.ends_at > now])
        for lot, used in back:
            if lot.ends_at <= now:
                revived = self._credit(member, used, now, ends_at=end_after(now, GRACE), root=lot.root)
                if self.returned == "strict":
                    revived.expired, revived.remaining = revived.remaining, 0

    def give(self, giver, taker, points, now):
        if giver is taker or points > giver.available:
            raise No
        for lot, used in self._debit(points, self.usable(giver)):
            new = self._credit(taker, used, now, ends_at=lot.ends_at, root=lot.root)
            new.earned_at = lot.earned_at

    def adjust(self, member, points, now):
        if points > 0:
            self._credit(member, points, now)
        elif -points > member.available:
            raise No
        else:
            self._debit(-points, self.usable(member))

    def merge(self, source, target):
        """Lots move with their ends, pending or not; who owed something owes it as the other one (C21)."""
        if source is target or source.into or target.into or source.reserved or target.reserved:
            raise No
        for lot in source.lots:
            lot.number = next(self.numbers)
            target.lots.append(lot)
            if not lot.is_pending:
                self._pay(target, [lot])
        taken = sum(used for _, used in self._debit(source.arrears, self.usable(target)))
        target.arrears += source.arrears - taken
        target.status += source.status
        self._upgrade(target, source.tier)
        self.offers.merge(source, target)
        source.lots, source.arrears, source.status, source.into = [], 0, 0, target
