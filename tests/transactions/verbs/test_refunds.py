"""What a refund takes, from where, and what becomes of the rest (C14)."""

import pytest

from partners.activity import Activity, Refunded
from tests.support import factories
from tests.support.books_balance import kinds, lots, state
from tests.support.factories import at, held, line, post, post_one, purchase, redemption, reversal
from tests.support.refunding import NOW, buy, policy, refund
from transactions.models import Journal

pytestmark = pytest.mark.usefixtures("books_balance")


@pytest.fixture
def spent(made, who):
    """100 points earned, 70 of them spent."""
    bought = buy(made, who, 10000)
    post_one(made, redemption(who, 70), now=NOW)
    return bought


def test_c14_x1_within_balance(made, who, spent):
    answer = refund(made, spent).answer
    assert (answer["points"]["points"], answer["unrecovered"]) == (-30, {"points": 70})
    assert state(who) == (0, 0, 0, 0)
    buy(made, who, 12000)
    assert state(who) == (120, 0, 0, 0)


def test_c14_x1_arrears(made, who, spent):
    policy(made, "arrears")
    answer = refund(made, spent).answer
    assert (answer["points"]["points"], answer["unrecovered"]) == (-100, {})
    assert answer["balances"]["points"] == -70
    assert state(who) == (0, 0, 0, 70)
    assert post(made, redemption(who, 1), now=NOW)[0].refusal.code == "insufficient_points"
    buy(made, who, 12000)
    assert state(who) == (50, 0, 0, 0)
    assert lots(who)[-1] == (120, 50)


def test_c14_x1_arrears_behind_another_lot(made, who, spent):
    policy(made, "arrears")
    buy(made, who, 5000)
    refund(made, spent)
    assert state(who) == (0, 0, 0, 20)
    assert lots(who) == [(100, 0), (50, 0)]


def test_c14_x1_net_tells_the_till_what_the_rest_is_worth(made, who, spent):
    policy(made, "net", point_value="0.01")
    answer = refund(made, spent).answer
    assert (answer["unrecovered"], answer["unrecovered_value"]) == ({"points": 70}, {"points": "0.70"})
    assert state(who) == (0, 0, 0, 0)


def test_pending_only_leaves_what_is_free(made, who, spent):
    policy(made, "pending_only")
    answer = refund(made, spent).answer
    assert (answer["points"]["points"], answer["unrecovered"]) == (0, {"points": 100})
    assert state(who) == (30, 0, 0, 0)


def from_fifty(made):
    """Another 200 points for a purchase of EUR 50 or more."""
    factories.rule(
        made, "bonus", "per_visit", {"points": "200", "minimum": "50", "counts": "purchase"}, group="bonus"
    )


@pytest.mark.parametrize(
    ("amount", "mode", "taken"),
    [
        (4000, "recompute", 240),
        (4000, "proportional", 140),
        (2000, "recompute", 20),
        (2000, "proportional", 70),
        (8000, "recompute", 280),
    ],
)
def test_c14_x2_a_threshold(made, who, amount, mode, taken):
    from_fifty(made)
    bought = buy(made, who, 8000)
    assert bought.answer["points"]["points"] == 280
    answer = refund(made, bought, amount=amount, mode=mode).answer
    assert answer["clawback"]["points"] == taken
    assert held(who) == 280 - taken


@pytest.fixture
def half(db):
    """1.5 points per euro."""
    made = factories.program(rules=False)
    factories.rule(made, "spend", "per_amount", {"points": "1.5", "per": "1"})
    return made


def test_c14_x3_parts_never_leak_a_point(half):
    who = factories.member(half)
    bought = buy(half, who, 1000)
    assert held(who) == 15
    answers = [refund(half, bought, amount=amount).answer for amount in (333, 333, 334)]
    assert [answer["clawback"]["points"] for answer in answers] == [5, 5, 5]
    assert held(who) == 0
    assert Journal.objects.get(pk=bought.journal_id).status == "reversed"


def test_c14_x3_in_one_batch_too(half):
    who = factories.member(half)
    bought = buy(half, who, 1000)
    parts = [reversal(bought.journal_id, name, amount=333) for name in "abc"]
    results = post(half, *parts, reversal(bought.journal_id, "d", amount=2), now=NOW)
    assert [r.status for r in results] == ["posted", "posted", "posted", "refused"]
    journal = Journal.objects.get(pk=bought.journal_id)
    assert (journal.reversed_amount, journal.status, held(who)) == (999, "partially_reversed", 0)


@pytest.mark.parametrize("cuts", [(1000,), (1, 999), (333, 333, 334), (500, 250, 250)])
def test_any_partition_of_a_refund_ends_alike(half, cuts):
    who = factories.member(half)
    bought = buy(half, who, 1500)
    post_one(half, redemption(who, 5), now=NOW)
    for amount in cuts:
        refund(half, bought, amount=amount)
    # EUR 5 are left, which are worth 7 points: 15 were taken back.
    assert held(who) == 22 - 5 - 15


def test_c14_x4_the_fraction_belongs_to_the_rest(made, who):
    bought = buy(made, who, 9990)
    assert held(who) == 99
    assert refund(made, bought, amount=4050).answer["clawback"]["points"] == 40
    assert held(who) == 59


