"""What happens to a journal from its report to its end (C3), late (C16), and in foreign money (C24)?"""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from loyalty_site.lib.refusals import Refused
from programs.models import ExchangeRate
from tests.support import factories
from tests.support.books_balance import state
from tests.support.factories import at, held, post, post_one, purchase, redemption, reversal
from transactions.models import Entry, Journal, Lot
from transactions.models.journals import NotOpen
from transactions.reviews import decisions

pytestmark = pytest.mark.usefixtures("books_balance")

NOW = at(2026, 5, 4)


def test_c3_x1_told_three_times_it_counts_once(made, who):
    item = purchase(who, 50000, "order-99", activity_at=NOW)
    first, *again = [post(made, item, now=NOW)[0] for _ in range(3)]
    assert [result.status for result in again] == ["replayed", "replayed"]
    assert {result.journal_id for result in again} == {first.journal_id}
    assert all(result.answer == first.answer for result in again)
    assert state(who) == (500, 0, 0, 0)


def test_c3_x2_another_content_is_a_conflict_and_a_new_revision_is_the_way(made, who, count_rows):
    post_one(made, purchase(who, 50000, "99", activity_at=NOW), now=NOW)
    before = count_rows()
    refusal = post(made, purchase(who, 45000, "99", activity_at=NOW), now=NOW)[0].refusal
    assert (refusal.code, count_rows()) == ("idempotency_conflict", before)
    assert held(who) == 500
    post_one(made, purchase(who, 45000, "99/2", replaces="99", activity_at=NOW), now=NOW)
    assert held(who) == 450


@pytest.fixture
def odd(made, who):
    """A purchase that somebody has to look at first."""
    result = post(made, purchase(who, 10000, "odd", hold="Third order within a minute", activity_at=NOW), now=NOW)[0]
    assert result.status == "kept"
    return result.journal_id


def status(journal_id):
    return Journal.objects.values_list("status", flat=True).get(pk=journal_id)


def test_what_is_held_is_booked_when_somebody_approves(made, who, odd):
    assert (status(odd), state(who)) == ("held", (0, 0, 0, 0))
    assert decisions.approve(odd, now=NOW).status == "posted"
    assert (status(odd), state(who)) == ("processed", (100, 0, 0, 0))
    with pytest.raises(NotOpen):
        decisions.approve(odd, now=NOW)
    assert held(who) == 100


def test_what_is_held_is_closed_when_somebody_rejects(made, who, odd):
    with pytest.raises(Refused):
        decisions.reject(odd, reason=" ", now=NOW)
    decisions.reject(odd, reason="A stolen card", now=NOW)
    assert (status(odd), state(who)) == ("rejected", (0, 0, 0, 0))
    for action in (decisions.approve, decisions.retry):
        with pytest.raises(NotOpen):
            action(odd, now=NOW)
    assert post(made, reversal(odd), now=NOW)[0].refusal.code == "not_reversible"


@pytest.fixture
def dollars(made, who):
    """A purchase of USD 100 on 3 May, for which there is no rate yet."""
    item = purchase(who, 10000, "usd", money="USD", activity_at=at(2026, 5, 3))
    result = post(made, item, now=NOW)[0]
    assert result.status == "kept"
    return result.journal_id


def rate(made, on, value):
    return ExchangeRate.objects.create(program=made, money="USD", on=on, rate=value)


def test_c24_x1_a_missing_rate_fails_and_the_refund_uses_the_rate_of_then(made, who, dollars):
    assert (status(dollars), held(who)) == ("failed", 0)
    assert "no rate of USD for 2026-05-03" in Journal.objects.get(pk=dollars).error
    assert decisions.retry(dollars, now=NOW).status == "kept"
    assert status(dollars) == "failed"
    rate(made, date(2026, 5, 3), "0.92")
    assert decisions.retry(dollars, now=NOW).status == "posted"
    assert state(who) == (92, 0, 0, 0)
    journal = Journal.objects.get(pk=dollars)
    assert (journal.amount, journal.money, journal.base_amount) == (10000, "USD", 9200)
    assert (str(journal.rate), journal.rate_on, journal.error) == ("0.920000000", date(2026, 5, 3), "")
    rate(made, date(2026, 6, 20), "0.95")
    answer = post_one(made, reversal(dollars, amount=5000), now=at(2026, 6, 20)).answer
    assert answer["clawback"]["points"] == 46
    assert held(who) == 46


