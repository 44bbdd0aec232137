"""A company has an account: who buys for it earns for it, and only some may spend."""

import pytest

from members.models import Relation
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.crowd import at_once
from tests.support.factories import held, post, post_one, purchase, redemption

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("percent", "person", "account"), [(100, 0, 100), (0, 100, 0), (80, 20, 80)], ids=["account", "person", "split"]
)
def test_a_purchase_credits_account_person_or_both(made, who, percent, person, account):
    """C19-R1: account only, person only, or split 80/20; qualifying points stay personal."""
    firm = factories.member(made, kind="company", company_name="Analytical Engines")
    Relation.objects.create(member=who, group=firm, role="buyer", percent=percent)
    post_one(made, purchase(who, 10_000))
    assert (held(who), held(firm)) == (person, account)
    assert held(who, "status") == 100
    assert_balanced(made)


@pytest.mark.parametrize(
    ("role", "may_redeem", "code"),
    [("buyer", True, None), ("buyer", False, "not_allowed"), ("viewer", True, "not_allowed"), ("owner", True, None)],
)
def test_roles_say_who_spends(made, who, role, may_redeem, code):
    firm = factories.member(made, kind="company", company_name="Analytical Engines")
    Relation.objects.create(member=who, group=firm, role=role, percent=100, may_redeem=may_redeem)
    post_one(made, purchase(who, 10_000))
    refusal = post(made, redemption(firm, 40, by={"number": who.number}))[0].refusal
    assert (refusal and refusal.code) == code
    assert_balanced(made)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_daily_limit_holds_against_many_redemptions_at_once():
    made = factories.program()
    firm = factories.member(made, kind="company", company_name="Analytical Engines")
    buyers = [factories.member(made) for _ in range(2)]
    for buyer in buyers:
        Relation.objects.create(member=buyer, group=firm, role="buyer", percent=100, may_redeem=True, daily_limit=25)
        post_one(made, purchase(buyer, 50_000))
    actions = [
        lambda buyer=buyer: post(made, redemption(firm, 10, by={"number": buyer.number}))[0]
        for buyer in buyers
        for _ in range(6)
    ]
    results = at_once(*actions)
    assert sorted(result.status for result in results) == [*["posted"] * 4, *["refused"] * 8]
    assert held(firm) == 960
    assert_balanced(made)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_buyers_earn_for_one_account_at_once():
    """Members and groups are locked together in the order of their keys: nobody waits in a circle."""
    made = factories.program()
    firms = [factories.member(made, kind="company", company_name=f"Firm {n}") for n in range(2)]
    buyers = [factories.member(made) for _ in range(4)]
    for buyer in buyers:
        for firm in firms:
            Relation.objects.create(member=buyer, group=firm, role="buyer", percent=40)

    def buy(buyer):
        return [post(made, purchase(buyer, 1_000))[0].status for _ in range(15)]

    statuses = at_once(*[lambda buyer=buyer: buy(buyer) for buyer in buyers * 2])
    assert {status for some in statuses for status in some} == {"posted"}
    assert [held(firm) for firm in firms] == [480, 480]
    assert [held(buyer) for buyer in buyers] == [60] * 4
    assert_balanced(made)