def test_lines_come_back_one_by_one_and_never_more_than_the_line(made, who):
    lines = (line("A", 6000, quantity=2), line("B", 4000))
    bought = buy(made, who, 10000, lines=lines)
    refund(made, bought, lines=(Refunded(0, amount=3000, quantity=1),))
    assert held(who) == 70
    refusal = post(made, reversal(bought.journal_id, lines=(Refunded(0, 3001, 1),)), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("refund_too_large", "lines[0]")
    refusal = post(made, reversal(bought.journal_id, lines=(Refunded(2, 1, 1),)), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("refund_too_large", "lines[0].position")
    refund(made, bought)
    assert held(who) == 0


def test_the_program_of_then_decides_not_the_one_of_today(made, who):
    bought = buy(made, who, 10000)
    rule = made.rules.get(code="spend")
    rule.params = {"points": "3", "per": "1"}
    rule.save()
    assert refund(made, bought, amount=4000).answer["clawback"]["points"] == 40


def test_c14_r6_what_was_redeemed_on_the_order_comes_back_before_the_clawback(made, who):
    buy(made, who, 5000)
    bought = buy(made, who, 10000, "o-1")
    paid = post_one(made, redemption(who, 150, order="o-1"), now=NOW)
    assert state(who) == (0, 0, 0, 0)
    answer = refund(made, bought).answer
    assert (answer["restored"], answer["points"]["points"], answer["unrecovered"]) == (150, -100, {})
    assert state(who) == (50, 0, 0, 0)
    assert Journal.objects.get(pk=paid.journal_id).status == "reversed"
    assert post(made, reversal(paid.journal_id), now=NOW)[0].refusal.code == "not_reversible"


def test_c14_r6_a_part_brings_back_its_share(made, who):
    bought = buy(made, who, 10000, "o-1")
    post_one(made, redemption(who, 99, order="o-1"), now=NOW)
    assert refund(made, bought, amount=5000).answer["restored"] == 49
    assert refund(made, bought, keeps_redemption=True).answer["restored"] == 0
    assert state(who) == (0, 0, 0, 0)


def test_c14_r6_a_reservation_that_was_released_brings_back_nothing(made, who):
    bought = buy(made, who, 10000, "o-1")
    post_one(made, redemption(who, 60, "r", order="o-1", reserve_s=60), now=NOW)
    answer = post_one(made, reversal(bought.journal_id), now=at(2026, 2, 2)).answer
    assert (answer["restored"], answer["points"]["points"]) == (0, -100)
    assert state(who) == (0, 0, 0, 0)


def test_points_that_ended_are_not_taken_a_second_time(made, who):
    bought = buy(made, who, 10000)
    later = at(2027, 3, 15)
    post_one(made, purchase(who, 5000), now=later)
    assert post_one(made, reversal(bought.journal_id), now=later).answer["clawback"]["points"] == 0
    assert held(who) == 50


def test_qualifying_points_and_their_tally_fall_too(made, who):
    bought = buy(made, who, 60000)
    refund(made, bought, amount=20000)
    assert (held(who, "status"), who.tallies.get().points) == (400, 400)
    assert who.standings.get(is_current=True).tier.code == "silver"


def test_the_refund_of_an_order_that_earned_nothing(made, who):
    bought = buy(made, who, 50)
    result = refund(made, bought)
    assert (result.answer["points"], kinds(result)) == ({}, [])
    assert Journal.objects.get(pk=bought.journal_id).status == "reversed"


@pytest.mark.parametrize("share", [{"amount": 0}, {"lines": (Refunded(0),)}, {}], ids=["amount", "lines", "all"])
def test_the_refund_of_an_order_for_nothing(made, who, share):
    review = Activity("review", "r-1", {"number": who.number}, lines=(line("a"),), activity_at=NOW)
    bought = post_one(made, review, now=NOW)
    assert refund(made, bought, **share).answer["points"]["points"] == -50
    assert Journal.objects.get(pk=bought.journal_id).status == "reversed"


def test_pieces_without_money_come_back(made, who):
    factories.rule(made, "pieces", "per_unit", {"points": "7"}, group="pieces")
    lines = (line("tea", 10000), line("gift", 0, quantity=2))
    bought = buy(made, who, 10000, lines=lines)
    assert held(who) == 121
    assert refund(made, bought, lines=(Refunded(1, 0, 1),)).answer["points"]["points"] == -7
    refund(made, bought)
    assert held(who) == 0


def test_an_order_edit_takes_back_one_revision_and_books_the_next(made, who):
    first = buy(made, who, 10000, "o-1")
    second = buy(made, who, 6000, "o-1/2", replaces="o-1")
    assert second.answer["replaced"]["points"] == {"points": -100, "status": -100}
    assert state(who) == (60, 0, 0, 0)
    assert held(who, "status") == 60
    undone = Journal.objects.get(kind="reversal")
    assert (undone.reverses_id, undone.activity, undone.status) == (first.journal_id, "replaced", "processed")
    refusal = post(made, purchase(who, 1, "o-1/3", replaces="o-1", activity_at=NOW), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("order_unknown", "replaces")
    refusal = post(made, purchase(who, 1, "o-9/2", replaces="o-9", activity_at=NOW), now=NOW)[0].refusal
    assert refusal.code == "order_unknown"
    assert state(who) == (60, 0, 0, 0)


def test_what_was_paid_with_points_stays_paid_through_edits_and_comes_back_with_the_last(made, who):
    buy(made, who, 5000)
    buy(made, who, 10000, "o-1")
    post_one(made, redemption(who, 150, order="o-1"), now=NOW)
    policy(made, "arrears")
    buy(made, who, 8000, "o-1/2", replaces="o-1")
    assert held(who) == -20
    last = buy(made, who, 6000, "o-1/3", replaces="o-1/2")
    assert held(who) == -40
    assert refund(made, last).answer["restored"] == 150
    assert held(who) == 50


def test_points_that_end_in_the_moment_of_the_refund_are_not_taken_from_others(made, who):
    policy(made, "arrears")
    bought = buy(made, who, 10000)
    answer = post_one(made, reversal(bought.journal_id), now=at(2027, 3, 15)).answer
    assert (answer["clawback"]["points"], held(who)) == (0, 0)
