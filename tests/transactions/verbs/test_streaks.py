"""How do activities make the streak of a member longer, and what do refunds and edits leave of it? (C7, C14)"""

import pytest

from tests.support import factories
from tests.support.counting import reached, streak
from tests.support.factories import at, held, post_one, purchase, reversal
from tests.support.stage import kept

pytestmark = pytest.mark.usefixtures("books_balance")


@kept
def gym(db):
    made = factories.program(rules=False, max_backdate_days=3650)
    params = {"length": 3, "periods": "days", "points": 30}
    factories.rule(made, "streak", "streak", params, group="streak")
    return made


@kept
def max_(gym):
    return factories.member(gym, enrolled_at=at(2020, 1, 1))


def come(gym, who, day, **fields):
    return post_one(gym, purchase(who, 500, activity_at=at(2026, 3, day), **fields), now=at(2026, 4, 1))


def test_three_days_in_a_row_give_and_three_more_again(gym, max_):
    given = [come(gym, max_, day).answer["points"].get("points", 0) for day in (1, 2, 2, 3, 4, 5, 6)]
    assert given == [0, 0, 0, 30, 0, 0, 30]
    assert streak(max_) == (6, 1, "2026-03-06")


def test_a_refund_of_the_last_step_takes_it_back_and_the_points(gym, max_):
    come(gym, max_, 1)
    come(gym, max_, 2)
    last = come(gym, max_, 3)
    post_one(gym, reversal(last.journal_id, amount=100), now=at(2026, 4, 1))
    assert (held(max_), streak(max_)) == (30, (3, 1, "2026-03-03"))
    post_one(gym, reversal(last.journal_id), now=at(2026, 4, 1))
    assert (held(max_), streak(max_)) == (0, (2, 1, "2026-03-02"))
    come(gym, max_, 3)
    assert (held(max_), streak(max_)) == (30, (3, 1, "2026-03-03"))


def test_a_later_refund_keeps_the_streak_and_takes_what_this_activity_got(gym, max_):
    come(gym, max_, 1)
    come(gym, max_, 2)
    third = come(gym, max_, 3)
    come(gym, max_, 4)
    post_one(gym, reversal(third.journal_id), now=at(2026, 4, 1))
    assert (held(max_), streak(max_), reached(max_, "streak")) == (0, (4, 1, "2026-03-04"), (0, 0, 0))


def test_an_order_edit_keeps_the_step(gym, max_):
    come(gym, max_, 1)
    come(gym, max_, 2)
    come(gym, max_, 3, external_id="a")
    come(gym, max_, 3, external_id="b", replaces="a")
    assert (held(max_), streak(max_)) == (30, (3, 1, "2026-03-03"))


def test_what_comes_late_does_not_make_it_longer(gym, max_):
    given = [come(gym, max_, day).answer["points"] for day in (1, 3, 2, 4)]
    assert given == [{}] * 4
    assert streak(max_) == (2, 1, "2026-03-04")
