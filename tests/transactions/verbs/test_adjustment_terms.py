"""What may be said of a posting by hand: its last usable day, when it comes free, for whom, and below zero."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from loyalty_site.lib import instants
from partners.activity import Adjustment, EarlyRelease
from programs.models import Participation
from tests.support import factories
from tests.support.books_balance import state
from tests.support.expiring import expiry
from tests.support.factories import at, held, post, post_one, purchase, redemption, reversal
from tests.support.refunding import NOW
from transactions import ledger
from transactions.models import Journal, Lot

pytestmark = pytest.mark.usefixtures("books_balance")

PARIS = ZoneInfo("Europe/Paris")
TODAY = instants.last_day(NOW, PARIS)


def adjust(who, points, external_id="a", **fields):
    return Adjustment(external_id, {"number": who.number}, points, "Goodwill", **fields)


def turn(made, **fields):
    made.currencies.filter(code="points").update(**fields)
    made.touch(made.pk)


@pytest.fixture
def owing(made):
    turn(made, refund_policy="arrears")
    return made


def test_a_credit_by_hand_ends_with_the_day_that_is_said(made, who):
    last = date(NOW.year, 12, 24)
    answer = post_one(made, adjust(who, 100, usable_through=last), now=NOW).answer
    assert answer["expires"] == {"points": f"{NOW.year}-12-24T23:00:00+00:00"}
    assert instants.last_day(Lot.objects.get().expires_at, PARIS) == last
    assert not Lot.objects.get().is_floored
    ledger.refresh(made.pk, [who.pk], now=at(NOW.year, 12, 24, 22))
    assert state(who) == (100, 0, 0, 0)
    ledger.refresh(made.pk, [who.pk], now=at(NOW.year, 12, 24, 23))
    assert state(who) == (0, 0, 0, 0)


def test_the_day_of_today_is_the_nearest_end_and_no_shortest_validity_moves_it(made, who):
    post_one(made, adjust(who, 100, usable_through=TODAY), now=NOW)
    assert instants.last_day(Lot.objects.get().expires_at, PARIS) == TODAY


def test_without_a_day_the_rule_of_the_currency_decides_and_the_answer_tells_it(made, who):
    answer = post_one(made, adjust(who, 100), now=NOW).answer
    assert answer["expires"] == {"points": Lot.objects.get().expires_at.isoformat()}
    assert post_one(made, adjust(who, 5, "b", currency="status"), now=NOW).answer["expires"] == {"status": None}
    assert "expires" not in post_one(made, adjust(who, -5, "c"), now=NOW).answer


def test_a_credit_by_hand_is_pending_until_the_day_that_is_said(made, who):
    free_on = date(2027, 6, 1)
    answer = post_one(made, adjust(who, 100, available_from=free_on), now=NOW).answer
    assert answer["pending"]["points"]["available_at"] == "2027-05-31T22:00:00+00:00"
    assert state(who) == (0, 100, 0, 0)
    # Its clock starts with the release, as that of any pending points.
    assert instants.last_day(Lot.objects.get().expires_at, PARIS) == date(2028, 6, 30)
    ledger.refresh(made.pk, [who.pk], now=at(2027, 5, 31, 22))
    assert state(who) == (100, 0, 0, 0)


def test_a_day_that_has_come_holds_nothing_back(made, who):
    answer = post_one(made, adjust(who, 100, available_from=TODAY), now=NOW).answer
    assert "pending" not in answer
    assert state(who) == (100, 0, 0, 0)


def test_pending_qualifying_points_count_when_they_come_free(made, who):
    post_one(made, adjust(who, 600, currency="status", available_from=date(2027, 6, 1)), now=NOW)
    assert not who.tallies.exists()
    ledger.refresh(made.pk, [who.pk], now=at(2027, 6, 1))
    assert (held(who, "status"), who.tallies.get().points) == (600, 600)


def test_points_that_are_released_early_keep_the_end_that_was_said(made, who):
    last = date(2027, 12, 24)
    given = post_one(made, adjust(who, 100, available_from=date(2027, 6, 1), usable_through=last), now=NOW)
    post_one(made, EarlyRelease("r", given.journal_id, "Birthday"), now=NOW)
    assert state(who) == (100, 0, 0, 0)
    assert instants.last_day(Lot.objects.get().expires_at, PARIS) == last


def test_pending_points_by_hand_are_taken_back_whole(made, who):
    given = post_one(made, adjust(who, 100, available_from=date(2027, 6, 1)), now=NOW)
    assert post_one(made, reversal(given.journal_id), now=NOW).answer["points"] == {"points": -100}
    assert state(who) == (0, 0, 0, 0)


def test_a_partner_on_whose_behalf_it_is_takes_part_in_the_program(made, who):
    cafe = factories.partner("cafe")
    [result] = post(made, adjust(who, 10, partner="cafe"), now=NOW)
    assert (result.refusal.code, result.refusal.field) == ("partner_unknown", "partner")
    Participation.objects.create(program=made, partner=cafe)
    done = post_one(made, adjust(who, 10, partner="cafe"), now=NOW)
    assert Journal.objects.get(pk=done.journal_id).payload["partner"] == "cafe"


def test_a_debit_falls_below_zero_where_it_is_asked_for_and_the_currency_allows_it(owing, who):
    post_one(owing, adjust(who, 30), now=NOW)
    assert post(owing, adjust(who, -50, "b"), now=NOW)[0].refusal.code == "insufficient_points"
    answer = post_one(owing, adjust(who, -50, "b", overdraw=True), now=NOW).answer
    assert (answer["points"], answer["balances"]) == ({"points": -50}, {"points": -20})
    assert state(who) == (0, 0, 0, 20)
    # The next credit pays the arrears first (C14-R4).
    post_one(owing, purchase(who, 5000, activity_at=NOW), now=NOW)
    assert state(who) == (30, 0, 0, 0)


def test_no_balance_falls_below_zero_where_the_currency_allows_none(made, who):
    refusal = post(made, adjust(who, -50, overdraw=True), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == ("insufficient_points", "points")
    assert "allows no balance below zero" in refusal.detail
    assert post(made, adjust(who, -5, currency="status", overdraw=True), now=NOW)[0].refusal


def test_nobody_owes_qualifying_points(owing, who):
    owing.currencies.update(refund_policy="arrears")
    owing.touch(owing.pk)
    refusal = post(owing, adjust(who, -5, currency="status", overdraw=True), now=NOW)[0].refusal
    assert refusal.code == "insufficient_points"


@pytest.mark.parametrize("before", [0, 30])
def test_a_debit_below_zero_is_taken_back_whole(owing, who, before):
    if before:
        post_one(owing, adjust(who, before), now=NOW)
    taken = post_one(owing, adjust(who, -50, "b", overdraw=True), now=NOW)
    assert post_one(owing, reversal(taken.journal_id), now=NOW).answer["points"] == {"points": 50}
    assert state(who) == (before, 0, 0, 0)


def test_arrears_that_were_paid_meanwhile_come_back_as_points(owing, who):
    taken = post_one(owing, adjust(who, -50, overdraw=True), now=NOW)
    post_one(owing, purchase(who, 8000, activity_at=NOW), now=NOW)
    assert state(who) == (30, 0, 0, 0)
    post_one(owing, reversal(taken.journal_id), now=NOW)
    assert state(who) == (80, 0, 0, 0)
    post_one(owing, redemption(who, 80), now=NOW)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"points": -5, "usable_through": date(2030, 1, 1)}, "invalid_value", "usable_through"),
        ({"points": -5, "available_from": date(2030, 1, 1)}, "invalid_value", "available_from"),
        ({"points": 5, "overdraw": True}, "invalid_value", "overdraw"),
        ({"points": 5, "usable_through": date(1, 1, 1)}, "invalid_day", "usable_through"),
        ({"points": 5, "available_from": date(9999, 12, 31)}, "invalid_day", "available_from"),
        ({"points": 5, "usable_through": date(2020, 1, 1)}, "invalid_date", "usable_through"),
        (
            {"points": 5, "usable_through": date(2030, 1, 1), "available_from": date(2030, 1, 2)},
            "invalid_value",
            "usable_through",
        ),
        ({"points": 5, "usable_through": date(2030, 1, 1), "currency": "status"}, "invalid_value", "usable_through"),
    ],
)
def test_what_cannot_be_said_of_it_is_refused_at_its_field(owing, who, fields, code, field):
    post_one(owing, adjust(who, 100, "first"), now=NOW)
    refusal = post(owing, adjust(who, **fields), now=NOW)[0].refusal
    assert (refusal.code, refusal.field) == (code, field)
    assert state(who) == (100, 0, 0, 0)


def test_the_same_posting_sent_again_is_known_and_another_day_is_another_posting(made, who):
    item = adjust(who, 100, usable_through=date(2030, 1, 1))
    first = post_one(made, item, now=NOW)
    again = post_one(made, item, now=NOW)
    assert (again.status, again.answer) == ("replayed", first.answer)
    other = adjust(who, 100, usable_through=date(2030, 1, 2))
    assert post(made, other, now=NOW)[0].refusal.code == "idempotency_conflict"


def test_c10_r3_a_credit_by_hand_keeps_the_balance_alive_where_everything_counts(made, who):
    expiry(made, model="activity", period=12, rounding="none")
    post_one(made, purchase(who, 10000, activity_at=at(2026, 3, 10)), now=at(2026, 3, 10))
    post_one(made, adjust(who, 5), now=at(2026, 9, 1))
    assert instants.last_day(who.balances.get(currency__code="points").expires_at, PARIS) == date(2027, 9, 1)
    post_one(made, adjust(who, -5, "b"), now=at(2026, 10, 1))
    assert instants.last_day(who.balances.get(currency__code="points").expires_at, PARIS) == date(2027, 9, 1)


@pytest.mark.parametrize(("counts", "last"), [("adjustment", date(2027, 9, 1)), ("purchase", date(2027, 3, 10))])
def test_a_credit_by_hand_counts_as_activity_where_it_is_named(made, who, counts, last):
    expiry(made, model="activity", period=12, rounding="none", counts=counts)
    post_one(made, adjust(who, 5), now=at(2026, 3, 10))
    expiry(made, counts="purchase,adjustment")
    post_one(made, purchase(who, 10000, activity_at=at(2026, 3, 10)), now=at(2026, 3, 10))
    expiry(made, counts=counts)
    post_one(made, adjust(who, 5, "b"), now=at(2026, 9, 1))
    assert instants.last_day(who.balances.get(currency__code="points").expires_at, PARIS) == last
