"""What else happens in the demo, and to whom? Reviews, visits, coffee, codes, redemptions, corrections, mistakes.

The sample of purchases decides all of it, the calendar only moves the instants (moments.py), so the demo is the
same on every day. Nobody is asked for points that their purchases do not give on any day: members spend only
if these give 100, and are debited by hand only if these give less, so that nobody pays twice.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from loyalty_site.demo.moments import Lately, Moment, Present, Soon
from loyalty_site.demo.purchases import Purchase
from partners.activity import Activity, Adjustment, Line, Redemption, Reversal
from programs.promotion_codes import ALPHABET

REVIEWS, VISITS, COFFEES, REDEMPTIONS, REVERSALS = 240, 180, 320, 220, 12
ADJUSTMENTS = (50, 100, 25, -20, 50, 75, -10, 50)
REASONS = ("Returned", "Wrong member", "Entered twice")
#: Members who come for coffee again and again, the last of whom have not enrolled in the café club; and members who
#: have enrolled and did not come yet.
REGULARS, OUTSIDERS, NEW_IN_CLUB = 24, 6, 30
#: So many letters with a code were sent, and so many were answered.
LETTERS, ANSWERS = 200, 40
#: Who spends has earned so much; who is debited by hand has earned less, but at least what is taken.
RICH = 100


@dataclass(frozen=True, slots=True)
class Event:
    """A fact without its member and its date, and the moment, which knows both."""

    moment: Moment
    fact: Activity | Redemption | Adjustment

    @property
    def customer(self) -> str:
        """The customer of the sample to whom it happens."""
        return self.moment.purchase.customer

    def dated(self, present: Present, numbers: Mapping[str, str]) -> Activity | Redemption | Adjustment:
        """The fact as it is reported; `numbers` maps customers of the sample to membership numbers."""
        return replace(self.fact, member={"number": numbers[self.customer]}, activity_at=self.moment.at(present))


@dataclass(frozen=True, slots=True)
class Mistake:
    """An event that is taken back: `amount` of its money in minor units, or all of it."""

    external_id: str
    amount: int | None
    reason: str

    def reversal(self, present: Present, journals: Mapping[str, int]) -> Reversal:
        """What is reported of it, now; `journals` maps external ids to the keys of journals."""
        name, key = f"undo-{self.external_id}", journals[self.external_id]
        return Reversal(name, key, amount=self.amount, reason=self.reason, activity_at=present.now)


def _codes() -> list[str]:
    chance = random.Random("encore letters")
    return [f"MUSIC-{number:03}{''.join(chance.choices(ALPHABET, k=4))}" for number in range(LETTERS)]


#: Those that stand in the letters.
CODES = _codes()


class Events:
    """All events of a sample of purchases. `money` is the currency of the program (ISO 4217)."""

    def __init__(self, purchases: Sequence[Purchase], money: str) -> None:
        self.money = money
        self.recent = [purchase for purchase in purchases if purchase.days_ago < 365]
        in_order = sorted(purchases, key=lambda purchase: (-purchase.days_ago, purchase.clock))
        self.latest = {purchase.customer: purchase for purchase in in_order}
        self.points: Counter[str] = Counter()
        for purchase in purchases:
            self.points[purchase.customer] += purchase.least_points

    def of_the_shop(self) -> Iterator[Event]:
        """Reviews and listening sessions."""
        chance = random.Random("encore shop")
        for number in range(REVIEWS):
            yield Event(self._visit(chance), Activity("review", f"review-{number}", {}, channel="app"))
        for number in range(VISITS):
            store = chance.choice(("broadway", "harvard-square"))
            visit = Activity("visit", f"visit-{number}", {}, channel="store", store=store)
            yield Event(self._visit(chance), visit)

    def of_the_cafe(self) -> Iterator[Event]:
        """Purchases at the partner's."""
        chance = random.Random("encore café")
        for number in range(COFFEES):
            amount = chance.randrange(450, 2600, 25)
            receipt = Activity(
                "purchase",
                f"receipt-{number}",
                {},
                amount=amount,
                money=self.money,
                lines=(Line(chance.choice(("COFFEE", "COFFEE", "BEANS")), amount=amount),),
                channel="store",
                partner="common-grounds",
                store=chance.choice(("village", "back-bay")),
            )
            yield Event(self._visit(chance), receipt)

    def of_the_regulars(self) -> Iterator[Event]:
        """A coffee at the partner's, four to twelve times each."""
        chance = random.Random("encore regulars")
        for place, customer in enumerate(self._regulars()):
            for number in range(chance.randint(4, 12)):
                receipt = Activity(
                    "purchase",
                    f"regular-{place}-{number}",
                    {},
                    amount=450,
                    money=self.money,
                    lines=(Line("COFFEE", amount=450),),
                    channel="store",
                    partner="common-grounds",
                    store=("village", "back-bay")[place % 2],
                )
                yield Event(Lately(self.latest[customer], chance.random()), receipt)

    def of_the_club(self) -> Iterator[Moment]:
        """When members enrolled in the café club: regulars before they came, some others since."""
        chance = random.Random("encore club")
        members = self._regulars()[:-OUTSIDERS]
        yield from (Lately(self.latest[customer], 0.0) for customer in members)
        others = [customer for customer in sorted(self.latest) if customer not in members]
        for customer in chance.sample(others, NEW_IN_CLUB):
            yield Lately(self.latest[customer], chance.random())

    def of_the_letter(self) -> Iterator[Event]:
        """Orders in the web shop with the code of a letter."""
        chance = random.Random("encore answers")
        codes = chance.sample(CODES, ANSWERS)
        for code, customer in zip(codes, chance.sample(sorted(self.latest), ANSWERS), strict=True):
            amount = chance.randrange(1200, 6000, 25)
            order = Activity(
                "purchase",
                f"letter-{code}",
                {},
                amount=amount,
                money=self.money,
                lines=(Line(chance.choice(("CD-FOLK", "CD-STAGE")), amount=amount),),
                channel="web",
                store="web",
                code=code,
            )
            yield Event(Lately(self.latest[customer], chance.random()), order)

    def of_spending(self) -> Iterator[Event]:
        """Redemptions of members who have enough; each spends once, so the order does not matter."""
        chance = random.Random("encore spending")
        rich = [customer for customer, points in self.points.items() if points >= RICH]
        for number, customer in enumerate(chance.sample(rich, min(REDEMPTIONS, len(rich)))):
            redemption = Redemption(
                f"reward-{number}",
                {},
                points=min(500, self.points[customer] // 50 * 50) if chance.random() < 0.3 else 50,
                channel="store",
                store=chance.choice(("broadway", "harvard-square", "south-street")),
                reason=chance.choice(("Voucher at the till", "Concert ticket", "Tote bag")),
            )
            yield Event(Lately(self.latest[customer], chance.random()), redemption)

    def of_corrections(self) -> Iterator[Event]:
        """What staff give for a mishap, and take back from members who have it and do not spend."""
        chance = random.Random("encore corrections")
        largest = -min(ADJUSTMENTS)
        able = [customer for customer, points in self.points.items() if largest <= points < RICH]
        debited = iter(chance.sample(able, sum(points < 0 for points in ADJUSTMENTS)))
        for number, points in enumerate(ADJUSTMENTS):
            reason = "Late delivery" if points > 0 else "Points of another member"
            is_debit = points < 0
            moment = Lately(self.latest[next(debited)], chance.random()) if is_debit else self._visit(chance)
            yield Event(moment, Adjustment(f"adjustment-{number}", {}, points, reason))

    def of_mistakes(self) -> Iterator[Mistake]:
        """Visits, reviews, receipts and redemptions that are taken back, some receipts in part."""
        chance = random.Random("encore mistakes")
        earned, spent = [*self.of_the_shop(), *self.of_the_cafe()], list(self.of_spending())
        chosen = chance.sample(earned, REVERSALS) + chance.sample(spent, min(REVERSALS // 3, len(spent)))
        for event in chosen:
            amount = event.fact.amount if isinstance(event.fact, Activity) else 0
            part = amount // 2 if amount and chance.random() < 0.5 else None
            yield Mistake(event.fact.external_id, part, chance.choice(REASONS))

    def _regulars(self) -> list[str]:
        return random.Random("encore tables").sample(sorted(self.latest), REGULARS)

    def _visit(self, chance: random.Random) -> Soon:
        """A moment soon behind one of the purchases of the last year."""
        return Soon(chance.choice(self.recent), chance.random())
