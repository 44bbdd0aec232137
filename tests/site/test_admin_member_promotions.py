"""The page of a member shows their promotions, and staff enrol them and let them leave."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from members import promotions as enrolling
from members.models import PromotionEnrolment
from programs.models import Promotion
from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors, said
from tests.support.factories import post_one, reversal
from tests.support.merging import join
from tests.support.promoting import buy, promotion

ENROL, LEAVE = "members_member_enrol_in_promotion", "members_member_leave_promotion"


@pytest.fixture
def offer(club):
    return promotion(club, opt_in=True)


def page(client, who):
    return client.get(address("members_member_change", who)).content.decode()


def row(client, who):
    """The cells of the one promotion of a member's page."""
    panels = client.get(address("members_member_change", who)).context["panels"]
    [table] = [one for one in panels if getattr(one, "title", "") == "Promotions"]
    [cells] = table.rows
    return list(cells)


def test_a_member_without_promotions_has_no_table_of_them(desk, ada, offer):
    panels = desk.get(address("members_member_change", ada)).context["panels"]
    assert not [one for one in panels if getattr(one, "title", "") == "Promotions"]


def test_what_was_given_how_often_and_since_when_is_shown(desk, club, ada, offer):
    enrolling.enrol(ada, offer, now=timezone.now() - timedelta(hours=2))
    first = buy(club, ada)
    buy(club, ada)
    cells = row(desk, ada)
    assert cells[:2] == ["Spring", "running"]
    assert cells[2].startswith("since ")
    assert cells[3:5] == ["2 times", "100 Points"]
    post_one(club, reversal(first.journal_id))
    assert row(desk, ada)[3:5] == ["1 time", "50 Points"]


def test_what_a_member_used_who_was_merged_is_shown_with_the_one_who_stays(desk, club, ada):
    promotion(club)
    bob = factories.member(club)
    for who in (ada, bob):
        buy(club, who)
    join(bob, ada)
    assert row(desk, ada)[2:5] == ["needs no enrolment", "2 times", "100 Points"]


@pytest.mark.parametrize("person", ["marketing", "store_staff"])
def test_staff_enrol_a_member_and_let_them_leave(client, request, ada, offer, person):
    client.force_login(request.getfixturevalue(person))
    assert deed(client, ENROL, ada, promotion=offer.pk)["HX-Redirect"]
    assert "takes part in Spring from now on" in said(client)
    assert PromotionEnrolment.objects.get().left_at is None
    assert row(client, ada)[2].startswith("since ")
    assert deed(client, LEAVE, ada, promotion=offer.pk)["HX-Redirect"]
    assert PromotionEnrolment.objects.get().left_at
    assert " to " in row(client, ada)[2]


def test_who_may_not_is_not_offered_it_and_refused(client, ada, offer, stranger):
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(stranger)
    assert reverse(f"admin:{ENROL}", args=[ada.pk]) not in page(client, ada)
    assert client.post(address(ENROL, ada), {"promotion": offer.pk}).status_code == 403
    assert not PromotionEnrolment.objects.exists()


def test_only_what_is_possible_is_offered(desk, club, ada, offer):
    assert reverse(f"admin:{ENROL}", args=[ada.pk]) in page(desk, ada)
    assert reverse(f"admin:{LEAVE}", args=[ada.pk]) not in page(desk, ada)
    promotion(club, "over", opt_in=True, ends_on=timezone.localdate() - timedelta(days=2))
    promotion(club, "everybody")
    choices = desk.get(address(ENROL, ada)).context["form"].fields["promotion"].queryset
    assert [one.code for one in choices] == ["spring"]
    enrolling.enrol(ada, offer, now=timezone.now())
    assert reverse(f"admin:{ENROL}", args=[ada.pk]) not in page(desk, ada)
    assert reverse(f"admin:{LEAVE}", args=[ada.pk]) in page(desk, ada)


def test_one_that_was_stopped_since_the_dialog_was_opened_is_not_enrolled_in(desk, ada, offer):
    form = desk.get(address(ENROL, ada)).context["form"]
    sent = {"_form_submitted": form["_form_submitted"].value(), "promotion": offer.pk}
    Promotion.objects.filter(pk=offer.pk).update(stopped_from=timezone.now())
    assert "HX-Redirect" not in desk.post(address(ENROL, ada), sent)
    assert not PromotionEnrolment.objects.exists()
    Promotion.objects.filter(pk=offer.pk).update(stopped_from=None)
    assert desk.post(address(ENROL, ada), sent)["HX-Redirect"]


def test_one_of_another_program_is_no_choice(desk, ada, offer):
    other = promotion(factories.program("other"), "theirs", opt_in=True)
    assert errors(deed(desk, ENROL, ada, promotion=other.pk))["promotion"]
    assert not PromotionEnrolment.objects.exists()
