"""What staff do with the points of a member, who may, and what the page of a member tells of time."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from members.models import Balance, Member, Merge
from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors
from transactions.models import Approval, Journal

PAGE = "members_member_change"
#: Answers to other systems, kept for thirty days for their retries, are personal data that no desk has a use for. The
#: others are seen on the pages of their tiers, ladders, runs, deliveries, messages, members, lists and programs.
WITHOUT_PAGE = set(
    "partners.KeptAnswer programs.Benefit programs.MessageText programs.MessagePolicy programs.PromotionCode "
    "programs.SkuListEntry programs.HistoricalTierGroup_further_currencies members.Attempt members.ActivityScore "
    "members.Progress members.SegmentMembership transactions.NightBatch transactions.PromotionResult "
    "transactions.PromotionUse transactions.StoredComing transactions.StoredOutlook".split()
)


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def desk(client, shop):
    client.force_login(shop.clerk)
    return client


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


def page(client, row):
    return client.get(address(PAGE, row)).content.decode()


def test_each_model_has_a_page_or_a_reason_why_not():
    models = {
        model
        for label in ("partners", "programs", "members", "transactions")
        for model in apps.get_app_config(label).get_models()
    }
    without = {
        model for model in models if model not in admin.site._registry and not hasattr(model, "history_object")
    }
    assert {model._meta.label for model in without} == WITHOUT_PAGE


def adjust(client, shop, points, **fields):
    sent = {"direction": "credit", "points": points, "currency": shop.points.pk, "reason": "Sorry"} | fields
    return deed(client, "members_member_adjust", shop.ada, **sent)


def test_points_are_credited_and_debited_within_the_limit(desk, shop):
    before = factories.held(shop.ada)
    assert adjust(desk, shop, "40")["HX-Redirect"] == address(PAGE, shop.ada)
    assert adjust(desk, shop, "15", direction="debit")["HX-Redirect"]
    made = Journal.objects.latest("pk")
    assert (made.kind, made.reason, made.user) == ("adjustment", "Sorry", shop.clerk)
    assert factories.held(shop.ada) == before + 25


def test_more_than_the_limit_becomes_a_request(desk, shop):
    before = factories.held(shop.ada)
    assert adjust(desk, shop, "101")["HX-Redirect"]
    asked = Approval.objects.get(member=shop.ada)
    assert (asked.points, asked.status, asked.requested_by) == (101, "waiting", shop.clerk)
    assert factories.held(shop.ada) == before
    told = page(desk, shop.ada)
    assert "above your limit" in told
    assert "Waits for approval" in told


@pytest.mark.parametrize("points", ["0", "-5", "1.5", "x", "", "1000000000000000000000"])
def test_what_cannot_be_adjusted_is_said_at_the_points(desk, shop, points):
    assert "points" in errors(adjust(desk, shop, points))
    assert "reason" in errors(adjust(desk, shop, "5", reason=" "))
    assert not Approval.objects.filter(member=shop.ada).exists()


def test_a_request_is_approved_by_a_second_person(office, shop, marketing):
    before = factories.held(shop.bob)
    deed(office, "transactions_approval_approve", shop.asked)
    shop.asked.refresh_from_db()
    assert (shop.asked.status, shop.asked.decided_by) == ("approved", marketing)
    assert factories.held(shop.bob) == before + 500
    told = office.get(address("transactions_approval_change", shop.asked))
    assert "Posted as" in told.content.decode()
    assert not told.context["actions_detail"]
    assert deed(office, "transactions_approval_reject", shop.asked, note="No").context["form"].errors


def test_a_request_is_rejected_with_a_reason(office, shop):
    before = factories.held(shop.bob)
    assert "note" in errors(deed(office, "transactions_approval_reject", shop.asked, note=""))
    deed(office, "transactions_approval_reject", shop.asked, note="Too much")
    shop.asked.refresh_from_db()
    assert (shop.asked.status, shop.asked.note) == ("rejected", "Too much")
    assert factories.held(shop.bob) == before


def test_nobody_approves_their_own_request(client, boss, shop):
    Approval.objects.filter(pk=shop.asked.pk).update(requested_by=boss)
    client.force_login(boss)
    told = client.get(address("transactions_approval_change", shop.asked))
    assert "Somebody else has to decide" in told.content.decode()
    assert not told.context["actions_detail"]
    assert "own request" in deed(client, "transactions_approval_approve", shop.asked).content.decode()
    shop.asked.refresh_from_db()
    assert shop.asked.status == "waiting"


def test_store_staff_see_requests_and_decide_none(desk, shop):
    assert desk.get(address("transactions_approval_change", shop.asked)).status_code == 200
    assert desk.get(address("transactions_approval_approve", shop.asked)).status_code == 403


def transfer(client, shop, **fields):
    sent = {"to": shop.bob.number, "points": "25", "currency": shop.points.pk, "reason": "A gift"} | fields
    return deed(client, "members_member_transfer", shop.ada, **sent)


def test_points_are_given_to_another_member(desk, shop):
    before = factories.held(shop.ada), factories.held(shop.bob)
    assert transfer(desk, shop)["HX-Redirect"] == address(PAGE, shop.ada)
    assert (factories.held(shop.ada), factories.held(shop.bob)) == (before[0] - 25, before[1] + 25)


def test_a_transfer_to_oneself_to_nobody_or_of_too_much_is_refused(desk, shop):
    before = factories.held(shop.ada)
    assert "to" in errors(transfer(desk, shop, to=shop.ada.number))
    assert "to" in errors(transfer(desk, shop, to="999999"))
    assert "points" in errors(transfer(desk, shop, points="1000000"))
    assert factories.held(shop.ada) == before


def merge(client, shop, **fields):
    return deed(client, "members_member_merge", shop.bob, target=shop.ada.number, reason="One person", **fields)


def test_a_merge_is_shown_before_it_is_done_and_undone_after(office, shop):
    shop.asked.delete()
    before = factories.held(shop.bob), factories.held(shop.ada)
    first = merge(office, shop)
    assert f"brings {before[0]} Points" in first.content.decode()
    assert not errors(first)
    shop.bob.refresh_from_db()
    assert shop.bob.status == "active"
    wrong = merge(office, shop, agreed="on", shown=str(shop.firm.pk))
    assert "HX-Redirect" not in wrong
    done = merge(office, shop, agreed="on", shown=str(shop.ada.pk))
    assert done["HX-Redirect"] == address(PAGE, shop.ada)
    assert factories.held(shop.ada) == sum(before)
    row = Merge.objects.get(source=shop.bob)
    assert deed(office, "members_merge_undo", row)["HX-Redirect"] == address("members_merge_change", row)
    assert (factories.held(shop.bob), factories.held(shop.ada)) == before
    assert "Went back" in office.get(address("members_merge_change", row)).content.decode()


def test_what_stands_against_a_merge_is_said_first(office, shop):
    told = merge(office, shop).content.decode()
    assert "waits for approval" in told
    refused = merge(office, shop, agreed="on", shown=str(shop.ada.pk))
    assert refused.context["form"].errors
    assert not Merge.objects.filter(source=shop.bob).exists()


def test_store_staff_merge_nobody_and_marketing_moves_no_points(client, shop, marketing):
    client.force_login(shop.clerk)
    assert client.get(address("members_member_merge", shop.bob)).status_code == 403
    assert client.get(address("members_merge_undo", shop.merge)).status_code == 403
    client.force_login(marketing)
    for name in ("adjust", "transfer", "redeem"):
        assert client.get(address(f"members_member_{name}", shop.ada)).status_code == 403


@pytest.mark.parametrize("name", ["adjust", "transfer", "merge", "as_of", "schedule"])
def test_a_stranger_is_sent_away_from_a_member(client, stranger, shop, name):
    client.force_login(stranger)
    assert client.get(address(f"members_member_{name}", shop.ada)).status_code == 302


def test_the_page_tells_what_is_pending_and_until_when(desk, shop):
    shop.pending()
    told = page(desk, shop.ada)
    assert "pending" in told
    assert "Coming releases and expiries" in told
    assert "come free" in told
    whole = desk.get(address("members_member_schedule", shop.ada)).content.decode()
    assert "come free" in whole
    assert "expire" in whole


def test_a_page_is_settled_before_it_is_told(desk, shop):
    shop.pending()
    past = timezone.now() - timedelta(days=1)
    shop.ada.lots.filter(is_pending=True).model.objects.filter(member=shop.ada, is_pending=True).put(
        available_at=past
    )
    Balance.objects.filter(member=shop.ada, pending__gt=0).update(next_change_at=past)
    assert "come free" not in page(desk, shop.ada)
    assert not Balance.objects.filter(member=shop.ada, pending__gt=0).exists()


def test_a_member_is_told_at_any_instant_on_both_axes(desk, shop):
    then = address("members_member_as_of", shop.ada)
    assert f">{factories.held(shop.ada)}<" in desk.get(then).content.decode()
    assert "Nothing is known" in desk.get(then, {"true_at": "2001-01-01 00:00"}).content.decode()
    assert "Nothing is known" in desk.get(then, {"known_at": "2001-01-01 00:00"}).content.decode()
    assert "Enter a valid date" in desk.get(then, {"known_at": "yesterday"}).content.decode()


def test_groups_are_told_on_both_pages(desk, shop):
    assert "Engines Ltd" in page(desk, shop.bob)
    assert "Babbage" in page(desk, shop.firm)


def test_store_staff_enrol_and_marketing_does_not(client, shop, marketing):
    add = reverse("admin:members_member_add")
    client.force_login(marketing)
    assert client.get(add).status_code == 403
    client.force_login(shop.clerk)
    sent = {"program": shop.program.pk, "kind": "person", "last_name": "Hamilton", "channel": "store"}
    assert client.post(add, sent).status_code == 302
    assert Member.objects.filter(customer__last_name="Hamilton").exists()


def test_marketing_keeps_caps_and_limits_and_store_staff_do_not(client, shop, marketing):
    for row, name in ((shop.cap, "programs_cap"), (shop.limit, "programs_stafflimit")):
        client.force_login(marketing)
        assert client.get(reverse(f"admin:{name}_add")).status_code == 200
        assert client.get(address(f"{name}_delete", row)).status_code == 403
        client.force_login(shop.clerk)
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
        assert client.get(address(f"{name}_change", row)).status_code == 200
    told = client.get(address("programs_cap_change", shop.cap)).content.decode()
    assert "At most 100000 Points for each member a day." in told


def test_a_member_leaves_a_group_with_what_is_left_of_its_share(office, shop):
    before = factories.held(shop.bob), factories.held(shop.firm)
    assert before[1]
    assert deed(office, "members_relation_leave", shop.relation, give_back="on")["HX-Redirect"]
    assert (factories.held(shop.bob), factories.held(shop.firm)) == (sum(before), 0)
    assert not office.get(address("members_relation_change", shop.relation)).context["actions_detail"]
    assert deed(office, "members_relation_leave", shop.relation).context["form"].errors


def test_store_staff_end_no_relation(desk, shop):
    assert desk.get(address("members_relation_leave", shop.relation)).status_code == 403


def test_an_entry_and_a_lot_tell_their_chain(desk, shop):
    spent = shop.redeemed.entries.get()
    told = desk.get(address("transactions_entry_change", spent)).content.decode()
    assert "Which lots it used" in told
    assert "Accrual order-1" in told
    lot = spent.traces.get().lot
    told = desk.get(address("transactions_lot_change", lot)).content.decode()
    assert "Redemption spend-1" in told
    assert "Two years now" in told


def test_a_balance_and_a_tier_tell_their_chain(desk, shop):
    held = shop.ada.balances.get(currency__code="points")
    told = desk.get(address("members_balance_change", held)).content.decode()
    assert "The lots that it is the sum of" in told
    assert "Accrual order-1" in told
    standing = shop.ada.standings.get(is_current=True)
    told = desk.get(address("members_standing_change", standing)).content.decode()
    assert "Reached by entry" in told
    assert "What had been counted by then" in told
