"""How are the engine and the model asked the same, and compared after each step?"""

from collections import Counter, defaultdict
from itertools import count

from django.db import transaction
from django.db.models import F, Sum
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
)

from members.models import Balance, Standing
from partners.activity import Decision
from programs import versions
from programs.models import Currency, ExpiryRule
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at
from tests.support.ledger_model import Ledger
from tests.support.ledger_values import GRACE, LIFE, Member, No
from tests.support.offers_stored import expected_offers, offer, stored_offers
from transactions import ledger
from transactions.models import Lot

outcomes = Counter()


class Rollback(Exception):
    """Ends an example, and takes everything back that it wrote."""


class LedgerMachine(RuleBasedStateMachine):
    """A program in both, with two members; the rules are added by the test."""

    members = Bundle("members")
    orders = Bundle("orders")
    spendings = Bundle("spendings")

    @initialize(
        target=members,
        policy=st.sampled_from(["arrears", "within_balance", "arrears", "pending_only", "net"]),
        pending_days=st.sampled_from([0, 3]),
        returned=st.sampled_from(["grace", "strict"]),
    )
    def program(self, policy, pending_days, returned):
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True
        self.atomic.__enter__()
        self.now = at(2026, 3, 1)
        self.made = factories.program(expiry="never", rules=False, time_zone="UTC")
        points, status = self.made.currencies.order_by("pk")
        terms = {
            "refund_policy": policy,
            "pending_days": pending_days,
            "returned_points": returned,
            "grace_days": GRACE,
            "transfers": True,
        }
        for name, value in terms.items():
            setattr(points, name, value)
        points.save()
        ExpiryRule.objects.create(currency=points, model="fixed", period=LIFE, unit="day", min_validity_days=0)
        for code, currency in (("spend", points), ("status", status)):
            factories.rule(self.made, code, "per_amount", {"points": "1", "per": "1"}, currency=currency)
        self.promotions = offer(self.made)
        self.via = factories.till(self.made)
        self.model = Ledger(policy=policy, pending_days=pending_days, returned=returned)
        self.points, self.status = Currency.objects.get(pk=points.pk), status
        self.sent, self.rows, self.names = [], {}, count()
        self.is_watched = True
        return multiple(self.enrolled(), self.enrolled())

    def teardown(self):
        if not hasattr(self, "atomic"):
            return
        try:
            if hasattr(self, "rows"):
                self.settle_all()
                self.the_books_balance()
        finally:
            self.atomic.__exit__(Rollback, Rollback(), None)
            versions.forget()

    def the_books_balance(self):
        """C-INV 1, 3, 4 and 5 for each member, by the audit; C-INV 14 for each currency of the program."""
        assert_balanced(self.made)
        total = Sum(F("available") + F("pending") + F("reserved") - F("arrears"))
        moved = Sum(F("lifetime_earned") - F("lifetime_redeemed") - F("lifetime_expired") - F("lifetime_reversed"))
        rows = Balance.objects.filter(currency__program=self.made).order_by().values("currency")
        for row in rows.annotate(total=total, moved=moved, given=Sum("lifetime_transferred")):
            assert (row["moved"], row["given"]) == (row["total"], 0)

    def wants(self, name, wish, *touched):
        """What the model says to a wish: (what it returns, whether it is granted)."""
        for member in touched:
            self.model.settle(member.today, self.now)
        self.is_watched = True
        try:
            told, is_wanted = wish(), True
        except No:
            told, is_wanted = None, False
        outcomes[name, is_wanted] += 1
        return told, is_wanted

    def both(self, name, item, wish, *touched):
        """Ask the engine and the model; they must agree on yes and no, and on what is told of points that are
        not there. Returns the result, None for no."""
        told, is_wanted = self.wants(name, wish, *touched)
        result = ledger.record([item], program_id=self.made.pk, via=self.via, now=self.now)[0]
        if result.status == "posted" and not isinstance(item, Decision):
            self.sent.append((item, result.answer))
        assert (result.status != "refused") == is_wanted, (name, result, item)
        if told is not None:
            assert result.answer["unrecovered"].get("points", 0) == told
        return result if is_wanted else None

    def enrolled(self):
        who = factories.member(self.made, enrolled_at=at(2026, 1, 1))
        member = self.model.members[who.number] = Member(who.number)
        self.rows[who.number] = who
        outcomes["enrol", True] += 1
        return member

    def name(self):
        return f"fact-{next(self.names)}"

    def settle_all(self):
        ledger.refresh(self.made.pk, [who.pk for who in self.rows.values()], now=self.now)
        for member in self.model.members.values():
            self.model.settle(member, self.now)

    def state(self):
        """Per member what the engine holds: the parts, the tier and its points, the points by their end; and what
        promotions have given."""
        ours = {"member__in": [who.pk for who in self.rows.values()]}
        rows = Balance.objects.filter(**ours).values_list(
            "member", "currency", *"available pending reserved arrears".split()
        )
        parts = {(member, currency): sums for member, currency, *sums in rows}
        tiers = dict(Standing.objects.current().filter(**ours).values_list("member", "tier__code"))
        lots = defaultdict(Counter)
        live = Lot.objects.filter(**ours, currency=self.points, remaining__gt=0)
        for member, *end, remaining in live.values_list("member", "expires_at", "is_pending", "remaining"):
            lots[member][tuple(end)] += remaining
        nothing = [0, 0, 0, 0]
        return {
            number: (
                tuple(parts.get((who.pk, self.points.pk), nothing)),
                parts.get((who.pk, self.status.pk), nothing)[0],
                tiers[who.pk],
                lots[who.pk],
            )
            for number, who in self.rows.items()
        } | {"offers": stored_offers(self.made)}

    @invariant()
    def the_engine_agrees_with_the_model(self):
        if not hasattr(self, "made") or not self.is_watched:
            return
        self.settle_all()
        expected = {}
        for number, member in self.model.members.items():
            outcomes["arrears", True] += bool(member.arrears)
            reserved = sum(spending.points for spending in member.reserved.values())
            parts = (member.available, member.pending, reserved, member.arrears)
            lots = Counter()
            for lot in member.lots:
                lots[lot.ends_at, lot.is_pending] += lot.remaining
            expected[number] = (parts, member.status, member.tier, lots)
        expected["offers"] = expected_offers(self.model)
        assert self.state() == expected
