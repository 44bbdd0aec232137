"""What a refund takes, from where, and what becomes of the rest (C14); before, during and after its purchase."""

import pytest

from partners.activity import Activity, Adjustment, Refunded, dump
from programs.models import ExchangeRate
from tests.support import factories
from tests.support.books_balance import kinds, lots, state
from tests.support.factories import at, held, line, post, post_one, purchase, redemption, reversal
from transactions.models import Entry, Journal
from transactions.reviews import decisions

pytestmark = pytest.mark.usefixtures("books_balance")

NOW = at(2026, 2, 1)


def change(made, code="points", **fields):
    made.currencies.filter(code=code).update(**fields)
    made.touch(made.pk)


def policy(made, name, **fields):
    change(made, refund_policy=name, **fields)


def buy(made, who, amount, external_id="", **fields):
    return post_one(made, purchase(who, amount, external_id, activity_at=NOW, **fields), now=NOW)


def refund(made, bought, external_id="", **fields):
    return post_one(made, reversal(bought.journal_id, external_id, **fields), now=NOW)


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
    assert (answer["unrecovered"], answer["unrecovered_value"]) == ({"points": 70}, {"points": 70})
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


def test_a_refund_ahead_of_its_purchase_waits_and_is_matched(made, who):
    early = post(made, reversal(0, "undo", order="o-1", amount=4000), now=NOW)[0]
    assert early.status == "kept"
    journal = Journal.objects.get(pk=early.journal_id)
    assert (journal.status, journal.order_ref, journal.due_at) == ("pending", "o-1", at(2026, 3, 3))
    bought = buy(made, who, 10000, "o-1")
    assert state(who) == (60, 0, 0, 0)
    journal.refresh_from_db()
    assert (journal.status, journal.reverses_id, journal.member) == ("processed", bought.journal_id, who)
    # What it took is known to the next one, and to whoever asks again.
    assert post(made, reversal(0, "undo", order="o-1", amount=4000), now=NOW)[0].status == "replayed"
    refund(made, bought)
    assert state(who) == (0, 0, 0, 0)


@pytest.mark.parametrize("refund_first", [True, False])
def test_refund_and_purchase_in_one_batch_find_each_other(made, who, refund_first):
    items = [purchase(who, 10000, "o-1", activity_at=NOW), reversal(0, "undo", order="o-1", activity_at=NOW)]
    results = post(made, *(reversed(items) if refund_first else items), now=NOW)
    assert [r.status for r in results] == ["posted", "posted"]
    assert state(who) == (0, 0, 0, 0)


def test_a_refund_that_does_not_fit_its_order_fails_with_the_reason(made, who):
    early = post(made, reversal(0, "undo", order="o-1", amount=20000), now=NOW)[0]
    buy(made, who, 10000, "o-1")
    journal = Journal.objects.get(pk=early.journal_id)
    assert journal.status == "failed"
    assert journal.error.startswith("Less than that is left")
    assert journal.error.endswith("refund at most 100.00 EUR.")
    assert decisions.retry(journal.pk, now=NOW).status == "refused"
    assert decisions.reject(journal.pk, reason="A typing error", now=NOW).status == "rejected"
    assert held(who) == 100


@pytest.mark.parametrize(
    ("order", "refund", "status"),
    [("USD", "USD", "processed"), ("USD", "", "processed"), ("USD", "EUR", "failed"), ("", "USD", "failed")],
)
def test_an_early_refund_is_in_the_money_of_its_order(made, who, order, refund, status):
    ExchangeRate.objects.create(program=made, money="USD", on=NOW.date(), rate="0.92")
    early = post(made, reversal(0, "undo", order="o-1", amount=5000, money=refund), now=NOW)[0]
    buy(made, who, 10000, "o-1", money=order)
    journal = Journal.objects.get(pk=early.journal_id)
    assert journal.status == status
    if status == "processed":
        # C24-X1: at the rate of the purchase.
        assert held(who) == 46
    else:
        assert journal.error == f"The order was paid in {order or 'EUR'}, and the refund is in {refund}."
        assert held(who) == (92 if order else 100)


def test_a_refund_in_another_money_is_refused(made, who, count_rows):
    bought = buy(made, who, 10000, "o-1")
    before = count_rows()
    refusal = post(made, reversal(bought.journal_id, amount=100, money="USD"), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("wrong_measure", "currency")
    assert count_rows() == before


def test_a_refund_whose_order_never_comes_is_given_up_after_thirty_days(made, who):
    early = post(made, reversal(0, "undo", order="o-1"), now=NOW)[0]
    assert decisions.give_up(now=at(2026, 3, 2)) == 0
    assert decisions.give_up(now=at(2026, 3, 3)) == 1
    assert decisions.give_up(now=at(2026, 3, 3)) == 0
    journal = Journal.objects.get(pk=early.journal_id)
    assert (journal.status, journal.error) == ("rejected", "The order never came.")
    buy(made, who, 10000, "o-1")
    assert held(who) == 100


def test_a_refund_and_its_order_that_missed_each_other_are_matched_at_night(made, who):
    """Both were written at the same moment, and neither saw the other."""
    bought = buy(made, who, 10000, "o-1")
    item = reversal(0, "undo", order="o-1")
    stored = {"connection": factories.till(made), "kind": "reversal", "status": "pending", "payload": dump(item)}
    waiting = Journal.objects.create(
        program=made, external_id="undo", order_ref="o-1", activity_at=NOW, program_version=made.version, **stored
    )
    assert decisions.match(now=NOW) == 1
    assert decisions.match(now=NOW) == 0
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reverses_id, held(who)) == ("processed", bought.journal_id, 0)


