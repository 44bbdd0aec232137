"""A purchase that is paid with points is one fact: what is spent and what is earned are both booked, or neither."""

import pytest
from django.db import IntegrityError

from partners.activity import Refunded
from programs.models import Cap
from tests.support.balanced import assert_balanced
from tests.support.currencies import change
from tests.support.factories import held, line, post, post_one, purchase, redemption, reversal
from tests.support.paying import pays, refused
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal
from transactions.verbs import crediting


@pytest.fixture(autouse=True)
def sound(made):
    yield
    assert_balanced(made)


def test_one_answer_tells_what_was_spent_and_what_was_earned(worth, who):
    answer = buy(worth, who, 10_000, "paid", **pays(400)).answer
    # 96.00 are left to earn on, by silver.
    assert answer["points"] == {"points": 120, "status": 96}
    told = answer["redeemed"]
    assert (told["points"], told["points_used"], told["money_value"]) == ({"points": -400}, 400, "4.00")
    assert sum(use["points"] for use in told["lots"]) == 400
    assert answer["balances"]["points"] == held(who) == 1000 - 400 + 120
    kinds = Journal.objects.filter(external_id="paid").order_by("kind").values_list("kind", "order_ref")
    assert list(kinds) == [("accrual", ""), ("redemption", "paid")]


def test_the_same_again_replays_one_answer(worth, who):
    first = buy(worth, who, 10_000, "paid", **pays(400))
    again = buy(worth, who, 10_000, "paid", **pays(400))
    assert (again.status, again.answer, again.journal_id) == ("replayed", first.answer, first.journal_id)
    for other in (pays(401), {}, pays(400, currency="points")):
        item = purchase(who, 10_000, "paid", activity_at=NOW, **other)
        assert refused(worth, item) == ("idempotency_conflict", "external_id")


def test_a_dry_run_tells_both_and_writes_nothing(worth, who):
    item = purchase(who, 10_000, "paid", activity_at=NOW, **pays(400))
    before = Journal.objects.count()
    told = post(worth, item, now=NOW, dry_run=True)[0].answer
    assert (told["points"]["points"], told["redeemed"]["points_used"], told["balances"]["points"]) == (120, 400, 720)
    assert (Journal.objects.count(), held(who)) == (before, 1000)
    assert buy(worth, who, 10_000, "paid", **pays(400)).answer["redeemed"] == told["redeemed"]


@pytest.mark.parametrize(
    ("columns", "points", "code", "field"),
    [
        ({}, 1001, "insufficient_points", "redeem.points"),
        ({"min_spend": 500}, 400, "outside_limits", "redeem.points"),
        ({"spend_step": 50}, 410, "outside_limits", "redeem.points"),
        ({"max_basket_percent": 3}, 400, "outside_limits", "redeem.points"),
    ],
)
def test_what_no_redemption_may_refuses_the_whole(worth, who, columns, points, code, field):
    change(worth, **columns)
    assert refused(worth, purchase(who, 10_000, activity_at=NOW, **pays(points))) == (code, field)


def test_points_never_pay_with_what_the_same_purchase_earns(made, who):
    assert refused(made, purchase(who, 10_000, activity_at=NOW, **pays(50))) == (
        "insufficient_points",
        "redeem.points",
    )


