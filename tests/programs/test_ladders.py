"""How does a ladder count, until when does a tier hold, what follows? The examples of C15, without a database."""

from datetime import date, timedelta

import pytest

from programs import compiling, document
from programs.ladders import FOREVER
from tests.support.sold_ladders import airline, hotel, ladder, membership, of, retailer, tier

ENROLLED = date(2024, 5, 20)


def compiled(made):
    assert document.check(made) == []
    [group] = compiling.build(document.normal(made)).tier_groups.values()
    return group


def group(*tiers, **fields):
    tiers = tiers or (tier("base", 1, 0), tier("silver", 2, 500), tier("gold", 3, 1_000))
    return compiled(of(ladder(*tiers, **fields)))


def names(tiers):
    return [one.code if one else None for one in tiers]


def calendar(**fields):
    return group(model="calendar", validity="rest_of_cycle_plus_next", **fields)


def test_c15_x1_gold_of_june_is_valid_to_the_end_of_next_year():
    assert calendar().last_day(date(2025, 6, 10), ENROLLED) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("on_end", "counted", "then"),
    [
        ("to_earned", 620, "silver"),
        ("to_earned", 500, "silver"),
        ("to_earned", 499, "base"),
        ("to_earned", 0, "base"),
        ("one_level", 0, "silver"),
        ("to_base", 620, "base"),
        ("never", 0, "gold"),
    ],
)
def test_c15_x1_what_follows_gold_at_its_end(on_end, counted, then):
    made = calendar(on_end=on_end)
    gold = made.by_code["gold"]
    assert not made.keeps(gold, (counted,))
    assert made.below(gold, (counted,)).code == then


def test_c15_x1_what_follows_is_valid_for_the_next_cycle_alone():
    assert calendar().renewed_through(date(2026, 12, 31), ENROLLED) == date(2027, 12, 31)


def test_c15_x2_a_retention_threshold_keeps_what_would_not_be_reached():
    made = calendar()
    tiers = tier("base", 1, 0), tier("silver", 2, 500), tier("gold", 3, 1_000, 800)
    kept = group(*tiers, model="calendar", validity="rest_of_cycle_plus_next")
    assert not made.keeps(made.by_code["gold"], (850,))
    gold = kept.by_code["gold"]
    assert [kept.keeps(gold, (counted,)) for counted in (799, 800, 850)] == [False, True, True]
    assert kept.reached((850,)).code == "silver"
    assert kept.renewed_through(date(2026, 12, 31), ENROLLED) == date(2027, 12, 31)


LEAP = date(2024, 2, 29)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (LEAP, date(2025, 2, 27)),
        (date(2025, 2, 28), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2027, 2, 27)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2028, 2, 29), date(2029, 2, 27)),
    ],
)
def test_c15_x3_cycles_of_who_enrolled_on_29_february(first, last):
    made = group(model="anniversary", validity="rest_of_cycle")
    for day in (first, first + timedelta(days=100), last):
        assert made.cycle(day, LEAP) == (first, last)
        assert made.last_day(day, LEAP) == last


def test_c15_x4_a_rolling_year_holds_through_the_day_before_and_looks_back_from_there():
    made = compiled(retailer())
    assert made.last_day(date(2025, 6, 10), ENROLLED) == date(2026, 6, 9)
    # Assessed on 10 June 2026: the day on which it was reached counts, the day itself does not.
    assert made.window_before(date(2026, 6, 10)) == date(2025, 6, 10)
    gold = made.by_code["gold"]
    assert made.keeps(gold, (1_040,))
    assert made.renewed_through(date(2026, 6, 9), ENROLLED) == date(2027, 6, 9)
    assert not made.keeps(gold, (700,))
    assert made.below(gold, (700,)).code == "silver"


@pytest.mark.parametrize(
    ("terms", "through"),
    [
        ({"grace": 1}, date(2026, 5, 15)),
        ({"grace": 1, "grace_to_month_end": True}, date(2026, 5, 31)),
        ({"grace": 10, "grace_unit": "day"}, date(2026, 4, 25)),
        ({"grace": 10, "grace_unit": "day", "grace_to_month_end": True}, date(2026, 4, 30)),
        ({"grace_to_month_end": True}, date(2026, 4, 15)),
    ],
)
def test_c15_x5_grace_is_counted_from_the_end_and_rounded_on_request(terms, through):
    assert group(**terms).graced_through(date(2026, 4, 15)) == through


