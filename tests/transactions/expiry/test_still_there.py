"""Is somebody reminded of points that they have used meanwhile? (C25-R4)"""

from datetime import timedelta

import pytest
from django.utils import timezone

from loyalty_site.lib import instants
from members.models import Event
from programs.models import ExpiryRule
from tests.support import factories
from transactions.expiry.still_there import still_there
from transactions.models import Lot


@pytest.fixture
def club(db):
    return factories.program(rules=True)


def reminder(member, points, last, currency="points"):
    data = {"expiring": {"currency": currency, "points": points, "expires_on": last.isoformat(), "days": 30}}
    now = timezone.now()
    return Event.objects.create(
        program=member.program, member=member, type="points.expiring", occurred_at=now, recorded_at=now, data=data
    )


def last_of(member):
    lot = Lot.objects.filter(member=member, remaining__gt=0).order_by("expires_at").first()
    return instants.last_day(lot.expires_at, member.program.zone)


def test_points_that_are_all_there_are_told_as_they_were(club):
    ada = factories.member(club)
    factories.post_one(club, factories.purchase(ada, 5000))
    assert still_there([reminder(ada, 50, last_of(ada))]) == {}


def test_points_that_were_used_are_told_no_more_and_of_a_part_the_rest(club):
    ada, bob = factories.member(club), factories.member(club)
    for who in (ada, bob):
        factories.post_one(club, factories.purchase(who, 5000))
    last = last_of(ada)
    whole, part = reminder(ada, 50, last), reminder(bob, 50, last)
    factories.post_one(club, factories.redemption(ada, 50))
    factories.post_one(club, factories.redemption(bob, 20))
    found = still_there([whole, part])
    assert found[whole.pk] == "The points were used meanwhile."
    assert found[part.pk]["expiring"] == part.data["expiring"] | {"points": 30}


def test_points_of_other_days_currencies_and_members_are_not_meant(club):
    ada, bob = factories.member(club), factories.member(club)
    for who in (ada, bob):
        factories.post_one(club, factories.purchase(who, 5000))
    last = last_of(ada)
    used = "The points were used meanwhile."
    other_day, other_currency = reminder(ada, 50, last - timedelta(days=1)), reminder(ada, 50, last, "status")
    assert still_there([other_day, other_currency]) == {other_day.pk: used, other_currency.pk: used}


def test_points_that_end_by_inactivity_are_looked_for_in_the_balance(club):
    points = club.currencies.get(code="points")
    ExpiryRule.objects.filter(currency=points).delete()
    ExpiryRule.objects.create(currency=points, model="activity", period=6, unit="month")
    ada = factories.member(club)
    factories.post_one(club, factories.purchase(ada, 5000))
    balance = ada.balances.get(currency=points)
    event = reminder(ada, 50, instants.last_day(balance.expires_at, club.zone))
    assert still_there([event]) == {}
    factories.post_one(club, factories.redemption(ada, 10))
    assert still_there([event])[event.pk]["expiring"]["points"] == 40
    factories.post_one(club, factories.redemption(ada, 40))
    assert still_there([event]) == {event.pk: "The points were used meanwhile."}


@pytest.mark.parametrize("data", [{}, {"expiring": None}, {"expiring": {"currency": "points", "expires_on": "soon"}}])
def test_what_is_no_reminder_is_left_alone(club, data):
    ada = factories.member(club)
    event = reminder(ada, 1, timezone.localdate())
    event.data = data
    assert still_there([event]) == {}


def test_any_number_of_reminders_costs_two_statements(club, django_assert_num_queries):
    people = [factories.member(club) for _ in range(4)]
    for who in people:
        factories.post_one(club, factories.purchase(who, 5000))
    events = [reminder(who, 50, last_of(who)) for who in people]
    for event in events:
        assert event.program.zone
    for some in (events[:1], events):
        with django_assert_num_queries(2):
            still_there(some)
