"""Whatever tills do at one moment: a code is used so often, a budget holds, an enrolment is one."""

from collections import Counter

import pytest
from django.utils import timezone

from members import promotions as enrolling
from members.models import PromotionEnrolment
from programs import promotion_codes
from programs.models import PromotionCode
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.capped import cap, used
from tests.support.crowd import at_once
from tests.support.factories import post, post_one, purchase, reversal
from tests.support.promoting import earned, given, promotion, uses

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]
TILLS, ROUNDS = 20, 3


@pytest.fixture
def made(transactional_db):
    made = factories.program(rules=False)
    factories.rule(made, "base", "per_amount", {"points": "1", "per": "1"})
    return made


@pytest.fixture
def people(made):
    return [factories.member(made) for _ in range(TILLS)]


@pytest.fixture
def till(made):
    return factories.till(made)


def buy_at_once(made, people, till, name, **fields):
    """The points of a purchase of 100 of each of them, all posted at one moment."""
    items = [purchase(who, 10_000, f"{name}-{place}", **fields) for place, who in enumerate(people)]
    results = at_once(*[lambda item=item: post(made, item, via=till)[0] for item in items])
    assert {one.status for one in results} == {"posted"}
    return Counter(map(earned, results)), results


@pytest.mark.parametrize("most", [1, 3])
def test_twenty_tills_use_a_code_as_often_as_it_may_be_used_and_the_others_post_without_it(made, people, till, most):
    offer = promotion(made, uses_per_code=most)
    for number in range(ROUNDS):
        code = f"CODE{number}"
        PromotionCode.objects.create(promotion=offer, code=code)
        points, _ = buy_at_once(made, people, till, code, code=code)
        assert points == {150: most, 100: TILLS - most}
        assert uses("spring")[code] == most
    assert given() == 50 * most * ROUNDS
    assert_balanced(made)


def test_one_member_at_twenty_tills_uses_a_code_once(made, people, till):
    offer = promotion(made, uses_per_code=1)
    PromotionCode.objects.create(promotion=offer, code="ONCE")
    points, _ = buy_at_once(made, people[:1] * TILLS, till, "o", code="once")
    assert points == {150: 1, 100: TILLS - 1}
    assert uses("spring") == {"ONCE": 1}
    assert_balanced(made)


def test_a_code_that_a_refund_gives_back_at_that_moment_is_used_once_more_at_most(made, people, till):
    offer = promotion(made, uses_per_code=1)
    PromotionCode.objects.create(promotion=offer, code="BACK")
    first = post_one(made, purchase(people[0], 10_000, "first", code="BACK"), via=till)
    items = [purchase(who, 10_000, f"next-{place}", code="BACK") for place, who in enumerate(people[1:])]
    items.append(reversal(first.journal_id))
    results = at_once(*[lambda item=item: post(made, item, via=till)[0] for item in items])
    assert {one.status for one in results} == {"posted"}
    won = sum(earned(one) == 150 for one in results[:-1])
    assert won <= 1
    assert (uses("spring"), given()) == ({"BACK": won}, 50 * won)
    assert_balanced(made)


def test_a_budget_that_is_raced_for_is_given_to_the_last_point_and_never_exceeded(made, people, till):
    """C8: of the last 60 points the tills get 60 together, each the rest of its purchase."""
    offer = promotion(made)
    cap(made, "budget", 260, scope="program", period="ever", promotion=offer)
    points, _ = buy_at_once(made, people, till, "b")
    assert points == {150: 5, 110: 1, 100: TILLS - 6}
    assert (used("budget"), given()) == ([260], 260)
    assert_balanced(made)


def test_two_who_enrol_a_member_at_once_make_one_enrolment(made, people):
    offer = promotion(made, opt_in=True)
    now = timezone.now()
    for who in people[:5]:
        results = at_once(*[lambda who=who: enrolling.enrol(who, offer, now=now)[1]] * 8)
        assert sorted(results) == [False] * 7 + [True]
    assert PromotionEnrolment.objects.count() == 5


def test_of_all_who_let_a_member_leave_at_once_one_does(made, people):
    offer = promotion(made, opt_in=True)
    enrolling.enrol(people[0], offer, now=timezone.now())
    results = at_once(*[lambda: enrolling.leave(people[0], offer, now=timezone.now())] * 8)
    assert sorted(results) == [False] * 7 + [True]


def test_two_who_add_the_same_codes_at_once_add_each_once(made):
    offer = promotion(made, uses_per_code=1)
    codes = [f"C{number}" for number in range(50)]
    results = at_once(*[lambda: promotion_codes.add(offer, codes)] * 6)
    assert sorted(map(len, results)) == [0] * 5 + [50]
    assert PromotionCode.objects.count() == 50
