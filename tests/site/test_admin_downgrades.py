"""The list of downgrades that wait: seen, excepted with reasons, agreed to in the admin, and by nobody twice."""

from datetime import date

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.support import factories, foreseeing
from tests.support.factories import at, post_one, purchase
from transactions.models import DowngradeDecision
from transactions.reviews import downgrades

pytestmark = pytest.mark.usefixtures("morning")

MORNING = at(2028, 1, 1, 9)


@pytest.fixture
def morning():
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def made(db, morning):
    return factories.program()


@pytest.fixture
def group(made):
    return foreseeing.set_up(made, model="calendar", validity="rest_of_cycle", holds_downgrades=True, late_window=0)


@pytest.fixture
def members(made, group):
    """Gold, with 0 and 990 points of the year that has closed."""
    found = [factories.member(made, enrolled_at=at(2024, 3, 3)) for _ in range(2)]
    for who in found:
        spend(made, who, 1000, at(2026, 6, 1))
    foreseeing.night(made, at(2027, 1, 1, 1))
    spend(made, found[1], 990, at(2027, 6, 1))
    foreseeing.night(made, at(2028, 1, 1, 1))
    return found


@pytest.fixture
def page(group):
    return reverse("admin:programs_tiergroup_downgrades", args=[group.pk])


@pytest.fixture
def office(client, marketing):
    """Somebody of marketing who was given the permission."""
    marketing.user_permissions.add(Permission.objects.get(codename="decide_downgrades"))
    client.force_login(marketing)
    return client


def spend(made, who, euros, when):
    post_one(made, purchase(who, euros * 100, activity_at=when), now=when)


def text(response):
    return " ".join(response.content.decode().split())


def agree(client, page, excepted="", shown=None):
    shown = shown or client.get(page).context["form"]["shown"].value()
    return client.post(page, {"excepted": excepted, "shown": shown, "agreed": "yes"}, follow=True)


def codes(members):
    return [who.standings.current().get().tier.code for who in members]


def test_the_list_says_who_would_go_from_what_to_what_and_what_is_missing(office, page, members):
    shown = office.get(page)
    rows = [row[2:] for row in shown.context["panels"][-1].rows]
    assert rows == [["Gold", "Base", "1000 Status points"], ["Gold", "Silver", "10 Status points"]]
    assert "List of 1 January 2028" in text(shown)


def test_agreeing_lowers_all_but_the_exceptions_and_says_so(office, page, members):
    done = agree(office, page, f"{members[1].number} Parental leave")
    assert "Done: 1 lowered, 1 held on." in text(done)
    assert codes(members) == ["base", "gold"]
    assert members[1].standings.current().get().note == "Parental leave"
    assert "Nobody waits" in text(done)


def test_who_was_renewed_meanwhile_is_left_out_and_that_is_said(made, office, page, members):
    shown = office.get(page).context["form"]["shown"].value()
    spend(made, members[1], 10, at(2028, 1, 1, 8))
    done = text(agree(office, page, shown=shown))
    assert "1 lowered" in done
    assert "1 had been renewed or changed meanwhile and were left out." in done
    assert codes(members) == ["base", "gold"]


def test_a_list_that_was_agreed_to_is_refused(office, page, members, group):
    shown = office.get(page).context["form"]["shown"].value()
    agree(office, page, shown=shown)
    again = office.post(f"{page}?day=2028-01-01", {"shown": shown, "agreed": "yes"})
    assert "marketing agreed to the list of 1 January 2028" in text(again)
    assert DowngradeDecision.objects.count() == 1


def test_lines_of_a_sheet_are_exceptions_too(office, page, members):
    agree(office, page, f"{members[0].number}\tParental leave")
    assert codes(members) == ["gold", "silver"]


def test_an_exception_without_a_reason_is_refused_at_its_field(office, page, members):
    number = members[0].number
    for typed in (number, f"{number} \u200b", f"{number} A\n{number} B", "4711 Who is that"):
        refused = agree(office, page, typed)
        assert refused.context["form"].errors["excepted"]
        assert refused.context["form"]["excepted"].value() == typed
    assert not DowngradeDecision.objects.exists()
    assert codes(members) == ["gold", "gold"]


def test_a_page_that_somebody_made_up_is_refused(office, page, members):
    for made_up in ("?", ""):
        assert "open the page again" in office.post(page, {"shown": made_up, "agreed": "yes"}).content.decode()
    assert codes(members) == ["gold", "gold"]


def test_who_may_not_decide_has_no_page_and_no_way_to_it(client, marketing, page, group, members):
    marketing.groups.get().permissions.remove(Permission.objects.get(codename="decide_downgrades"))
    client.force_login(marketing)
    assert client.get(page).status_code == client.post(page, {}).status_code == 403
    actions = client.get(reverse("admin:programs_tiergroup_change", args=[group.pk])).context["actions_detail"]
    assert "Waiting downgrades" not in [one["title"] for one in actions]
    assert "Waiting for agreement" not in text(client.get(reverse("admin:transactions_downgradedecision_changelist")))


def test_the_lists_that_wait_stand_above_the_decisions(office, page, group, members):
    decisions = reverse("admin:transactions_downgradedecision_changelist")
    assert f"{page}?day=2028-01-01" in text(office.get(decisions))
    agree(office, page, f"{members[1].number} Parental leave")
    shown = text(office.get(decisions))
    assert "Waiting for agreement" not in shown
    assert "lowered 1; held on 1" in shown
    row = DowngradeDecision.objects.get()
    page_of_row = text(office.get(reverse("admin:transactions_downgradedecision_change", args=[row.pk])))
    assert "Parental leave" in page_of_row
    [way] = [
        one
        for one in office.get(reverse("admin:programs_tiergroup_change", args=[group.pk])).context["actions_detail"]
        if one["title"] == "Waiting downgrades"
    ]
    assert office.get(way["path"], follow=True).request["PATH_INFO"] == page


def test_what_takes_long_goes_on_beside_the_request(office, page, group, members, monkeypatch):
    monkeypatch.setattr("transactions.admin.downgrades_page.AT_ONCE_S", 0)
    monkeypatch.setattr(downgrades.work, "delay", lambda key: None)
    assert "goes on in the background" in text(agree(office, page))
    assert codes(members) == ["gold", "gold"]
    under_way = office.get(page)
    assert "Go on now" in text(under_way)
    monkeypatch.setattr("transactions.admin.downgrades_page.AT_ONCE_S", 5)
    assert "Done: 2 lowered" in text(office.post(page, {"go_on": "yes"}, follow=True))
    assert codes(members) == ["base", "silver"]
    assert not downgrades.lists(group)


def test_a_long_list_has_pages_and_is_agreed_to_as_a_whole(office, page, members, monkeypatch):
    monkeypatch.setattr("transactions.admin.downgrades_page.SIZE", 1)
    shown = office.get(page, {"page": "2"})
    assert "2 to 2 of 2" in text(shown)
    assert len(shown.context["panels"][-1].rows) == 1
    agree(office, page)
    assert codes(members) == ["base", "silver"]


def test_a_day_that_is_none_shows_the_oldest_list(office, page, members):
    assert "List of 1 January 2028" in text(office.get(page, {"day": "x"}))
    assert downgrades.lists(members[0].program.tier_groups.get())[0].day == date(2028, 1, 1)