def test_the_refund_of_an_order_that_is_held_waits_for_the_decision(made, who):
    held_order = post(made, purchase(who, 10000, "o-1", hold="Odd"), now=NOW)[0]
    waiting = post(made, reversal(0, "undo", order="o-1", amount=4000), now=NOW)[0]
    assert waiting.status == "kept"
    assert post(made, reversal(held_order.journal_id), now=NOW)[0].refusal.code == "not_reversible"
    decisions.approve(held_order.journal_id, now=NOW)
    assert state(who) == (60, 0, 0, 0)


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


def test_an_early_refund_of_nothing_fails_when_its_order_comes(made, who):
    early = post(made, reversal(0, "undo", order="o-1", amount=0), now=NOW)[0]
    buy(made, who, 10000, "o-1")
    journal = Journal.objects.get(pk=early.journal_id)
    assert (journal.status, journal.error[:8], held(who)) == ("failed", "Nothing ", 100)


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


REFUSALS = [
    (lambda bought: reversal(bought.journal_id, amount=10001), "refund_too_large", "amount"),
    (lambda bought: reversal(bought.journal_id, amount=0), "refund_empty", "amount"),
    (lambda bought: reversal(bought.journal_id, amount=0, mode="proportional"), "refund_empty", "amount"),
    (lambda bought: reversal(bought.journal_id, lines=(Refunded(0),)), "refund_empty", "lines"),
    (lambda bought: reversal(bought.journal_id, amount=0, lines=(Refunded(0),)), "refund_empty", "lines"),
    (lambda bought: reversal(bought.journal_id, points=1), "wrong_measure", "points"),
    (lambda bought: reversal(10**9), "transaction_unknown", "transaction"),
    (lambda bought: reversal(bought.journal_id, activity_at=at(2026, 2, 2)), "invalid_date", "activity_at"),
    (lambda bought: reversal(bought.journal_id, amount=-1), "invalid_number", "amount"),
    (lambda bought: reversal(bought.journal_id, mode="some"), "invalid_mode", "mode"),
]


@pytest.mark.parametrize(("item", "code", "field"), REFUSALS)
def test_bad_refunds_are_refused_and_nothing_is_written(made, who, count_rows, item, code, field):
    bought = buy(made, who, 10000, lines=(line("a", 10000),))
    before = count_rows()
    refusal = post(made, item(bought), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == (code, field)
    assert count_rows() == before
    assert state(who) == (100, 0, 0, 0)


def test_a_refund_of_a_refund_and_a_second_full_one_are_refused(made, who, count_rows):
    bought = buy(made, who, 10000)
    undone = refund(made, bought)
    before = count_rows()
    for journal in (bought, undone):
        assert post(made, reversal(journal.journal_id), now=NOW)[0].refusal.code == "not_reversible"
    assert count_rows() == before


def adjust(who, points, external_id, reason="Goodwill", **fields):
    return Adjustment(external_id, {"number": who.number}, points, reason, **fields)


def test_adjustments_with_a_reason_and_their_reversal(made, who):
    given = post_one(made, adjust(who, 100, "a"), now=NOW)
    taken = post_one(made, adjust(who, -30, "b"), now=NOW)
    assert state(who) == (70, 0, 0, 0)
    assert Journal.objects.get(pk=given.journal_id).reason == "Goodwill"
    assert post_one(made, reversal(taken.journal_id), now=NOW).answer["points"] == {"points": 30}
    assert state(who) == (100, 0, 0, 0)
    post_one(made, redemption(who, 60), now=NOW)
    answer = post_one(made, reversal(given.journal_id), now=NOW).answer
    assert (answer["points"], answer["unrecovered"]) == ({"points": -40}, {"points": 60})
    assert post(made, reversal(given.journal_id), now=NOW)[0].refusal.code == "not_reversible"
    assert state(who) == (0, 0, 0, 0)


def test_adjustments_of_qualifying_points_and_their_reversal(made, who):
    given = post_one(made, adjust(who, 600, "a", currency="status"), now=NOW)
    taken = post_one(made, adjust(who, -100, "b", currency="status"), now=NOW)
    assert (held(who, "status"), who.tallies.get().points) == (500, 500)
    post_one(made, reversal(taken.journal_id), now=NOW)
    assert (held(who, "status"), who.tallies.get().points) == (600, 600)
    post_one(made, reversal(given.journal_id), now=NOW)
    assert (held(who, "status"), who.tallies.get().points) == (0, 0)


def test_a_manual_debit_of_a_lot_that_has_ended_comes_back_with_grace(made, who):
    buy(made, who, 10000)
    taken = post_one(made, adjust(who, -40, "a"), now=NOW)
    later = at(2027, 3, 10)
    post_one(made, reversal(taken.journal_id), now=later)
    assert state(who) == (40, 0, 0, 0)
    assert [e.points for e in Entry.objects.filter(kind="expiry")] == [-60]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"reason": "  "}, "reason_missing"),
        ({"points": 0}, "invalid_number"),
        ({"points": -1}, "insufficient_points"),
        ({"activity_at": at(2026, 2, 2)}, "invalid_date"),
        ({"currency": "miles"}, "currency_unknown"),
    ],
)
def test_bad_adjustments_are_refused(made, who, count_rows, item, code):
    factories.till(made)
    before = count_rows()
    points, reason = item.pop("points", 5), item.pop("reason", "Goodwill")
    assert post(made, adjust(who, points, "a", reason, **item), now=NOW)[0].refusal.code == code
    assert count_rows() == before


def test_points_that_end_in_the_moment_of_the_refund_are_not_taken_from_others(made, who):
    policy(made, "arrears")
    bought = buy(made, who, 10000)
    answer = post_one(made, reversal(bought.journal_id), now=at(2027, 3, 15)).answer
    assert (answer["clawback"]["points"], held(who)) == (0, 0)
