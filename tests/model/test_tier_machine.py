"""Does a member hold the tier that the rules say, whatever happens in whatever order, on a ladder of any model?

Replay a failure: run the line that is printed with it. It names the seed, and the same seed gives the same life.
"""

import secrets
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from partners.activity import Reversal
from tests.support import ladders
from tests.support.factories import post_one, purchase
from tests.support.rolled_back import rolled_back
from tests.support.tier_machine import TierMachine, outcomes
from tests.support.tier_terms import DAY, local, midnight


class Lives(TierMachine):
    """Whatever can happen to a tier."""

    orders = TierMachine.orders

    @rule(target=orders, euros=st.integers(1, 300))
    def earn_little(self, euros):
        return self.earned(euros, self.now)

    @rule(target=orders, euros=st.one_of(st.integers(200, 1500), st.sampled_from([500, 800, 1000])))
    def earn_much(self, euros):
        """What reaches a tier alone, or keeps it; often by not one more than that."""
        return self.earned(euros, self.now)

    @precondition(lambda self: self.model.is_in_grace)
    @rule(target=orders, euros=st.integers(100, 1500))
    def earn_in_grace(self, euros):
        return self.earned(euros, self.now)

    @rule(target=orders, euros=st.integers(1, 1200), days=st.integers(1, 40))
    def earn_lately(self, euros, days):
        return self.earned(euros, self.late(days))

    @rule(target=orders, euros=st.integers(1, 1200), days=st.integers(20, 400))
    def earn_long_ago(self, euros, days):
        return self.earned(euros, self.late(days))

    @precondition(lambda self: self.terms.has_cycles and self.model.rows and self.model.rows[-1].cycle)
    @rule(target=orders, euros=st.integers(200, 1200), days=st.integers(0, 20))
    def earn_for_what_was_lost(self, euros, days):
        """What may still undo a downgrade: it happened shortly before the tier ended that was not kept."""
        ended = self.model.rows[-2].through
        return self.earned(euros, self.late((local(self.now) - ended).days + days))

    def late(self, days):
        """In the morning so many days ago, but not before the member was one."""
        first = max(self.model.enrolled_on + DAY, local(self.now) - days * DAY)
        return midnight(first) + timedelta(hours=10)

    def earned(self, euros, at):
        self.is_watched = True
        self.model.live_until(self.now)
        result = post_one(self.made, purchase(self.who, euros * 100, activity_at=at), now=self.now)
        return result.journal_id, self.model.earn(at, (euros, 1)[: len(self.terms.names)], self.now)

    @rule(order=orders, share=st.sampled_from([100, 100, 50, 10]))
    def refund(self, order, share):
        """A part of what is left of a purchase, in full euros, or all of it; nobody is lowered at once."""
        journal_id, fact = order
        left = fact.points[0]
        euros = -(-left * share // 100)
        if euros:
            self.model.live_until(self.now)
            item = Reversal(f"undo-{next(self.names)}", journal_id, amount=euros * 100)
            post_one(self.made, item, now=self.now)
            self.model.refund(fact, (left - euros, int(left > euros)), self.now)

    @rule(days=st.one_of(st.integers(1, 20), st.integers(1, 200)), is_watched=st.booleans())
    def time_passes(self, days, is_watched):
        """Nobody may be looking: then it is left to the next action to find what time did."""
        self.now += days * DAY
        self.is_watched = is_watched

    @precondition(lambda self: self.model.rows and self.model.rows[-1].through)
    @rule(days=st.integers(-3, 40), is_watched=st.booleans())
    def the_end_comes(self, days, is_watched):
        """The days around the end of a validity, and those of grace."""
        self.now = max(self.now, midnight(self.model.rows[-1].through + days * DAY) + timedelta(hours=15))
        self.is_watched = is_watched

    @rule(days=st.one_of(st.integers(1, 20), st.integers(1, 200)))
    def night(self, days):
        """C15-R11: what the night writes is what reading would have written."""
        self.now += days * DAY
        self.model.live_until(self.now)
        with rolled_back():
            ladders.settle(self.who, self.now)
            read = self.held()
        ladders.night(self.made, self.now)
        assert self.held() == read
        self.tell("night")


#: What can happen; a long run must meet each of it often.
POSSIBLE = {
    *("raised", "several levels at once", "raised today", "raised by what came late", "reached again"),
    *("renewed at the end", "in grace", "grace was over", "saved in grace", "rolled over", "night", "refunded"),
    *("lowered to_earned", "lowered one_level", "lowered to_base"),
    *("late, in a closed cycle", "late, and restored"),
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
        terms |= {
            "deadline": None,
            "database": None,
            "suppress_health_check": list(HealthCheck),
            "phases": [Phase.generate],
        }
        run_state_machine_as_test(seed(number)(Lives), settings=settings(**terms))

    return run


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db
def test_tiers_agree_with_the_model_in_a_short_run(run):
    run(examples=30, steps=20)


@pytest.mark.long
@pytest.mark.timeout(7200)
# Each life is a transaction of its own, so that PostgreSQL can clear away what the lives before it left.
@pytest.mark.django_db(transaction=True)
def test_tiers_agree_with_the_model_in_a_long_run(run, capsys):
    run(examples=3000, steps=40)
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(f"{name} {times:,}" for name, times in sorted(outcomes.items())) + "\n")
    assert {outcome for outcome in POSSIBLE if outcomes[outcome] < 100} == set()