VALIDITIES = [
    ({"model": "lifetime"}, None, None),
    ({"model": "lifetime", "validity": "period"}, date(2026, 3, 9), date(2027, 3, 9)),
    ({"model": "calendar", "validity": "none"}, None, None),
    ({"model": "calendar", "validity": "rest_of_cycle"}, date(2025, 12, 31), date(2026, 12, 31)),
    ({"model": "calendar", "validity": "rest_of_cycle_plus_next"}, date(2026, 12, 31), date(2027, 12, 31)),
    (
        {"model": "calendar", "cycle_start": "04-01", "validity": "rest_of_cycle_plus_next"},
        date(2026, 3, 31),
        date(2027, 3, 31),
    ),
    ({"model": "anniversary", "validity": "rest_of_cycle"}, date(2025, 5, 19), date(2026, 5, 19)),
    ({"model": "anniversary", "validity": "rest_of_cycle_plus_next"}, date(2026, 5, 19), date(2027, 5, 19)),
    ({"model": "rolling", "validity": "period", "period_end": "through"}, date(2026, 3, 10), date(2027, 3, 11)),
    (
        {"model": "rolling", "validity": "period", "period": 90, "period_unit": "day"},
        date(2025, 6, 7),
        date(2025, 9, 5),
    ),
    ({"model": "rolling", "validity": "period", "rounding": "month"}, date(2026, 3, 31), date(2027, 3, 31)),
    ({"model": "rolling", "validity": "period", "rounding": "quarter"}, date(2026, 3, 31), date(2027, 3, 31)),
    (
        {"model": "rolling", "validity": "period", "period": 5, "rounding": "half_year"},
        date(2025, 12, 31),
        date(2026, 6, 30),
    ),
    ({"model": "rolling", "validity": "period", "rounding": "year"}, date(2026, 12, 31), date(2027, 12, 31)),
    ({"model": "calendar", "validity": "rest_of_cycle", "on_end": "never"}, None, None),
    ({"model": "calendar", "validity": "rest_of_cycle_plus_next", "on_end": "never"}, None, None),
    ({"model": "rolling", "validity": "period", "on_end": "never"}, None, None),
]


@pytest.mark.parametrize(("terms", "last", "renewed"), VALIDITIES)
def test_a_tier_of_10_march_2025_holds_and_is_renewed_through(terms, last, renewed):
    made = group(**terms)
    assert made.last_day(date(2025, 3, 10), ENROLLED) == last
    if last:
        assert made.renewed_through(last, ENROLLED) == renewed


def test_a_manual_tier_has_dates_of_its_own_and_no_points_reach_or_keep_it():
    made = compiled(membership())
    free, plus = made.tiers
    assert made.base is free
    assert made.reached(()) is free
    assert made.last_day(date(2025, 3, 10), ENROLLED) is None
    assert (made.keeps(free, ()), made.keeps(plus, ())) == (True, False)
    assert made.below(plus, ()) is free


@pytest.mark.parametrize(
    ("model", "first"),
    [
        ("lifetime", FOREVER),
        ("calendar", date(2025, 1, 1)),
        ("anniversary", date(2024, 5, 20)),
        ("rolling", date(2025, 3, 10)),
        ("manual", FOREVER),
    ],
)
def test_what_happens_counts_in_the_cycle_of_its_day(model, first):
    made = compiled(membership()) if model == "manual" else group(model=model)
    day = date(2025, 3, 10)
    assert made.counted_in(day, known_on=day, enrolled_on=ENROLLED) == first


@pytest.mark.parametrize(
    ("known_on", "counts_in"),
    [
        (date(2026, 1, 30), date(2025, 1, 1)),
        (date(2026, 1, 31), date(2026, 1, 1)),
        (date(2027, 5, 1), date(2027, 1, 1)),
    ],
)
def test_c16_r3_what_arrives_late_counts_in_its_cycle_until_the_window_is_over(known_on, counts_in):
    made = calendar(late_window=30)
    assert made.counted_in(date(2025, 12, 28), known_on=known_on, enrolled_on=ENROLLED) == counts_in


def test_any_of_several_currencies_reaches_a_tier_inclusively():
    made = compiled(airline())
    counts = [(24_999, 29), (25_000, 0), (0, 30), (49_999, 59), (50_000, 0), (0, 60), (0, 0)]
    assert names(map(made.reached, counts)) == ["blue", "silver", "silver", "silver", "gold", "gold", "blue"]
    gold = made.by_code["gold"]
    assert [made.keeps(gold, counts) for counts in [(39_999, 49), (40_000, 0), (0, 50)]] == [False, True, True]


def test_all_of_several_currencies_reach_a_tier_only_together():
    document_ = hotel()
    document_["tier_groups"][0]["match"] = "all"
    made = compiled(document_)
    counts = [(10, 1_999), (9, 2_000), (10, 2_000), (25, 4_999), (25, 5_000)]
    assert names(map(made.reached, counts)) == ["member", "member", "silver", "silver", "gold"]
    assert [made.keeps(made.by_code["gold"], counts) for counts in [(20, 3_999), (20, 4_000)]] == [False, True]


def test_a_tier_that_is_only_granted_is_reached_by_no_points_but_passed():
    made = group(tier("base", 1, 0), tier("friend", 2), tier("gold", 3, 10), model="calendar")
    assert names(map(made.reached, [(9,), (10,)])) == ["base", "gold"]
    assert made.below(made.by_code["gold"], (9,)).code == "base"


def test_a_ladder_whose_lowest_tier_asks_for_something_leaves_members_without_one():
    made = group(tier("silver", 1, 500), tier("gold", 2, 1_000), model="calendar", validity="rest_of_cycle")
    assert made.base is None
    assert made.reached((499,)) is None
    assert made.below(made.by_code["silver"], (0,)) is None
    assert made.rank(None) == -1
