"""Those who look on see how far a night is, who is at work, and need not ask again."""

import re

import pytest
from django.urls import reverse

from tests.support import factories
from tests.support.factories import at
from transactions.models import NightBatch, NightRun

NIGHT = at(2026, 3, 4, 2)
LIST = reverse("admin:transactions_nightrun_changelist")


@pytest.fixture
def office(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def run(db):
    made = factories.program()
    run = NightRun.objects.create(
        program=made, day="2026-03-03", step="shared", batches=4, planned_for=NIGHT, counts={"renewed": 17}
    )
    states = [("one:1", NIGHT, NIGHT), ("two:2", NIGHT, None), ("one:1", NIGHT, None), ("", None, None)]
    for position, (worker, started_at, finished_at) in enumerate(states, start=1):
        NightBatch.objects.create(
            run=run, position=position, keys=[position], worker=worker, started_at=started_at, finished_at=finished_at
        )
    return run


def page_of(run):
    return reverse("admin:transactions_nightrun_change", args=[run.pk])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_a_list_shows_how_far_a_night_is_what_it_counted_and_who_is_at_work(office, run):
    response = office.get(LIST)
    shown = text(response)
    assert "1 of 4; one:1 is at work; two:2 is at work" in shown
    assert "renewed 17" in shown
    assert response["Refresh"] == "15"


def test_a_page_shows_it_with_a_bar_and_the_batch_of_each_worker(office, run):
    response = office.get(page_of(run))
    shown = text(response)
    assert "1 of 4" in shown
    assert 'style="width: 25%"' in response.content.decode()
    assert re.search(r"two:2 2 4 Mar 2026, 03:00 -", shown), shown
    assert response["Refresh"] == "5"


def test_what_failed_before_is_said_at_the_batch(office, run):
    NightBatch.objects.filter(run=run, position=2).update(failures=1, error="ValueError: no paper")
    assert "ValueError: no paper" in text(office.get(page_of(run)))


@pytest.mark.parametrize("state", [{"finished_at": NIGHT}, {"error": "ValueError: no paper"}])
def test_a_night_that_has_ended_or_failed_is_not_asked_for_again(office, run, state):
    NightRun.objects.update(**state)
    assert "Refresh" not in office.get(LIST)
    assert "Refresh" not in office.get(page_of(run))


def test_a_night_that_has_ended_says_how_many_batches_it_had(office, run):
    NightBatch.objects.all().delete()
    NightRun.objects.update(finished_at=NIGHT)
    shown = text(office.get(page_of(run)))
    assert "4 of 4" in shown
    assert "Who is at work" not in shown
    assert "is at work" not in text(office.get(LIST))


def test_a_step_that_is_not_shared_has_neither(office, run):
    NightRun.objects.update(batches=None)
    assert "Batches" not in text(office.get(page_of(run)))


def test_who_is_signed_out_meanwhile_is_asked_to_sign_in_and_no_more(client, run):
    for address in (LIST, page_of(run)):
        response = client.get(address)
        assert (response.status_code, "Refresh" in response) == (302, False)


def test_a_page_that_is_not_there_is_no_error(office, run):
    assert office.get(reverse("admin:transactions_nightrun_change", args=[run.pk + 1])).status_code == 302


@pytest.mark.parametrize(
    ("step", "words"),
    [("thresholds 3 052732694022", "thresholds applied to members"), ("apply thresholds", "apply thresholds")],
)
def test_a_job_is_called_by_what_it_does(office, run, step, words):
    counts = {"reason": "More of you", "members": 3, "upgraded": 0, "raised": 1, "renewed": 0, "lowered": 0}
    NightRun.objects.filter(pk=run.pk).update(step=step, batches=None, counts=counts)
    shown = text(office.get(LIST))
    assert words in shown
    assert "052732694022" not in shown
    assert words in text(office.get(page_of(run)))


def test_a_job_of_surplus_says_which_ladder_it_looked_at(office, run):
    counts = {"group": "club", "since": "2026-03-03T02:00:00+00:00", "members": 3, "of_members": 5, "last_member": 9}
    NightRun.objects.filter(pk=run.pk).update(step="carry over 3 052732694022", batches=None, counts=counts)
    assert "surplus carried over ladder club carries over: looked at 3 of 5 members" in text(office.get(LIST))
