"""Whoever asks at one moment for what a night will do, it is computed once."""

import pytest

from tests.support import factories, foreseeing
from tests.support.crowd import at_once
from tests.support.factories import at, post_one, purchase
from transactions.models import NightRun, StoredOutlook
from transactions.outlook import stored, storing, tonight
from transactions.outlook.tonight import Wanted

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]

EVE = at(2027, 12, 31)


@pytest.fixture
def made(transactional_db, monkeypatch):
    """Six members whose tiers end, in parts of one."""
    monkeypatch.setattr(tonight, "BATCH", 1)
    made = factories.program()
    foreseeing.set_up(made, model="calendar", validity="rest_of_cycle")
    for _ in range(6):
        who = factories.member(made, enrolled_at=at(2024, 3, 3))
        post_one(made, purchase(who, 100000, activity_at=at(2026, 6, 1)), now=at(2026, 6, 1))
    foreseeing.night(made, at(2027, 1, 2))
    return made


def test_it_is_begun_once_and_its_parts_are_computed_once_each(made):
    jobs = at_once(*[lambda: storing.start(made, now=EVE)] * 4)
    assert {job.pk for job in jobs} == {NightRun.objects.get().pk}
    at_once(*[lambda: storing.KIND.advance(NightRun.objects.get(), now=EVE)] * 3)
    outlook = tonight.of(made, now=EVE)
    known = storing.latest(made, outlook.day)
    assert list(stored.comings(known, Wanted())) == list(outlook.coming())


def test_the_night_comes_while_it_is_computed(made):
    job = storing.start(made, now=EVE)
    at_once(lambda: storing.KIND.advance(job, now=EVE), lambda: storing.forget(made))
    job.refresh_from_db()
    assert job.finished_at
    assert not StoredOutlook.objects.exists() or not job.error
