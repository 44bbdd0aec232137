"""Where very many are due the page “Tonight” shows what was computed beside it, and how old that is."""

import csv
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support import factories, foreseeing
from tests.support.factories import at, post_one, purchase
from transactions.admin import job_pages, tonight_sources
from transactions.models import NightRun, StoredOutlook
from transactions.outlook import storing, tonight

pytestmark = pytest.mark.usefixtures("eve")

EVE = at(2027, 12, 31)


@pytest.fixture
def eve(monkeypatch):
    """As if two were very many."""
    monkeypatch.setattr(tonight_sources, "AT_ONCE", 1)
    monkeypatch.setattr(tonight, "BATCH", 2)
    with time_machine.travel(EVE, tick=False) as clock:
        yield clock


@pytest.fixture
def made(db, eve):
    made = factories.program()
    foreseeing.set_up(made, model="calendar", validity="rest_of_cycle")
    return made


@pytest.fixture
def members(made):
    return [gold(made) for _ in range(3)]


def gold(made):
    who = factories.member(made, enrolled_at=at(2024, 3, 3))
    post_one(made, purchase(who, 100000, activity_at=at(2026, 6, 1)), now=at(2026, 6, 1))
    foreseeing.night(made, at(2027, 1, 2))
    return who


@pytest.fixture
def page(made):
    return reverse("admin:programs_program_tonight", args=[made.pk])


@pytest.fixture
def desk(client, marketing):
    client.force_login(marketing)
    return client


def text(response):
    return " ".join(response.content.decode().split())


def listed(response):
    return [row[0].split(">")[1].split("<")[0] for row in response.context["panels"][-1].rows]


def buttons(response):
    return [one.label for one in response.context["buttons"]]


def test_nobody_waits_for_it_before_it_is_asked_for(desk, members, page, monkeypatch):
    monkeypatch.setattr(tonight.Outlook, "coming", lambda self: pytest.fail("It was computed."))
    shown = desk.get(page)
    assert buttons(shown) == ["Compute it"]
    assert len(shown.context["panels"]) == 1
    assert "csv" not in text(desk.get(page, {"csv": "1"}))
    assert not NightRun.objects.exists()


def test_what_was_computed_is_shown_with_its_instant_filtered_and_as_a_file(desk, members, page):
    shown = desk.post(page, {"compute": "yes"}, follow=True)
    assert shown.request["PATH_INFO"] == page
    assert "as of 2027-12-31, 13:00" in text(shown)
    assert buttons(shown) == ["Compute again"]
    lowered = desk.get(page, {"kind": "lowered"})
    assert listed(lowered) == [who.number for who in members]
    assert listed(desk.get(page, {"missing": "10"})) == []
    rows = csv.DictReader(desk.get(page, {"kind": "lowered", "csv": "1"}).getvalue().decode().splitlines())
    assert [(row["member"], row["missing"]) for row in rows] == [(who.number, "1000") for who in members]


def test_it_goes_on_beside_the_page_which_renews_itself(desk, members, page, monkeypatch, eve):
    with monkeypatch.context() as patch:
        patch.setattr(job_pages, "AT_ONCE_S", 0)
        patch.setattr(storing.work, "delay", lambda key: None)
        begun = desk.post(page, {"compute": "yes"}, follow=True)
    assert "It is being computed" in text(begun)
    assert (begun["Refresh"], buttons(begun)) == ("5", ["Go on now"])
    eve.shift(timedelta(minutes=1))
    done = desk.post(page, {"go_on": "yes"}, follow=True)
    assert "Refresh" not in done
    assert NightRun.objects.get().finished_at
    assert "as of 2027-12-31, 13:01" in text(done)


def test_a_worker_finishes_it(desk, members, page, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(job_pages, "AT_ONCE_S", 0)
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(page, {"compute": "yes"})
    assert StoredOutlook.objects.get().is_complete


def test_what_is_stale_says_so_and_is_computed_again(desk, made, members, page, eve):
    desk.post(page)
    eve.shift(timedelta(hours=1))
    post_one(made, purchase(members[0], 100000, activity_at=EVE), now=EVE)
    shown = desk.get(page, {"kind": "lowered"})
    assert "Something has been posted since" in text(shown)
    assert len(listed(shown)) == 3
    again = desk.post(f"{page}?kind=lowered", {"again": "yes"}, follow=True)
    assert "as of 2027-12-31, 14:00" in text(again)
    assert "posted since" not in text(again)
    assert listed(again) == [who.number for who in members[1:]]


def test_few_are_computed_at_once(desk, members, page, monkeypatch):
    monkeypatch.setattr(tonight_sources, "AT_ONCE", 6)
    shown = desk.get(page, {"kind": "lowered"})
    assert buttons(shown) == []
    assert len(listed(shown)) == 3
    assert "as of" not in text(shown)


def test_as_many_statements_show_many_rows_as_few(desk, made, members, page, eve):
    def statements(**asked):
        with CaptureQueriesContext(connection) as seen:
            response = desk.get(page, asked)
            response.getvalue() if response.streaming else response.content
        return len(seen)

    desk.post(page)
    asked = [{}, {"kind": "lowered"}, {"missing": "2000"}, {"csv": "1"}]
    before = [statements(**one) for one in asked]
    for _ in range(3):
        gold(made)
    eve.shift(timedelta(minutes=1))
    desk.post(page)
    assert [statements(**one) for one in asked] == before


def test_who_may_not_see_members_computes_nothing(client, stranger, members, page):
    stranger.is_staff = True
    stranger.save()
    client.force_login(stranger)
    assert client.post(page).status_code == 403
    assert not NightRun.objects.exists()


def test_a_day_that_is_over_is_not_computed(desk, members, page):
    over = desk.post(f"{page}?day=2027-12-30")
    assert "30 December 2027 is over" in over.context["form"].errors["day"][0]
    assert not NightRun.objects.exists()


def test_the_job_is_told_among_the_runs_of_the_night(desk, members, page):
    desk.post(page)
    shown = text(desk.get(reverse("admin:transactions_nightrun_changelist")))
    assert "computed 6 of 6 members who are due up to the end of 2027-12-31" in shown
