"""A ladder begins to count otherwise only by a previewed change, which counts anew and takes nothing from anybody."""

from dataclasses import replace
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from loyalty_site import nightly
from members.models import Standing, Tally
from programs import versions
from programs.models import ProgramVersion, TierGroup
from tests.support.balanced import assert_balanced
from tests.support.factories import post_one, purchase
from tests.support.ladders import earn, ladder, midnight, noon, second_currency, standing, story, through, tier
from tests.support.one_batch import one_batch
from tests.support.policies import edit, member
from transactions.models import NightRun
from transactions.policies import recounting
from transactions.policies.thresholds import NoReason
from transactions.proof.audit import audit


@pytest.fixture
def yearly(made):
    return ladder(made, model="calendar", validity="rest_of_cycle_plus_next")


def editing(group, **settings):
    def edit():
        row = TierGroup.objects.get(pk=group.pk)
        row.is_recounted = True
        for name, value in settings.items():
            setattr(row, name, value)
        row.full_clean()
        row.save()

    return edit


def begin(group, now, reason="Years of membership now", **settings):
    return recounting.change(group, editing(group, **settings), reason=reason, now=now)


def change(group, now, **settings):
    return recounting.KIND.advance(begin(group, now, **settings), now=now)


def tallies(who):
    return {row.period: row.points for row in who.tallies.order_by("period")}


@pytest.mark.parametrize(
    "values",
    [
        {"model": "anniversary"},
        {"model": "rolling", "validity": "period"},
        {"model": "lifetime", "validity": "none"},
        {"cycle_start": "04-01"},
    ],
)
def test_a_ladder_with_counted_points_is_not_changed_by_the_way(made, yearly, values):
    fresh = TierGroup.objects.get(pk=yearly.pk)
    for name, value in values.items():
        setattr(fresh, name, value)
    fresh.full_clean()
    member(made, 600)
    with pytest.raises(ValidationError) as refusal:
        fresh.full_clean()
    assert refusal.value.message_dict.keys() == {next(iter(values))}
    assert "Change how it counts" in str(refusal.value)


def test_how_long_tiers_hold_changes_freely_and_standings_keep_their_dates(made, yearly, now):
    who = member(made, 600)
    ladder(made, validity="rest_of_cycle", grace=2, on_end="to_base")
    assert (tier(who), through(who)) == ("silver", "2027-12-31")


def test_points_are_counted_anew_and_tiers_stay_with_their_validity(made, yearly, now):
    who = member(made, 600, 2025, 12)
    earn(made, who, 300, noon(made, 2026, 1, 9))
    earn(made, who, 50, noon(made, 2026, 2, 1))
    assert tallies(who) == {date(2025, 1, 1): 600, date(2026, 1, 1): 350}
    before = story(who)
    job = change(yearly, now, model="anniversary")
    # Enrolled on 10 January.
    assert tallies(who) == {date(2025, 1, 10): 900, date(2026, 1, 10): 50}
    assert (story(who), tier(who), through(who)) == (before, "silver", "2026-12-31")
    assert (job.counts["members"], bool(job.finished_at)) == (1, True)
    assert not TierGroup.objects.get(pk=yearly.pk).is_recounting
    earn(made, who, 450, now)
    assert (tier(who), tallies(who)[date(2026, 1, 10)]) == ("silver", 500)
    assert_balanced(made)


def test_by_days_and_back_again(made, yearly, now):
    who = member(made, 600, 2025, 12)
    earn(made, who, 300, noon(made, 2026, 1, 9))
    change(yearly, now, model="rolling", validity="period")
    assert tallies(who) == {date(2025, 12, 1): 600, date(2026, 1, 9): 300}
    earn(made, who, 100, now)
    assert (tier(who), through(who)) == ("gold", "2027-06-14")
    change(yearly, noon(made, 2026, 6, 16), model="calendar")
    assert tallies(who) == {date(2025, 1, 1): 600, date(2026, 1, 1): 400}
    assert tier(who) == "gold"
    assert_balanced(made)


def test_who_had_a_tier_for_life_gets_the_validity_that_the_ladder_gives_from_today(made, now):
    group = ladder(made, model="lifetime")
    who, base = member(made, 600, 2025, 3), member(made, 0)
    assert through(who) is None
    as_asked = editing(group, model="calendar", validity="rest_of_cycle")
    # The tier that asks for nothing has no end on any ladder.
    assert recounting.preview(group, as_asked, now).given_validity == 1
    job = change(group, now, model="calendar", validity="rest_of_cycle")
    row = standing(who)
    assert (tier(who), through(who), row.reason, row.note) == (
        "silver",
        "2026-12-31",
        "assessed",
        "Years of membership now",
    )
    assert row.since_at == noon(made, 2025, 3, 1)
    assert (through(base), job.counts["given_validity"]) == (None, 1)
    assert tier(who, midnight(made, 2027, 1, 1)) == "base"
    assert_balanced(made)


def test_what_was_due_before_the_change_is_decided_by_how_it_was_counted_then(made, yearly):
    who = member(made, 1000, 2025, 3)
    earn(made, who, 1200, noon(made, 2026, 3, 1))
    versions.renew(made.pk)
    later = noon(made, 2028, 2, 1)
    # Nobody has looked at the member since the end of 2027.
    change(yearly, later, model="rolling", validity="period")
    ProgramVersion.objects.filter(program=made).update(since=midnight(made, 2028, 2, 1))
    assert tier(who) == "base"
    assert [reason for _, reason in story(who)] == ["enrolment", "activity", "renewal", "downgrade"]


