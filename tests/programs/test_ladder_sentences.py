"""Does each setting of a ladder become a sentence with the day that it means for a member of today?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import compiling, document
from programs.ladder_sentences import in_short, sentences
from tests.support.sold_ladders import airline, hotel, ladder, ladders, membership, of, retailer, tier

TODAY = date(2026, 11, 28)


def said(made, today=TODAY, **changes):
    made["tier_groups"][0] |= changes
    assert document.check(made) == []
    compiled = compiling.build(document.normal(made))
    [group] = compiled.tier_groups.values()
    return sentences(group, compiled.currencies, today)


def test_the_ladder_of_an_airline():
    assert said(airline()) == [
        "The Miles and Segments of a year count that begins on 1 January: today those of 2026.",
        "Blue asks for nothing: every member holds it who holds no higher tier.",
        "Silver is reached with 25000 Miles or 30 Segments, and kept with 20000 Miles or 25 Segments.",
        "Gold is reached with 50000 Miles or 60 Segments, and kept with 40000 Miles or 50 Segments.",
        "Whoever reaches Gold today, 28 November 2026, holds it through 31 December 2027; "
        "reaching it again meanwhile renews it.",
        "Then the Miles and Segments of 2027 decide: with 40000 Miles or 50 Segments it is kept through "
        "31 December 2028; with fewer the member goes one level down, to Silver.",
        "A refund takes points away, and leaves the tier until its validity ends.",
        "What arrives late counts in its own year for 30 days after its end, and can only raise: what happened on "
        "31 December 2026 if it is here through 30 January 2027. Later it counts in the open year.",
        "Each year begins at 0; what the closed one counted is kept with the member's history.",
        "Whoever did not keep a tier is lowered the night after its last day, or sooner if they come in.",
    ]


def test_the_ladder_of_a_hotel_speaks_of_a_member_who_enrols_today_and_of_its_grace():
    found = said(hotel())
    assert found[0] == (
        "The Nights and Spend of a year of membership count: of a member who enrols today, 28 November 2026, "
        "first those of 28 November 2026 to 27 November 2027."
    )
    assert found[5] == (
        "Then the Nights and Spend of 28 November 2027 to 27 November 2028 decide: with 20 Nights or 4000 Spend "
        "it is kept through 27 November 2029; with fewer it is kept for a grace of 1 month, through "
        "31 December 2028, in which reaching it renews it from 27 November 2028 on, and then the member goes to the "
        "tier that they justify."
    )


def test_the_ladder_of_a_retailer_looks_back_from_today_and_from_the_last_day():
    found = said(retailer())
    assert found[0] == (
        "The Status points of the trailing 12 months count: today, 28 November 2026, those since 29 November 2025."
    )
    assert found[4].startswith("Whoever reaches Gold today, 28 November 2026, holds it through 27 November 2027;")
    assert found[5].startswith("Then the Status points of 28 November 2026 to 27 November 2027 decide: with 1000")
    assert "What arrives late counts on the day on which it happened." in found


def test_a_paid_membership_has_dates_of_its_own():
    assert said(membership()) == [
        "No points count: tiers are paid for or granted, each with dates of its own.",
        "Free asks for nothing: every member holds it who holds no higher tier.",
        "Plus is only granted; no points reach it.",
        "Plus holds through the last day that is named with it; without one, until somebody ends it.",
        "Then the member goes to Free.",
    ]
    assert said(membership(), grace=1)[4] == (
        "If it ended today, 28 November 2026, it would be kept for a grace through 28 December 2026."
    )


def test_a_ladder_for_life_says_so():
    made = of(ladder(tier("silver", 1, 500), tier("gold", 2, 1_000), tier("friend", 3)))
    assert said(made) == [
        "All Status points count that a member ever earned.",
        "Silver is reached with 500 Status points.",
        "Gold is reached with 1000 Status points.",
        "Friend is only granted; no points reach it.",
        "Whoever reaches Gold keeps it for life.",
        "A refund takes points away, and leaves the tier until its validity ends.",
        "What arrives late counts on the day on which it happened.",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"cycle_start": "04-01"},
            "that begins on 1 April: today those of 1 April 2026 to 31 March 2027.",
        ),
        (
            {"match": "all"},
            "with 50000 Miles and 60 Segments, and kept with 40000 Miles and 50 Segments.",
        ),
        ({"validity": "rest_of_cycle"}, "holds it through 31 December 2026;"),
        ({"validity": "period", "period": 6}, "holds it through 27 May 2027;"),
        ({"validity": "period", "period": 6, "period_end": "through"}, "holds it through 28 May 2027;"),
        ({"validity": "period", "rounding": "quarter"}, "holds it through 31 December 2027, the end of a quarter;"),
        ({"validity": "none"}, "Whoever reaches Gold keeps it for life."),
        ({"on_end": "never"}, "Whoever reaches Gold keeps it for life."),
        ({"on_end": "to_base"}, "with fewer the member goes to Blue."),
        ({"on_end": "to_earned"}, "with fewer the member goes to the tier that they justify."),
        ({"grace": 10, "grace_unit": "day"}, "for a grace of 10 days, through 10 January 2028, in which"),
        ({"on_reversal": "revert_if_caused"}, "A refund takes back the tier that the refunded purchase had reached"),
        ({"late_window": 0}, "in the open year: after 31 December 2026 not in this one."),
        (
            {"late_window": 7},
            "what happened on 31 December 2026 if it is here through 7 January 2027.",
        ),
        (
            {"rollover": True},
            "opens the next year: one that ends with 55000 Miles as Gold is followed by one that "
            "begins with 5000 Miles.",
        ),
        (
            {"rollover": True, "rollover_limit": 500},
            "at most 500 Miles: one that ends with 55000 Miles as Gold is "
            "followed by one that begins with 500 Miles.",
        ),
        ({"holds_downgrades": True}, "Nobody is lowered by a night until somebody who may has agreed to its list."),
    ],
)
def test_each_setting_changes_its_sentence(changes, expected):
    assert expected in " ".join(said(airline(), **changes))
    assert expected not in " ".join(said(airline()))


def test_points_are_said_in_their_units():
    made = airline()
    made["currencies"][1]["decimals"] = 2
    assert "Gold is reached with 500.00 Miles or 60 Segments" in " ".join(said(made))


def test_in_short_it_is_what_counts_and_how_long_a_tier_holds():
    compiled = compiling.build(document.normal(retailer()))
    [group] = compiled.tier_groups.values()
    assert in_short(group, compiled.currencies, TODAY) == " ".join([said(retailer())[0], said(retailer())[4]])


@given(ladders(), st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_any_ladder_has_its_sentences_on_any_day(made, today):
    found = said(made, today)
    assert all(one.endswith(".") and "None" not in one for one in found)
    assert len(found) > 1
