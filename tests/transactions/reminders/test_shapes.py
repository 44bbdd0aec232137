"""Whoever tells of a member says the same, in the shape that receivers are promised."""

import json
from datetime import date

import pytest
from django.db import transaction

from members import changes, snapshots
from members.models import Event
from partners.events import EVENTS
from programs import versions
from programs.models import Currency
from tests.support import factories
from tests.support.factories import at, post_one, purchase, redemption
from tests.support.ladders import earn, ladder, noon
from tests.support.messages import listen, message, told
from tests.support.told import check_shape
from transactions.erasing.erasures import erase
from transactions.merging import merges
from transactions.reminders import points, statements, tiers


@pytest.fixture
def made(db):
    made = factories.program("club")
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next")
    return made


def test_a_member_who_is_told_of_by_a_posting_and_by_a_fact_of_members_is_the_same(made):
    Currency.objects.create(program=made, code="a-first", name="Never used")
    extra = Currency.objects.create(program=made, code="extra", name="Extra")
    factories.rule(made, "extra", "per_amount", {"points": "1", "per": "1"}, currency=extra)
    made.refresh_from_db()
    listen(made, "points.earned", "points.redeemed")
    who = factories.member(made)
    post_one(made, purchase(who, 123_456))
    post_one(made, redemption(who, 17))
    [event] = told("points.redeemed", who)
    stored = snapshots.of(versions.of(made), [who.pk])[who.pk]
    assert event.data["member"] == json.loads(snapshots.as_json(stored.said))
    assert [one["currency"] for one in event.data["member"]["balances"]] != ["points"]


def test_all_that_is_told_of_members_and_of_time_has_the_shape_of_its_event(made):
    message(made, "points.expiring", 30)
    message(made, "tier.will_drop", 30)
    message(made, "statement.monthly")
    listen(made, "member.enrolled", "member.updated", "member.merged", "member.erased")
    ada, twin = factories.member(made), factories.member(made)
    earn(made, ada, 600, noon(made, 2025, 3, 10))
    now = at(2026, 3, 1, 1)
    with transaction.atomic():
        points.remind(made.pk, date(2026, 3, 1), [ada.pk], now)
        statements.state(made.pk, date(2026, 3, 1), [ada.pk], now)
        tiers.remind(made.pk, date(2026, 12, 1), [ada.pk], at(2026, 12, 1, 1))
    changes.tell_updated({ada.customer_id: ["email"]})
    merges.merge(twin, ada, reason="The same person")
    erase(ada.customer, reason="Request 17")
    found = Event.objects.exclude(type__in=["points.earned", "points.adjusted"])
    for event in found:
        check_shape(event)
    expected = {name for name, one in EVENTS.items() if name.startswith("member.")}
    assert {event.type for event in found} == expected | {"points.expiring", "tier.will_drop", "statement.monthly"}
