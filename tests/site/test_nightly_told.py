"""What a night finds, and why it goes no further, is told to staff: of each day and step once."""

from datetime import timedelta

import pytest
import time_machine

from loyalty_site import nightly
from loyalty_site.night import clock, steps
from members.models import Event, Member
from programs.models import Program
from tests.support import factories, foreseeing
from tests.support.factories import at, post_one, purchase
from tests.support.nights import NIGHT, run
from tests.support.staff_notes import fits, listed, spread, subscribe, told
from transactions.models import NightRun
from transactions.reviews import downgrades


@pytest.fixture
def made(db):
    return factories.program()


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NIGHT, tick=False):
        yield


@pytest.fixture
def broken(monkeypatch):
    """Lets the step `settle` fail; a function that mends it."""

    def fail(*args, **options):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(steps.sweep, "sweep", fail)
        yield patch.undo


def test_a_step_that_fails_is_told_once_until_it_succeeds(made, broken, boss):
    for _ in range(3):
        run(made)
    (event,) = told("night.failed")
    assert event.data["night"] == {
        "program": made.code,
        "day": "2026-03-03",
        "step": "settle",
        "error": "OSError: No space left on device",
    }
    spread()
    assert listed("night.failed") == ["boss"]
    broken()
    run(made)
    assert NightRun.objects.get(step="settle").error == ""
    assert len(told("night.failed")) == 1
    assert fits(event)


def test_the_next_night_that_fails_is_told_again(made, broken):
    run(made)
    with time_machine.travel(NIGHT + timedelta(days=1), tick=False):
        run(made, NIGHT + timedelta(days=1))
    assert [one.data["night"]["day"] for one in told("night.failed")] == ["2026-03-03", "2026-03-04"]


def test_a_night_in_which_all_is_well_writes_nothing(made, boss):
    run(made)
    assert not Event.objects.exists()


def test_that_all_is_well_is_written_down_where_somebody_wants_to_hear_it(made, boss):
    subscribe(boss, "night.finished")
    run(made)
    run(made)
    (event,) = told("night.finished")
    assert event.data == {"night": {"program": made.code, "day": "2026-03-03", "step": "", "error": ""}}
    assert fits(event)
    spread()
    assert listed("night.finished") == ["boss"]


def test_nobody_is_told_that_all_is_well_who_has_left(made, boss):
    subscribe(boss, "night.finished")
    boss.is_active = False
    boss.save()
    run(made)
    assert not Event.objects.exists()


def test_c4_r6_differences_are_told_once_with_the_first_of_them(made, boss):
    who = factories.member(made)
    post_one(made, purchase(who, 10_000))
    who.balances.update(available=7)
    run(made)
    run(made)
    (event,) = told("reconcile.drift")
    found = NightRun.objects.get(step="reconcile").counts
    assert event.data["night"] == {"program": made.code, "day": "2026-03-03", "step": "reconcile", "error": ""}
    assert event.data["differences"] == {"count": found["differences"], "first": found["listed"][:5]}
    assert found["differences"] > 0
    assert fits(event)


def test_a_seal_that_does_not_fit_is_told_as_a_difference(made):
    post_one(made, purchase(factories.member(made), 10_000))
    run(made)
    NightRun.objects.filter(step="seal").update(counts={"entries": 9, "last_entry": 9, "root": "ab"})
    with time_machine.travel(NIGHT + timedelta(days=1), tick=False):
        run(made, NIGHT + timedelta(days=1))
    (event,) = told("reconcile.drift")
    assert "seal" in " ".join(event.data["differences"]["first"])


def test_a_night_that_may_not_believe_its_clock_is_told_once_a_day(made, boss, monkeypatch):
    def jumped(*args):
        raise clock.ClockJumped("Nothing has happened since 2025.")

    monkeypatch.setattr(clock, "check", jumped)
    nightly.nightly()
    nightly.nightly()
    (event,) = told("night.failed")
    assert (event.data["night"]["step"], event.data["night"]["error"]) == (
        "begin",
        "Nothing has happened since 2025.",
    )


def test_c15_r5_downgrades_that_wait_are_told_once_for_each_list(made, marketing):
    Program.objects.filter(pk=made.pk).update(max_backdate_days=3650)
    group = foreseeing.set_up(made, model="calendar", validity="rest_of_cycle", holds_downgrades=True, late_window=0)
    foreseeing.gold_until_the_end_of_2027(made)
    morning = at(2028, 1, 1, 2)
    with time_machine.travel(morning, tick=False):
        run(made, morning, is_forced=True)
        run(made, morning, is_forced=True)
        (event,) = told("downgrades.held")
        (waiting,) = downgrades.lists(group)
        assert event.data["downgrades"] == {
            "group": "main",
            "count": waiting.members,
            "address": f"/admin/programs/tiergroup/{group.pk}/downgrades/?day=2028-01-01",
        }
        assert waiting.members > 0
        assert fits(event)
        spread()
    assert listed("downgrades.held") == ["marketing"]
    assert Member.objects.count() == 4


def test_what_cannot_be_told_leaves_the_step_to_be_done_again(made, broken, monkeypatch):
    """The event and what became of the step are one transaction."""

    def fails(*args, **options):
        raise OSError("The database is gone")

    monkeypatch.setattr(nightly.telling, "tell", fails)
    with pytest.raises(OSError, match="gone"):
        run(made)
    assert NightRun.objects.get(step="settle").error == ""
    assert not Event.objects.exists()
