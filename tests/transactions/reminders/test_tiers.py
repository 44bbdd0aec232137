"""Who hears that a tier is about to be lost: whoever would lose it by what was counted so far, once for a trigger."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from members.models import Standing
from partners.tier_setting import TierSetting
from programs import periods, versions
from programs.models import Program
from tests.support import many_ladders
from tests.support.factories import at, post_one
from tests.support.ladders import earn, ladder, noon, settle, standing
from tests.support.messages import message, told
from tests.support.plans import read_by
from transactions.outlook import coming
from transactions.outlook.tonight import Outlook
from transactions.reminders import tiers

EVENT = "tier.will_drop"
#: Reached in 2025, silver is kept through this day.
LAST = date(2026, 12, 31)
DAY = date(2026, 12, 1)


def warn(made, day, now=None):
    """What the night tells on the local day that begins."""
    now = now or at(day.year, day.month, day.day, 1)
    with transaction.atomic():
        return tiers.remind(made.pk, day, tiers.find(made.pk, day), now)["warned"]


def said(event):
    """(member, group, what is missing)."""
    missing = tuple((one["currency"], one["points"]) for one in event.data["missing"]["currencies"])
    return event.member_id, event.data["tier"]["group"], missing


@pytest.fixture
def asked(made):
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next")
    message(made, EVENT, 30)
    return made


@pytest.fixture
def silver(asked, who):
    earn(asked, who, 600, noon(asked, 2025, 5, 1))
    assert standing(who).valid_until == at(2026, 12, 31, 23)
    return who


def test_each_trigger_warns_on_its_day_of_what_is_missing(asked, silver):
    message(asked, EVENT, 7)
    earn(asked, silver, 120, noon(asked, 2026, 6, 1))
    days = [date(2026, 11, 20) + timedelta(days=place) for place in range(45)]
    assert [day for day in days if warn(asked, day)] == [DAY, date(2026, 12, 24)]
    data = told(EVENT, silver)[0].data
    assert data["missing"] == {"by": "2026-12-31", "currencies": [{"currency": "status", "points": 380}]}
    assert data["tier"] == {
        "group": "main", "group_name": "Main", "before": "silver", "before_name": "Silver", "tier": "base",
        "name": "Base", "since_at": "2025-05-01T10:00:00Z", "valid_until": "2026-12-31", "reason": "downgrade",
    }  # fmt: skip
    assert data["member"]["tiers"][0]["tier"] == "silver"


def test_a_tier_that_is_kept_by_what_there_is_so_far_is_no_news(asked, silver):
    earn(asked, silver, 500, noon(asked, 2026, 6, 1))
    assert tiers.find(asked.pk, DAY) == [] or warn(asked, DAY) == 0
    assert not told(EVENT)


def test_it_is_told_once_for_a_standing_and_trigger_and_anew_for_the_next_standing(asked, silver):
    assert (warn(asked, DAY), warn(asked, DAY)) == (1, 0)
    earn(asked, silver, 700, noon(asked, 2026, 12, 10))
    settle(silver, at(2027, 1, 2))
    assert warn(asked, date(2027, 12, 1)) == 1
    assert len(told(EVENT, silver)) == 2


def test_late_it_is_told_while_the_tier_is_held_and_never_after(asked, silver):
    assert warn(asked, DAY, at(2026, 12, 31, 23)) == 0
    assert warn(asked, DAY, at(2026, 12, 31, 22)) == 1


def test_where_downgrades_are_held_nobody_is_warned(asked, silver):
    ladder(asked, holds_downgrades=True)
    assert warn(asked, DAY) == 0


def test_a_locked_tier_is_not_about_to_be_lost(asked, silver):
    gold = asked.tier_groups.get().tiers.get(code="gold")
    setting = TierSetting(
        external_id="lock", member={"number": silver.number}, tier=gold.code, tier_group="main", reason="Goodwill",
        reason_type="goodwill", until=at(2026, 12, 31, 23), locked_until=at(2027, 6, 30),
    )  # fmt: skip
    post_one(asked, setting, now=noon(asked, 2026, 6, 1))
    assert standing(silver).locked_until == at(2027, 6, 30)
    assert warn(asked, DAY) == 0


@pytest.mark.parametrize("change", ["program", "member", "nobody"])
def test_where_nobody_is_to_be_told_nothing_is_written(asked, silver, change):
    if change == "program":
        asked.status = "paused"
        asked.save()
    elif change == "member":
        type(silver).objects.filter(pk=silver.pk).update(status="suspended")
    else:
        Program.objects.filter(pk=asked.pk).update(listens_to="")
    assert warn(asked, DAY) == 0


def test_on_ladders_of_every_model_those_are_warned_whom_the_night_would_lower_or_keep_in_grace(db):
    """Compared with what the ledger foresees of that very night, member by member."""
    made = many_ladders.program()
    whose = many_ladders.members(made, 60, since=at(2024, 2, 29))
    since = at(2025, 1, 10)
    many_ladders.live(made, whose, 11, since=since, months=9)
    message(made, EVENT, 5)
    configuration, compared = versions.latest(made.pk), 0
    held = {group.code for group in configuration.tier_groups.values() if group.holds_downgrades}
    ends = Standing.objects.current().filter(valid_until__gt=at(2025, 11, 30)).values_list("valid_until", flat=True)
    for ended in sorted(set(ends))[:20]:
        day = periods.local_date(ended, made.zone) - timedelta(days=6)
        now = at(day.year, day.month, day.day, 1)
        for who in whose:
            settle(who, now)
        before = {one.pk for one in told(EVENT)}
        warn(made, day, now)
        found = {said(one) for one in told(EVENT) if one.pk not in before}
        last = day + timedelta(days=5)
        ends = periods.end_of_day(last, made.zone)
        expected = {
            (one.member_id, one.group, one.missing)
            for one in Outlook(configuration, last, ends).coming()
            if one.kind in (coming.LOWERED, coming.GRACE) and one.group not in held and one.at == ends
        }
        assert found == expected, day
        compared += len(found)
    assert compared >= 10


def test_who_is_found_is_looked_up_by_the_index_of_what_ends(asked, silver):
    with read_by() as indexes:
        assert tiers.find(asked.pk, DAY) == [silver.pk]
    assert set(indexes) == {"standings_by_end"}
