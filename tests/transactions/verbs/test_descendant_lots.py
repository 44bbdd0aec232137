"""Points of an order live on in other lots: merged, given back, reinstated. A refund finds them there, once."""

from datetime import timedelta

import pytest

from partners.activity import Transfer
from programs.models import ExpiryRule
from tests.support import factories
from tests.support.factories import at, held, post, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.expiry import reinstatements
from transactions.merging import merges
from transactions.models import Lot

pytestmark = pytest.mark.usefixtures("books_balance")

NOW = at(2026, 3, 1)
#: Behind the end of what was earned at `NOW`, and behind the days of grace of what comes back then.
LATER, LAST = NOW + timedelta(days=20), NOW + timedelta(days=40)


@pytest.fixture
def made(db):
    """Points live ten days, and five more when they come back too late."""
    made = factories.program(expiry="never", time_zone="UTC")
    points = made.currencies.get(code="points")
    points.grace_days, points.transfers = 5, True
    points.save()
    ExpiryRule.objects.create(currency=points, model="fixed", period=10, unit="day", min_validity_days=0)
    return made


@pytest.fixture
def who(made):
    return factories.member(made, enrolled_at=at(2026, 1, 1))


@pytest.fixture
def twin(made):
    return factories.member(made, enrolled_at=at(2026, 1, 1))


def test_what_ended_after_a_merge_is_not_taken_a_second_time(made, who, twin):
    bought = post_one(made, purchase(twin, 10_000), now=NOW)
    merges.merge(twin, who, reason="The same person", now=NOW)
    post_one(made, purchase(who, 10_000), now=LATER)
    post_one(made, reversal(bought.journal_id), now=LATER)
    assert held(who) == 100


def test_what_came_back_and_ended_is_not_taken_a_second_time(made, who):
    bought = post_one(made, purchase(who, 10_000), now=NOW)
    spent = post_one(made, redemption(who, 100), now=NOW)
    post_one(made, reversal(spent.journal_id), now=LATER)
    assert held(who) == 100
    post_one(made, purchase(who, 10_000), now=LAST)
    post_one(made, reversal(bought.journal_id), now=LAST)
    assert held(who) == 100


def test_what_has_ended_is_not_taken_a_second_time_though_nobody_has_booked_it(made, who):
    bought = post_one(made, purchase(who, 10_000), now=NOW)
    post_one(made, purchase(who, 10_000, activity_at=NOW + timedelta(days=5)), now=NOW + timedelta(days=5))
    undone = post_one(made, reversal(bought.journal_id), now=NOW + timedelta(days=12))
    assert (held(who), undone.answer["unrecovered"]) == (100, {})


def test_what_ends_as_it_comes_back_is_not_taken_by_the_next_item(made, who):
    """A return that comes too late, and the refund of the order, in one batch."""
    made.currencies.filter(code="points").update(returned_points="strict")
    made.touch(made.pk)
    bought = post_one(made, purchase(who, 10_000), now=NOW)
    spent = post_one(made, redemption(who, 100), now=NOW)
    post_one(made, purchase(who, 10_000), now=LATER)
    post(made, reversal(spent.journal_id), reversal(bought.journal_id), now=LATER)
    assert held(who) == 100


def test_what_was_reinstated_is_taken_like_what_never_ended(made, who):
    bought = post_one(made, purchase(who, 10_000), now=NOW)
    reinstatements.reinstate(Lot.objects.get(member=who).pk, reason="Was ill", now=LATER)
    assert held(who) == 100
    post_one(made, reversal(bought.journal_id), now=LATER)
    assert held(who) == 0


def test_what_ended_with_somebody_else_was_given_away(made, who, twin):
    bought = post_one(made, purchase(who, 10_000), now=NOW)
    gift = Transfer("gift", {"number": who.number}, {"number": twin.number}, 100)
    post_one(made, gift, now=NOW)
    ledger.refresh(made.pk, [twin.pk], now=LATER)
    assert twin.balances.get(currency__code="points").lifetime_expired == 100
    post_one(made, purchase(who, 10_000), now=LATER)
    post_one(made, reversal(bought.journal_id), now=LATER)
    assert (held(who), held(twin)) == (0, 0)


def test_what_was_given_there_and_back_is_the_orders_own(made, who, twin):
    """It is taken before what ends sooner."""
    bought = post_one(made, purchase(who, 10_000), now=NOW)
    for number, (giver, taker) in enumerate([(who, twin), (twin, who)]):
        post_one(made, Transfer(f"gift-{number}", {"number": giver.number}, {"number": taker.number}, 100), now=NOW)
    post_one(made, purchase(who, 10_000, activity_at=NOW - timedelta(days=5)), now=NOW)
    post_one(made, reversal(bought.journal_id), now=NOW)
    left = Lot.objects.get(member=who, remaining__gt=0)
    assert (left.remaining, left.activity_at) == (100, NOW - timedelta(days=5))
