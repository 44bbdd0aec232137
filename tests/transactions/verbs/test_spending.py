"""Which points are spent first, how many may be, and how do they come back (C11, C13)?"""

from datetime import timedelta

import pytest

from tests.support import factories
from tests.support.books_balance import lots, state
from tests.support.currencies import change
from tests.support.expiring import expiry
from tests.support.factories import at, held, post, post_one, purchase, redemption, reversal
from tests.support.reserving import T0
from transactions import ledger
from transactions.models import Entry, Journal, Lot, Trace

pytestmark = pytest.mark.usefixtures("books_balance")

SPENT_AT = at(2026, 3, 15)


@pytest.fixture
def spent(made, who, three):
    return post_one(made, redemption(who, 120, "spend"), now=SPENT_AT)


def test_c11_x1_what_ends_first_is_spent_first_and_nothing_ends_twice(made, who, three, spent):
    a, b, _ = three
    assert list(Trace.objects.filter(entry__journal=spent.journal_id).values_list("lot", "points")) == [
        (a.pk, 100),
        (b.pk, 20),
    ]
    assert state(who) == (110, 0, 0, 0)
    ledger.refresh(made.pk, [who.pk], now=at(2026, 4, 1))
    # "Live credits less all debits" would say 130 - 120 = 10 here...
    assert held(who) != 10
    assert held(who) == 110
    assert ledger.refresh(made.pk, [who.pk], now=at(2026, 5, 1))
    # ... and 80 - 120 = -40 here.
    assert held(who) != -40
    assert held(who) == 80
    assert lots(who) == [(100, 0), (50, 0), (80, 80)]
    assert [e.points for e in Entry.objects.filter(kind="expiry")] == [-30]
    assert who.balances.get(currency__code="points").next_change_at is None


def test_c11_the_oldest_earned_first_where_the_program_says_so(made, who, three):
    change(made, consumption="oldest_first")
    late = post_one(made, purchase(who, 1000, activity_at=at(2025, 3, 1)), now=at(2026, 2, 1))
    spent = post_one(made, redemption(who, 20), now=SPENT_AT)
    assert [use["lot"] for use in spent.answer["lots"]] == [
        Lot.objects.get(entry__journal=late.journal_id).pk,
        three[0].pk,
    ]


def test_a_lot_that_has_ended_at_the_moment_of_spending_serves_it_no_more(made, who, three):
    """The till's clock is a few minutes ahead, behind the end of A."""
    just_before = at(2026, 3, 31, 21, 58)
    item = redemption(who, 10, activity_at=just_before + timedelta(minutes=4))
    used = post_one(made, item, now=just_before).answer["lots"]
    assert [use["lot"] for use in used] == [three[1].pk]


@pytest.mark.parametrize(
    ("limits", "points", "code"),
    [
        ({"min_spend": 100}, 99, "outside_limits"),
        ({"min_spend": 100}, 100, None),
        ({"max_spend": 200}, 201, "outside_limits"),
        ({"max_spend": 200}, 200, None),
        ({"spend_step": 50}, 75, "outside_limits"),
        ({"spend_step": 50}, 150, None),
    ],
)
def test_minimum_maximum_and_step(made, rich, limits, points, code):
    change(made, **limits)
    result = post(made, redemption(rich, points), now=T0)[0]
    assert (result.refusal.code if result.refusal else None) == code


def test_c2_x3_points_that_add_no_money_stay_with_the_member(db):
    made = factories.program()
    who = factories.member(made)
    change(made, point_value="0.0075")
    post_one(made, purchase(who, 150000))
    answer = post_one(made, redemption(who, 1233, basket=100000)).answer
    assert (answer["points_used"], answer["money_value"], answer["points"]) == (1232, "9.24", {"points": -1232})
    assert held(who) == 1500 - 1232
    assert post(made, redemption(who, 1, basket=100000))[0].refusal.code == "outside_limits"
    # What is not paid with costs what it costs.
    assert post_one(made, redemption(who, 33)).answer["points_used"] == 33