def test_a_further_currency_counts_what_the_ledger_has_of_it(made, yearly, now):
    other = second_currency(made, made.tier_groups.create(code="other", name="Other", currency=yearly.currency))
    who = member(made, 100)
    post_one(made, replace(purchase(who, 100), kind="visit", amount=0, activity_at=now), now=now)
    assert not who.tallies.filter(group=yearly, currency=other).exists()
    edit = editing(yearly)
    job = recounting.change(
        yearly, lambda: (edit(), yearly.further_currencies.set([other])), reason="Visits count, too", now=now
    )
    recounting.KIND.advance(job, now=now)
    assert who.tallies.get(group=yearly, currency=other).points == 1
    assert_balanced(made)


def test_a_preview_says_what_would_count_and_writes_nothing(made, yearly, now):
    who, _ = member(made, 600, 2025, 12), member(made, 50)
    earn(made, who, 30, noon(made, 2026, 1, 9))
    before = list(Tally.objects.order_by("pk").values())
    version = versions.renew(made.pk).version
    plan = recounting.preview(yearly, editing(yearly, model="anniversary"), now)
    assert (plan.members, plan.seen, plan.changed, plan.losses) == (2, 2, 1, [])
    [one] = plan.examples
    assert (one.member, one.tier.code, one.before, one.after) == (who, "silver", (30,), (0,))
    assert list(Tally.objects.order_by("pk").values()) == before
    assert (TierGroup.objects.get(pk=yearly.pk).model, versions.renew(made.pk).version) == ("calendar", version)
    assert not NightRun.objects.exists()


def refused(group, edit, now, kind=recounting.WouldLose, **named):
    before = list(Standing.objects.order_by("pk").values()), list(Tally.objects.order_by("pk").values())
    with pytest.raises(kind) as refusal:
        recounting.change(group, edit, **({"reason": "Why not", "now": now} | named))
    assert TierGroup.objects.get(pk=group.pk).model == group.model
    assert (list(Standing.objects.order_by("pk").values()), list(Tally.objects.order_by("pk").values())) == before
    assert not NightRun.objects.exists()
    return str(refusal.value)


def test_a_manual_ladder_has_no_place_for_counted_points(made, yearly, now):
    member(made, 600)
    edit = editing(yearly, model="manual", currency=None, validity="none")
    assert "1 members would lose" in refused(yearly, edit, now)


def test_a_currency_that_counts_no_more_takes_nothing_along(made, yearly, now):
    other = second_currency(made, made.tier_groups.create(code="other", name="Other", currency=yearly.currency))
    member(made, 600)
    assert "Status points would count no more" in refused(yearly, editing(yearly, currency=other), now)


def test_surplus_that_opened_the_present_cycle_is_not_lost(made, now):
    group = ladder(made, model="calendar", validity="rest_of_cycle", rollover=True)
    who = member(made, 1300, 2025)
    tier(who, midnight(made, 2026, 1, 1))
    assert "surplus" in refused(group, editing(group, model="anniversary"), now)


def test_what_does_not_follow_from_the_ledger_is_not_counted_anew(made, yearly, now):
    who = member(made, 600)
    who.tallies.update(points=700)
    assert "audit" in refused(yearly, editing(yearly, model="anniversary"), now)


def test_a_preview_that_is_old_is_no_consent(made, yearly, now):
    member(made, 600)
    shown = versions.renew(made.pk).version
    made.touch(made.pk)
    edit = editing(yearly, model="anniversary")
    refused(yearly, edit, now, recounting.Changed, shown=shown)
    refused(yearly, edit, now, NoReason, reason=" ")


def test_a_posting_before_the_job_has_come_to_the_member_counts_first(made, yearly, now):
    who, other = member(made, 600, 2025, 12), member(made, 700, 2025, 12)
    job = begin(yearly, now, model="rolling", validity="period")
    assert not list(audit(made))
    earn(made, who, 400, now)
    assert (tier(who), tallies(who)) == ("gold", {date(2025, 1, 1): 0, date(2025, 12, 1): 600, now.date(): 400})
    recounting.KIND.advance(job, now=now)
    assert tallies(who) == {date(2025, 12, 1): 600, now.date(): 400}
    assert tallies(other) == {date(2025, 12, 1): 700}
    assert_balanced(made)


def test_killed_and_taken_up_again_it_does_the_rest(made, yearly, now, monkeypatch):
    people = [member(made, 600, 2025, 12) for _ in range(4)]
    monkeypatch.setattr(recounting, "BATCH", 2)
    job, adopt, calls = begin(yearly, now, model="anniversary"), recounting.recounting.adopt, []

    def fail_fourth(*arguments, **named):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return adopt(*arguments, **named)

    monkeypatch.setattr(recounting.recounting, "adopt", fail_fourth)
    with pytest.raises(KeyboardInterrupt):
        recounting.KIND.advance(job, now=now)
    job.refresh_from_db()
    assert (job.counts["members"], job.finished_at) == (2, None)
    ran = {run.step: run for run in nightly.night(made)}
    assert ran["recount"].counts == {"members": 4}
    assert ran["reconcile"].counts["differences"] == 0
    assert all(tallies(who) == {date(2025, 1, 10): 600} for who in people)
    assert recounting.finish(made, now=now) == 0


def test_a_program_that_is_edited_meanwhile_is_counted_on_with_what_it_is_now(made, yearly, now, monkeypatch):
    whose = [member(made, 600, 2025, 12) for _ in range(3)]
    monkeypatch.setattr(recounting, "BATCH", 1)
    job = one_batch(recounting.KIND, begin(yearly, now, model="anniversary"), now)
    assert job.counts["members"] == 1
    edit(made, 300, 2000)
    job = recounting.KIND.advance(job, now=now)
    assert (bool(job.finished_at), job.error, job.counts["members"]) == (True, "", 3)
    assert all(tallies(who) == {date(2025, 1, 10): 600} for who in whose)
    assert_balanced(made)
