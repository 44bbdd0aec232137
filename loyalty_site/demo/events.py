"""What else happens in the demo? Reviews, visits, coffee, redemptions, corrections, and mistakes taken back."""

import random
from datetime import timedelta

from members.models import Balance
from partners.activity import Activity, Adjustment, Line, Redemption, Reversal
from transactions.models import Journal

REVIEWS, VISITS, COFFEES, REDEMPTIONS, REVERSALS = 240, 180, 320, 220, 12
REASONS = ("Returned", "Wrong member", "Entered twice")


class Events:
    """Makes facts about members who bought in the last year; the same ones each time, apart from the date."""

    def __init__(self, program, now):
        self.program, self.now = program, now
        self.chance = random.Random("encore events")
        year = now - timedelta(days=365)
        self.recent = list(
            Journal.objects.filter(program=program, activity_at__gt=year)
            .order_by("external_id")
            .values_list("member__customer__external_ids__value", "member__number", "activity_at")
        )

    def _visitor(self):
        """(membership number, an instant within the ten days after one of their purchases, but before now)."""
        _, number, at = self.chance.choice(self.recent)
        later = at + timedelta(minutes=self.chance.randrange(60, 10 * 24 * 60))
        return {"number": number}, min(later, self.now - timedelta(minutes=self.chance.randrange(5, 600)))

    def of_the_shop(self):
        """Reviews and listening sessions."""
        for kind, count, channel in (("review", REVIEWS, "app"), ("visit", VISITS, "store")):
            for number in range(count):
                member, at = self._visitor()
                store = self.chance.choice(("broadway", "harvard-square")) if kind == "visit" else ""
                yield Activity(kind, f"{kind}-{number}", member, at, channel=channel, store=store)

    def of_the_cafe(self):
        for number in range(COFFEES):
            member, at = self._visitor()
            line = Line(
                self.chance.choice(("COFFEE", "COFFEE", "BEANS")), amount=self.chance.randrange(450, 2600, 25)
            )
            yield Activity(
                "purchase",
                f"receipt-{number}",
                member,
                at,
                amount=line.amount,
                money=self.program.money,
                lines=(line,),
                channel="store",
                partner="common-grounds",
                store=self.chance.choice(("village", "back-bay")),
            )

    def of_spending(self):
        """Redemptions of members who have enough; each spends once, so the order does not matter."""
        rich = Balance.objects.filter(member__program=self.program, currency__is_primary=True, available__gte=100)
        rich = list(rich.order_by("-available", "pk").values_list("member__number", "available"))
        for number, (member, available) in enumerate(self.chance.sample(rich, min(REDEMPTIONS, len(rich)))):
            yield Redemption(
                f"reward-{number}",
                {"number": member},
                points=min(500, available // 50 * 50) if self.chance.random() < 0.3 else 50,
                activity_at=self.now - timedelta(minutes=self.chance.randrange(60, 90 * 24 * 60)),
                channel="store",
                store=self.chance.choice(("broadway", "harvard-square", "south-street")),
                reason=self.chance.choice(("Voucher at the till", "Concert ticket", "Tote bag")),
            )

    def of_corrections(self):
        """What staff give for a mishap, and take back."""
        for number, points in enumerate((50, 100, 25, -20, 50, 75, -10, 50)):
            member, at = self._visitor()
            reason = "Late delivery" if points > 0 else "Points of another member"
            yield Adjustment(f"adjustment-{number}", member, points, reason, activity_at=at)

    def of_mistakes(self):
        """Purchases and redemptions that are taken back, some of them in part."""
        journals = Journal.objects.filter(program=self.program, connection__platform="api").order_by("external_id")
        for kind, count in (("accrual", REVERSALS), ("redemption", REVERSALS // 3)):
            found = list(journals.filter(kind=kind).values_list("pk", "external_id", "amount"))
            for key, name, amount in self.chance.sample(found, count):
                part = amount // 2 if amount and self.chance.random() < 0.5 else None
                yield Reversal(f"undo-{name}", key, amount=part, reason=self.chance.choice(REASONS))