def test_a_rate_of_some_days_before_serves_and_one_of_long_ago_does_not(made, who, dollars):
    rate(made, date(2026, 4, 1), "0.80")
    assert decisions.retry(dollars, now=NOW).status == "kept"
    rate(made, date(2026, 4, 28), "0.90")
    rate(made, date(2026, 5, 4), "0.10")
    assert decisions.retry(dollars, now=NOW).status == "posted"
    assert held(who) == 90


@pytest.mark.parametrize(
    ("day", "is_taken"),
    [
        (at(2026, 5, 4, 12, 4), True),
        (at(2026, 5, 4, 12, 6), False),
        (at(2025, 5, 4), True),
        (at(2025, 5, 3), False),
    ],
)
def test_c16_r1_neither_from_the_future_nor_from_too_long_ago(made, who, count_rows, day, is_taken):
    factories.till(made)
    before = count_rows()
    result = post(made, purchase(who, 1000, activity_at=day), now=NOW)[0]
    assert (result.status == "posted") is is_taken
    if not is_taken:
        assert (result.refusal.code, count_rows()) == ("invalid_date", before)


def test_c16_r1_not_before_the_enrolment(made):
    new = factories.member(made, enrolled_at=at(2026, 5, 1, 8))
    assert post(made, purchase(new, 1000, activity_at=at(2026, 4, 30)), now=NOW)[0].refusal.code == "invalid_date"
    # On its very day is in time.
    assert post(made, purchase(new, 1000, activity_at=at(2026, 5, 1, 7)), now=NOW)[0].status == "posted"


def test_c16_r2_a_late_lot_ends_by_its_activity_but_is_not_born_ended(made, who):
    early, late = (
        post_one(made, purchase(who, 1000, activity_at=day), now=NOW) for day in (at(2025, 6, 20), at(2025, 5, 10))
    )
    ends = [Lot.objects.get(entry__journal=r.journal_id, currency__code="points") for r in (early, late)]
    assert [(lot.expires_at, lot.is_floored) for lot in ends] == [
        (at(2026, 6, 30, 22), False),
        (at(2026, 6, 3, 22), True),
    ]


def test_c16_r4_a_late_lot_serves_only_later_debits(made, who):
    post_one(made, purchase(who, 10000, activity_at=at(2026, 4, 20)), now=at(2026, 4, 20))
    post_one(made, redemption(who, 60), now=at(2026, 4, 25))
    # Earned before, and ending sooner, than what that debit used.
    late = post_one(made, purchase(who, 5000, activity_at=at(2025, 8, 1)), now=NOW)
    assert list(Lot.objects.order_by("pk").values_list("points", "remaining")) == [(100, 40), (50, 50)]
    used = post_one(made, redemption(who, 10), now=NOW).answer["lots"]
    assert [use["lot"] for use in used] == [Lot.objects.get(entry__journal=late.journal_id).pk]


def test_c16_r5_the_books_of_today_keep_the_date_of_the_activity(made, who):
    late = post_one(made, purchase(who, 1000, activity_at=at(2026, 1, 10)), now=NOW)
    entry = Entry.objects.filter(journal=late.journal_id).first()
    assert (entry.activity_at, entry.posted_at) == (at(2026, 1, 10), NOW)


def test_a_dry_run_over_what_is_due_writes_nothing(made, who, count_rows):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 10)), now=at(2025, 1, 10))
    factories.till(made, "timetable")
    before = count_rows()
    computed = post(made, redemption(who, 1), now=NOW, dry_run=True)[0]
    assert (computed.refusal.code, count_rows(), state(who)) == ("insufficient_points", before, (10, 0, 0, 0))


def test_the_kind_of_a_currency_stays_once_members_hold_it(made, who):
    post_one(made, purchase(who, 1000))
    points = made.currencies.get(code="points")
    points.kind, points.is_primary = "qualifying", False
    with pytest.raises(ValidationError, match="members hold this currency"):
        points.full_clean()