def test_the_share_of_a_basket_that_points_may_pay(made, rich):
    change(made, point_value="0.01", max_basket_percent=50)
    refusal = post(made, redemption(rich, 301, basket=600), now=T0)[0].refusal
    assert (refusal.code, refusal.detail) == (
        "outside_limits",
        "Points pay at most 50 % of the basket, which is 300 points.",
    )
    assert post_one(made, redemption(rich, 300, basket=600), now=T0).answer["money_value"] == "3.00"


GIVEN_BACK = at(2026, 4, 10)


@pytest.mark.parametrize(
    ("policy", "balance", "ends"),
    [
        # Until 10 May inclusive; Paris is two hours ahead of UTC.
        ("grace", 230, at(2026, 5, 10, 22)),
        ("strict", 130, at(2026, 5, 10, 22)),
        # Twelve months from the day of the return.
        ("fresh", 230, at(2027, 4, 10, 22)),
    ],
)
def test_c13_x1_points_of_a_lot_that_has_ended(made, who, three, spent, policy, balance, ends):
    change(made, returned_points=policy)
    expiry(made, model="fixed", period=12, rounding="none")
    undone = post_one(made, reversal(spent.journal_id), now=GIVEN_BACK)
    a, b, c, successor = three.all()
    assert (a.remaining, b.remaining, c.remaining) == (0, 50, 80)
    assert (successor.points, successor.expires_at, successor.origin) == (100, ends, a)
    assert successor.remaining == balance - 130
    assert held(who) == balance
    assert undone.answer["points"] == {"points": balance - 110}
    row = who.balances.get(currency__code="points")
    assert (row.lifetime_redeemed, row.lifetime_expired) == (0, 100 if policy == "strict" else 0)
    assert Journal.objects.get(pk=spent.journal_id).status == "reversed"


def test_points_that_have_ended_had_paid_and_never_turn_into_cash(made, who, three, request):
    change(made, returned_points="strict", point_value="0.01")
    expiry(made, model="fixed", period=12, rounding="none")
    spent = request.getfixturevalue("spent")
    undone = post_one(made, reversal(spent.journal_id), now=GIVEN_BACK).answer
    assert (undone["points"], undone["restored_value"]) == ({"points": 20}, spent.answer["money_value"])
    assert spent.answer["money_value"] == "1.20"


def test_c13_x2_a_part_comes_back_newest_first_and_never_more_than_was_taken(made, who, three, spent):
    now = at(2026, 3, 20)
    post_one(made, reversal(spent.journal_id, "1", points=50), now=now)
    assert lots(who) == [(100, 30), (50, 50), (80, 80)]
    assert Journal.objects.get(pk=spent.journal_id).status == "partially_reversed"
    refusal = post(made, reversal(spent.journal_id, "2", points=80), now=now)[0].refusal
    assert (refusal.code, refusal.detail) == ("refund_too_large", "Only 70 points of it are left to give back.")
    post_one(made, reversal(spent.journal_id, "3", points=70), now=now)
    assert lots(who) == [(100, 100), (50, 50), (80, 80)]
    assert post(made, reversal(spent.journal_id, "4", points=1), now=now)[0].refusal.code == "not_reversible"
    assert held(who) == 230


def test_two_parts_in_one_batch_are_both_counted(made, who, spent):
    now = at(2026, 3, 20)
    parts = [reversal(spent.journal_id, name, points=50) for name in "ab"]
    assert [r.status for r in post(made, *parts, reversal(spent.journal_id, "c", points=21), now=now)] == [
        "posted",
        "posted",
        "refused",
    ]
    assert Journal.objects.get(pk=spent.journal_id).reversed_amount == 100


def test_spending_is_given_back_in_points_not_in_money(made, who, spent):
    refusal = post(made, reversal(spent.journal_id, amount=100), now=at(2026, 3, 20))[0].refusal
    assert (refusal.code, refusal.field) == ("wrong_measure", "amount")
