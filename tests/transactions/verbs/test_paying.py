"""A purchase that is paid with points is one fact: what is spent and what is earned are both booked, or neither."""

import pytest
from django.db import IntegrityError

from members.models import Balance, Relation
from partners.activity import PointsPaid, Refunded
from programs.models import Cap
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.currencies import change
from tests.support.factories import held, line, post, post_one, purchase, redemption, reversal
from tests.support.refunding import NOW, buy, refund
from transactions.models import Entry, Journal
from transactions.reviews import decisions
from transactions.verbs import crediting


@pytest.fixture
def worth(made, who):
    """Points are worth a cent; the member has 1,000 of them, and silver by as many status points."""
    change(made, point_value="0.01")
    buy(made, who, 60_000, "first")
    buy(made, who, 32_000, "second")
    assert held(who) == 600 + 400
    return made


@pytest.fixture(autouse=True)
def sound(made):
    yield
    assert_balanced(made)


def pays(points, **fields):
    return {"redeem": PointsPaid(points, **fields)}


def refused(made, item, **options):
    before = Journal.objects.count(), Entry.objects.count(), list(Balance.objects.order_by("pk").values())
    result = post(made, item, now=NOW, **options)[0]
    assert result.status == "refused"
    assert (Journal.objects.count(), Entry.objects.count(), list(Balance.objects.order_by("pk").values())) == before
    return result.refusal.code, result.refusal.field


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
