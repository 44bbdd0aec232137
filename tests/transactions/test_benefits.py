"""A benefit that marketing adds, ends or dates anew reaches all who hold its tier."""

from datetime import timedelta

import pytest

from loyalty_site import nightly
from members.enrolment import enrol_many
from members.models import Customer, MemberBenefit
from programs import document
from programs.document import Invalid
from programs.models import Benefit
from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import benefit, earn, ladder, midnight, noon, tier
from tests.support.one_batch import one_batch
from tests.support.setting_tiers import set_tier
from transactions import benefits
from transactions.models import NightRun


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=900)


@pytest.fixture
def golden(made):
    """Three members who hold gold."""
    found = [factories.member(made, enrolled_at=at(2024, 1, 10)) for _ in range(3)]
    for who in found:
        earn(made, who, 1000, noon(made, 2026, 3, 1))
    return found


@pytest.fixture(autouse=True)
def plain(made):
    """Somebody who holds the base tier."""
    return factories.member(made, enrolled_at=at(2024, 1, 10))


NOON = at(2026, 3, 10)


def who_have(one, now=None):
    return sorted(MemberBenefit.objects.filter(benefit=one, withdrawn_at=None).values_list("member", flat=True))


def keys(members):
    return sorted(one.pk for one in members)


def test_a_new_benefit_is_assigned_to_all_who_hold_its_tier_in_batches_and_once(golden, made, monkeypatch):
    monkeypatch.setattr(benefits, "BATCH", 2)
    lounge = benefit(made, "gold", "lounge")
    job = benefits.KIND.advance(benefits.start(lounge.pk, now=NOON), now=NOON)
    assert (job.counts["assigned"], job.finished_at is not None) == (3, True)
    assert who_have(lounge) == keys(golden)
    assert set(lounge.assignments.values_list("assigned_at", flat=True)) == {NOON}
    again = benefits.KIND.advance(benefits.start(lounge.pk, now=NOON + timedelta(hours=1)), now=NOON)
    assert (again.counts["assigned"], lounge.assignments.count()) == (0, 3)


def test_the_job_begins_when_the_change_is_committed(golden, made, monkeypatch, django_capture_on_commit_callbacks):
    woken = []
    monkeypatch.setattr(benefits.work, "delay", woken.append)
    with django_capture_on_commit_callbacks(execute=True):
        lounge = benefit(made, "gold", "lounge")
        unused = benefit(made, "silver", "parking")
    jobs = NightRun.objects.filter(step__startswith="benefits ")
    assert (woken, jobs.get().counts["benefit"]) == ([jobs.get().pk], lounge.pk)
    benefits.work(woken[0])
    assert (who_have(lounge), who_have(unused)) == (keys(golden), [])


def test_who_goes_from_tier_to_tier_meanwhile_has_what_belongs_to_the_new_one(golden, made, monkeypatch):
    monkeypatch.setattr(benefits, "BATCH", 1)
    lounge = benefit(made, "gold", "lounge")
    job = benefits.start(lounge.pk, now=NOON)
    set_tier(made, golden[2], "silver", NOON, locked_until=NOON.date() + timedelta(days=9))
    newcomer = factories.member(made, enrolled_at=at(2024, 1, 10))
    earn(made, newcomer, 1000, NOON)
    benefits.KIND.advance(job, now=NOON)
    assert who_have(lounge) == keys([*golden[:2], newcomer])


def test_a_benefit_that_is_over_is_withdrawn_with_its_last_day_and_given_to_nobody(golden, made, plain):
    lounge = benefit(made, "gold", "lounge")
    benefits.KIND.advance(benefits.start(lounge.pk, now=NOON), now=NOON)
    lounge.ends_on = NOON.date() + timedelta(days=5)
    lounge.save()
    assert [job["withdrawn"] for job in benefits.finish(made, now=NOON)] == []
    assert who_have(lounge) == keys(golden)
    later = NOON + timedelta(days=7)
    assert [job["withdrawn"] for job in benefits.finish(made, now=later)] == [3]
    assert list(benefits.finish(made, now=later)) == []
    ends = set(lounge.assignments.values_list("withdrawn_at", flat=True))
    assert ends == {midnight(made, 2026, 3, 16)}
    earn(made, plain, 1000, later)
    assert (tier(plain), plain.benefits.exists()) == ("gold", False)