def test_pending_points_pay_nothing(worth, who):
    change(worth, pending_days=14)
    buy(worth, who, 100_000, "pending")
    item = purchase(who, 20_000, activity_at=NOW, **pays(1001))
    assert refused(worth, item) == ("insufficient_points", "redeem.points")


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        (pays(10, currency="miles"), "currency_unknown", "redeem.currency"),
        (pays(10, currency="status"), "currency_unknown", "redeem.currency"),
        (pays(0), "invalid_number", "redeem.points"),
        (pays(10, currency="\0"), "invalid_text", "redeem.currency"),
        (pays(10, group={"number": "1"}), "member_unknown", "redeem.group.number"),
        (pays(10, group={"name": "1"}), "unknown_field", "redeem.group.name"),
        (pays(400) | {"points_value": 399}, "invalid_redemption", "points_value"),
        (pays(10) | {"replaces": "first"}, "invalid_redemption", "redeem"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(worth, who, said, code, field):
    assert refused(worth, purchase(who, 10_000, activity_at=NOW, **said)) == (code, field)


def test_who_says_what_the_points_pay_says_their_worth(worth, who):
    assert buy(worth, who, 10_000, **pays(400), points_value=400).answer["points"]["status"] == 96


def test_what_points_pay_earns_where_the_program_says_so_and_comes_back_alike(worth, who):
    worth.earns_on_points = True
    worth.save()
    bought = buy(worth, who, 10_000, "paid", **pays(400))
    assert bought.answer["points"] == {"points": 125, "status": 100}
    worth.earns_on_points = False
    worth.save()
    assert refund(worth, bought, "half", amount=5_000).answer["clawback"] == {"points": 63, "status": 50}
    refund(worth, bought, "rest")
    assert held(who) == 1000


def test_points_without_a_money_value_take_off_what_the_sender_says(made, who):
    buy(made, who, 60_000)
    answer = buy(made, who, 10_000, **pays(400), points_value=1_000).answer
    assert (answer["points"]["status"], answer["redeemed"]["money_value"]) == (90, None)


def test_a_cap_that_refuses_leaves_the_points_unspent(worth, who):
    points = worth.currencies.get(code="points")
    Cap.objects.create(
        program=worth, code="most", name="Most", currency=points, scope="transaction", limit=1, behaviour="reject"
    )
    assert refused(worth, purchase(who, 10_000, activity_at=NOW, **pays(400)))[0] == "cap_reached"


def test_the_most_that_a_member_holds_is_compared_after_the_spending(worth, who):
    change(worth, max_balance=1_050)
    assert buy(worth, who, 10_000, "paid", **pays(400)).answer["points"]["points"] == 120


def test_the_reversal_takes_the_earned_back_and_restores_the_spent(worth, who):
    bought = buy(worth, who, 10_000, "paid", **pays(400))
    answer = refund(worth, bought, "back").answer
    assert (answer["restored"], answer["restored_value"]) == (400, "4.00")
    assert (answer["clawback"], held(who)) == ({"points": 120, "status": 96}, 1000)
    states = Journal.objects.filter(external_id="paid").values_list("status", flat=True)
    assert set(states) == {"reversed"}
    assert refund(worth, bought, "back").status == "replayed"


def test_parts_come_back_with_their_share_of_both(worth, who):
    lines = (line("A", 5_000), line("B", 5_000))
    bought = buy(worth, who, 10_000, "paid", lines=lines, **pays(400))
    answer = refund(worth, bought, "half", lines=(Refunded(0, 5_000, 1),)).answer
    assert (answer["restored"], answer["restored_value"], answer["clawback"]["status"]) == (200, "2.00", 48)
    assert held(who) == 1000 - 200 + 60
    refund(worth, bought, "rest")
    assert held(who) == 1000


def test_what_paid_may_stay_spent(worth, who):
    bought = buy(worth, who, 10_000, "paid", **pays(400))
    assert refund(worth, bought, keeps_redemption=True).answer["restored"] == 0
    assert held(who) == 600


def test_a_refund_by_the_name_of_the_order_takes_both_back(worth, who):
    buy(worth, who, 10_000, "paid", **pays(400))
    post_one(worth, reversal(0, "back", order="paid"), now=NOW)
    assert held(who) == 1000


def test_a_refund_that_came_before_its_order_takes_both_back(worth, who):
    early = post_one(worth, reversal(0, "back", order="paid", amount=10_000), now=NOW)
    assert early.status == "kept"
    buy(worth, who, 10_000, "paid", **pays(400))
    assert (Journal.objects.get(pk=early.journal_id).status, held(who)) == ("processed", 1000)


def test_a_redemption_of_that_name_is_a_conflict_before_and_after(worth, who):
    post_one(worth, redemption(who, 10, "taken"), now=NOW)
    assert refused(worth, purchase(who, 10_000, "taken", activity_at=NOW, **pays(10))) == (
        "idempotency_conflict",
        "external_id",
    )
    buy(worth, who, 10_000, "paid", **pays(10))
    assert refused(worth, redemption(who, 10, "paid")) == ("idempotency_conflict", "external_id")


def test_one_batch_holds_each_name_once_and_spends_each_point_once(worth, who):
    first = purchase(who, 10_000, "a", activity_at=NOW, **pays(900))
    items = [
        first,
        redemption(who, 10, "a", activity_at=NOW),
        purchase(who, 10_000, "b", activity_at=NOW, **pays(900)),
    ]
    results = post(worth, *items, now=NOW)
    assert [result.status for result in results] == ["posted", "refused", "refused"]
    assert [result.refusal.code for result in results[1:]] == ["duplicate_in_batch", "insufficient_points"]


def test_the_trace_remembers_what_paid(worth, who):
    bought = buy(worth, who, 10_000, "paid", **pays(400))
    journal = Journal.objects.get(pk=bought.journal_id)
    assert journal.trace["paid_with"] == {"currency": "points", "points": 400, "worth": "4.00"}
    assert journal.payload["redeem"] == {"points": 400}
    assert "paid_with" not in Journal.objects.get(external_id="first").trace


def test_neither_is_booked_when_the_second_cannot_be_written(worth, who, monkeypatch):
    def fail(*args):
        raise IntegrityError("out of order")

    monkeypatch.setattr(crediting, "give", fail)
    with pytest.raises(IntegrityError):
        buy(worth, who, 10_000, "paid", **pays(400))
    assert not Journal.objects.filter(external_id="paid").exists()
    assert held(who) == 1000
