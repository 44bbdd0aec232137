"""New thresholds are for the next assessment only, unless somebody applies them at once (C15-R10)."""

import pytest

from members import looking
from members.models import Standing
from programs import versions
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.ladders import benefit, earn, ladder, midnight, noon, settle, standing, story, through, tier
from tests.support.policies import edit, evaluate, member, raise_now
from transactions.models import NightRun
from transactions.policies import previewing


@pytest.fixture
def yearly(made):
    return ladder(made, model="calendar", validity="rest_of_cycle_plus_next")


def test_c15_r10_an_edit_moves_nobody_before_a_posting_or_the_end_of_a_validity(made, yearly, now):
    below, above = member(made, 800), member(made, 1000)
    edit(made, 400, 700)
    settle(below, now)
    assert (tier(below), tier(above)) == ("silver", "gold")
    edit(made, 1200, 2000)
    settle(above, now)
    assert tier(above) == "gold"
    edit(made, 400, 700)
    earn(made, below, 1, now)
    assert tier(below) == "gold"
    edit(made, 1200, 2000)
    assert tier(above, midnight(made, 2028, 1, 1)) == "base"


def test_c15_r10_upgrades_now_raise_who_reaches_a_tier_and_lower_nobody(made, yearly, now):
    benefit(made, "gold", "lounge")
    low, middle, high = member(made, 100), member(made, 800), member(made, 1000)
    edit(made, 50, 800)
    job = raise_now(yearly, now)
    assert [tier(who) for who in (low, middle, high)] == ["silver", "gold", "gold"]
    assert (job.counts["raised"], job.counts["lowered"], bool(job.finished_at)) == (2, 0, True)
    assert job.counts["moves"] == {"base > silver": 1, "silver > gold": 1}
    row = standing(middle)
    assert (row.reason, row.note, row.counted) == ("assessed", "Gold for more of you", {"status": 800})
    # As if it had been reached today: the rest of the year, and the next one.
    assert (row.from_at, row.since_at, through(middle)) == (now, now, "2027-12-31")
    assert [one.benefit.code for one in middle.benefits.all()] == ["lounge"]
    edit(made, 2000, 3000)
    assert raise_now(yearly, noon(made, 2026, 6, 16)).counts["raised"] == 0
    assert [tier(who) for who in (low, middle, high)] == ["silver", "gold", "gold"]
    assert_balanced(made)


def test_c15_r10_a_full_re_evaluation_moves_up_and_down_at_once(made, yearly, now, people):
    up, down, stays = member(made, 450), member(made, 1000), member(made, 1500)
    edit(made, 400, 1200)
    job = evaluate(yearly, now, *people)
    assert [tier(who) for who in (up, down, stays)] == ["silver", "silver", "gold"]
    assert (job.counts["raised"], job.counts["lowered"]) == (1, 1)
    row = standing(down)
    assert (row.reason, row.note, through(down)) == ("assessed", "Gold is rare", "2027-12-31")
    assert row.from_at == now
    assert story(down) == [("base", "enrolment"), ("gold", "activity"), ("silver", "assessed")]
    assert_balanced(made)


def test_who_was_kept_by_the_year_before_is_measured_by_that_year(made, yearly, now, people):
    kept, lost = member(made, 1000, 2025), member(made, 1000, 2025)
    edit(made, 500, 1000, retention=800)
    for who in (kept, lost):
        earn(made, who, 850 if who is kept else 820, noon(made, 2026, 2, 1))
    later = noon(made, 2027, 2, 1)
    assert [tier(who, later) for who in (kept, lost)] == ["gold", "gold"]
    # Nothing is counted in 2027 yet, and still nobody falls to the base tier.
    edit(made, 500, 1000, retention=840, since=later)
    evaluate(yearly, later, *people)
    assert [tier(who) for who in (kept, lost)] == ["gold", "silver"]


@pytest.mark.parametrize(
    ("on_end", "code"), [("to_earned", "base"), ("one_level", "silver"), ("to_base", "base"), ("never", "gold")]
)
def test_how_far_somebody_falls_is_what_the_ladder_says(made, now, people, on_end, code):
    group = ladder(made, model="calendar", validity="rest_of_cycle", on_end=on_end)
    who = member(made, 1000)
    edit(made, 2000, 3000, since=noon(made, 2026, 6, 14))
    evaluate(group, now, *people)
    assert tier(who) == code
    # What these thresholds have decided they decide once.
    assert evaluate(group, noon(made, 2026, 6, 16), *people).counts["lowered"] == 0
    assert tier(who) == code


def test_a_ladder_of_a_lifetime_and_one_of_trailing_months_are_re_evaluated_too(made, now, people):
    for settings in ({"model": "lifetime"}, {"model": "rolling", "validity": "period"}):
        program = factories.program(max_backdate_days=900)
        group = ladder(program, **settings)
        who, rich = member(program, 1000), member(program, 1300)
        edit(program, 500, 1200)
        evaluate(group, now, *people)
        assert [tier(one) for one in (who, rich)] == ["silver", "gold"]


