"""Staff set and unlock the tier of a member in dialogs of its page."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib.instants import full_day
from programs.models import Tier, TierGroup
from tests.support.admin_dialogs import address, deed, errors, said
from tests.support.factories import held
from tests.support.ladders import standing, through, tier
from transactions.models import Journal

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def desk(client, shop):
    permission = Permission.objects.get(codename="set_tier")
    shop.clerk.user_permissions.add(permission)
    client.force_login(shop.clerk)
    return client


def day(days):
    return timezone.now().astimezone(PARIS).date() + timedelta(days=days)


def set_tier(client, shop, code="gold", **fields):
    group = shop.program.tier_groups.get(code="main")
    chosen = group.tiers.get(code=code).pk if code else ""
    sent = {"tier_group": group.pk, "tier": chosen, "reason_type": "goodwill", "reason": "Sorry"} | fields
    return deed(client, "members_member_set_tier", shop.ada, **sent)


def test_a_tier_is_set_with_its_end_its_lock_and_why(desk, shop):
    until, locked = day(90), day(30)
    answer = set_tier(desk, shop, until=until.isoformat(), locked_until=locked.isoformat())
    assert answer["HX-Redirect"], answer.context["form"].errors
    row = standing(shop.ada)
    assert (row.tier.code, through(shop.ada), row.note) == ("gold", until.isoformat(), "Goodwill: Sorry")
    assert f"Main: Gold through {full_day(until)} and locked through {full_day(locked)}." in said(desk)
    journal = Journal.objects.get(kind="tier")
    assert (journal.user, row.caused_by) == (shop.clerk, journal.pk)
    page = desk.get(address("transactions_journal_change", journal)).content.decode()
    assert "The tier of Main was set to Gold; it had been" in page


def test_sent_twice_from_one_dialog_it_is_set_once(desk, shop):
    form = desk.get(address("members_member_set_tier", shop.ada)).context["form"]
    name = form["external_id"].value()
    for _ in range(2):
        assert set_tier(desk, shop, external_id=name)["HX-Redirect"]
    assert Journal.objects.filter(kind="tier").count() == 1
    assert "was recorded already" in said(desk)


@pytest.mark.parametrize(
    ("code", "fields", "field"),
    [
        ("gold", {"until": "2020-01-01"}, "until"),
        ("gold", {"locked_until": "2020-01-01"}, "locked_until"),
        ("gold", {"reason": ""}, "reason"),
        ("gold", {"reason_type": "whim"}, "reason_type"),
        ("base", {"until": "2199-01-01"}, "until"),
        ("gold", {"tier": "0"}, "tier"),
    ],
)
def test_what_cannot_be_set_is_said_at_its_field(desk, shop, code, fields, field):
    assert field in errors(set_tier(desk, shop, code, **fields))
    assert not Journal.objects.filter(kind="tier").exists()


def test_a_tier_of_another_ladder_is_said_at_its_field(desk, shop):
    group = TierGroup.objects.create(program=shop.program, code="club", name="Club", model="manual")
    premium = Tier.objects.create(group=group, code="premium", name="Premium", sequence=1, threshold=None)
    dialog = desk.get(address("members_member_set_tier", shop.ada)).content.decode()
    assert "Club: Premium" in dialog
    assert "tier" in errors(set_tier(desk, shop, tier=premium.pk))
    assert set_tier(desk, shop, tier=premium.pk, tier_group=group.pk)["HX-Redirect"]
    assert tier(shop.ada, group="club") == "premium"


def test_a_tier_is_unlocked_and_what_points_reach_holds(desk, shop):
    shop.program.tier_groups.get(code="main").tiers.filter(code="silver").update(threshold=1)
    page = address("members_member_change", shop.ada)
    unlock = reverse("admin:members_member_unlock_tier", args=[shop.ada.pk])
    assert unlock not in desk.get(page).content.decode()
    assert held(shop.ada, "status") > 0
    assert set_tier(desk, shop, "base", locked_until=day(30).isoformat())["HX-Redirect"]
    assert unlock in desk.get(page).content.decode()
    group = shop.program.tier_groups.get(code="main")
    sent = {"tier_group": group.pk, "reason_type": "correction", "reason": "Paid"}
    assert deed(desk, "members_member_unlock_tier", shop.ada, **sent)["HX-Redirect"]
    assert (tier(shop.ada), standing(shop.ada).locked_until) == ("silver", None)
    assert unlock not in desk.get(page).content.decode()


def test_a_tier_that_was_set_is_reversed_on_the_page_of_its_transaction(desk, shop):
    before = tier(shop.ada)
    set_tier(desk, shop)
    journal = Journal.objects.get(kind="tier")
    assert deed(desk, "transactions_journal_reverse", journal, reason="A mistake")["HX-Redirect"]
    assert tier(shop.ada) == before


def test_without_the_permission_nobody_sets_a_tier(client, shop):
    client.force_login(shop.clerk)
    assert client.get(address("members_member_set_tier", shop.ada)).status_code == 403
    page = client.get(address("members_member_change", shop.ada)).content.decode()
    assert reverse("admin:members_member_set_tier", args=[shop.ada.pk]) not in page


def test_nobody_sets_the_tier_of_their_own_membership(desk, shop):
    shop.ada.customer.user = shop.clerk
    shop.ada.customer.save()
    said = errors(set_tier(desk, shop))
    assert "membership of your own" in str(said)
    assert not Journal.objects.filter(kind="tier").exists()
