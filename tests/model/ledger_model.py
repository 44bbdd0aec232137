"""What should the ledger do? The life of a point in plain Python, small enough to be read and believed.

Written from the rules (semantics C9 to C14, C20), not from the engine. Days are UTC days; one point and
one status point for each whole euro; points end `LIFE` days after they can be spent.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count

LIFE = 20
GRACE = 30
TIERS = [("base", 0), ("silver", 500), ("gold", 1000)]


class No(Exception):
    """The wish is refused, nothing changes."""


def midnight(day):
    return datetime.combine(day, time.min, tzinfo=UTC)


def end_after(instant, days):
    """Points are usable through the whole last day."""
    return midnight(instant.date() + timedelta(days=days + 1))


@dataclass
class Lot:
    number: int
    points: int
    remaining: int
    earned_at: datetime
    ends_at: datetime
    free_at: datetime | None = None
    expired: int = 0

    @property
    def is_pending(self):
        return self.free_at is not None

    def order(self):
        return self.ends_at, self.earned_at, self.number


@dataclass
class Member:
    number: str
    lots: list = field(default_factory=list)
    arrears: int = 0
    status: int = 0
    tier: str = "base"
    reserved: dict = field(default_factory=dict)

    @property
    def available(self):
        return sum(lot.remaining for lot in self.lots if not lot.is_pending)

    @property
    def pending(self):
        return sum(lot.remaining for lot in self.lots if lot.is_pending)


@dataclass
class Order:
    member: Member
    amount: int
    earned: int
    lot: Lot | None
    refunded: int = 0
    taken: int = 0
    status_taken: int = 0


@dataclass
class Spending:
    member: Member
    uses: list
    returned: int = 0
    due_at: datetime | None = None
    is_open: bool = False
    is_released: bool = False

    @property
    def points(self):
        return sum(used for _, used in self.uses)


class Ledger:
    def __init__(self, *, policy, pending_days, returned):
        self.policy, self.pending_days, self.returned = policy, pending_days, returned
        self.numbers = count()
        self.orders, self.spendings, self.members = {}, {}, {}

    def settle(self, member, now):
        """What time does: points are set free, reservations run out, points end."""
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

    def _credit(self, member, points, now, *, ends_at=None, may_wait=False):
        free_at = midnight(now.date() + timedelta(days=self.pending_days)) if may_wait and self.pending_days else None
        ends_at = ends_at or end_after(free_at or now, LIFE)
        lot = Lot(next(self.numbers), points, points, now, ends_at, free_at)
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

    def earn(self, key, member, amount, now):
        earned = amount // 100
        lot = self._credit(member, earned, now, may_wait=True) if earned else None
        self.orders[key] = Order(member, amount, earned, lot)
        member.status += earned
        reached = [name for name, threshold in TIERS if member.status >= threshold][-1]
        names = [name for name, _ in TIERS]
        member.tier = max(member.tier, reached, key=names.index)

    def refund(self, key, amount, now):
        order = self.orders[key]
        if order.refunded == order.amount or amount > order.amount - order.refunded:
            raise No
        member = order.member
        order.refunded += amount
        target = (order.amount - order.refunded) // 100
        order.status_taken += self._claw_status(member, order.earned - order.status_taken - target)
        expired = order.lot.expired if order.lot else 0
        claw = max(0, order.earned - order.taken - expired - target)
        order.taken += claw
        own = [order.lot] if order.lot and order.lot.remaining else []
        if self.policy == "pending_only":
            lots = own if own and order.lot.is_pending else []
        else:
            lots = own + [lot for lot in self.usable(member) if lot is not order.lot]
        taken = sum(used for _, used in self._debit(claw, lots))
        if self.policy == "arrears":
            member.arrears += claw - taken

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
        spending.member.reserved.pop(key, None)

    def release(self, key, now):
        spending = self.spendings[key]
        if not spending.is_open and not spending.is_released:
            raise No
        if spending.is_open:
            self._free(spending)

    def _free(self, spending):
        spending.is_open, spending.is_released = False, True
        member = spending.member
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
        member, skip, back = spending.member, spending.returned, []
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
                revived = self._credit(member, used, now, ends_at=end_after(now, GRACE))
                if self.returned == "strict":
                    revived.expired, revived.remaining = revived.remaining, 0

    def give(self, giver, taker, points, now):
        if giver is taker or points > giver.available:
            raise No
        for lot, used in self._debit(points, self.usable(giver)):
            new = self._credit(taker, used, now, ends_at=lot.ends_at)
            new.earned_at = lot.earned_at

    def adjust(self, member, points, now):
        if points > 0:
            self._credit(member, points, now)
        elif -points > member.available:
            raise No
        else:
            self._debit(-points, self.usable(member))
