"""The page “Tonight”: what the coming night will do, for whoever may see members; and its file."""

import csv
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from tests.support import factories, foreseeing
from tests.support.factories import at
from transactions.models import NightRun

pytestmark = pytest.mark.usefixtures("eve")

EVE = at(2027, 12, 31)


@pytest.fixture
def eve():
    with time_machine.travel(EVE, tick=False):
        yield


@pytest.fixture
def made(db, eve):
    made = factories.program()
    foreseeing.set_up(made, model="calendar", validity="rest_of_cycle")
    return made


@pytest.fixture
def members(made):
    return foreseeing.gold_until_the_end_of_2027(made)


@pytest.fixture
def page(made):
    return reverse("admin:programs_program_tonight", args=[made.pk])


def text(response):
    return " ".join(response.content.decode().split())


def numbers(client, page, **asked):
    """The numbers of the members that are listed, in their order."""
    response = client.get(page, asked)
    return [row[0].split(">")[1].split("<")[0] for row in response.context["panels"][-1].rows]


def tiles(client, page, **asked):
    return {tile.label: tile.value for tile in client.get(page, asked).context["panels"][1].tiles}


def test_it_counts_what_comes_and_says_who(client, marketing, members, page):
    client.force_login(marketing)
    counted = tiles(client, page)
    assert (counted["Lowered"], counted["Renewed"], counted["Could still be saved"]) == ("3", "1", "3")
    shown = text(client.get(page))
    assert "31 December 2027" in shown
    assert "Gold → Base: 2" in shown
    assert reverse("admin:members_member_change", args=[members[0].pk]) in shown


def test_who_could_be_saved_stands_first_who_misses_least(client, marketing, members, page):
    client.force_login(marketing)
    assert numbers(client, page, missing="600") == [members[2].number, members[1].number]
    assert numbers(client, page, missing="299") == []
    assert numbers(client, page, kind="renewed") == [members[3].number]
    assert numbers(client, page, after="silver") == [members[2].number]


def test_a_long_list_has_pages(client, marketing, members, page, monkeypatch):
    monkeypatch.setattr("transactions.admin.tonight_page.SIZE", 3)
    client.force_login(marketing)
    first, second = numbers(client, page), numbers(client, f"{page}?page=2")
    assert (len(first), len(second), len({*first, *second})) == (3, 3, 4)
    assert "4 to 6 of 8" in text(client.get(page, {"page": "2"}))
    assert numbers(client, f"{page}?page=0") == numbers(client, f"{page}?page=x") == first


def test_the_list_is_a_file_too(client, marketing, members, page):
    client.force_login(marketing)
    response = client.get(page, {"kind": "lowered", "csv": "1"})
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(response.getvalue().decode().splitlines()))
    assert [row["member"] for row in rows] == [who.number for who in members[:3]]
    assert (rows[2]["to"], rows[2]["until"], rows[2]["missing"], rows[2]["currency"]) == (
        "silver",
        "2028-12-31",
        "300",
        "status",
    )


def test_a_day_to_come_may_be_chosen_and_one_that_is_over_is_refused_at_its_field(client, marketing, members, page):
    client.force_login(marketing)
    assert tiles(client, page, day="2028-06-30")["Lowered"] == "3"
    over = client.get(page, {"day": "2027-12-30"})
    assert "30 December 2027 is over" in over.context["form"].errors["day"][0]
    assert not over.context["panels"]
    assert client.get(page, {"day": "2029-06-01"}).context["form"].errors["day"]
    assert client.get(page, {"day": "tomorrow"}).context["form"].errors["day"]
    assert client.get(page, {"missing": "-1"}).context["form"].errors["missing"]
    assert client.get(page, {"kind": "other"}).context["form"].errors["kind"]


def test_who_may_not_see_members_does_not_see_it(client, stranger, store_staff, members, page):
    stranger.is_staff = True
    stranger.save()
    client.force_login(stranger)
    assert client.get(page).status_code == 403
    client.force_login(store_staff)
    assert client.get(page).status_code == 200


def test_it_is_reached_from_the_program_and_from_a_run_of_the_night(client, marketing, made, page):
    run = NightRun.objects.create(program=made, day=EVE.date() - timedelta(days=1), step="settle", finished_at=EVE)
    client.force_login(marketing)
    for address in (
        reverse("admin:programs_program_change", args=[made.pk]),
        reverse("admin:transactions_nightrun_change", args=[run.pk]),
    ):
        [way] = [one for one in client.get(address).context["actions_detail"] if one["title"] == "Tonight"]
        assert client.get(way["path"], follow=True).request["PATH_INFO"] == page
    assert page in text(client.get(reverse("admin:transactions_nightrun_changelist")))


def test_a_draft_says_that_it_has_no_nights(client, marketing, db):
    draft = factories.program(status="draft")
    client.force_login(marketing)
    shown = text(client.get(reverse("admin:programs_program_tonight", args=[draft.pk])))
    assert "it has no nights before it is active" in shown
