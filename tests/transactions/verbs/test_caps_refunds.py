"""What a refund takes back, it gives back to the counters of then, and no more (semantics C8-R5)."""

import random
from datetime import timedelta

import pytest

from members.models import Relation
from partners.activity import Activity
from programs.models import Cap
from tests.support import factories
from tests.support.capped import MARCH, buy, cap, used
from tests.support.crowd import at_once
from tests.support.factories import at, held, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.expiry.sweep import sweep
from transactions.models import CapCounter, Journal


def test_a_refund_opens_the_period_of_the_purchase(plain, ada):
    cap(plain, "month", 100, period="month")
    bought = buy(plain, ada, 100, activity_at=at(2026, 2, 10))
    post_one(plain, reversal(bought.journal_id, activity_at=MARCH))
    assert list(CapCounter.objects.values_list("period__month", "used")) == [(2, 0)]
    assert buy(plain, ada, 70, activity_at=at(2026, 2, 11)).answer["points"] == {"points": 70}


def test_a_cap_that_does_not_reopen_stays_used(plain, ada):
    cap(plain, "day", 100, reopens=False)
    post_one(plain, reversal(buy(plain, ada, 100).journal_id))
    assert used("day") == [100]


def test_a_refund_of_a_capped_order_takes_no_more_than_the_caps_had_let_through(plain, ada):
    """180 of which 60 were given: half of it back leaves 90, of which the caps of then would give 60."""
    cap(plain, "budget", 60, scope="program", period="ever")
    bought = buy(plain, ada, 180)
    half = post_one(plain, reversal(bought.journal_id, amount=9000))
    assert (half.answer["points"], held(ada), used("budget")) == ({"points": 0}, 60, [60])
    more = post_one(plain, reversal(bought.journal_id, amount=5000))
    assert (more.answer["points"], held(ada), used("budget")) == ({"points": -20}, 40, [40])
    post_one(plain, reversal(bought.journal_id))
    assert (held(ada), used("budget")) == (0, [0])


def test_each_rule_is_compared_with_what_its_own_cap_had_let_through(plain, ada):
    """100 of the base and 60 of a promotion's 200: half of it back leaves 50 and 60, not 50 and 100."""
    double = factories.rule(plain, "double", "per_amount", {"points": "2", "per": "1"})
    cap(plain, "budget", 60, scope="program", period="ever", rule=double)
    bought = buy(plain, ada, 100)
    assert (bought.answer["points"], held(ada)) == ({"points": 160}, 160)
    half = post_one(plain, reversal(bought.journal_id, amount=5000))
    assert (half.answer["points"], used("budget")) == ({"points": -50}, [60])


def test_the_largest_balance_of_then_counts_too(plain, ada):
    plain.currencies.filter(code="points").update(max_balance=60)
    bought = buy(plain, ada, 180)
    post_one(plain, reversal(bought.journal_id, amount=9000))
    assert held(ada) == 60


@pytest.mark.parametrize("mode", ["recompute", "proportional"])
@pytest.mark.parametrize("seed", range(5))
def test_any_parts_of_a_refund_give_back_together_what_was_used(plain, ada, seed, mode):
    plain.currencies.filter(code="points").update(cost_per_point="0.0075")
    cap(plain, "day", 150)
    cap(plain, "uses", 5, measure="uses")
    cap(plain, "money", 90, measure="money", scope="program", period="year")
    bought = buy(plain, ada, 200)
    assert (used("day"), used("uses"), used("money")) == ([120], [1], [120 * 7500])
    left, chance = 20000, random.Random(seed)
    while left:
        part = min(left, chance.randint(1, 7000))
        left -= part
        post_one(plain, reversal(bought.journal_id, amount=part, mode=mode))
        given = held(ada)
        assert used("day") == [given]
        assert used("money") == [given * 7500]
        assert used("uses") == [int(given > 0)]
    assert (held(ada), used("day"), used("money"), used("uses")) == (0, [0], [0], [0])


def test_points_that_are_spent_stay_used(plain, ada):
    cap(plain, "day", 100)
    bought = buy(plain, ada, 100)
    post_one(plain, redemption(ada, 70))
    post_one(plain, reversal(bought.journal_id))
    assert used("day") == [70]


def test_a_changed_order_is_counted_anew(plain, ada):
    cap(plain, "day", 100, behaviour="reject")
    buy(plain, ada, 80, external_id="order-a")
    edit = Activity("purchase", "order-b", {"number": ada.number}, MARCH, amount=9500, replaces="order-a")
    assert post_one(plain, edit).answer["points"] == {"points": 95}
    assert (held(ada), used("day")) == (95, [95])


