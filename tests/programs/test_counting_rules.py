"""What do rules give that count from one activity to the next, and what do refunds do to what they count?"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from programs import document, earning, progress
from programs.progress import NOTHING, Advance, Reached, less
from programs.rules.base import Facts
from tests.support.examples import compiled, line, program, purchase, rule

PARIS = ZoneInfo("Europe/Paris")
COFFEES = {"counts": "units", "every": 5, "points": 50}


def coffees(quantity, amount=None, **fields):
    return purchase(100, line(amount or 100, quantity=quantity, category="coffee"), **fields)


def on(day, kind="visit", hour=12):
    return purchase(kind=kind, activity_at=datetime(2026, 3, day, hour, tzinfo=PARIS))


def given(one, *activities, reached=NOTHING):
    """(points of each activity in turn, how far the member is behind all of them)."""
    made, found = compiled(one), []
    for activity in activities:
        earned = earning.evaluate(made, earning.basket(activity, made), Facts(progress={one["code"]: reached}))
        found.append(earned.points.get("points", 0))
        reached = earned.progress[one["code"]].after if one["code"] in earned.progress else reached
    return found, reached


def target(**params):
    return rule("five", "target", COFFEES | params)


@pytest.mark.parametrize(
    ("one", "activities", "expected"),
    [
        pytest.param(target(), [coffees(2), coffees(2), coffees(1), coffees(4)], [0, 0, 50, 0], id="five coffees"),
        pytest.param(target(), [coffees(12), coffees(3)], [100, 50], id="what is beyond goes on"),
        pytest.param(target(times=1), [coffees(12), coffees(9)], [50, 0], id="once"),
        pytest.param(target(times=3), [coffees(9), coffees(20)], [50, 100], id="at most three times"),
        pytest.param(target(every="1.5"), [coffees(1), coffees(1)], [0, 50], id="one and a half"),
        pytest.param(
            target(counts="purchases", every=3), [purchase(1)] * 7, [0, 0, 50, 0, 0, 50, 0], id="each third purchase"
        ),
        pytest.param(
            target(counts="money", every=100),
            [purchase(9_999), purchase(1), purchase(25_000)],
            [0, 50, 100],
            id="money",
        ),
        pytest.param(
            rule("nth", "every_nth", {"every": 3, "points": 10}),
            [on(1), on(2, "purchase"), on(3, "review"), on(4), on(5)],
            [0, 0, 0, 10, 0],
            id="visits and purchases, and no review",
        ),
        pytest.param(
            target() | {"conditions": {"categories": ["coffee"]}},
            [coffees(4), purchase(100, line(100, quantity=9, category="cake")), coffees(1)],
            [0, 0, 50],
            id="its conditions choose",
        ),
        pytest.param(
            rule("s", "streak", {"length": 3, "periods": "days", "points": 7}),
            [on(1), on(1), on(2), on(3), on(4), on(5), on(6), on(8), on(9), on(10)],
            [0, 0, 0, 7, 0, 0, 7, 0, 0, 7],
            id="three days in a row",
        ),
        pytest.param(
            rule("s", "streak", {"length": 2, "periods": "weeks", "points": 7}),
            [on(1), on(2), on(8), on(9), on(23)],
            [0, 7, 0, 0, 0],
            id="two ISO weeks in a row",
        ),
        pytest.param(
            rule("s", "streak", {"length": 2, "periods": "days", "points": 7}),
            [on(3), on(2), on(4), on(3)],
            [0, 0, 7, 0],
            id="what comes late does not count",
        ),
    ],
)
def test_it_gives_when_enough_has_added_up(one, activities, expected):
    assert given(one, *activities)[0] == expected


def test_months_follow_each_other_whatever_their_length():
    found = [date(2026, month, 1) for month in (1, 2, 3, 4, 12)]
    assert [progress.next_period("months", first) for first in found] == [
        *(date(2026, month, 1) for month in (2, 3, 4, 5)),
        date(2027, 1, 1),
    ]


def test_days_are_those_of_the_program():
    late = purchase(kind="visit", activity_at=datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("UTC")))
    one = rule("s", "streak", {"length": 2, "periods": "days", "points": 7})
    assert given(one, on(1), late) == ([0, 7], Reached(rewarded=1, run=2, in_last=1, last_on=date(2026, 3, 2)))


def test_it_counts_also_where_another_rule_of_its_group_wins():
    made = compiled(target(), rule("more", "per_amount", {"points": 100, "per": 1}))
    earned = earning.evaluate(made, earning.basket(coffees(5), made), Facts())
    assert earned.points == {"points": 100}
    assert earned.progress["five"].after == Reached(counted=5000, rewarded=1, used=5000)


def test_the_trace_says_how_far_it_was_also_where_it_did_not_count():
    made = compiled(target() | {"conditions": {"channels": ["web"]}})
    before = Reached(counted=3000)
    earned = earning.evaluate(made, earning.basket(coffees(5), made), Facts(progress={"five": before}))
    assert earned.trace["progress"] == {"five": {"counts": "units", "before": {"counted": 3000}}}
    assert earned.progress == {}
    assert "progress" not in earning.evaluate(made, earning.basket(coffees(5), made), Facts()).trace


def test_a_lower_target_is_not_given_for_what_was_used():
    five = given(target(), coffees(12))[1]
    assert given(target(every=3), coffees(1), reached=five)[0] == [50]
    assert given(target(every=4), coffees(1), reached=five)[0] == [0]


def test_what_is_refunded_first_or_last_leaves_nothing():
    first = Advance("units", NOTHING, Reached(counted=3))
    second = Advance("units", Reached(counted=3), Reached(counted=5, rewarded=1, used=5))
    both = second.after
    one = less(first, both, NOTHING)
    assert one == Reached(counted=2, rewarded=1, used=5)
    assert less(second, one, second.before) == NOTHING
    other = less(second, both, second.before)
    assert other == Reached(counted=3)
    assert less(first, other, NOTHING) == NOTHING


STREAK = rule("s", "streak", {"length": 3, "periods": "days", "points": 7})


def steps(*activities):
    """The Advance of each activity, and how far the member is at last."""
    reached, found = NOTHING, []
    for activity in activities:
        after = given(STREAK, activity, reached=reached)[1]
        found.append(Advance("days", reached, after))
        reached = after
    return found, reached


def undone(advance, now):
    return less(advance, now, progress.kept(advance, advance.before))


def test_the_last_step_of_a_streak_is_taken_back():
    (_, second, third), now = steps(on(1), on(2), on(3))
    assert now.rewarded == 1
    back = undone(third, now)
    assert back == second.after
    assert undone(second, back) == Reached(run=1, in_last=1, last_on=date(2026, 3, 1))


def test_the_streak_stays_while_something_else_happened_in_its_last_period():
    (_, starter, other), now = steps(on(1), on(2), on(2))
    first_back = undone(starter, now)
    assert first_back == Reached(run=2, in_last=1, last_on=date(2026, 3, 2))
    # Which was the only one of the day before is not known any more, so that day stays.
    assert undone(other, first_back) == Reached(run=1, in_last=0, last_on=date(2026, 3, 1))
    assert undone(starter, undone(other, now)) == starter.before


def test_what_is_refunded_later_keeps_the_run():
    (first, *_), now = steps(on(1), on(2), on(3))
    assert undone(first, now) == now
    (_, _, third, _), now = steps(on(1), on(2), on(3), on(4))
    assert undone(third, now) == now._replace(rewarded=0)


def test_a_gap_that_a_refund_undoes_gives_the_former_streak_back():
    (_, second, late), now = steps(on(1), on(2), on(9))
    assert now.run == 1
    assert undone(late, now) == second.after


def test_nothing_falls_below_nothing():
    advance = Advance("units", NOTHING, Reached(counted=5, rewarded=1, used=5))
    assert less(advance, Reached(counted=2), NOTHING) == NOTHING


@pytest.mark.parametrize(
    ("kind", "params", "problem"),
    [
        ("target", {"counts": "cups"}, "params.counts"),
        ("target", {"counts": "purchases", "every": "2.5"}, "params.every: purchases are counted whole"),
        ("target", {"every": 0}, "params.every: must be positive"),
        ("target", {"times": 0}, "params.times"),
        ("target", {"by_tier": "iron: 5"}, "params.by_tier: none called iron is a tier of the program"),
        ("every_nth", {"every": 1}, "params.every"),
        ("every_nth", {"every": "2.5"}, "params.every"),
        ("streak", {"length": 1}, "params.length"),
        ("streak", {"periods": "years"}, "params.periods"),
    ],
)
def test_bad_parameters_are_named_at_their_place(kind, params, problem):
    good = {
        "target": COFFEES,
        "every_nth": {"every": 10, "points": 5},
        "streak": {"length": 3, "periods": "days", "points": 7},
    }
    found = [str(one) for one in document.check(program(rule("r", kind, good[kind] | params)))]
    assert [one for one in found if one.startswith(f"rules[0].{problem}")], found
