"""Staff see what they were told, and nothing of what others were; opening it is reading it."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Event, StaffNotice
from members.telling import tell
from tests.support import factories
from tests.support.query_counts import count
from tests.support.staff_notes import spread, told

LIST = reverse("admin:members_staffnotice_changelist")
READ_ALL = reverse("admin:members_staffnotice_read_all")
INDEX = reverse("admin:index")


@pytest.fixture
def program(db):
    return factories.program("alpine", name="Alpine Club")


def night(program, step="settle"):
    said = {"program": program.code, "day": "2026-10-05", "step": step, "error": "OSError: full"}
    tell(program, "night.failed", {"night": said}, once=f"night.failed:{step}")
    event = told("night.failed")[-1]
    spread(event)
    return event


def notice(user, event):
    return StaffNotice.objects.get(user=user, event=event)


def change(row):
    return reverse("admin:members_staffnotice_change", args=[row.pk])


def opened(event):
    return reverse("admin:members_staffnotice_open", args=[event.name])


def number(client):
    """What the bell shows."""
    page = client.get(INDEX).content.decode()
    assert f'href="{LIST}"' in page
    found = re.search(r'loyalty-bell-count"[^>]*>([^<]+)<', page)
    return found and found[1]


def unread(user):
    return StaffNotice.objects.filter(user=user, read_at=None).count()


@pytest.fixture
def office(client, boss):
    client.force_login(boss)
    return client


def test_the_bell_counts_what_is_not_read(office, program, boss, marketing):
    assert number(office) is None
    first = night(program)
    night(program, "seal")
    assert number(office) == "2"
    office.get(change(notice(boss, first)))
    assert number(office) == "1"
    assert unread(marketing) == 2


def test_the_bell_stops_at_99(office, program, boss):
    rows = [Event(program=program, type="night.failed", occurred_at=timezone.now()) for _ in range(100)]
    events = Event.objects.bulk_create(rows)
    StaffNotice.objects.bulk_create(StaffNotice(user=boss, event=event) for event in events[:99])
    assert number(office) == "99"
    StaffNotice.objects.create(user=boss, event=events[99])
    assert number(office) == "99+"


def test_a_page_costs_one_statement_more_for_the_bell_however_much_there_is(office, program, boss, monkeypatch):
    def page():
        return office.get(INDEX)

    page()
    before = count(page)
    for step in ("settle", "seal", "reconcile"):
        night(program, step)
    assert count(page) == before
    monkeypatch.setattr("members.admin.bell.unread", lambda key: "")
    assert count(page) == before - 1


def test_the_list_says_what_happened_the_newest_first(office, program, boss):
    night(program)
    night(program, "seal")
    page = office.get(LIST).content.decode()
    assert page.index("The step “seal” failed in the night after 5 October 2026") < page.index("The step “settle”")
    assert "Alpine Club" in page
    assert "Mark all as read" in page
    assert reverse("admin:members_staffsubscription_mine") in page


def test_a_notice_says_all_and_where_to_act(office, program, boss):
    page = office.get(change(notice(boss, night(program)))).content.decode()
    assert "OSError: full" in page
    assert f"/admin/transactions/nightrun/?program__id__exact={program.pk}&amp;q=settle" in page


def test_looking_at_the_list_reads_nothing(office, program, boss):
    night(program)
    office.get(LIST)
    office.get(INDEX)
    assert unread(boss) == 1


@pytest.mark.parametrize("way", ["change", "open"])
def test_opening_a_notice_reads_it_once_and_for_oneself_alone(office, program, boss, marketing, way):
    event = night(program)
    mine = notice(boss, event)
    office.get(change(mine) if way == "change" else opened(event))
    mine.refresh_from_db()
    first = mine.read_at
    assert first is not None
    office.get(change(mine) if way == "change" else opened(event))
    mine.refresh_from_db()
    assert mine.read_at == first
    assert unread(marketing) == 1


def test_a_mail_leads_to_where_one_acts(office, program, boss):
    answer = office.get(opened(night(program)))
    assert answer.status_code == 302
    assert answer.url == f"/admin/transactions/nightrun/?program__id__exact={program.pk}&q=settle"
    assert office.get(answer.url).status_code == 200


def test_who_is_not_signed_in_comes_there_after_signing_in(client, program, boss):
    event = night(program)
    answer = client.get(opened(event))
    assert answer.url == f"{reverse('admin:login')}?next={opened(event)}"
    assert unread(boss) == 1


def test_what_others_were_told_is_not_found(client, program, boss, marketing, store_staff):
    event = night(program)
    theirs = notice(marketing, event)
    for person in (boss, store_staff):
        client.force_login(person)
        assert client.get(change(theirs)).status_code == 404
    assert client.get(opened(event)).status_code == 404
    assert client.get(opened(event).replace("evt_", "evt-")).status_code == 404
    assert "The step" not in client.get(LIST).content.decode()
    assert unread(marketing) == 1
    for nonsense in ("0", "x", "9" * 30):
        address = reverse("admin:members_staffnotice_change", args=[nonsense])
        assert client.get(address).status_code == 404


def test_a_stranger_is_asked_to_sign_in(client, program, stranger):
    event = night(program)
    client.force_login(stranger)
    for address in (LIST, opened(event), READ_ALL):
        assert client.get(address).status_code == 302
    assert client.post(READ_ALL).status_code == 302


def test_all_are_read_at_once_and_those_of_others_are_not(office, program, boss, marketing):
    night(program)
    night(program, "seal")
    answer = office.post(READ_ALL, follow=True)
    assert (unread(boss), unread(marketing)) == (0, 2)
    page = answer.content.decode()
    assert "Marked as read: 2." in page
    assert "Mark all as read" not in page
    assert "There was nothing to mark" in office.post(READ_ALL, follow=True).content.decode()


def test_nothing_is_read_by_a_get_or_without_a_token(program, boss):
    night(program)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss)
    assert strict.get(READ_ALL).status_code == 405
    assert strict.post(READ_ALL).status_code == 403
    assert unread(boss) == 1


def test_nobody_changes_makes_or_deletes_a_notice(office, program, boss):
    row = notice(boss, night(program))
    assert office.post(change(row), {}).status_code == 403
    assert office.get(reverse("admin:members_staffnotice_add")).status_code == 403
    assert office.post(reverse("admin:members_staffnotice_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"settle", "seal"}),
        ("?read=no", {"seal"}),
        ("?read=yes", {"settle"}),
        ("?event=night.failed", {"settle", "seal"}),
        ("?event=reconcile.drift", set()),
        ("?event=of.nobody", set()),
    ],
)
def test_the_list_is_filtered(office, program, boss, query, shown):
    StaffNotice.objects.filter(event=night(program)).update(read_at=timezone.now())
    night(program, "seal")
    page = office.get(LIST + query).content.decode()
    assert {step for step in ("settle", "seal") if f"The step “{step}”" in page} == shown


def test_somebody_without_any_right_has_a_bell_and_no_side_bar_for_it(client, program, store_staff):
    store_staff.groups.clear()
    client.force_login(store_staff)
    assert number(client) is None
    assert client.get(LIST).status_code == 200
    assert client.get(INDEX).context["sidebar_navigation"] == []


def test_a_list_costs_the_same_whatever_its_length(office, program, boss):
    def page():
        return office.get(LIST)

    night(program)
    page()
    before = count(page)
    for step in ("seal", "reconcile", "tiers"):
        night(program, step)
    assert count(page) == before


def test_what_is_told_is_drawn_as_text(office, program, boss):
    row = notice(boss, night(program, "<script>alert(1)</script>"))
    for address in (LIST, change(row)):
        assert "<script>alert(1)" not in office.get(address).content.decode()


def test_an_empty_list_asks_nobody_to_make_what_nobody_can_make(office):
    page = office.get(LIST).content.decode()
    assert "There is nothing here yet." in page
    assert "Create a new item" not in page
    assert "Nothing fits" in office.get(LIST, {"read": "no"}).content.decode()
