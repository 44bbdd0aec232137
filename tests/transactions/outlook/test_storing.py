"""What is computed of a night beside the requests is what is computed at once, whatever happens meanwhile."""

from datetime import date, timedelta

import pytest

from loyalty_site import nightly
from programs.models import Program
from tests.support import factories, foreseeing
from tests.support.celebrating import born, gift
from tests.support.factories import at, post_one, purchase
from tests.support.living import START, live
from tests.support.one_batch import one_batch
from transactions.models import NightBatch, NightRun, StoredComing, StoredOutlook
from transactions.outlook import stored, storing, tonight
from transactions.outlook.coming import BIRTHDAY, KINDS, POINTS, RAISED, RENEWED
from transactions.outlook.tonight import Counts, Outlook, Wanted, listed

EVE = at(2027, 12, 31)
NEW_YEARS_EVE = EVE.date()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Every few members are a part."""
    monkeypatch.setattr(tonight, "BATCH", 2)


@pytest.fixture
def members(made):
    foreseeing.set_up(made, model="calendar", validity="rest_of_cycle")
    return foreseeing.gold_until_the_end_of_2027(made)


def compute(made, now=EVE, day=None):
    """What there is when the job has come to its end."""
    job = storing.KIND.advance(storing.start(made, day, now=now), now=now)
    assert job.finished_at
    assert not job.error
    return storing.latest(made, day or now.date())


def rows(known):
    return list(stored.comings(known, Wanted()))


def directly(made, now=EVE, day=None):
    return list(tonight.of(made, day, now=now).coming())


@pytest.mark.parametrize("seed", [3, 7])
def test_it_is_what_is_computed_at_once(made, seed):
    foreseeing.set_up(made, model="calendar", validity="rest_of_cycle")
    gift(made)
    born(made, "01-01")
    found = [factories.member(made, enrolled_at=at(2024, 3, 3)) for _ in range(4)]
    live(made, found, seed)
    for days in (0, 1, 305):
        day = START.date() + timedelta(days=days)
        known = compute(made, START, day)
        expected = directly(made, START, day)
        assert rows(known) == expected
        counts = Counts()
        for one in expected:
            counts.add(one)
        assert Counts.from_json(known.counts) == counts
        assert Counts.from_json(counts.as_json()) == counts
    assert {one.kind for one in expected} == {RAISED, RENEWED, POINTS, BIRTHDAY}


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        *(Wanted(kind=kind) for kind in KINDS),
        Wanted(group="main", before="gold", after="silver"),
        Wanted(group="other"),
        Wanted(can_be_saved=True),
        Wanted(most_missing=600),
        Wanted(most_missing=299),
    ],
)
def test_each_filter_finds_the_same_as_at_once(made, members, wanted):
    known, expected = compute(made), directly(made)
    for first in (0, 2):
        at_once = listed(expected, wanted, first=first, size=2)
        found = stored.listed(known, wanted, first=first, size=2)
        assert (found.wanted, found.rows, found.counts) == (at_once.wanted, at_once.rows, at_once.counts)
    assert list(stored.comings(known, wanted)) == [one for one in expected if wanted.takes(one)]


def test_a_job_that_was_killed_goes_on_where_it_was(made, members, monkeypatch):
    done, of = [], Outlook.of

    def killed(self, part):
        if len(done) == 2:
            raise SystemExit
        done.append(part)
        return of(self, part)

    job = storing.start(made, now=EVE)
    with monkeypatch.context() as patch:
        patch.setattr(Outlook, "of", killed)
        with pytest.raises(SystemExit):
            storing.KIND.advance(job, now=EVE)
    job.refresh_from_db()
    assert (job.finished_at, job.counts["members"], NightBatch.objects.filter(run=job).count()) == (None, 4, 4)
    assert storing.latest(made, NEW_YEARS_EVE) is None
    again = []
    monkeypatch.setattr(Outlook, "of", lambda self, part: again.append(part) or of(self, part))
    known = compute(made)
    assert known.job == job
    assert {*map(str, again)}.isdisjoint(map(str, done))
    assert rows(known) == directly(made)
    assert not NightBatch.objects.exists()


def test_who_asks_while_it_is_computed_joins_the_job(made, members):
    job = storing.start(made, now=EVE)
    assert storing.start(made, now=EVE + timedelta(seconds=1)) == job
    assert storing.start(made, date(2028, 1, 1), now=EVE) != job


def test_two_at_one_job_compute_everything_once(made, members):
    job = storing.start(made, now=EVE)
    other = NightRun.objects.get(pk=job.pk)
    while not job.finished_at:
        for one in (job, other):
            one_batch(storing.KIND, one, EVE)
        job.refresh_from_db()
    assert rows(storing.latest(made, NEW_YEARS_EVE)) == directly(made)


def test_what_was_computed_stays_until_it_is_computed_again(made, members):
    before = compute(made)
    later = EVE + timedelta(minutes=5)
    post_one(made, purchase(members[2], 30000, activity_at=later), now=later)
    job = storing.start(made, now=later)
    assert storing.latest(made, NEW_YEARS_EVE) == before
    storing.KIND.advance(job, now=later)
    after = storing.latest(made, NEW_YEARS_EVE)
    assert (after.begun_at, rows(after)) == (later, directly(made, later))
    assert {row.outlook for row in StoredComing.objects.all()} == {after}
    assert StoredOutlook.objects.get() == after


def test_it_says_what_happened_since(made, members):
    known, outlook = compute(made), tonight.of(made, now=EVE)
    assert not stored.stale_because(known, outlook)
    post_one(made, purchase(members[0], 100, activity_at=EVE), now=EVE)
    assert [one.split()[0] for one in stored.stale_because(known, outlook)] == ["Something"]
    foreseeing.set_up(made, grace=1)
    why = stored.stale_because(known, tonight.of(made, now=EVE))
    assert why[0] == "The program has been changed since."


def test_a_program_that_is_changed_meanwhile_is_begun_anew(made, members):
    job = storing.start(made, now=EVE)
    while job.counts["members"] < 2:
        job = one_batch(storing.KIND, job, EVE)
    foreseeing.set_up(made, retention={"gold": 700})
    fresh = Program.objects.get(pk=made.pk)
    known = compute(fresh)
    assert (known.job, known.version) == (job, fresh.version)
    assert rows(known) == directly(fresh)
    assert known.job.counts["members"] == known.job.counts["of_members"]


def test_a_night_throws_away_what_was_foreseen_and_what_is_being_foreseen(made, members):
    compute(made)
    job = storing.start(made, date(2028, 1, 2), now=EVE)
    job = one_batch(storing.KIND, job, EVE)
    assert list(nightly.night(made, now=at(2028, 1, 1, 2), is_forced=True))
    assert not StoredOutlook.objects.exists()
    assert not StoredComing.objects.exists()
    assert not NightBatch.objects.exists()
    job = storing.KIND.advance(job)
    assert job.error == storing.TOO_LATE


def test_a_day_that_is_over_before_it_is_computed_ends_the_job_with_words(made, members):
    job = storing.KIND.advance(storing.start(made, now=EVE), now=EVE + timedelta(days=1))
    assert "31 December 2027 is over" in job.error
    assert not StoredOutlook.objects.exists()


def test_a_day_that_is_over_begins_no_job(made, members):
    with pytest.raises(tonight.DayIsOver):
        storing.start(made, date(2027, 12, 30), now=EVE)
    assert not NightRun.objects.exists()


def test_few_are_told_from_many_without_counting_all(made, members):
    outlook = tonight.of(made, now=EVE)
    things = len(members) * 2
    assert [outlook.is_due_for_few(most) for most in (things - 1, things)] == [False, True]
