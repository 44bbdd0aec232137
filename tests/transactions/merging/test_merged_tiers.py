"""When two memberships become one, what counts for tiers is added on each kind of ladder; and taken apart again."""

from datetime import date

import pytest

from programs.models import Currency, Tier, TierGroup
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, standing, through, tier
from tests.support.merging import join
from tests.support.setting_tiers import set_tier
from transactions.merging import unmerges

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    return factories.program(max_backdate_days=900)


@pytest.fixture
def people(made):
    """(who remains, who goes), enrolled on other days of the year."""
    return tuple(factories.member(made, enrolled_at=at(2024, *day)) for day in ((1, 10), (9, 20)))


def counted(who, group="main"):
    """{first day of a window: points} on a ladder, without windows in which nothing is left."""
    rows = who.tallies.filter(group__code=group).values_list("period", "points")
    return {day.isoformat(): points for day, points in rows if points}


LADDERS = {
    "lifetime": {"model": "lifetime"},
    "calendar": {"model": "calendar", "validity": "rest_of_cycle"},
    "anniversary": {"model": "anniversary", "validity": "rest_of_cycle"},
    "rolling": {"model": "rolling", "validity": "period"},
}


@pytest.mark.parametrize(
    ("model", "added"),
    [
        ("lifetime", {"0001-01-01": 1000}),
        ("calendar", {"2025-01-01": 400, "2026-01-01": 600}),
        # November of the one who goes lies in the year from 20 September; here in that from 10 January.
        ("anniversary", {"2025-01-10": 400, "2026-01-10": 600}),
        ("rolling", {"2025-11-05": 400, "2026-02-05": 300, "2026-02-06": 300}),
    ],
)
def test_each_model_adds_what_was_counted_in_its_windows_and_gives_it_back(made, people, model, added):
    ladder(made, **LADDERS[model])
    ada, twin = people
    earn(made, twin, 400, noon(made, 2025, 11, 5))
    earn(made, twin, 300, noon(made, 2026, 2, 5))
    earn(made, ada, 300, noon(made, 2026, 2, 6))
    before = [(counted(who), tier(who), through(who)) for who in people]
    now = noon(made, 2026, 3, 1)
    done = join(twin, ada, now=now)
    if model == "anniversary":
        # The present year of membership is named by the day of the one who remains, whatever it was named there.
        assert sum(counted(ada).values()) == 1000
        assert all(day.endswith("-01-10") for day in counted(ada))
    else:
        assert counted(ada) == added
    assert counted(twin) == {}
    assert_balanced(made)
    unmerges.unmerge(done, now=now)
    assert [counted(who) for who in people] == [row[0] for row in before]
    assert [tier(who) for who in people] == [row[1] for row in before]
    assert_balanced(made)


@pytest.mark.parametrize(("model", "after"), [("lifetime", "gold"), ("calendar", "silver"), ("rolling", "gold")])
def test_what_both_count_in_one_window_reaches_the_tier(made, people, model, after):
    ladder(made, **LADDERS[model])
    ada, twin = people
    earn(made, twin, 400, noon(made, 2025, 11, 5))
    earn(made, twin, 300, noon(made, 2026, 2, 5))
    earn(made, ada, 300, noon(made, 2026, 2, 6))
    done = join(twin, ada, now=noon(made, 2026, 3, 1))
    assert tier(ada) == after
    unmerges.unmerge(done, now=noon(made, 2026, 3, 2))
    assert (tier(ada), tier(twin)) == ("base", "silver" if model in ("lifetime", "rolling") else "base")


def test_each_of_several_ladders_that_count_one_currency_is_added(made, people):
    ladder(made, **LADDERS["calendar"])
    status = Currency.objects.get(program=made, code="status")
    life = TierGroup.objects.create(program=made, code="life", name="Life", currency=status)
    Tier.objects.create(group=life, code="million", name="Million", sequence=1, threshold=900)
    made.refresh_from_db()
    ada, twin = people
    earn(made, twin, 400, noon(made, 2025, 11, 5))
    earn(made, ada, 500, noon(made, 2026, 2, 6))
    now = noon(made, 2026, 3, 1)
    done = join(twin, ada, now=now)
    assert (counted(ada), counted(ada, "life")) == (
        {"2025-01-01": 400, "2026-01-01": 500},
        {"0001-01-01": 900},
    )
    assert (tier(ada), tier(ada, group="life")) == ("silver", "million")
    assert_balanced(made)
    unmerges.unmerge(done, now=now)
    assert (counted(ada), counted(twin, "life")) == ({"2026-01-01": 500}, {"0001-01-01": 400})
    assert (tier(ada), tier(ada, group="life")) == ("silver", None)
    assert_balanced(made)


@pytest.mark.parametrize("longer", [0, 1])
def test_of_one_tier_that_both_hold_the_later_end_wins(made, people, longer):
    ladder(made, **LADDERS["calendar"])
    ends = [date(2026, 6, 30), date(2026, 6, 30)]
    ends[longer] = date(2027, 3, 31)
    for who, end in zip(people, ends, strict=True):
        set_tier(made, who, "gold", noon(made, 2026, 2, 1), until=end)
    ada, twin = people
    join(twin, ada, now=noon(made, 2026, 3, 1))
    assert (tier(ada), through(ada)) == ("gold", "2027-03-31")
    assert standing(ada).since_at == noon(made, 2026, 2, 1)


def test_a_higher_tier_of_the_one_who_goes_is_held_to_its_end_and_taken_back_with_the_merge(made, people):
    ladder(made, **LADDERS["calendar"])
    ada, twin = people
    set_tier(made, twin, "gold", noon(made, 2026, 2, 1), until=date(2027, 3, 31))
    now = noon(made, 2026, 3, 1)
    done = join(twin, ada, now=now)
    assert (tier(ada), through(ada), standing(ada).reason) == ("gold", "2027-03-31", "merge")
    unmerges.unmerge(done, now=noon(made, 2026, 3, 2))
    assert (tier(ada), tier(twin), through(twin)) == ("base", "gold", "2027-03-31")


def test_a_lock_of_the_one_who_remains_freezes_the_tier_in_a_merge_as_well(made, people):
    ladder(made, **LADDERS["calendar"])
    ada, twin = people
    set_tier(made, ada, "base", noon(made, 2026, 2, 1), locked_until=date(2026, 4, 30), reason_type="penalty")
    earn(made, twin, 1000, noon(made, 2026, 2, 5))
    join(twin, ada, now=noon(made, 2026, 3, 1))
    assert tier(ada, midnight(made, 2026, 4, 30)) == "base"
    assert tier(ada, midnight(made, 2026, 5, 1)) == "gold"
