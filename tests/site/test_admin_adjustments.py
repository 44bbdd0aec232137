"""Staff say in a dialog until when points are usable, from when on, for whom, and and may go negative."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from loyalty_site.lib.instants import full_day, last_day
from programs.models import Participation, StaffLimit
from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors
from transactions.models import Approval, Journal, Lot

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def desk(client, shop):
    client.force_login(shop.clerk)
    return client


def adjust(client, shop, points="40", **fields):
    sent = {"direction": "credit", "points": points, "currency": shop.points.pk, "reason": "Sorry"} | fields
    return deed(client, "members_member_adjust", shop.ada, **sent)


def day(days):
    return timezone.now().astimezone(PARIS).date() + timedelta(days=days)


def test_the_dialog_asks_for_days_with_the_calendar_of_the_browser(desk, shop):
    form = desk.get(address("members_member_adjust", shop.ada)).context["form"]
    for name in ("usable_through", "available_from"):
        assert 'type="date"' in str(form[name])


def test_a_credit_has_the_days_and_the_partner_that_were_said(desk, shop):
    cafe = factories.partner("corner-cafe")
    Participation.objects.create(program=shop.program, partner=cafe)
    shop.program.touch(shop.program.pk)
    days = {"available_from": day(5).isoformat(), "usable_through": day(50).isoformat()}
    assert adjust(desk, shop, **days, partner=cafe.pk)["HX-Redirect"]
    lot, journal = Lot.objects.latest("pk"), Journal.objects.latest("pk")
    assert (lot.is_pending, last_day(lot.expires_at, PARIS)) == (True, day(50))
    page = desk.get(address("transactions_journal_change", journal)).content.decode()
    assert f"It can be spent from {full_day(day(5))} on." in page
    assert f"It is usable through {full_day(day(50))}." in page
    assert "On behalf of the partner corner-cafe." in page


def test_who_decides_a_request_sees_what_was_asked_for(desk, shop, marketing):
    assert adjust(desk, shop, "101", usable_through=day(50).isoformat())["HX-Redirect"]
    asked = Approval.objects.get(member=shop.ada)
    desk.force_login(marketing)
    page = desk.get(address("transactions_approval_change", asked)).content.decode()
    assert f"It is usable through {full_day(day(50))}." in page
    deed(desk, "transactions_approval_approve", asked)
    assert last_day(Lot.objects.latest("pk").expires_at, PARIS) == day(50)


def test_a_balance_falls_below_zero_only_where_limits_and_currency_let_it(desk, shop):
    everything = str(factories.held(shop.ada) + 10)
    StaffLimit.objects.update(per_posting=10**6, per_day=10**6, per_member=None)
    said = errors(adjust(desk, shop, everything, direction="debit", overdraw="on"))
    assert "allows no balance below zero" in str(said["points"])
    shop.points.refund_policy = "arrears"
    shop.points.save()
    assert "points" in errors(adjust(desk, shop, everything, direction="debit"))
    said = errors(adjust(desk, shop, everything, direction="debit", overdraw="on"))
    assert "do not let a balance fall below zero" in str(said["overdraw"])
    StaffLimit.objects.update(may_overdraw=True)
    assert adjust(desk, shop, everything, direction="debit", overdraw="on")["HX-Redirect"]
    assert factories.held(shop.ada) == -10


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"usable_through": "soon"}, "usable_through"),
        ({"usable_through": "2020-01-01"}, "usable_through"),
        ({"usable_through": "9999-12-31"}, "usable_through"),
        ({"direction": "debit", "available_from": "2030-01-01"}, "available_from"),
        ({"overdraw": "on"}, "overdraw"),
        ({"partner": "0"}, "partner"),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_field(desk, shop, fields, field):
    before = Journal.objects.count()
    assert field in errors(adjust(desk, shop, **fields))
    assert Journal.objects.count() == before