def test_a_benefit_that_goes_on_after_all_is_assigned_again(golden, made):
    lounge = benefit(made, "gold", "lounge", ends_on=NOON.date() - timedelta(days=1))
    assert benefits.start(lounge.pk, now=NOON) is None
    lounge.ends_on = None
    lounge.save()
    benefits.KIND.advance(benefits.start(lounge.pk, now=NOON), now=NOON)
    assert who_have(lounge) == keys(golden)


def test_the_night_finishes_a_job_that_was_interrupted(golden, made, monkeypatch):
    lounge = benefit(made, "gold", "lounge")
    benefits.start(lounge.pk, now=NOON)
    step = next(step for step in nightly.STEPS if step.name == "benefits")
    done = step.run(nightly.Night(made, NOON.date(), NOON, {}, lambda counts: None, run_id=0, ring=lambda: None))
    assert (done, who_have(lounge)) == ({"assigned": 3, "withdrawn": 0}, keys(golden))
    assert not NightRun.objects.filter(step__startswith="benefits ", finished_at=None).exists()


def test_a_job_that_fails_keeps_the_batches_that_were_done_and_goes_on_behind_them(golden, made, monkeypatch):
    monkeypatch.setattr(benefits, "BATCH", 1)
    lounge = benefit(made, "gold", "lounge")
    job, whole = benefits.start(lounge.pk, now=NOON), benefits._assign

    def failing(*args):
        if len(who_have(lounge)) == 2:
            raise OSError("The line broke.")
        return whole(*args)

    monkeypatch.setattr(benefits, "_assign", failing)
    with pytest.raises(OSError, match="line broke"):
        benefits.KIND.advance(job, now=NOON)
    assert (len(who_have(lounge)), NightRun.objects.get(pk=job.pk).counts["assigned"]) == (2, 2)
    monkeypatch.setattr(benefits, "_assign", whole)
    assert [one["assigned"] for one in benefits.finish(made, now=NOON)] == [3]


def test_a_benefit_that_is_dated_anew_meanwhile_ends_for_all_to_whom_the_job_has_given_it(golden, made, monkeypatch):
    monkeypatch.setattr(benefits, "BATCH", 2)
    lounge = benefit(made, "gold", "lounge")
    job = one_batch(benefits.KIND, benefits.start(lounge.pk, now=NOON), NOON)
    assert len(who_have(lounge)) == 2
    Benefit.objects.filter(pk=lounge.pk).update(ends_on=NOON.date() - timedelta(days=1))
    job = benefits.KIND.advance(job, now=NOON)
    assert (job.counts["withdrawn"], job.error, who_have(lounge)) == (2, "", [])


def test_what_members_have_or_had_is_not_deleted_and_what_nobody_had_is(golden, made):
    lounge, parking = benefit(made, "gold", "lounge"), benefit(made, "gold", "parking")
    benefits.KIND.advance(benefits.start(lounge.pk, now=NOON), now=NOON)
    spec = document.export(made)
    gold = next(one for one in spec["tier_groups"][0]["tiers"] if one["code"] == "gold")
    kept, gold["benefits"] = gold["benefits"], []
    with pytest.raises(Invalid, match="“lounge” cannot be left out"):
        document.apply(spec)
    gold["benefits"] = [one for one in kept if one["code"] == "lounge"]
    document.apply(spec)
    assert list(Benefit.objects.all()) == [lounge] != [parking]


def test_enrolment_gives_the_benefits_of_the_tier_of_the_first_day(made):
    newsletter = benefit(made, "base", "newsletter")
    benefit(made, "base", "old", ends_on=at(2020, 1, 1).date())
    benefit(made, "gold", "lounge")
    made.refresh_from_db()
    one = factories.member(made, enrolled_at=at(2026, 1, 10))
    assert [(row.benefit, row.assigned_at) for row in one.benefits.all()] == [(newsletter, at(2026, 1, 10))]
    via = factories.till(made)
    people = {name: Customer(first_name=name) for name in ("ada", "bob")}
    done = enrol_many(made, people, channel="import", via=via, enrolled_at=dict.fromkeys(people, at(2026, 1, 11)))
    for member in done.values():
        assert [row.benefit for row in member.benefits.all()] == [newsletter]
    ladder(made, model="calendar", validity="rest_of_cycle")
    earn(made, one, 1000, at(2026, 2, 1))
    assert one.benefits.get(benefit=newsletter).withdrawn_at == at(2026, 2, 1)
