"""Where the last day of a period is the day before: at every door through which points get an end."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty_site.lib import instants
from programs import document
from programs.models import ExpiryRule
from tests.support.expiring import expiry
from tests.support.factories import at, post_one, purchase, redemption, reversal
from transactions import ledger
from transactions.expiry import preview, redating, reinstatements
from transactions.models import Lot

pytestmark = pytest.mark.usefixtures("books_balance")

PARIS = ZoneInfo("Europe/Paris")


def last_day(lot):
    lot.refresh_from_db()
    return instants.last_day(lot.expires_at, PARIS).isoformat()


def earn(made, who, day, amount=1000):
    post_one(made, purchase(who, amount, activity_at=day), now=day)
    return Lot.objects.filter(member=who).latest("pk")


@pytest.fixture
def square(made):
    """A program whose 12 months from 10 March last through 9 March."""
    expiry(made, period=12, rounding="none", period_end="before")
    return made


def test_c1_r3b_points_are_spent_on_their_last_day_and_gone_on_the_next(square, who):
    lot = earn(square, who, at(2025, 3, 10))
    assert last_day(lot) == "2026-03-09"
    post_one(square, redemption(who, 1), now=at(2026, 3, 9, 22, 59))
    assert ledger.refresh(square.pk, [who.pk], now=at(2026, 3, 9, 23))
    lot.refresh_from_db()
    assert lot.remaining == 0


def test_points_that_come_back_have_their_days_of_grace_counted_so(square, who):
    earn(square, who, at(2025, 3, 10))
    spent = post_one(square, redemption(who, 10), now=at(2026, 3, 1))
    post_one(square, reversal(spent.journal_id), now=at(2026, 4, 10))
    assert last_day(Lot.objects.filter(member=who).latest("pk")) == "2026-05-09"


def test_points_that_are_reinstated_have_theirs_counted_so(square, who):
    lot = earn(square, who, at(2025, 3, 10))
    ledger.refresh(square.pk, [who.pk], now=at(2026, 3, 12))
    reinstatements.reinstate(lot.pk, reason="Goodwill", now=at(2026, 4, 10), days=30)
    assert last_day(Lot.objects.filter(member=who).latest("pk")) == "2026-05-09"


def test_a_change_of_the_last_day_is_for_new_points_until_the_others_are_redated(made, who):
    expiry(made, period=12, rounding="none")
    now = at(2026, 3, 12)
    old = earn(made, who, now)
    rule = ExpiryRule.objects.get(currency__program=made)
    told = document.export(made)
    told["currencies"][0]["expiry"]["period_end"] = "before"
    with pytest.raises(document.Invalid, match="members hold points"):
        document.apply(told)
    document.apply(told, for_new_points=True)
    assert (last_day(old), last_day(earn(made, who, now + timedelta(days=1)))) == ("2027-03-12", "2027-03-12")
    plan = preview.preview(rule.currency, now)
    assert (plan.sooner, plan.unchanged) == (1, 1)
    redating.apply(rule.currency, now, reason="As the cash desk counts")
    assert last_day(old) == "2027-03-11"


def test_no_redated_end_comes_sooner_than_the_notice_counted_so(made, who):
    expiry(made, period=12, rounding="none")
    old = earn(made, who, at(2025, 12, 1))
    expiry(made, period=1, notice_days=30, period_end="before")
    points = made.currencies.get(code="points")
    redating.apply(points, at(2026, 3, 10), reason="Shorter")
    assert last_day(old) == "2026-04-08"
