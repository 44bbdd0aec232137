"""Points are spent at most once, and the answer says from which lots."""

import pytest

from tests.support import factories
from tests.support.factories import held, post, post_one, purchase, redemption
from transactions.models import Entry, Journal


@pytest.fixture
def rich(made, who):
    """A member with 100 points."""
    post_one(made, purchase(who, 10000))
    return who


def test_points_leave_the_balance_at_once(made, rich):
    answer = post_one(made, redemption(rich, 40)).answer
    assert held(rich) == 60
    assert answer["points"] == {"points": -40}
    assert answer["balances"] == {"points": 60}
    assert answer["tiers"] == {"main": "base"}
    assert [lot["points"] for lot in answer["lots"]] == [40]


def test_it_is_written_down_as_reported(made, rich):
    shop = factories.store(made.owner)
    item = redemption(rich, 40, "s-1", channel="store", store=shop.code, reason="A mug", attributes={"till": 4})
    journal = Journal.objects.get(pk=post_one(made, item).journal_id)
    assert (journal.kind, journal.external_id, journal.reason) == ("redemption", "s-1", "A mug")
    assert (journal.store, journal.channel, journal.attributes) == (shop, "store", {"till": 4})
    entry = journal.entries.get()
    assert (entry.kind, entry.points, entry.balance_after) == (Entry.Kind.DEBIT, -40, 60)


def test_everything_can_be_spent_and_not_one_point_more(made, rich):
    assert post(made, redemption(rich, 101))[0].refusal.code == "insufficient_points"
    assert post_one(made, redemption(rich, 100))
    assert held(rich) == 0
    refusal = post(made, redemption(rich, 1))[0].refusal
    assert refusal.detail == "The member has 0 Points to spend."


def test_a_member_who_never_earned_has_nothing_to_spend(made, who):
    assert post(made, redemption(who, 1))[0].refusal.code == "insufficient_points"
    assert not who.balances.exists()


def test_a_redemption_told_twice_takes_once(made, rich):
    item = redemption(rich, 60, "s-1")
    first = post_one(made, item)
    again = post(made, item)[0]
    assert (again.status, again.answer) == ("replayed", first.answer)
    assert held(rich) == 40


def test_a_replay_is_answered_even_when_nothing_is_left(made, rich):
    item = redemption(rich, 100, "s-1")
    post_one(made, item)
    assert post(made, item)[0].status == "replayed"


def test_a_refused_redemption_may_be_sent_again_when_there_is_enough(made, rich):
    item = redemption(rich, 150, "s-1")
    assert post(made, item)[0].status == "refused"
    post_one(made, purchase(rich, 5000))
    assert post(made, item)[0].status == "posted"


def test_with_two_spendable_currencies_and_no_primary_one_the_sender_must_choose(made, rich):
    factories.Currency.objects.create(program=made, code="miles", name="Miles")
    points = made.currencies.get(code="points")
    points.is_primary = False
    points.save()
    refusal = post(made, redemption(rich, 1))[0].refusal
    assert (refusal.code, refusal.field) == ("currency_unknown", "currency")
    assert post_one(made, redemption(rich, 1, currency="points"))
