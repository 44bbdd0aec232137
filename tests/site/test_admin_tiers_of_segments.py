"""A tier is told on its page which segment it follows; segments that others need are not deleted, nor in bulk."""

import pytest
from django.urls import reverse

from members import scores
from members.models import ActivityScore
from programs.models import Program, Segment, Tier, TierGroup
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of, page
from tests.support.segments import segment

VIP = {"tags": {"names": ["vip"]}}
LIST = "/admin/programs/segment/"


@pytest.fixture
def desk(client, boss):
    client.force_login(boss)
    return client


@pytest.fixture
def made(db):
    return factories.program("club")


@pytest.fixture
def circle(made):
    group = TierGroup.objects.create(program=made, code="circle", name="Circle", model="manual")
    Tier.objects.create(group=group, code="friend", name="Friend", sequence=2, threshold=None)
    return group


def bulk(desk, *rows, sure=False):
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    return desk.post(LIST, data | ({"post": "yes"} if sure else {}), follow=True)


def test_a_tier_of_a_manual_ladder_offers_the_segments_of_its_program(desk, made, circle):
    vips = segment(made, "vips", VIP)
    theirs = segment(factories.program(), "theirs", VIP)
    tier = circle.tiers.get()
    data = form_of(desk, page(tier))
    assert desk.post(page(tier), data | {"segment": vips.pk}).status_code == 302
    tier.refresh_from_db()
    assert tier.segment == vips
    errors = errors_of(desk.post(page(tier), data | {"segment": theirs.pk}))
    assert list(errors) == ["segment"]
    told = desk.get(page(circle)).content.decode()
    assert "Friend follows the segment “vips”" in told


def test_the_page_of_the_ladder_refuses_a_circle_at_the_tier(desk, made, circle):
    guests = segment(made, "guests", {"tier": {"group": "circle", "tiers": ["friend"]}})
    data = form_of(desk, page(circle))
    response = desk.post(page(circle), data | {"tiers-0-segment": guests.pk})
    assert response.status_code == 200
    assert "The tier would depend on itself: tiers of circle → guests → tiers of circle." in response.content.decode()


def test_a_ladder_that_counts_offers_no_segment(desk, made):
    assert "segment" not in form_of(desk, page(made.tier_groups.get(code="main").tiers.get(code="gold")))


def test_the_page_of_a_segment_says_which_tier_follows_it(desk, made, circle):
    row = segment(made, "vips", VIP)
    circle.tiers.update(segment=row)
    assert "Whoever is in it holds Friend (Circle), or a higher tier." in desk.get(page(row)).content.decode()
    assert desk.get(f"{LIST}{row.pk}/delete/").status_code == 403


def test_deleting_many_names_what_uses_them_and_refuses_all(desk, made, circle):
    vips, fans, free = (segment(made, code, VIP) for code in ("vips", "fans", "free"))
    circle.tiers.update(segment=vips)
    segment(made, "both", {"segment": {"code": "fans"}})
    for sure in (False, True):
        told = bulk(desk, vips, fans, free, sure=sure).content.decode()
        assert "Vips: it is followed by the tier Friend (Circle)" in told
        assert "Fans: it is a condition of the segment Both" in told
        assert "your account doesn't have permission" not in told
    assert Segment.objects.count() == 4


def test_many_that_nobody_uses_are_deleted(desk, made):
    rows = [segment(made, code, VIP) for code in ("vips", "fans")]
    before = Program.objects.get(pk=made.pk).version
    bulk(desk, *rows, sure=True)
    assert not Segment.objects.exists()
    assert Program.objects.get(pk=made.pk).version > before


def test_whoever_may_not_delete_segments_is_told_so(client, store_staff, made):
    client.force_login(store_staff)
    row = segment(made, "vips", VIP)
    bulk(client, row, sure=True)
    assert Segment.objects.filter(pk=row.pk).exists()


def test_the_page_of_a_member_shows_the_score_with_its_parts(desk, made):
    who = factories.member(made)
    shown = reverse("admin:members_member_change", args=[who.pk])
    assert "Activity score" not in desk.get(shown).content.decode()
    ActivityScore.objects.create(member=who, score=63, recency=100, frequency=16, spend=75)
    told = desk.get(shown).content.decode()
    assert "63 of 100" in told
    assert "recency 100, frequency 16, spend 75" in told
    assert scores.of(who).score == 63


def test_the_terms_of_the_score_are_typed_on_the_page_of_the_program_money_in_its_unit(desk, made):
    data = form_of(desk, page(made))
    assert data["score_money"] == "1000.00"
    response = desk.post(page(made), data | {"score_money": "250.50", "score_days": "90", "score_spend": "3"})
    assert response.status_code == 302, response.context and response.context["adminform"].form.errors
    made.refresh_from_db()
    assert (made.score_money, made.score_days, made.score_spend) == (25_050, 90, 3)
    wrong = data | {"score_money": "0.00", "score_days": "0", "score_recency": "-1"}
    assert sorted(errors_of(desk.post(page(made), wrong))) == ["score_days", "score_money", "score_recency"]