def test_a_limit_that_was_lowered_meanwhile_does_not_stop_a_refund(plain, ada):
    day = cap(plain, "day", 100)
    bought = buy(plain, ada, 100)
    day.limit = 10
    day.save()
    post_one(plain, reversal(bought.journal_id, amount=3000))
    assert used("day") == [70]
    assert buy(plain, ada, 20).answer["points"] == {}


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_tills_that_race_for_the_last_60_share_them():
    made = factories.program(rules=False)
    factories.rule(made, "promo", "per_amount", {"points": "1", "per": "1"})
    cap(made, "budget", 60, scope="program", period="ever")
    people = [factories.member(made) for _ in range(6)]
    till = factories.till(made)
    actions = [lambda who=who: post_one(made, purchase(who, 6000), via=till).answer["points"] for who in people]
    given = at_once(*actions)
    assert sorted(points.get("points", 0) for points in given) == [0, 0, 0, 0, 0, 60]
    assert used("budget") == [60]


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_batches_with_the_same_caps_in_any_order_never_wait_in_a_circle():
    made = factories.program(rules=False)
    factories.rule(made, "promo", "per_amount", {"points": "1", "per": "1"})
    shops = [factories.store(made.owner, f"shop-{n}") for n in range(4)]
    cap(made, "shop", 300, scope="store", period="day")
    cap(made, "all", 700, scope="program", period="month")
    till, teams = factories.till(made), [[factories.member(made) for _ in range(4)] for _ in range(4)]

    def post(number):
        chance = random.Random(number)
        for _ in range(5):
            team = chance.sample(teams[number], 4)
            items = [purchase(who, 1500, store=chance.choice(shops).code) for who in team]
            factories.post(made, *items, via=till)

    at_once(*[lambda n=n: post(n) for n in range(4)])
    assert used("all") == [700]
    assert sum(used("shop")) == 700
    assert max(used("shop")) <= 300
    assert sum(held(who) for team in teams for who in team) == 700
    assert Journal.objects.filter(kind="accrual").count() == 80


class TestEventsThatNeverCame:
    """C8-R5: pending points that their deadline cancels make room again, in the period that they came from."""

    LATER = MARCH + timedelta(days=90)

    @pytest.fixture
    def shipping(self, plain):
        plain.currencies.update(pending_event="shipped", pending_deadline_days=60)
        cap(plain, "budget", 250, scope="program", period="month")
        cap(plain, "times", 3, scope="member", period="month", measure="uses")
        return plain

    def order(self, made, who, points, **fields):
        return post_one(made, purchase(who, points * 100, activity_at=MARCH, **fields), now=MARCH).journal_id

    def test_all_of_it(self, shipping, ada):
        self.order(shipping, ada, 100)
        self.order(shipping, ada, 50)
        assert (used("budget"), used("times")) == ([150], [2])
        ledger.refresh(shipping.pk, [ada.pk], now=self.LATER)
        assert (used("budget"), used("times")) == ([0], [0])
        # In the same batch as a purchase of that month.
        self.order(shipping, ada, 100)
        post_one(shipping, purchase(ada, 20_000, activity_at=MARCH), now=self.LATER + timedelta(days=90))
        assert (used("budget"), used("times")) == ([200], [1])

    def test_with_refunds_before_and_after(self, shipping, ada):
        bought = self.order(shipping, ada, 101)
        post_one(shipping, reversal(bought, amount=4_000), now=MARCH)
        assert (used("budget"), used("times")) == ([61], [1])
        ledger.refresh(shipping.pk, [ada.pk], now=self.LATER)
        assert (used("budget"), used("times")) == ([0], [0])
        post_one(shipping, purchase(ada, 3_000, activity_at=MARCH), now=self.LATER)
        post_one(shipping, reversal(bought), now=self.LATER)
        assert (used("budget"), used("times")) == ([30], [1])

    def test_what_was_released_stays_used(self, shipping, ada):
        self.order(shipping, ada, 100, external_id="o-1")
        post_one(
            shipping, Activity("shipped", "s-1", {"number": ada.number}, order="o-1", activity_at=MARCH), now=MARCH
        )
        ledger.refresh(shipping.pk, [ada.pk], now=self.LATER)
        assert (used("budget"), used("times")) == ([100], [1])

    def test_a_cap_that_does_not_reopen_stays_used(self, shipping, ada):
        Cap.objects.filter(code="budget").update(reopens=False)
        shipping.touch(shipping.pk)
        self.order(shipping, ada, 100)
        ledger.refresh(shipping.pk, [ada.pk], now=self.LATER)
        assert (used("budget"), used("times")) == ([100], [0])

    def test_the_shares_of_a_group_count_together(self, shipping, ada):
        home = factories.member(shipping, kind="group", company_name="Home")
        Relation.objects.create(member=ada, group=home, percent=30)
        self.order(shipping, ada, 101)
        ledger.refresh(shipping.pk, [home.pk], now=self.LATER)
        assert (used("budget"), used("times")) == ([71], [1])
        ledger.refresh(shipping.pk, [ada.pk], now=self.LATER)
        assert (used("budget"), used("times")) == ([0], [0])

    def test_the_night_gives_back_alike(self, shipping, ada):
        members = [ada, *(factories.member(shipping) for _ in range(2))]
        for who in members:
            self.order(shipping, who, 50)
        list(sweep(shipping.pk, now=self.LATER))
        assert (used("budget"), used("times")) == ([0], [0, 0, 0])
