"""The back office says an end as the last day on which points can be used, never as the midnight behind it."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from loyalty_site.lib.instants import full_day, last_day
from loyalty_site.lib.panels import through
from members.models import Balance
from programs.admin.ends import usable_through
from programs.models import ExpiryRule
from programs.periods import add_months
from tests.support import factories
from tests.support.admin_dialogs import address
from tests.support.api_caller import Caller
from tests.support.expiring import expiry
from tests.support.factories import at
from transactions.expiry import redating, reinstatements
from transactions.models import Lot, Redating

PARIS = ZoneInfo("Europe/Paris")
MIDNIGHT = re.compile(r"\d{4}, 00:00|midnight")


@pytest.fixture(autouse=True)
def _not_at_midnight():
    """What has just happened is shown, too, and may have happened at midnight."""
    with time_machine.travel(timezone.now().replace(hour=12, minute=34), tick=True):
        yield


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (at(2026, 12, 31, 23), "31 December 2026"),
        (at(2026, 6, 30, 22), "30 June 2026"),
        (at(2026, 5, 5, 8), "5 May 2026"),
        (None, "never"),
    ],
)
def test_an_end_is_said_by_its_last_day(end, said):
    assert through(end, PARIS) == said


@pytest.fixture
def model():
    return "fixed"


@pytest.fixture
def rita(db, model):
    """100 points, 40 of them spent, that can be used through the end of next year."""
    made = factories.program()
    expiry(made, model=model, period=12, rounding="year")
    who = factories.member(made, enrolled_at=timezone.now() - timedelta(days=9))
    factories.post_one(made, factories.purchase(who, 10000, "o"))
    factories.post_one(made, factories.redemption(who, 40))
    return who


@pytest.fixture
def staff(client, admin_user):
    client.force_login(admin_user)
    return client


def end_of_next_year():
    return f"31 December {timezone.now().astimezone(PARIS).year + 1}"


@pytest.fixture
def redated(rita):
    expiry(rita.program, period=24)
    redating.apply(rita.program.currencies.get(code="points"), reason="Longer")
    return Redating.objects.get()


def shows(staff, where, *said):
    content = staff.get(where).content.decode()
    for text in said:
        assert text in content, f"{where} does not say {text}"
    assert not MIDNIGHT.search(content), f"{where} shows a midnight"


@pytest.mark.parametrize("model", ["fixed", "activity"])
def test_every_page_about_a_lot_says_it(staff, rita, model):
    lot, day = Lot.objects.get(), end_of_next_year()
    ends_at = lot.expires_at or rita.balances.get(currency__code="points").expires_at
    assert full_day(last_day(ends_at, PARIS)) == day
    journals = [address("transactions_journal_change", journal) for journal in rita.journals.all()]
    pages = [address(f"members_member_{name}", rita) for name in ("change", "schedule")]
    then = staff.get(address("members_member_as_of", rita)).content.decode()
    assert (day if model == "fixed" else "by inactivity") in then
    assert not re.search(r">\s*never\s*<", then)
    pages += ["/admin/transactions/lot/", address("transactions_lot_change", lot), *journals]
    pages += [address("transactions_entry_change", entry) for entry in rita.entries.filter(points__lt=0)]
    pages += [address("members_balance_change", rita.balances.get(currency__code="points"))]
    for where in pages:
        content = staff.get(where).content.decode()
        assert day in content, where
        assert f"1 Jan {day[-4:]}" not in content, where
        assert f"1 Jan {int(day[-4:]) + 1}" not in content, where
        assert not re.search(rf"Jan\. 1, {int(day[-4:]) + 1}|Dec\. 31, {day[-4:]}, 11 p\.m", content), where


@pytest.mark.parametrize("model", ["fixed", "activity"])
def test_the_api_says_when_points_end_by_inactivity_too(rita, model):
    balance = rita.balances.get(currency__code="points")
    ends_at = Lot.objects.get().expires_at or balance.expires_at
    earned = rita.journals.get(external_id="o").answer
    assert earned["expires"]["points"] == ends_at.isoformat()
    told = Caller(rita.program.owner).get(f"members/{rita.number}/").said
    coming = next(one["expiries"] for one in told["balances"] if one["currency"] == "points")
    assert [(datetime.fromisoformat(one["expires_at"]), one["points"]) for one in coming] == [(ends_at, 60)]


def test_the_pages_of_another_end_say_both_days(staff, rita, redated):
    old, new = end_of_next_year(), f"31 December {int(end_of_next_year()[-4:]) + 1}"
    shows(staff, "/admin/transactions/redating/", old, new)
    shows(staff, address("transactions_redating_change", redated), old, new)
    said = f"its last usable day moved from {old} to {new}"
    assert said in staff.get(address("transactions_lot_change", redated.lot)).content.decode()


def test_the_preview_of_another_end_says_both_days(staff, rita):
    expiry(rita.program, period=24)
    currency = rita.program.currencies.get(code="points")
    text = staff.post(address("programs_currency_redating", currency), {"reason": "x", "show": "1"}).content.decode()
    old = end_of_next_year()
    new = f"31 December {int(old[-4:]) + 1}"
    assert f"{old} → {new}" in text
    assert text.count(old) == text.count(new) == 2
    assert not MIDNIGHT.search(text)


def test_the_end_of_a_whole_balance_is_a_day(staff, rita):
    balance = rita.balances.get(currency__code="points")
    Balance.objects.filter(pk=balance.pk).update(expires_at=at(2030, 12, 31, 23))
    content = staff.get(address("members_balance_change", balance)).content.decode()
    assert "31 December 2030" in content


def test_what_cannot_be_reinstated_says_its_last_day(db):
    made = factories.program()
    expiry(made, model="fixed", period=1, rounding="month", min_validity_days=0)
    who = factories.member(made)
    factories.post_one(made, factories.purchase(who, 10000, "o", activity_at=at(2026, 1, 10)), now=at(2026, 1, 10))
    factories.post_one(made, factories.purchase(who, 100, "p", activity_at=at(2026, 3, 2)), now=at(2026, 3, 2))
    lot = Lot.objects.order_by("pk").first()
    with pytest.raises(reinstatements.NotReinstatable, match="usable through 28 February 2026"):
        reinstatements.reinstate(lot.pk, reason="Sorry", now=at(2027, 3, 2))


def test_the_last_day_for_the_event_of_pending_points_is_a_day(staff, rita):
    currency = rita.program.currencies.get(code="points")
    currency.pending_event, currency.pending_deadline_days = "delivered", 10
    currency.save()
    factories.post_one(rita.program, factories.purchase(rita, 5000, "waiting"))
    lot = Lot.objects.get(is_pending=True)
    said = full_day(last_day(lot.deadline_at, PARIS))
    for where in (address("transactions_lot_change", lot), address("members_member_schedule", rita)):
        content = staff.get(where).content.decode()
        assert said in content, where
        assert not MIDNIGHT.search(content), where


@pytest.mark.parametrize(
    ("terms", "begins", "month_day"),
    [
        ({"model": "fixed", "period_end": "through"}, "Points earned today", 0),
        ({"model": "fixed", "period_end": "before"}, "Points earned today", -1),
        ({"model": "activity", "period_end": "before"}, "Points of a member who is active today", -1),
        ({"model": "anniversary", "period_end": "before"}, "Points of a member who enrols today", -1),
    ],
)
def test_the_form_of_an_expiry_rule_says_the_last_day_of_points_of_today(staff, rita, terms, begins, month_day):
    expiry(rita.program, period=12, rounding="none", **terms)
    today = timezone.now().astimezone(PARIS).date()
    last = add_months(today, 12) + timedelta(days=month_day)
    said = f"{begins}, {full_day(today)}, are usable through {full_day(last)}."
    currency = rita.program.currencies.get(code="points")
    for where in (
        address("programs_program_change", rita.program),
        address("programs_currency_change", currency),
        address("programs_expiryrule_change", currency.expiry_rule),
    ):
        shows(staff, where, said)


def test_points_without_an_end_are_said_to_have_none_and_wrong_terms_nothing(rita):
    expiry(rita.program, model="never")
    rule = rita.program.currencies.get(code="points").expiry_rule
    assert usable_through(rule, timezone.now()) == "Points never end."
    rule.model, rule.period = "fixed", None
    assert usable_through(rule, timezone.now()) == ""
    assert usable_through(ExpiryRule(), at(2026, 3, 10)).endswith("usable through 10 March 2027.")
