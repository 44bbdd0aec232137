"""Which points are spent first, how are they set aside, and how do they come back (C11, C12, C13)?"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from members.models import Balance
from partners.activity import Decision
from programs.models import ExpiryRule
from tests.support import factories
from tests.support.books_balance import kinds, lots, state
from tests.support.factories import at, held, post, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.models import Entry, Journal, Lot, Trace
from transactions.models.journals import NotOpen
from transactions.reviews import decisions

pytestmark = pytest.mark.usefixtures("books_balance")

SPENT_AT = at(2026, 3, 15)


def change(made, **fields):
    made.currencies.filter(code="points").update(**fields)
    made.touch(made.pk)


def expiry(made, **fields):
    """Change the expiry rule: what is earned from now on ends as it says."""
    rule = ExpiryRule.objects.get(currency__program=made)
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.save()


@pytest.fixture
def three(made, who):
    """Lots A 100 until 31 March, B 50 until 30 April 2026, C 80 for ever."""
    post_one(made, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    post_one(made, purchase(who, 5000, activity_at=at(2025, 4, 10)), now=at(2025, 4, 10))
    expiry(made, model="never")
    post_one(made, purchase(who, 8000, activity_at=at(2025, 5, 10)), now=at(2025, 5, 10))
    return Lot.objects.filter(member=who).order_by("pk")


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


@pytest.fixture
def rich(made, who):
    """A member with 500 points."""
    post_one(made, purchase(who, 50000, activity_at=at(2026, 1, 10)), now=at(2026, 1, 10))
    return who


def reserve(made, who, points, external_id, now, **fields):
    return post_one(made, redemption(who, points, external_id, reserve_s=900, **fields), now=now)


def decide(made, result, deed, now):
    return post(made, Decision(result.journal_id, deed), now=now)[0]


T0 = at(2026, 2, 1)
T1 = T0 + timedelta(minutes=10)
T2 = T0 + timedelta(minutes=20)


def test_reserve_then_confirm(made, rich):
    reserved = reserve(made, rich, 300, "r", T0)
    assert reserved.answer["reserved_until"] == (T0 + timedelta(minutes=15)).isoformat()
    assert state(rich) == (200, 0, 300, 0)
    assert Journal.objects.get(pk=reserved.journal_id).status == "pending"
    assert decide(made, reserved, "confirm", T1).status == "posted"
    assert state(rich) == (200, 0, 0, 0)
    assert rich.balances.get(currency__code="points").lifetime_redeemed == 300
    assert kinds(reserved) == [("reserve", -300), ("confirm", -300)]
    assert decide(made, reserved, "confirm", T2).status == "replayed"
    assert decide(made, reserved, "release", T2).refusal.code == "not_reserved"
    assert post_one(made, reversal(reserved.journal_id), now=T2).answer["points"] == {"points": 300}
    assert state(rich) == (500, 0, 0, 0)


def test_reserve_then_release(made, rich):
    before = lots(rich)
    reserved = reserve(made, rich, 300, "r", T0)
    assert decide(made, reserved, "release", T1).status == "posted"
    assert (state(rich), lots(rich)) == ((500, 0, 0, 0), before)
    assert decide(made, reserved, "release", T1).status == "replayed"
    refused = decide(made, reserved, "confirm", T1).refusal
    assert refused.code == "not_reserved"
    assert "rejected" in refused.detail
    assert post(made, reversal(reserved.journal_id), now=T1)[0].refusal.code == "not_reversible"
    assert state(rich) == (500, 0, 0, 0)


def test_a_reservation_runs_out_by_itself_whoever_looks_first(made, rich):
    reserved = reserve(made, rich, 300, "r", T0)
    assert rich.balances.get(currency__code="points").next_change_at == T0 + timedelta(minutes=15)
    assert not ledger.refresh(made.pk, [rich.pk], now=T1)
    assert ledger.refresh(made.pk, [rich.pk], now=T2)
    assert not ledger.refresh(made.pk, [rich.pk], now=T2)
    assert state(rich) == (500, 0, 0, 0)
    assert Journal.objects.get(pk=reserved.journal_id).status == "rejected"
    assert Entry.objects.get(kind="unreserve").activity_at == T0 + timedelta(minutes=15)


@pytest.mark.parametrize(("deed", "status"), [("confirm", "refused"), ("release", "replayed")])
def test_a_decision_that_comes_too_late_finds_it_run_out(made, rich, deed, status):
    """The same answer, whether or not the sweep was there before."""
    reserved = reserve(made, rich, 300, "r", T0)
    assert decide(made, reserved, deed, T2).status == status
    assert state(rich) == (500, 0, 0, 0)
    assert decide(made, reserved, deed, T2).status == status


def test_reserving_is_idempotent(made, rich):
    first = reserve(made, rich, 300, "r", T0)
    again = post(made, redemption(rich, 300, "r", reserve_s=900), now=T1)[0]
    assert (again.status, again.answer) == ("replayed", first.answer)
    assert state(rich) == (200, 0, 300, 0)


@pytest.mark.parametrize("ended", ["confirm", "release", "time"])
def test_a_reservation_keeps_what_was_reported_and_answered_however_it_ends(made, rich, ended):
    factories.store(made.owner, code="main")
    first = reserve(made, rich, 300, "r", T0, store="main")
    if ended == "time":
        ledger.refresh(made.pk, [rich.pk], now=T2)
    else:
        decide(made, first, ended, T1)
    again = post(made, redemption(rich, 300, "r", reserve_s=900, store="main"), now=T2)[0]
    assert (again.status, again.answer) == ("replayed", first.answer)
    journal = Journal.objects.get(pk=first.journal_id)
    assert (journal.store.code, journal.status) == ("main", "processed" if ended == "confirm" else "rejected")


def test_what_is_spent_at_once_is_no_reservation(made, rich):
    spent = post_one(made, redemption(rich, 300), now=T0)
    assert decide(made, spent, "confirm", T1).refusal.code == "not_reserved"
    assert decide(made, spent, "release", T1).refusal.code == "not_reserved"
    with pytest.raises(NotOpen):
        decisions.retry(reserve(made, rich, 1, "r", T0).journal_id, now=T1)


def test_c12_r3_a_reserved_lot_that_ends_stays_valid_until_the_reservation_does(made, who, three):
    now = at(2026, 3, 31, 21, 55)
    released, confirmed = (reserve(made, who, points, f"r{points}", now) for points in (60, 40))
    after = now + timedelta(minutes=10)
    assert decide(made, confirmed, "confirm", after).status == "posted"
    assert state(who) == (130, 0, 60, 0)
    assert decide(made, released, "release", after).status == "posted"
    ledger.refresh(made.pk, [who.pk], now=after)
    assert state(who) == (130, 0, 0, 0)
    assert [entry.points for entry in Entry.objects.filter(kind="expiry")] == [-60]


@pytest.mark.django_db(transaction=True)
def test_c12_x1_of_two_reservations_at_once_one_succeeds(transactional_db):
    made = factories.program()
    who = factories.member(made)
    via = factories.till(made)
    post_one(made, purchase(who, 50000))
    ledger.refresh(made.pk, [who.pk])

    def one(number):
        try:
            return post(made, redemption(who, 300, f"r-{number}", reserve_s=900), via=via)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(one, range(2)))
    assert sorted(result.status for result in results) == ["posted", "refused"]
    assert [r.refusal.code for r in results if r.refusal] == ["insufficient_points"]
    assert state(who) == (200, 0, 300, 0)


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
    assert (answer["points_used"], answer["money_value"], answer["points"]) == (1232, 924, {"points": -1232})
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
    assert post_one(made, redemption(rich, 300, basket=600), now=T0).answer["money_value"] == 300


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


def test_points_that_come_back_into_arrears_pay_them(made, rich):
    change(made, refund_policy="arrears")
    bought = Journal.objects.get(kind="accrual")
    reserved = reserve(made, rich, 300, "r", T0)
    post_one(made, reversal(bought.pk), now=T0)
    assert state(rich) == (0, 0, 300, 300)
    decide(made, reserved, "release", T1)
    assert state(rich) == (0, 0, 0, 0)
    assert Balance.objects.get(member=rich, currency__code="points").lifetime_reversed == 500
