"""How many points may pay for a purchase: posting takes so many, and not one step more."""

import pytest

from members.models import Relation
from partners.activity import PointsPaid
from programs.models import ExchangeRate
from tests.support import factories
from tests.support.currencies import change
from tests.support.factories import held, post, post_one, purchase, till
from tests.support.households import by
from tests.support.quoted import paid
from tests.support.refunding import NOW, buy
from tests.support.stage import kept
from transactions.quotes.quoting import quote


@kept
def worth(made, who):
    """Points are worth 0.75 cents; the member has 1,000 of them, and silver by as many status points."""
    change(made, point_value="0.0075")
    buy(made, who, 60_000, "first")
    buy(made, who, 32_000, "second")
    assert held(who) == 1000
    return made


def asked(made, item, **options):
    """What may be redeemed on it, held against posting so many points, and one step more."""
    [found] = quote(item, program_id=made.pk, via=till(made), now=NOW, **options).redeemables
    if not found.points:
        return found
    for points, status in ((found.points, "posted"), (found.points + found.step, "refused")):
        fact = paid(item, found.currency.code, points, has_worth=True)
        assert post(made, fact, now=NOW, dry_run=True)[0].status == status
    return found


def of(who, amount=10_000, **fields):
    return purchase(who, amount, activity_at=NOW, **fields)


@pytest.mark.parametrize(
    ("terms", "basket", "points", "used", "value"),
    [
        ({}, {}, 1000, 1000, "7.50"),
        ({"max_spend": 150}, {}, 150, 150, "1.12"),
        ({"spend_step": 300}, {}, 900, 900, "6.75"),
        ({"max_basket_percent": 1}, {}, 134, 134, "1.00"),
        ({"max_basket_percent": 1, "spend_step": 5}, {}, 130, 130, "0.97"),
        ({"max_basket_percent": 0}, {}, 0, 0, None),
        ({"min_spend": 1001}, {}, 0, 0, None),
        ({}, {"amount": 3}, 5, 4, "0.03"),
        ({}, {"amount": 0}, 0, 0, None),
        ({}, {"gift_card": 9_900}, 134, 134, "1.00"),
        ({}, {"gift_card": 10_000}, 0, 0, None),
        ({}, {"points_value": 500}, 1000, 1000, "7.50"),
    ],
)
def test_the_most_is_what_terms_balance_and_basket_leave(worth, who, terms, basket, points, used, value):
    change(worth, **terms)
    found = asked(worth, of(who, **basket))
    assert (found.points, found.points_used, found.money_value) == (points, used, value)
    assert bool(found.detail) == (not points)


def test_of_money_of_elsewhere_they_pay_what_is_left_in_that_money(worth, who):
    ExchangeRate.objects.create(program=worth, money="USD", on="2026-01-31", rate="0.92")
    # One dollar is left, which is 92 cents.
    found = asked(worth, of(who, money="USD", gift_card=9_900))
    assert (found.points, found.money_value) == (123, "0.92")


def test_the_points_of_a_group_pay_as_far_as_the_member_may_spend_today(worth, who):
    home = factories.member(worth, kind="group", company_name="The Lovelaces")
    Relation.objects.create(member=who, group=home, percent=100, may_redeem=True, daily_limit=70)
    buy(worth, who, 40_000, "third")
    post_one(worth, by(home, who, 20), now=NOW)
    of_group = PointsPaid(10, group={"number": home.number})
    found = asked(worth, of(who, redeem=of_group))
    assert (found.balance, found.points) == (held(home), 50)


def test_a_purchase_that_replaces_another_keeps_what_was_paid(worth, who):
    found = asked(worth, of(who, replaces="second"))
    assert found.points == 0
    assert found.detail.startswith("What was paid with points stays paid")


def test_one_currency_is_asked_about_by_its_code_and_the_main_one_comes_first(worth, who):
    worth.currencies.create(code="miles", name="Miles")
    type(worth).touch(worth.pk)
    told = quote(of(who), program_id=worth.pk, via=till(worth), now=NOW).redeemables
    assert [one.currency.code for one in told] == ["points", "miles"]
    [one] = quote(of(who), program_id=worth.pk, via=till(worth), now=NOW, redeem_currency="miles").redeemables
    assert (one.currency.code, one.points, one.detail) == ("miles", 0, "The member has 0 Miles to spend.")
