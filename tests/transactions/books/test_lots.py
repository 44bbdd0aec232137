"""Every credit is a lot with an end of its own; debits take from the lot that ends first."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from programs.expiry import End
from programs.models import Currency, ExpiryRule
from tests.support import factories
from tests.support.factories import at, held, post, post_one, purchase, redemption
from transactions.books.balances import BalanceInHand
from transactions.models import Lot, Trace


def lots(who):
    return list(Lot.objects.filter(member=who).order_by("pk").values_list("points", "remaining"))


def uses(result):
    """[(lot, points)] of the traces that a redemption left."""
    return list(Trace.objects.filter(entry__journal=result.journal_id).order_by("pk").values_list("lot_id", "points"))


@pytest.fixture
def ends(made, who, monkeypatch):
    """A function that credits points in a lot with the end that it is given, whatever the rules say."""

    def credit(points, end):
        monkeypatch.setattr(BalanceInHand, "end_of", lambda *args, **kwargs: End(end))
        result = post_one(made, purchase(who, points * 100))
        return Lot.objects.get(entry__journal=result.journal_id).pk

    return credit


def test_a_lot_ends_behind_the_month_in_which_its_period_ends(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 15)), now=at(2025, 1, 16))
    # Twelve months later, rounded to the end of January; Paris is an hour ahead of UTC in winter.
    assert Lot.objects.get().expires_at == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert not Lot.objects.get().is_floored


def test_the_zone_of_the_program_decides_the_month(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 31, 22, 30)), now=at(2025, 2, 1))
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 31, 23, 10)), now=at(2025, 2, 1))
    ends = Lot.objects.order_by("pk").values_list("expires_at", flat=True)
    assert list(ends) == [datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC)]


def test_no_lot_is_born_expired(made, who):
    result = post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 15)), now=at(2026, 1, 10))
    lot = Lot.objects.get()
    assert lot.is_floored
    assert lot.expires_at == datetime(2026, 2, 9, 23, tzinfo=UTC)
    assert result.answer["expires"]["points"] == lot.expires_at.isoformat()


def test_points_that_never_expire_have_no_end(db):
    made = factories.program(expiry="never")
    who = factories.member(made)
    assert post_one(made, purchase(who, 1000)).answer["expires"] == {"points": None, "status": None}
    assert Lot.objects.get(member=who).expires_at is None
    assert who.balances.get(currency__code="points").next_change_at is None


def test_qualifying_points_have_no_lot(made, who):
    post_one(made, purchase(who, 1000))
    assert list(Lot.objects.values_list("currency__code", flat=True)) == ["points"]


def test_a_debit_takes_from_the_lot_that_ends_first(made, who, ends):
    now = timezone.now()
    never = ends(80, None)
    april = ends(50, now + timedelta(days=60))
    march = ends(100, now + timedelta(days=30))
    result = post_one(made, redemption(who, 120))
    assert uses(result) == [(march, 100), (april, 20)]
    assert [lot["lot"] for lot in result.answer["lots"]] == [march, april]
    assert [lot["points"] for lot in result.answer["lots"]] == [100, 20]
    assert lots(who) == [(80, 80), (50, 30), (100, 0)]
    assert held(who) == 110
    assert uses(post_one(made, redemption(who, 110))) == [(april, 30), (never, 80)]


def test_of_lots_that_end_together_the_earlier_activity_goes_first(made, who):
    now = at(2025, 6, 25)
    late = purchase(who, 1000, activity_at=at(2025, 6, 20))
    early = purchase(who, 1000, activity_at=at(2025, 6, 10))
    for item in (late, early):
        post_one(made, item, now=now)
    used = uses(post_one(made, redemption(who, 12), now=now))
    by_date = list(Lot.objects.order_by("activity_at").values_list("pk", flat=True))
    assert used == [(by_date[0], 10), (by_date[1], 2)]


def test_of_lots_alike_in_everything_the_older_row_goes_first(made, who):
    now = timezone.now()
    post(made, *[purchase(who, 1000, activity_at=now) for _ in range(3)])
    first, second, _ = Lot.objects.order_by("pk").values_list("pk", flat=True)
    assert uses(post_one(made, redemption(who, 15))) == [(first, 10), (second, 5)]


def test_a_lot_that_has_ended_cannot_be_spent(made, who, ends):
    ends(100, timezone.now() - timedelta(seconds=1))
    good = ends(5, timezone.now() + timedelta(days=1))
    assert post(made, redemption(who, 6))[0].refusal.code == "insufficient_points"
    assert uses(post_one(made, redemption(who, 5))) == [(good, 5)]


def test_a_lot_ends_at_its_instant_and_not_before(made, who, ends):
    end = timezone.now() + timedelta(days=1)
    ends(100, end)
    assert post_one(made, redemption(who, 1), now=end - timedelta(microseconds=1))
    assert post(made, redemption(who, 1), now=end)[0].refusal.code == "insufficient_points"


def test_a_back_dated_redemption_cannot_use_a_lot_that_has_ended_since(made, who, ends):
    ends(100, timezone.now() - timedelta(days=1))
    item = redemption(who, 1, activity_at=timezone.now() - timedelta(days=2))
    assert post(made, item)[0].refusal.code == "insufficient_points"


def test_debits_of_one_batch_follow_on_each_other(made, who):
    post_one(made, purchase(who, 1000))
    results = post(made, *[redemption(who, 4, f"s-{n}") for n in range(3)])
    assert [result.status for result in results] == ["posted", "posted", "refused"]
    assert lots(who) == [(10, 2)]


def test_each_currency_is_spent_from_its_own_lots(made, who):
    miles = Currency.objects.create(program=made, code="miles", name="Miles", decimals=2)
    ExpiryRule.objects.create(currency=miles, model="never")
    factories.rule(made, "miles", "per_amount", {"points": "0.5", "per": "1"}, currency=miles)
    result = post_one(made, purchase(who, 1001))
    assert result.answer["points"] == {"points": 10, "status": 10, "miles": 500}
    post_one(made, redemption(who, 450, currency="miles"))
    assert (held(who), held(who, "miles")) == (10, 50)
    refusal = post(made, redemption(who, 51, currency="miles"))[0].refusal
    assert "0.50 Miles" in refusal.detail
