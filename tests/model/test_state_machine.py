"""Does the engine agree with the model, whatever happens in whatever order?

Replay a failure: run the line that is printed with it. It names the seed, and the same seed gives the same life.
"""

import secrets
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from partners.activity import Adjustment, Decision, EarlyRelease, Redemption, Reversal, Transfer
from tests.support.factories import purchase
from tests.support.ledger_machine import outcomes
from tests.support.living import everything
from tests.support.offers_machine import TYPED, OffersMachine
from tests.support.rolled_back import rolled_back
from transactions import ledger
from transactions.expiry import sweep
from transactions.merging import merges

#: Percent; often all that there is, and more than that, too.
SHARES = st.one_of(st.just(100), st.integers(1, 120))


#: While nobody has a point, nothing can be spent, and time does nothing.
somebody_has_points = precondition(lambda self: any(lot.remaining for lot in self.model.lots()))


class Lives(OffersMachine):
    """Whatever can happen to points, in any order."""

    members, orders, spendings = OffersMachine.members, OffersMachine.orders, OffersMachine.spendings

    @precondition(lambda self: sum(member.into is None for member in self.model.members.values()) < 4)
    @rule(target=members)
    def enrol(self):
        return self.enrolled()

    @rule(target=orders, member=members, amount=st.integers(20_000, 60_000), code=TYPED)
    def earn_much(self, member, amount, code):
        return self.earned(member, amount, code)

    @rule(target=orders, member=members, amount=st.integers(1, 20_000), code=TYPED)
    def earn_little(self, member, amount, code):
        return self.earned(member, amount, code)

    def earned(self, member, amount, code):
        item = purchase(self.rows[member.number], amount, code=code.lower())
        wish = lambda: self.model.earn(item.external_id, member.today, amount, self.now, code)  # noqa: E731
        result = self.both("earn", item, wish, member)
        self.count_code(item)
        return item.external_id, result.journal_id

    @rule(target=orders, order=orders, amount=st.integers(1, 60_000), code=TYPED)
    def edit(self, order, amount, code):
        """The order becomes another one; who was merged meanwhile is named by the number of then."""
        old, member = order[0], self.model.orders[order[0]].member
        item = purchase(self.rows[member.number], amount, replaces=old, code=code)
        wish = lambda: self.model.edit(old, item.external_id, member.today, amount, self.now, code)  # noqa: E731
        result = self.both("edit", item, wish, member)
        if not result:
            return multiple()
        self.count_code(item)
        return item.external_id, result.journal_id

    @rule(order=orders, share=SHARES)
    def refund(self, order, share):
        key, journal_id = order
        known = self.model.orders[key]
        amount = max(1, known.amount * share // 100)
        item = Reversal(external_id=self.name(), journal_id=journal_id, amount=amount)
        self.both("refund", item, lambda: self.model.refund(key, amount, self.now), known.member)

    @rule(order=orders)
    def release_early(self, order):
        key, journal_id = order
        item = EarlyRelease(external_id=self.name(), journal_id=journal_id, reason="A good customer")
        wish = lambda: self.model.release_early(key, self.now)  # noqa: E731
        self.both("release early", item, wish, self.model.orders[key].member)

    def part(self, member, share):
        """So many percent of what can be spent; a little more than all of it is one too many."""
        return max(1, member.today.available * share // 100)

    @somebody_has_points
    @rule(target=spendings, member=members, share=SHARES)
    def redeem(self, member, share):
        points = self.part(member, share)
        item = Redemption(external_id=self.name(), member={"number": member.number}, points=points)
        wish = lambda: self.model.redeem(item.external_id, member.today, points, self.now)  # noqa: E731
        result = self.both("redeem", item, wish, member)
        return (item.external_id, result.journal_id) if result else multiple()

    @somebody_has_points
    @rule(target=spendings, member=members, share=SHARES, hours=st.integers(1, 100))
    def reserve(self, member, share, hours):
        points, due_at = self.part(member, share), self.now + timedelta(hours=hours)
        item = Redemption(
            external_id=self.name(), member={"number": member.number}, points=points, reserve_s=hours * 3600
        )
        wish = lambda: self.model.redeem(item.external_id, member.today, points, self.now, due_at=due_at)  # noqa: E731
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

    @rule(spending=spendings, share=SHARES)
    def cancel(self, spending, share):
        key, journal_id = spending
        known = self.model.spendings[key]
        points = max(1, known.points * share // 100)
        item = Reversal(external_id=self.name(), journal_id=journal_id, points=points)
        self.both("cancel", item, lambda: self.model.cancel(key, points, self.now), known.member)

    @somebody_has_points
    @rule(giver=members, taker=members, share=SHARES)
    def transfer(self, giver, taker, share):
        points = self.part(giver, share)
        item = Transfer(
            external_id=self.name(), member={"number": giver.number}, to={"number": taker.number}, points=points
        )
        wish = lambda: self.model.give(giver.today, taker.today, points, self.now)  # noqa: E731
        self.both("transfer", item, wish, giver, taker)

    @rule(member=members, points=st.integers(-300, 300).filter(bool))
    def adjust(self, member, points):
        item = Adjustment(
            external_id=self.name(), member={"number": member.number}, points=points, reason="counted again"
        )
        self.both("adjust", item, lambda: self.model.adjust(member.today, points, self.now), member)

    @rule(member=members, into=members)
    def merge(self, member, into):
        _, is_wanted = self.wants("merge", lambda: self.model.merge(member, into), member, into)
        source, target = self.rows[member.number], self.rows[into.number]
        try:
            merges.merge(source, target, reason="The same person", now=self.now)
            is_done = True
        except merges.NotMergeable:
            is_done = False
        assert is_done == is_wanted

    @somebody_has_points
    @rule(hours=st.integers(1, 72), is_watched=st.booleans())
    def time_passes(self, hours, is_watched):
        """Nobody may be looking: then it is left to the next action to find what time did."""
        self.now += timedelta(hours=hours)
        self.is_watched = is_watched
        outcomes["time", True] += 1

    @somebody_has_points
    @rule(hours=st.integers(1, 72))
    def night(self, hours):
        """C-INV 13: what the night books is what reading would have booked."""
        self.now += timedelta(hours=hours)
        rows, but = list(self.rows.values()), ("chain", "version")
        with rolled_back():
            ledger.refresh(self.made.pk, [who.pk for who in rows], now=self.now)
            read = everything(rows, but=but)
        assert not any(done.failed for done in sweep.sweep(self.made.pk, now=self.now))
        assert everything(rows, but=but) == read
        outcomes["sweep", True] += 1

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


#: Each rule with the outcomes it can have; a long run must meet each of them often.
POSSIBLE = {
    *(
        (name, True)
        for name in [
            *"enrol earn edit refund redeem reserve confirm release cancel transfer adjust merge".split(),
            *("release early", "time", "sweep", "replay", "arrears"),
            *("code", "opt in", "leave", "stop", "resume", "part"),
        ]
    ),
    *(
        (name, False)
        for name in [
            *"edit refund redeem reserve confirm release cancel transfer adjust merge".split(),
            *("release early", "replay", "code", "opt in", "leave", "stop", "resume"),
        ]
    ),
}


@pytest.fixture
def run(request):
    """A function that lives so many lives; the line to run them again is printed first, should one of them fail."""
    given = request.config.getoption("hypothesis_seed", None)
    number = secrets.randbits(32) if given is None else int(given)

    def run(*, examples, steps):
        sys.stdout.write(f'Again: pytest "{request.node.nodeid}" -m "" --hypothesis-seed={number}\n')
        outcomes.clear()
        terms = {"max_examples": examples, "stateful_step_count": steps, "report_multiple_bugs": False}
        # From the seed alone, not from what failed here before.
        terms |= {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
        run_state_machine_as_test(seed(number)(Lives), settings=settings(**terms))

    return run


@pytest.mark.slow
@pytest.mark.timeout(900)  # Hypothesis looks for a shorter life that fails alike, five minutes at most.
@pytest.mark.django_db
def test_the_engine_agrees_with_the_model_in_a_short_run(run):
    run(examples=18, steps=30)


@pytest.mark.long
@pytest.mark.timeout(7200)
# Each life is a transaction of its own, so that PostgreSQL can clear away what the lives before it left.
@pytest.mark.django_db(transaction=True)
def test_the_engine_agrees_with_the_model_in_a_long_run(run, capsys):
    run(examples=2000, steps=50)
    told = [f"{name} {'accepted' if yes else 'refused'} {times:,}" for (name, yes), times in sorted(outcomes.items())]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(told) + "\n")
    assert {outcome for outcome in POSSIBLE if outcomes[outcome] < 100} == set()
