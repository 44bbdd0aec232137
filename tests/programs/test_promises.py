"""What a live program promised is not changed by the way: neither its days nor the ends of points."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from programs import document, periods, zones
from programs.models import ExpiryRule, Program
from tests.support import factories
from tests.support.factories import post_one, purchase
from transactions.models import Lot

pytestmark = pytest.mark.django_db

NEXT = {"next_time_zone": "Asia/Tokyo"}


@pytest.fixture
def made():
    return factories.program(time_zone="Europe/Paris")


def said(made, *path, **values):
    """The program as a document, with other values at `path`."""
    exported = document.export(made)
    place = exported
    for step in path:
        place = place[step]
    place.update(values)
    return exported


def refused(wanted, **consents):
    with pytest.raises(document.Invalid) as caught:
        document.apply(wanted, **consents)
    return [str(problem) for problem in caught.value.problems]


def today():
    return periods.local_date(timezone.now(), ZoneInfo("Europe/Paris"))


def test_a_live_program_keeps_its_zone(made):
    words = "program.time_zone: stays Europe/Paris while the program is live; "
    words += "name the next time zone and its first day"
    assert refused(said(made, "program", time_zone="Asia/Tokyo")) == [words]
    made.time_zone = "Asia/Tokyo"
    with pytest.raises(ValidationError, match="Stays Europe/Paris"):
        made.full_clean()


def test_a_draft_may_change_its_zone(made):
    Program.objects.update(status="draft")
    made.refresh_from_db()
    document.apply(said(made, "program", time_zone="Asia/Tokyo"))
    assert Program.objects.get().time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (NEXT, "program.next_time_zone_on: is missing: name the next time zone and the day from which it holds"),
        (
            {"next_time_zone_on": "2099-01-01"},
            "program.next_time_zone: is missing: name the next time zone and the day from which it holds",
        ),
        (NEXT | {"next_time_zone_on": "2020-01-01"}, "program.next_time_zone_on: must be a day to come"),
    ],
    ids=["no day", "no zone", "a day of the past"],
)
def test_the_next_zone_has_a_name_and_a_day_to_come(made, values, problem):
    assert refused(said(made, "program", **values)) == [problem]


def test_today_is_no_day_to_come(made):
    values = NEXT | {"next_time_zone_on": today().isoformat()}
    assert refused(said(made, "program", **values)) == ["program.next_time_zone_on: must be a day to come"]


def test_the_zone_changes_on_its_first_day_and_ends_stay(made):
    who = factories.member(made)
    post_one(made, purchase(who, 1000))
    ends_at = Lot.objects.get().expires_at
    day = today() + timedelta(days=7)
    document.apply(said(made, "program", **NEXT, next_time_zone_on=day.isoformat()))
    made.refresh_from_db()
    starts_at = periods.start_of_day(day, ZoneInfo("Asia/Tokyo"))
    assert not zones.switch(made, now=starts_at - timedelta(seconds=1))
    assert zones.switch(made, now=starts_at)
    assert not zones.switch(made, now=starts_at)
    made.refresh_from_db()
    assert (made.time_zone, made.next_time_zone, made.next_time_zone_on) == ("Asia/Tokyo", "", None)
    assert Lot.objects.get().expires_at == ends_at


def test_a_next_zone_whose_day_has_come_does_not_stop_other_changes(made):
    Program.objects.update(**NEXT, next_time_zone_on=today() - timedelta(days=1))
    made.refresh_from_db()
    document.apply(said(made, "program", name="Other"))


KEPT = "currencies[0].expiry.model: members hold points, which keep the ends they have: say that the change is for "
KEPT += "new points only; older ones can be re-dated afterwards"


@pytest.fixture
def live(made):
    post_one(made, purchase(factories.member(made), 1000))
    made.refresh_from_db()
    return made


def test_an_expiry_rule_changes_freely_before_anybody_holds_points(made):
    document.apply(said(made, "currencies", 0, "expiry", period=24))
    assert ExpiryRule.objects.get().period == 24


@pytest.mark.parametrize(
    "values", [{"period": 24}, {"model": "activity"}, {"model": "never"}, {"rounding": "year"}], ids=str
)
def test_an_expiry_rule_changes_only_knowingly_while_members_hold_points(live, values):
    wanted = said(live, "currencies", 0, "expiry", **values)
    before = ExpiryRule.objects.values().get()
    assert refused(wanted) == [KEPT]
    assert ExpiryRule.objects.values().get() == before
    ends_at = Lot.objects.get().expires_at
    document.apply(wanted, for_new_points=True)
    assert ExpiryRule.objects.values().get() == before | values
    assert Lot.objects.get().expires_at == ends_at


def test_what_decides_no_end_changes_freely(live):
    document.apply(said(live, "currencies", 0, "expiry", notice_days=60, extension_months=3))


@pytest.mark.parametrize("action", ["leave it out", "bring it in"])
def test_an_expiry_rule_comes_and_goes_only_knowingly(live, action):
    wanted = said(live, "currencies", 0, expiry=None)
    if action == "bring it in":
        wanted = document.export(live)
        ExpiryRule.objects.all().delete()
    assert len(refused(wanted)) == 1
    document.apply(wanted, for_new_points=True)
    assert ExpiryRule.objects.exists() == (action == "bring it in")


def test_spent_points_have_no_end_to_keep(live):
    spent = factories.redemption(live.members.get(), 10)
    post_one(live, spent)
    assert not Lot.objects.filter(remaining__gt=0).exists()
    document.apply(said(live, "currencies", 0, "expiry", period=24))
