"""What a promotion cost is the sum of what it gave by each transaction, less what refunds took back (C7, C8-R5)."""

from decimal import Decimal

import pytest
from django.utils import timezone

from programs.models import Currency
from tests.support import factories
from tests.support.factories import post_one, reversal
from tests.support.promoting import buy, promotion
from transactions.models import Entry, Journal, PromotionUse
from transactions.promoting import costs
from transactions.promoting.costs import Cost, Points

pytestmark = pytest.mark.django_db


def traced(code="spring"):
    """{currency: points} that the traces of all transactions say the promotion gave, less what those of refunds
    took back."""
    found = {}
    for journal in Journal.objects.order_by("pk"):
        sign = -1 if journal.kind == Journal.Kind.REVERSAL else 1
        said = journal.trace.get("promotions_back" if sign < 0 else "promotions", {})
        for currency, points in said.get(code, {}).items():
            found[currency] = found.get(currency, 0) + sign * points
    return found


def test_a_promotion_that_gave_nothing_costs_nothing(plain):
    assert costs.of(promotion(plain)) == Cost(0, 0, [], 0, Decimal(0))


def test_it_is_the_sum_of_what_each_transaction_gave_after_refunds(plain, ada):
    Currency.objects.update(cost_per_point=Decimal("0.012345"))
    offer, bob = promotion(plain, points="50"), factories.member(plain)
    stars = Currency.objects.create(
        program=plain, code="stars", name="Stars", decimals=2, cost_per_point=Decimal("0.05")
    )
    factories.rule(plain, "stars", "per_amount", {"points": "1", "per": "10"}, currency=stars, promotion=offer)
    plain.refresh_from_db()
    before = sum(Entry.objects.filter(member=ada).values_list("points", flat=True))
    first, _, _ = buy(plain, ada), buy(plain, ada, 5050), buy(plain, bob, 10000)
    gone = buy(plain, bob)
    post_one(plain, reversal(first.journal_id, amount=5000))
    post_one(plain, reversal(gone.journal_id))
    found = costs.of(offer)
    by_currency = {one.currency: one.left for one in found.points}
    assert before == 0
    assert by_currency == traced() == {"points": 150, "stars": 500 + 505 + 1000}
    assert (found.uses, found.members) == (4, 2)
    points, star = found.points
    assert points == Points("points", "Points", 0, 200, 50, 150 * Decimal("0.012345"))
    assert (star.given, star.taken_back) == (1000 + 505 + 1000 + 1000, 1500)
    assert star.cost == Decimal("20.05") * Decimal("0.05")
    assert found.total == points.cost + star.cost == Decimal("1.85175") + Decimal("1.0025")


def test_what_others_gave_is_not_its_cost(plain, ada):
    offer, other = promotion(plain), promotion(plain, code="other", points="7")
    buy(plain, ada)
    assert [one.given for one in costs.of(offer).points] == [50]
    assert [one.given for one in costs.of(other).points] == [7]


def test_discounts_count_as_money(plain, ada):
    offer = promotion(plain)
    result = buy(plain, ada)
    for discount in (1250, -250):
        PromotionUse.objects.create(
            promotion=offer, journal_id=result.journal_id, member=ada, discount=discount, activity_at=timezone.now()
        )
    found = costs.of(offer)
    assert (found.discount, found.total, found.uses) == (1000, Decimal("10.00"), 1)


def test_a_discount_without_points_is_a_use_too(plain, ada):
    result, offer = buy(plain, ada), promotion(plain)
    PromotionUse.objects.create(
        promotion=offer, journal_id=result.journal_id, member=ada, discount=500, activity_at=timezone.now()
    )
    assert costs.of(offer) == Cost(1, 1, [], 500, Decimal("5.00"))


def test_it_is_one_statement(plain, ada, django_assert_num_queries):
    offer = promotion(plain)
    buy(plain, ada)
    with django_assert_num_queries(1):
        costs.of(offer)
