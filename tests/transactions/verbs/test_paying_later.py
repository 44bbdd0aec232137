"""A purchase paid with points that waits, is edited, or is paid by a household or in foreign money stays one fact."""

import pytest

from members.models import Relation
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import held, post_one, purchase, redemption, reversal
from tests.support.paying import pays, refused
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal
from transactions.reviews import decisions


@pytest.fixture(autouse=True)
def sound(made):
    yield
    assert_balanced(made)


def test_a_purchase_that_is_held_moves_neither_until_it_is_approved(worth, who):
    kept = post_one(worth, purchase(who, 10_000, "paid", activity_at=NOW, hold="Look", **pays(400)), now=NOW)
    assert (kept.status, held(who)) == ("kept", 1000)
    assert decisions.approve(kept.journal_id, now=NOW).answer["redeemed"]["points_used"] == 400
    assert held(who) == 720


def test_a_held_purchase_whose_points_are_gone_stays_held(worth, who):
    kept = post_one(worth, purchase(who, 10_000, "paid", activity_at=NOW, hold="Look", **pays(400)), now=NOW)
    post_one(worth, redemption(who, 700), now=NOW)
    assert decisions.approve(kept.journal_id, now=NOW).refusal.code == "insufficient_points"
    assert (Journal.objects.get(pk=kept.journal_id).status, held(who)) == ("held", 300)


def test_a_new_revision_keeps_what_was_paid_with_points(worth, who):
    buy(worth, who, 10_000, "r1", **pays(400))
    edited = buy(worth, who, 5_000, "r2", replaces="r1").answer
    # 46.00 earn; the 4.00 stay paid.
    assert (edited["points"], held(who)) == ({"points": 57, "status": 46}, 600 + 57)
    last = buy(worth, who, 8_000, "r3", replaces="r2")
    assert last.answer["points"]["status"] == 76
    refund(worth, last)
    assert held(who) == 1000


def test_a_revision_earns_on_what_points_do_not_pay_any_more(worth, who):
    buy(worth, who, 10_000, "r1", **pays(400))
    spent = Journal.objects.get(kind="redemption", external_id="r1")
    post_one(worth, reversal(spent.pk, points=100), now=NOW)
    assert buy(worth, who, 5_000, "r2", replaces="r1").answer["points"]["status"] == 47
    post_one(worth, reversal(spent.pk), now=NOW)
    assert buy(worth, who, 5_000, "r3", replaces="r2").answer["points"]["status"] == 50


def test_the_points_of_a_household_pay_by_its_rules(worth, who):
    home = factories.member(worth, kind="group", company_name="The Lovelaces")
    post_one(worth, purchase(home, 40_000, activity_at=NOW), now=NOW)
    mine = {"group": {"number": home.number}}
    item = purchase(who, 10_000, "paid", activity_at=NOW, **pays(300, **mine))
    assert refused(worth, item) == ("not_allowed", "redeem.group")
    tie = Relation.objects.create(member=who, group=home, may_redeem=True, daily_limit=299)
    assert refused(worth, item) == ("not_allowed", "redeem.points")
    Relation.objects.filter(pk=tie.pk).update(daily_limit=None, needs_approval=True)
    assert refused(worth, item) == ("not_allowed", "redeem.group")
    Relation.objects.filter(pk=tie.pk).update(needs_approval=False)
    bought = post_one(worth, item, now=NOW)
    assert (held(home), held(who)) == (100, 1000 + 121)
    refund(worth, bought)
    assert (held(home), held(who)) == (400, 1000)


def test_points_pay_their_worth_of_foreign_money(worth, who):
    worth.exchange_rates.create(money="USD", on=NOW.date(), rate="0.8")
    answer = buy(worth, who, 10_000, "paid", money="USD", **pays(400)).answer
    # 100.00 USD less 5.00 USD are 76.00 EUR.
    assert (answer["points"]["status"], answer["redeemed"]["money_value"]) == (76, "4.00")
    assert refused(worth, purchase(who, 400, activity_at=NOW, money="USD", **pays(400)))[0] == "outside_limits"


def test_without_a_rate_the_whole_waits(worth, who):
    kept = post_one(worth, purchase(who, 10_000, "paid", activity_at=NOW, money="USD", **pays(400)), now=NOW)
    assert (kept.status, held(who)) == ("kept", 1000)
    worth.exchange_rates.create(money="USD", on=NOW.date(), rate="0.8")
    assert decisions.retry(kept.journal_id, now=NOW).status == "posted"
    assert held(who) == 1000 - 400 + 95
