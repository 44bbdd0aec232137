"""Does the engine agree with the model, whatever happens in whatever order?

Replay a failure: the seed is printed by pytest; `pytest tests/model --hypothesis-seed=SEED` runs it again.
"""

import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from partners.activity import Adjustment, Decision, Redemption, Reversal, Transfer
from programs import versions
from programs.models import Currency, ExpiryRule
from tests import factories
from tests.factories import at, purchase
from tests.model.ledger_model import LIFE, Ledger, Member, No
from transactions import ledger
from transactions.models import Lot

outcomes = Counter()


class Rollback(Exception):
    """Ends an example, and takes everything back that it wrote."""


class LedgerMachine(RuleBasedStateMachine):
    members = Bundle("members")
    orders = Bundle("orders")
    spendings = Bundle("spendings")

    @initialize(
        policy=st.sampled_from(["within_balance", "arrears", "pending_only"]),
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
            "transfers": True,
        }
        for name, value in terms.items():
            setattr(points, name, value)
        points.save()
        ExpiryRule.objects.create(currency=points, model="fixed", period=LIFE, unit="day", min_validity_days=0)
        for code, currency in (("spend", points), ("status", status)):
            factories.rule(self.made, code, "per_amount", {"points": "1", "per": "1"}, currency=currency)
        self.via = factories.till(self.made)
        self.model = Ledger(policy=policy, pending_days=pending_days, returned=returned)
        self.points = Currency.objects.get(pk=points.pk)
        self.sent, self.rows, self.names = [], {}, count()

    def teardown(self):
        if hasattr(self, "atomic"):
            self.atomic.__exit__(Rollback, Rollback(), None)
            versions.forget()

    def both(self, name, item, wish, *touched):
        """Ask the engine and the model; they must agree on yes and no. Returns the result, None for no."""
        for member in touched:
            self.model.settle(member, self.now)
        try:
            wish()
            is_wanted = True
        except No:
            is_wanted = False
        result = ledger.record([item], program_id=self.made.pk, via=self.via, now=self.now)[0]
        if result.status == "posted" and not isinstance(item, Decision):
            self.sent.append((item, result.answer))
        outcomes[name, is_wanted] += 1
        assert (result.status != "refused") == is_wanted, (name, result, item)
        return result if is_wanted else None

    @precondition(lambda self: len(self.rows) < 4)
    @rule(target=members)
    def enrol(self):
        return self.enrolled()

    def enrolled(self):
        who = factories.member(self.made, enrolled_at=at(2026, 1, 1))
        member = self.model.members[who.number] = Member(who.number)
        self.rows[who.number] = who
        outcomes["enrol", True] += 1
        return member

    @rule(target=orders, member=members, amount=st.integers(20_000, 60_000))
    def earn_much(self, member, amount):
        return self.earned(member, amount)

    @rule(target=orders, member=members, amount=st.integers(1, 20_000))
    def earn_little(self, member, amount):
        return self.earned(member, amount)

    def earned(self, member, amount):
        item = purchase(self.rows[member.number], amount)
        result = self.both("earn", item, lambda: self.model.earn(item.external_id, member, amount, self.now), member)
        return item.external_id, result.journal_id

    @rule(order=orders, share=st.integers(1, 120))
    def refund(self, order, share):
        key, journal_id = order
        known = self.model.orders[key]
        amount = max(1, known.amount * share // 100)
        item = Reversal(external_id=self.name(), journal_id=journal_id, amount=amount)
        self.both("refund", item, lambda: self.model.refund(key, amount, self.now), known.member)

    @rule(target=spendings, member=members, points=st.integers(1, 350))
    def redeem(self, member, points):
        item = Redemption(external_id=self.name(), member={"number": member.number}, points=points)
        result = self.both(
            "redeem", item, lambda: self.model.redeem(item.external_id, member, points, self.now), member
        )
        return (item.external_id, result.journal_id) if result else multiple()

    @rule(target=spendings, member=members, points=st.integers(1, 350), hours=st.integers(1, 100))
    def reserve(self, member, points, hours):
        due_at = self.now + timedelta(hours=hours)
        item = Redemption(
            external_id=self.name(), member={"number": member.number}, points=points, reserve_s=hours * 3600
        )
        wish = lambda: self.model.redeem(item.external_id, member, points, self.now, due_at=due_at)  # noqa: E731
        result = self.both("reserve", item, wish, member)
        return (item.external_id, result.journal_id) if result else multiple()

    @rule(spending=spendings)
    def confirm(self, spending):
        key, journal_id = spending
        member = self.model.spendings[key].member
        self.both("confirm", Decision(journal_id, "confirm"), lambda: self.model.confirm(key, self.now), member)

    @rule(spending=spendings)
    def release(self, spending):
        key, journal_id = spending
        member = self.model.spendings[key].member
        self.both("release", Decision(journal_id, "release"), lambda: self.model.release(key, self.now), member)

    @rule(spending=spendings, share=st.integers(1, 120))
    def cancel(self, spending, share):
        key, journal_id = spending
        known = self.model.spendings[key]
        points = max(1, known.points * share // 100)
        item = Reversal(external_id=self.name(), journal_id=journal_id, points=points)
        self.both("cancel", item, lambda: self.model.cancel(key, points, self.now), known.member)

    @rule(giver=members, taker=members, points=st.integers(1, 300))
    def transfer(self, giver, taker, points):
        item = Transfer(
            external_id=self.name(), member={"number": giver.number}, to={"number": taker.number}, points=points
        )
        self.both("transfer", item, lambda: self.model.give(giver, taker, points, self.now), giver, taker)

    @rule(member=members, points=st.integers(-300, 300).filter(bool))
    def adjust(self, member, points):
        item = Adjustment(
            external_id=self.name(), member={"number": member.number}, points=points, reason="counted again"
        )
        self.both("adjust", item, lambda: self.model.adjust(member, points, self.now), member)

    @rule(hours=st.integers(1, 120))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)
        outcomes["time", True] += 1

    @rule(data=st.data())
    def replay(self, data):
        """Whatever was accepted once and is sent again gets the same answer and changes nothing."""
        if not self.sent:
            return
        item, told = data.draw(st.sampled_from(self.sent))
        self.settle_all()
        before = self.state()
        result = ledger.record([item], program_id=self.made.pk, via=self.via, now=self.now)[0]
        assert (result.status, result.answer) == ("replayed", told)
        assert self.state() == before
        outcomes["replay", True] += 1

    @rule(data=st.data(), points=st.integers(1, 5))
    def conflict(self, data, points):
        """A known name with another content is refused."""
        told = [item for item, _ in self.sent if isinstance(item, Adjustment)]
        if told:
            item = data.draw(st.sampled_from(told))
            other = replace(item, points=item.points + points or 999)
            result = ledger.record([other], program_id=self.made.pk, via=self.via, now=self.now)[0]
            assert result.refusal.code == "idempotency_conflict"
            outcomes["replay", False] += 1

    def name(self):
        return f"fact-{next(self.names)}"

    def settle_all(self):
        ledger.refresh(self.made.pk, [who.pk for who in self.rows.values()], now=self.now)
        for member in self.model.members.values():
            self.model.settle(member, self.now)

    def state(self):
        """Per member what the engine holds: the four parts, the tier, and the lots."""
        found = {}
        for number, who in self.rows.items():
            row = who.balances.filter(currency=self.points).first()
            parts = (row.available, row.pending, row.reserved, row.arrears) if row else (0, 0, 0, 0)
            tier = who.standings.current().get().tier.code
            lots = Lot.objects.filter(member=who, currency=self.points, remaining__gt=0)
            found[number] = (parts, tier, sorted((lot.expires_at, lot.remaining, lot.is_pending) for lot in lots))
        return found

    @invariant()
    def the_engine_agrees_with_the_model(self):
        if not hasattr(self, "made"):
            return
        self.settle_all()
        expected = {}
        for number, member in self.model.members.items():
            reserved = sum(spending.points for spending in member.reserved.values())
            parts = (member.available, member.pending, reserved, member.arrears)
            lots = sorted((lot.ends_at, lot.remaining, lot.is_pending) for lot in member.lots if lot.remaining)
            expected[number] = (parts, member.tier, lots)
        assert self.state() == expected


#: Each rule with the outcomes it can have; a long run must meet each of them often.
POSSIBLE = {
    *(
        (name, True)
        for name in "enrol earn refund redeem reserve confirm release cancel transfer adjust time replay".split()
    ),
    *((name, False) for name in "refund redeem reserve confirm release cancel transfer adjust replay".split()),
}


def run(*, examples, steps):
    outcomes.clear()
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_the_engine_agrees_with_the_model_in_a_short_run():
    run(examples=25, steps=25)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.django_db
def test_the_engine_agrees_with_the_model_in_a_long_run(capsys):
    run(examples=2000, steps=50)
    told = [f"{name} {'accepted' if yes else 'refused'} {times:,}" for (name, yes), times in sorted(outcomes.items())]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(told) + "\n")
    assert {outcome for outcome in POSSIBLE if outcomes[outcome] < 100} == set()
