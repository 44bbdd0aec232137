"""Each defect of a standing, a cycle or a benefit that somebody could plant is found, and named."""

import pytest

from members.models import MemberBenefit, Standing
from tests.support import factories
from tests.support.auditing import sql, tell
from tests.support.factories import at, post, purchase
from tests.support.ladders import benefit, earn, ladder, midnight, noon, settle
from transactions.models import NightRun


@pytest.fixture
def made(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle", rollover=True, tiers={"gold": {"retention": 800}})
    for tier in ("silver", "gold"):
        benefit(made, tier, f"lounge-{tier}")
    return made


@pytest.fixture
def who(made):
    """Gold in 2024, with a surplus; lowered to silver in 2026, and gold all the same since a late order came."""
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    earn(made, who, 1300, noon(made, 2024, 6, 1))
    earn(made, who, 490, noon(made, 2025, 6, 1))
    settle(who, midnight(made, 2026, 1, 1))
    earn(made, who, 60, noon(made, 2025, 12, 28), now=noon(made, 2026, 1, 12))
    return who


def current(who):
    return who.standings.current().get()


def test_what_the_engine_wrote_is_right(made, who):
    assert who.standings.exclude(superseded_at=None).exists()
    assert who.benefits.exclude(withdrawn_at=None).exists()
    assert who.tallies.filter(carried=300).exists()
    assert tell(made) == {}
    assert tell(made, chunk=1) == {}


def test_the_checks_cost_the_same_for_many_members(made, who, django_assert_max_num_queries):
    for _ in range(5):
        earn(made, factories.member(made), 700, noon(made, 2026, 2, 1))
    with django_assert_max_num_queries(70):
        assert tell(made) == {}


def test_a_ladder_without_a_current_tier_is_found(made, who):
    row = current(who)
    sql("UPDATE members_standing SET is_current = %s, due_at = NULL WHERE id = %s", False, row.pk)
    assert tell(made)[f"the number of current tiers in group {row.group_id}"].stored == 0


def test_a_tier_of_another_ladder_is_found(made, who):
    other = factories.program().tier_groups.get().tiers.get(code="gold")
    row = current(who)
    sql("UPDATE members_standing SET tier_id = %s WHERE id = %s", other.pk, row.pk)
    assert f"the tier of standing {row.pk}" in tell(made)


@pytest.mark.parametrize("change", ["until_at = '2025-01-01 00:00:00'", "from_at = '2024-06-02 00:00:00'"])
def test_a_gap_or_an_overlap_is_found(made, who, change):
    rows = list(who.standings.told().order_by("from_at", "pk"))
    changed = rows[0] if "until" in change else rows[1]
    sql(f"UPDATE members_standing SET {change} WHERE id = %s", changed.pk)
    assert f"the end of standing {rows[0].pk}" in tell(made)


def test_a_removed_standing_is_found(made, who):
    first, second = who.standings.told().order_by("from_at", "pk")[:2]
    sql("DELETE FROM members_standing WHERE id = %s", second.pk)
    assert f"the end of standing {first.pk}" in tell(made)


def test_a_standing_that_vanished_into_the_superseded_ones_is_found(made, who):
    row = who.standings.told().order_by("from_at", "pk")[1]
    sql("UPDATE members_standing SET superseded_at = '2026-02-02 00:00:00' WHERE id = %s", row.pk)
    assert f"what replaced standing {row.pk}" in tell(made)


def test_a_cause_that_is_missing_is_found(made, who):
    row = Standing.objects.exclude(caused_by=None).first()
    sql("UPDATE members_standing SET caused_by = 999999999 WHERE id = %s", row.pk)
    assert tell(made).keys() == {f"the transaction that caused standing {row.pk}"}


@pytest.mark.parametrize("value", ["NULL", "'2999-01-01 00:00:00'"])
def test_a_standing_that_would_sleep_too_long_is_found(made, who, value):
    row = current(who)
    sql(f"UPDATE members_standing SET due_at = {value} WHERE id = %s", row.pk)
    drift = tell(made)[f"when standing {row.pk} is due"]
    assert drift.computed == midnight(made, 2027, 1, 1)


def test_a_wrong_surplus_is_found(made, who):
    sql("UPDATE members_tally SET carried = 299 WHERE member_id = %s AND carried = 300", who.pk)
    drift = tell(made)["what was carried into the cycle from 2025-01-01"]
    assert (drift.currency, drift.stored, drift.computed) == ("status", 299, 300)


def test_a_lost_benefit_is_found(made, who):
    row = current(who)
    sql("DELETE FROM members_memberbenefit WHERE member_id = %s AND withdrawn_at IS NULL", who.pk)
    drift = tell(made)[f"a benefit of standing {row.pk}"]
    assert (drift.stored, drift.computed) == ("missing", f"lounge-{row.tier.code}")


def test_a_benefit_that_is_being_assigned_is_not_missed_yet(made, who):
    code = current(who).tier.code
    benefit(made, code, "early-sale")
    MemberBenefit.objects.filter(benefit__code="early-sale").delete()
    assert f"a benefit of standing {current(who).pk}" in tell(made)
    NightRun.objects.create(program=made, day="2026-03-01", step="benefits 1 000000")
    assert tell(made) == {}


def test_a_benefit_whose_last_day_is_over_is_not_missed(made, who):
    benefit(made, current(who).tier.code, "old-sale", ends_on="2024-12-31")
    assert tell(made) == {}


def test_a_benefit_that_outlived_its_tier_is_found(made, who):
    row = MemberBenefit.objects.filter(member=who).exclude(benefit__tier=current(who).tier).first()
    sql("UPDATE members_memberbenefit SET withdrawn_at = NULL WHERE id = %s", row.pk)
    assert tell(made).keys() == {f"the withdrawal of benefit {row.pk}"}


def test_a_benefit_of_days_without_its_tier_is_found(made, who):
    row = MemberBenefit.objects.filter(member=who).order_by("pk").first()
    sql("UPDATE members_memberbenefit SET assigned_at = '2024-02-01 00:00:00' WHERE id = %s", row.pk)
    assert tell(made).keys() == {f"the assignment of benefit {row.pk}"}


def test_whoever_passes_a_tier_at_one_instant_never_had_what_it_gives(made):
    """Two purchases of one batch, at the same instant."""
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    now = noon(made, 2026, 2, 1)
    post(made, *(purchase(who, 60_000, activity_at=now) for _ in range(2)), now=now)
    assert list(who.benefits.values_list("benefit__code", flat=True)) == ["lounge-gold"]
    assert tell(made) == {}
