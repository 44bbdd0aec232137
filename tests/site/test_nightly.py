"""The night does what is due for each day that has closed, once, whatever happens in between."""

import io
from contextlib import nullcontext
from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError

from loyalty_site import nightly
from loyalty_site.celery import app
from loyalty_site.lib import locks
from loyalty_site.night import clock
from tests.support import factories
from tests.support.factories import at, post_one, purchase
from tests.support.living import START, live
from tests.support.nights import NIGHT, STEPS, run
from transactions.models import NightRun, Seal
from transactions.proof.audit import audit


@pytest.fixture
def made(db):
    return factories.program()


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NIGHT, tick=False):
        yield


def tell(*options):
    """(exit code, what was printed)."""
    out = io.StringIO()
    try:
        call_command("night", *options, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_the_first_night_does_every_step_for_yesterday(made):
    who = factories.member(made)
    live(made, [who], 3, now=START)
    assert run(made) == [("2026-03-03", step) for step in STEPS]
    assert not who.balances.filter(next_change_at__lte=NIGHT).exists()
    assert Seal.objects.get().day == date(2026, 3, 3)
    counts = dict(NightRun.objects.values_list("step", "counts"))
    assert counts["settle"]["members"] == 1
    assert (counts["reconcile"]["members"], counts["reconcile"]["differences"]) == (1, 0)
    assert not list(audit(made))


def test_a_night_that_is_done_is_not_done_again(made, django_assert_max_num_queries):
    run(made)
    before = list(NightRun.objects.values())
    with django_assert_max_num_queries(1):
        assert run(made) == []
    assert list(NightRun.objects.values()) == before


def test_the_day_is_that_of_the_program(made):
    kiritimati = factories.program(time_zone="Pacific/Kiritimati")
    assert run(made)[0][0] == "2026-03-03"
    assert run(kiritimati)[0][0] == "2026-03-03"
    assert run(kiritimati, now=at(2026, 3, 4, 10)) == [("2026-03-04", step) for step in STEPS]
    assert run(made, now=at(2026, 3, 4, 10)) == []


def test_a_program_moves_to_its_next_zone_on_the_day_that_was_announced(made):
    type(made).objects.filter(pk=made.pk).update(next_time_zone="Pacific/Kiritimati", next_time_zone_on="2026-03-05")
    made.refresh_from_db()
    assert run(made)[0][0] == "2026-03-03"
    assert made.time_zone == "Europe/Paris"
    # Where the 5th has begun, the 4th is over.
    assert run(made, now=at(2026, 3, 4, 10)) == [("2026-03-04", step) for step in STEPS]
    made.refresh_from_db()
    assert (made.time_zone, made.next_time_zone) == ("Pacific/Kiritimati", "")


def test_a_night_that_is_refused_leaves_the_program_in_its_zone(made):
    """Points would end by days that have not come."""
    type(made).objects.filter(pk=made.pk).update(next_time_zone="Pacific/Kiritimati", next_time_zone_on="2026-04-01")
    made.refresh_from_db()
    ahead = max(NIGHT, clock.of_the_database()) + timedelta(days=60)
    code, told = tell("--now", ahead.isoformat())
    assert (code, "ahead of the clock" in told) == (4, True)
    made.refresh_from_db()
    assert (made.time_zone, made.next_time_zone) == ("Europe/Paris", "Pacific/Kiritimati")
    assert [tell("--now", "9999-12-31T23:59Z", *force)[0] for force in ([], ["--force"])] == [4, 2]
    assert tell("--now", ahead.isoformat(), "--force")[0] == 0
    made.refresh_from_db()
    assert (made.time_zone, made.next_time_zone) == ("Pacific/Kiritimati", "")


def test_days_that_were_missed_are_caught_up_in_order(made):
    run(made)
    later = NIGHT + timedelta(days=3)
    with time_machine.travel(later, tick=False):
        done = run(made, now=later)
    assert [day for day, step in done if step == "seal"] == ["2026-03-04", "2026-03-05", "2026-03-06"]
    assert len(done) == 3 * len(STEPS)
    # What looks at now, and not at a date, is done once.
    assert NightRun.objects.get(day="2026-03-05", step="settle").counts == {"left_to_the_next_day": True}
    assert "members" in NightRun.objects.get(day="2026-03-06", step="settle").counts
    assert Seal.objects.count() == 4


def test_a_new_step_begins_yesterday(made, monkeypatch):
    run(made)
    monkeypatch.setattr(nightly, "STEPS", [*nightly.STEPS, nightly.Step("new", lambda night: {})])
    assert run(made) == [("2026-03-03", "new")]


def test_a_step_that_fails_says_why_and_is_taken_up_again(made, monkeypatch):
    def fail(night):
        raise ValueError("no paper")

    steps = [nightly.Step("fail", fail), *nightly.STEPS]
    monkeypatch.setattr(nightly, "STEPS", steps)
    assert run(made) == [("2026-03-03", "fail")]
    row = NightRun.objects.get()
    assert (row.error, row.finished_at) == ("ValueError: no paper", None)
    assert tell()[0] == 1
    monkeypatch.setattr(nightly, "STEPS", [nightly.Step("fail", lambda night: {"n": 1}), *nightly.STEPS[1:]])
    assert len(run(made)) == len(steps)
    row.refresh_from_db()
    assert (row.error, row.counts) == ("", {"n": 1})
    assert row.finished_at


def test_a_step_that_has_never_succeeded_keeps_its_day(made, monkeypatch):
    def fail(night):
        raise ValueError("no paper")

    monkeypatch.setattr(nightly, "STEPS", [nightly.Step("new", fail, is_of_a_day=True)])
    assert run(made) == [("2026-03-03", "new")]
    monkeypatch.setattr(nightly, "STEPS", [nightly.Step("new", lambda night: {}, is_of_a_day=True)])
    with time_machine.travel(NIGHT + timedelta(days=1), tick=False):
        assert run(made, now=NIGHT + timedelta(days=1)) == [("2026-03-03", "new"), ("2026-03-04", "new")]


def test_differences_are_reported_and_not_repaired(made):
    who = factories.member(made)
    post_one(made, purchase(who, 1000), now=START)
    who.balances.filter(currency__code="points").update(lifetime_earned=99)
    code, told = tell()
    assert code == 1
    assert f"member {who.number} points: lifetime_earned is 99, the ledger says 10" in told
    assert who.balances.get(currency__code="points").lifetime_earned == 99
    assert tell() == (0, "")


def test_drafts_have_no_nights(db):
    factories.program(status="draft")
    assert tell() == (0, "")


def test_two_copies_do_not_run_at_once(made, monkeypatch):
    """Another process has the lock (one connection may take an advisory lock twice, hence the stand-in)."""
    monkeypatch.setattr(locks, "hold", lambda name: nullcontext(False))
    with pytest.raises(nightly.Busy):
        run(made)
    assert tell() == (3, f"{made.code}: another process is running it.\nNot all is done; see above.")
    nightly.nightly()
    assert not NightRun.objects.exists()


def test_it_does_not_run_ahead_of_the_clock(made):
    with pytest.raises(clock.ClockJumped, match="ahead of the clock"):
        run(made, now=max(NIGHT, clock.of_the_database()) + timedelta(days=2))
    assert not NightRun.objects.exists()


@pytest.mark.parametrize(("days", "is_absurd"), [(3, False), (30, True)])
def test_it_does_not_believe_a_leap_from_the_last_sign_of_life(made, days, is_absurd):
    post_one(made, purchase(factories.member(made), 1000), now=NIGHT - timedelta(days=days))
    if is_absurd:
        code, told = tell("--now", NIGHT.isoformat())
        assert code == 4
        assert "30 days ago" in told
        assert not NightRun.objects.exists()
    assert tell("--now", NIGHT.isoformat(), "--force")[0] == 0 if is_absurd else tell()[0] == 0
    assert NightRun.objects.count() == len(STEPS)


def test_it_does_not_run_in_a_past_that_was_written_down_already(made):
    post_one(made, purchase(factories.member(made), 1000), now=NIGHT + timedelta(hours=3))
    assert tell()[0] == 4


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=400)])
def test_an_instant_in_the_past_is_refused_also_when_all_is_done(made, back):
    post_one(made, purchase(factories.member(made), 1000), now=NIGHT)
    assert tell()[0] == 0
    code, told = tell("--now", (NIGHT - back).isoformat())
    assert (code, "lies ahead of" in told) == (4, True)
    assert tell("--now", (NIGHT - back).isoformat(), "--force")[0] == 0
    assert tell("--now", (NIGHT - timedelta(minutes=30)).isoformat())[0] == 0


@pytest.mark.parametrize("options", [("--program", "nonsense"), ("--now", "soon"), ("--now", "2026-03-04T02:00")])
def test_what_it_does_not_understand_it_refuses(made, options):
    assert tell(*options)[0] == 2


def test_the_command_prints_what_was_done(made):
    code, told = tell("--program", made.code)
    assert code == 0
    assert f"{made.code} 2026-03-03 settle: members 0, plain 0, lots 0, points 0, failed 0" in told


def test_the_task_runs_every_program_and_survives_one_that_cannot(made, monkeypatch):
    other = factories.program()
    post_one(made, purchase(factories.member(made), 1000), now=NIGHT - timedelta(days=30))
    nightly.nightly.delay()
    assert set(NightRun.objects.values_list("program", flat=True)) == {other.pk}


def test_the_timetable_knows_it():
    assert app.conf.beat_schedule["nightly"]["task"] == nightly.nightly.name in app.tasks
