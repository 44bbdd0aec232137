"""What becomes of progress when two members become one, and two again? (C21)"""

import pytest

from tests.support import factories
from tests.support.counting import back, coffee_shop, coffees, reached, streak
from tests.support.factories import at, held, post_one, purchase, reversal
from tests.support.merging import join
from tests.support.stage import kept
from transactions.merging import merges
from transactions.merging.unmerges import unmerge


@kept
def shop(db):
    return coffee_shop()


@pytest.fixture
def two(shop):
    return factories.member(shop), factories.member(shop)


def test_what_both_have_adds_up_and_reaches_the_target(shop, two):
    ada, twin = two
    post_one(shop, coffees(ada, 3))
    post_one(shop, coffees(twin, 6))
    join(twin, ada)
    assert (reached(ada), reached(twin)) == ((9000, 1, 5000), (0, 0, 0))
    assert post_one(shop, coffees(ada, 1)).answer["points"] == {"points": 50}


def test_a_preview_moves_nothing(shop, two):
    ada, twin = two
    post_one(shop, coffees(twin, 3))
    merges.preview(twin, ada)
    assert (reached(ada), reached(twin)) == ((0, 0, 0), (3000, 0, 0))


def test_what_the_source_bought_is_refunded_from_both(shop, two):
    ada, twin = two
    bought = post_one(shop, coffees(twin, 3))
    post_one(shop, coffees(ada, 1))
    join(twin, ada)
    post_one(shop, back(bought, 2))
    assert reached(ada) == (2000, 0, 0)


def test_undone_each_has_their_own_again(shop, two):
    ada, twin = two
    bought = post_one(shop, coffees(twin, 6))
    post_one(shop, coffees(ada, 3))
    done = join(twin, ada)
    post_one(shop, coffees(ada, 1))
    assert reached(ada) == (10000, 2, 10000)
    unmerge(done)
    # What came after the merge stays with the target.
    assert (reached(ada), reached(twin)) == ((4000, 1, 5000), (6000, 1, 5000))
    post_one(shop, reversal(bought.journal_id))
    assert (reached(twin), held(twin)) == ((0, 0, 0), 0)


def test_what_was_refunded_between_is_not_given_back(shop, two):
    ada, twin = two
    bought = post_one(shop, coffees(twin, 6))
    post_one(shop, coffees(ada, 3))
    done = join(twin, ada)
    post_one(shop, back(bought, 2))
    post_one(shop, back(bought, 1))
    assert reached(ada) == (6000, 0, 0)
    unmerge(done)
    assert (reached(ada), reached(twin)) == ((3000, 0, 0), (3000, 0, 0))
    post_one(shop, reversal(bought.journal_id))
    assert (reached(ada), reached(twin)) == ((3000, 0, 0), (0, 0, 0))


@pytest.fixture
def gym(db):
    made = factories.program(rules=False, max_backdate_days=3650)
    factories.rule(made, "streak", "streak", {"length": 3, "periods": "days", "points": 30}, group="streak")
    return made


def come(gym, who, *days):
    for day in days:
        post_one(gym, purchase(who, 500, activity_at=at(2026, 3, day)), now=at(2026, 4, 1))


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ([1, 2, 3], [5, 6], (2, 1, "2026-03-06")),
        ([5, 6], [6], (2, 2, "2026-03-06")),
        ([], [6], (1, 1, "2026-03-06")),
        ([6], [], (1, 1, "2026-03-06")),
    ],
)
def test_of_streaks_the_later_one_counts_and_of_equal_ones_the_longer(gym, mine, theirs, both):
    ada, twin = (factories.member(gym, enrolled_at=at(2020, 1, 1)) for _ in range(2))
    come(gym, ada, *mine)
    come(gym, twin, *theirs)
    before = [streak(who) if who.progress.exists() else (0, 0, None) for who in (ada, twin)]
    done = join(twin, ada)
    assert streak(ada) == both
    unmerge(done)
    assert [streak(who) if who.progress.exists() else (0, 0, None) for who in (ada, twin)] == before


def test_a_streak_that_went_on_after_the_merge_stays_with_the_target(gym):
    ada, twin = (factories.member(gym, enrolled_at=at(2020, 1, 1)) for _ in range(2))
    come(gym, twin, 1, 2)
    done = join(twin, ada)
    come(gym, ada, 3)
    assert (streak(ada), held(ada)) == ((3, 1, "2026-03-03"), 30)
    unmerge(done)
    assert (streak(ada), streak(twin)) == ((3, 1, "2026-03-03"), (2, 1, "2026-03-02"))
