"""Whoever reaches the threshold in grace keeps the tier from the original end; more than that raises at once."""

from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, settle, story, through


def test_points_in_grace_that_reach_a_higher_tier_raise_at_once(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle", grace=1)
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    earn(made, who, 500, noon(made, 2024, 6, 1))
    settle(who, midnight(made, 2026, 1, 1))
    earn(made, who, 1200, noon(made, 2026, 1, 15))
    assert story(who)[1:] == [
        ("silver", "activity"),
        ("silver", "renewal"),
        ("silver", "renewal"),
        ("gold", "activity"),
    ]
    assert through(who) == "2026-12-31"
    row = who.standings.current().get()
    assert row.from_at == noon(made, 2026, 1, 15)
