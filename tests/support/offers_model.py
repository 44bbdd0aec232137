"""What should promotions, their codes and a target give, and what comes back of it? Plain Python beside the ledger's.

Written from the rules (semantics C7, C8, C14), not from the engine. A member's progress is what the purchases count
that the member has kept; what a budget and a code have used is what orders still have by them.
"""

from dataclasses import dataclass, field

from tests.support.ledger_values import No

#: The target: so many purchases, each time so many points.
EVERY, REWARD = 3, 30
#: The promotion with codes: so many points for an order of at least so many cents, out of so many in all.
GIFT, LEAST, BUDGET = 60, 5_000, 200
CODES = ("ALPHA", "BETA", "GAMMA", "DELTA", "OMEGA")


@dataclass
class Extra:
    """What one order may have beside its base points: a point per euro of the promotion `club`, at most `room` points
    of the promotion `gift` by its `code` ("" for none), and so many rewards of the target."""

    was_enrolled: bool = False
    is_club: bool = False
    code: str = ""
    room: int = 0
    rewards: int = 0
    counted: int = 1
    given: dict = field(default_factory=dict)
    back: dict = field(default_factory=dict)

    def of(self, amount):
        """{promotion: points} for `amount` cents of the order."""
        found = {
            "club": amount // 100 if self.is_club else 0,
            "gift": min(GIFT, self.room) if self.code and amount >= LEAST else 0,
        }
        return {code: points for code, points in found.items() if points}

    def points(self, amount):
        """All that `amount` cents of the order deserve beside the base points; nothing of nothing."""
        return sum(self.of(amount).values()) + self.rewards * REWARD * bool(amount)

    @property
    def progress(self):
        return self.counted, self.rewards if self.counted else 0, self.rewards * EVERY if self.counted else 0

    def left(self, promotion):
        return self.given.get(promotion, 0) - self.back.get(promotion, 0)

    def take_back(self, amount, recovered, due):
        """`amount` cents are left; of the points that were `due` back so many are `recovered`. The promotion keeps
        its part of those that are not."""
        left = self.of(amount)
        for promotion, points in self.given.items():
            part = max(0, points - left.get(promotion, 0)) * min(recovered, due) // due if due > 0 else 0
            self.back[promotion] = max(self.back.get(promotion, 0), part)
        if "gift" not in left:
            self.code = ""
        if not amount:
            self.counted = 0


class Offers:
    """The promotions of one program and the purchases that have something by them."""

    def __init__(self):
        self.extras = []
        self.enrolled, self.stopped = set(), set()

    def enrol(self, member):
        if member.into or "club" in self.stopped:
            raise No
        self.enrolled.add(member.number)

    def leave(self, member):
        """Who has been merged into another one takes part in nothing any more."""
        if member.number not in self.enrolled:
            raise No
        self.enrolled.remove(member.number)

    def merge(self, source, target):
        if source.number in self.enrolled:
            self.enrolled.remove(source.number)
            self.enrolled.add(target.number)

    def stop(self, promotion):
        if promotion in self.stopped:
            raise No
        self.stopped.add(promotion)

    def resume(self, promotion):
        if promotion not in self.stopped:
            raise No
        self.stopped.remove(promotion)

    def bought(self, member, amount, code, old=None):
        """What a purchase has beside its base points; it is written down. One that replaces an `old` one was made by
        who had enrolled then."""
        is_free = code in CODES and not any(extra.code == code for _, extra in self.extras)
        was_enrolled = old.was_enrolled if old else member.number in self.enrolled
        counted, _, used = self.progress(member)
        extra = Extra(
            was_enrolled=was_enrolled,
            is_club=was_enrolled and "club" not in self.stopped,
            code=code if is_free and "gift" not in self.stopped else "",
            room=max(0, BUDGET - self.given("gift")),
            rewards=max(0, (counted + 1 - used) // EVERY),
        )
        extra.given = extra.of(amount)
        if "gift" not in extra.given:
            # A code that has brought nothing can be used another time.
            extra.code = ""
        self.extras.append((member, extra))
        return extra

    def progress(self, member):
        """(what was counted, the rewards for it, what has gone into these) of all that the member has bought."""
        own = [extra.progress for who, extra in self.extras if who.today is member]
        return tuple(map(sum, zip(*own, strict=True))) if own else (0, 0, 0)

    def given(self, promotion):
        return sum(extra.left(promotion) for _, extra in self.extras)

    def used(self):
        """{code: how many orders have something by it}."""
        return {code: sum(extra.code == code for _, extra in self.extras) for code in CODES}
