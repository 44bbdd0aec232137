"""Who hears that points end soon: once for each group of lots and trigger, and only while the points are there."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import transaction

from loyalty_site import nightly
from members.models import Member
from members.outbox.kinds.messages import Messages
from programs.models import ExpiryRule, Message, Program, Tier
from tests.support import factories
from tests.support.factories import at, post_one, purchase, redemption
from tests.support.messages import listen, message, told
from tests.support.plans import read_by
from transactions import ledger
from transactions.models import Lot
from transactions.reminders import points

EVENT = "points.expiring"
#: Earned on this day, points of the program's rule end with 31 March 2026.
EARNED = at(2025, 3, 10)
LAST = date(2026, 3, 31)


def earn(made, who, amount=10_000, now=EARNED):
    return post_one(made, purchase(who, amount, activity_at=now), now=now)


def remind(made, day, now=None):
    """What the night tells on the local day that begins."""
    now = now or at(day.year, day.month, day.day, 1)
    with transaction.atomic():
        return points.remind(made.pk, day, points.find(made.pk, day), now)["reminded"]


@pytest.fixture
def asked(made):
    message(made, EVENT, 30)
    message(made, EVENT, 7)
    return made


def test_c25_r4_each_trigger_reminds_on_its_day_and_on_no_other(asked, who):
    earn(asked, who)
    days = [date(2026, 2, 20) + timedelta(days=place) for place in range(45)]
    reminded = [day for day in days if remind(asked, day)]
    assert reminded == [date(2026, 3, 1), date(2026, 3, 24)]
    assert [one.data["expiring"]["days"] for one in told(EVENT)] == [30, 7]


def test_c25_r4_lots_of_one_last_day_are_summed(asked, who):
    earn(asked, who, 10_000)
    earn(asked, who, 2_500, at(2025, 3, 20))
    earn(asked, who, 700, at(2025, 4, 2))
    remind(asked, date(2026, 3, 1))
    [event] = told(EVENT, who)
    assert event.data["expiring"] == {"currency": "points", "points": 125, "expires_on": "2026-03-31", "days": 30}
    assert event.data["points"] == {
        "currency": "points", "points": 125, "available_at": None, "expires_at": "2026-03-31T22:00:00Z",
    }  # fmt: skip
    assert event.data["balance"] == {"currency": "points", "before": 132, "balance": 132}
    assert event.data["member"]["number"] == who.number


def test_what_is_told_has_the_shape_that_receivers_are_promised(asked, who):
    earn(asked, who)
    remind(asked, date(2026, 3, 1))
    data = told(EVENT)[0].data
    assert tuple(data) == ("member", "points", "balance", "expiring")
    assert set(data["member"]) == {"number", "program", "status", "enrolled_at", "balances", "tiers"}
    parts = {"currency": "points", "balance": 100, "available": 100, "pending": 0, "reserved": 0, "arrears": 0}
    assert data["member"]["balances"][0] == parts
    assert data["member"]["tiers"] == [{"group": "main", "tier": "base", "name": "Base", "valid_until": None}]


def test_c25_r4_points_that_were_used_are_not_told_of(asked, who):
    earn(asked, who)
    post_one(asked, redemption(who, 60), now=at(2026, 2, 1))
    remind(asked, date(2026, 3, 1))
    assert told(EVENT)[0].data["expiring"]["points"] == 40
    post_one(asked, redemption(who, 40), now=at(2026, 3, 2))
    assert remind(asked, date(2026, 3, 24)) == 0


def test_c25_r4_it_is_sent_once_for_a_group_of_lots_and_trigger_whatever_comes_later(asked, who):
    earn(asked, who)
    assert remind(asked, date(2026, 3, 1)) == 1
    assert remind(asked, date(2026, 3, 1)) == 0
    earn(asked, who, 5_000, at(2025, 3, 30))
    assert remind(asked, date(2026, 3, 1)) == 0
    assert remind(asked, date(2026, 3, 24)) == 1
    assert told(EVENT)[-1].data["expiring"]["points"] == 150


def test_two_messages_of_one_trigger_are_one_event(asked, who):
    message(asked, EVENT, 30, name="By text message")
    earn(asked, who)
    assert remind(asked, date(2026, 3, 1)) == 1


def test_a_late_reminder_says_the_true_number_of_days(asked, who):
    earn(asked, who)
    remind(asked, date(2026, 3, 1), at(2026, 3, 11, 9))
    [event] = told(EVENT)
    assert event.data["expiring"]["days"] == 20
    # It is for those who are reminded 30 days before all the same, and for nobody else.
    found = Messages().spread([event])
    assert [one.message.days_before for one in found] == [30]


def test_nobody_is_reminded_of_points_that_have_ended(asked, who):
    earn(asked, who)
    assert remind(asked, date(2026, 3, 24), at(2026, 3, 31, 22)) == 0
    assert remind(asked, date(2026, 3, 24), at(2026, 3, 31, 21)) == 1


def test_pending_points_are_not_told_of(asked, who):
    earn(asked, who)
    earn(asked, who, 5_000, at(2025, 3, 11))
    Lot.objects.filter(points=50).put(is_pending=True, available_at=at(2026, 3, 30))
    remind(asked, date(2026, 3, 1))
    assert told(EVENT)[0].data["expiring"]["points"] == 100


@pytest.mark.parametrize("change", ["message", "member", "program", "nobody"])
def test_where_nobody_is_to_be_told_nothing_is_written(asked, who, change):
    earn(asked, who)
    if change == "message":
        Message.objects.update(is_active=False)
    elif change == "member":
        Member.objects.filter(pk=who.pk).update(status="suspended")
    elif change == "program":
        asked.status = "paused"
        asked.save()
    else:
        Program.objects.filter(pk=asked.pk).update(listens_to="")
    assert remind(asked, date(2026, 3, 1)) == 0
    assert not told(EVENT)


def test_a_balance_that_ends_by_inactivity_counts_too(db):
    made = factories.program(expiry="")
    ExpiryRule.objects.create(currency=made.currencies.get(code="points"), model="activity", period=12, unit="month")
    made.refresh_from_db()
    message(made, EVENT, 7)
    ada, bob = factories.member(made), factories.member(made)
    for who in (ada, bob):
        earn(made, who)
    earn(made, bob, 100, at(2025, 9, 1))
    [balance] = ada.balances.filter(currency__code="points")
    assert balance.expires_at == at(2026, 3, 10, 23)
    assert remind(made, date(2026, 3, 3)) == 1
    [event] = told(EVENT)
    assert (event.member, event.data["expiring"]["points"], event.data["expiring"]["days"]) == (ada, 100, 7)
    assert event.data["expiring"]["expires_on"] == "2026-03-10"


def test_points_that_an_extension_keeps_alive_are_not_told_of_until_that_ends(asked, who):
    Tier.objects.filter(group__program=asked).update(extension_months=3)
    earn(asked, who)
    assert remind(asked, date(2026, 3, 24)) == 0
    ledger.refresh(asked.pk, [who.pk], now=at(2026, 4, 1))
    assert remind(asked, date(2026, 6, 23)) == 1
    assert told(EVENT)[0].data["expiring"]["expires_on"] == "2026-06-30"


def test_nights_that_were_missed_are_caught_up_and_remind_once(asked, who):
    earn(asked, who)
    listen(asked, EVENT)
    for now in (at(2026, 2, 26, 2), at(2026, 3, 6, 2), at(2026, 3, 6, 3)):
        with time_machine.travel(now, tick=False):
            ended = list(nightly.night(asked, is_forced=True))
            assert not [run for run in ended if run.error]
    [event] = told(EVENT)
    assert event.data["expiring"]["days"] == 25


def test_who_is_found_is_looked_up_by_the_index_of_what_ends(asked, who):
    """However many lots there are of other days, nobody reads them."""
    earn(asked, who)
    with read_by() as indexes:
        assert points.find(asked.pk, date(2026, 3, 1)) == [who.pk]
        assert points.find(asked.pk, date(2026, 3, 2)) == []
    assert set(indexes) == {"live_lots_by_end", "balances_by_end"}
