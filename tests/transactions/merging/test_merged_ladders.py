"""Two memberships become one on several ladders with cycles of their own, and the ledger explains each of them."""

import pytest

from programs.models import Currency, Tier, TierGroup
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at
from tests.support.ladders import earn, ladder, noon
from tests.support.merging import join
from transactions.merging import unmerges

pytestmark = pytest.mark.django_db

OTHERS = {
    "spring": {"model": "calendar", "cycle_start": "04-16"},
    "membership": {"model": "anniversary"},
    "days": {"model": "rolling", "validity": "period"},
    "life": {"model": "lifetime", "validity": "none"},
}


@pytest.fixture
def made():
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle")
    return made


def another(made, code):
    """A further ladder that counts the same currency."""
    status = Currency.objects.get(program=made, code="status")
    settings = {"validity": "rest_of_cycle"} | OTHERS[code]
    group = TierGroup.objects.create(program=made, code=code, name=code, currency=status, **settings)
    for place, (tier, threshold) in enumerate((("low", 0), ("high", 900)), start=1):
        Tier.objects.create(group=group, code=f"{code}-{tier}", name=tier, sequence=place, threshold=threshold)
    made.refresh_from_db()


def counted(who, group):
    rows = who.tallies.filter(group__code=group).exclude(points=0)
    return {day.isoformat(): points for day, points in rows.values_list("period", "points")}


@pytest.mark.parametrize(
    "codes",
    [["spring"], ["membership"], ["spring", "membership"], ["membership", "days"], ["spring", "membership", "life"]],
)
def test_each_ladder_counts_what_the_ledger_says(made, codes):
    for code in codes:
        another(made, code)
    ada, twin = (factories.member(made, enrolled_at=at(2024, *day)) for day in ((1, 10), (9, 20)))
    for points, day in ((400, (2025, 3, 5)), (70, (2025, 11, 5)), (300, (2026, 2, 5)), (11, (2026, 5, 1))):
        earn(made, twin, points, noon(made, *day))
    earn(made, ada, 300, noon(made, 2026, 2, 6))
    groups = ["main", *codes]
    before = [[counted(who, group) for group in groups] for who in (ada, twin)]
    now = noon(made, 2026, 6, 1)
    done = join(twin, ada, now=now)
    assert_balanced(made)
    assert counted(ada, "main") == {"2025-01-01": 470, "2026-01-01": 611}
    if "spring" in codes:
        assert counted(ada, "spring") == {"2024-04-16": 400, "2025-04-16": 670, "2026-04-16": 11}
    assert {sum(counted(ada, group).values()) for group in groups} == {1081}
    assert [counted(twin, group) for group in groups] == [{} for _ in groups]
    unmerges.unmerge(done, now=now)
    assert_balanced(made)
    assert [[counted(who, group) for group in groups] for who in (ada, twin)] == before


def test_what_is_refunded_after_a_merge_leaves_each_ladder(made):
    another(made, "spring")
    ada, twin = (factories.member(made, enrolled_at=at(2024, 1, 10)) for _ in range(2))
    order = earn(made, twin, 400, noon(made, 2025, 11, 5))
    join(twin, ada, now=noon(made, 2026, 3, 1))
    factories.post_one(made, factories.reversal(order.journal_id), now=noon(made, 2026, 3, 2))
    assert (counted(ada, "main"), counted(ada, "spring")) == ({}, {})
    assert_balanced(made)