@pytest.mark.parametrize("reason", ["manual", "import"])
def test_what_no_points_had_reached_is_not_taken_by_thresholds(made, yearly, now, people, reason):
    who = member(made, 1000)
    Standing.objects.filter(pk=standing(who).pk).update(reason=reason)
    edit(made, 2000, 3000)
    evaluate(yearly, now, *people)
    assert tier(who) == "gold"


def test_what_staff_have_locked_stays(made, yearly, now, people):
    up, down = member(made, 450), member(made, 1000)
    Standing.objects.current().update(locked_until=noon(made, 2026, 12, 1), due_at=noon(made, 2026, 12, 1))
    edit(made, 400, 1200)
    plan = previewing.preview(yearly, "full", now)
    assert (plan.locked, plan.moves) == (2, [])
    evaluate(yearly, now, *people)
    assert [tier(who) for who in (up, down)] == ["base", "gold"]


def test_grace_that_has_begun_goes_on_and_a_lower_threshold_saves(made, people):
    group = ladder(made, model="calendar", validity="rest_of_cycle", grace=2)
    kept, graced = member(made, 1000, 2025), member(made, 1000, 2025)
    for who, points in ((kept, 700), (graced, 100)):
        earn(made, who, points, noon(made, 2026, 3, 1))
    in_grace = noon(made, 2027, 1, 15)
    assert [tier(who, in_grace) for who in (kept, graced)] == ["gold", "gold"]
    edit(made, 500, 1000, retention=600)
    job = evaluate(group, in_grace, *people)
    assert (job.counts["renewed"], job.counts["lowered"]) == (1, 0)
    assert [tier(who) for who in (kept, graced)] == ["gold", "gold"]
    assert (through(kept), standing(kept).reason) == ("2027-12-31", "renewal")
    assert tier(graced, midnight(made, 2027, 3, 1)) == "base"


def test_a_downgrade_that_waits_becomes_a_smaller_one_and_goes_on_waiting(made, people):
    group = ladder(made, model="calendar", validity="rest_of_cycle", holds_downgrades=True)
    who = member(made, 1000, 2025)
    earn(made, who, 300, noon(made, 2026, 3, 1))
    later = noon(made, 2027, 1, 15)
    settle(who, later)
    assert standing(who).proposed.code == "base"
    edit(made, 250, 1000)
    raise_now(group, later)
    assert (tier(who), standing(who).proposed.code) == ("gold", "silver")
    assert standing(who).waits_from is not None


def test_a_preview_says_who_would_move_and_writes_nothing(made, yearly, now):
    up, down, stays = member(made, 450), member(made, 1000), member(made, 600)
    edit(made, 400, 1200)
    before = list(Standing.objects.order_by("pk").values())
    plan = previewing.preview(yearly, "full", now)
    said = {(one.outcome, one.before.code, one.after.code): one.first for one in plan.moves}
    assert said == {("raised", "base", "silver"): [up], ("lowered", "gold", "silver"): [down]}
    assert (plan.members, plan.seen, plan.count("raised", "lowered"), plan.is_whole) == (3, 3, 2, True)
    assert [one.first for one in previewing.preview(yearly, "upgrades", now).moves] == [[up]]
    assert list(Standing.objects.order_by("pk").values()) == before
    assert not NightRun.objects.exists()
    assert looking.accounts(made.pk, [stays.pk])[stays.pk].tiers[yearly.pk].tier_id == standing(stays).tier_id


def test_what_time_has_done_comes_first(made, now):
    group = ladder(made, model="calendar", validity="rest_of_cycle")
    who = member(made, 1000, 2025)
    edit(made, 500, 2000)
    # Nobody has looked since; nothing was counted in 2026, so the year has taken the tier already.
    assert previewing.preview(group, "upgrades", noon(made, 2027, 2, 1)).moves == []
    raise_now(group, noon(made, 2027, 2, 1))
    assert story(who)[-1] == ("base", "downgrade")


def test_of_many_members_the_first_are_looked_at_and_all_are_counted(made, yearly, now, monkeypatch):
    monkeypatch.setattr(previewing, "MOST", 2)
    monkeypatch.setattr(previewing, "_CHUNK", 1)
    for _ in range(3):
        member(made, 450)
    edit(made, 400, 1200)
    plan = previewing.preview(yearly, "full", now)
    assert (plan.members, plan.seen, plan.is_whole, plan.count("raised")) == (3, 2, False, 2)


def test_who_left_is_not_moved(made, yearly, now):
    who = member(made, 450)
    type(who).objects.filter(pk=who.pk).update(status="closed")
    edit(made, 400, 1200)
    assert raise_now(yearly, now).counts["of_members"] == 0
    assert tier(who) == "base"
    assert versions.current(made.pk).tier_groups["main"].tiers[1].threshold == 400
