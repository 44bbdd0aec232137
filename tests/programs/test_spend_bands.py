"""What do bands of money give? (semantics C6, threshold ladder)"""

import pytest

from programs import document
from tests.support.examples import earn, line, nearest, points, program, purchase, rule


def banded(bands, gives="points", mode="whole"):
    return rule("bands", "spend_bands", {"bands": bands, "gives": gives, "mode": mode})


LADDER, RATES = "100: 10, 250: 30", "100: 1, 250: 2"


@pytest.mark.parametrize(
    ("bands", "gives", "mode", "cents", "expected"),
    [
        (LADDER, "points", "whole", 9_999, 0),
        (LADDER, "points", "whole", 10_000, 10),
        (LADDER, "points", "whole", 24_999, 10),
        (LADDER, "points", "whole", 25_000, 30),
        (LADDER, "points", "parts", 24_999, 10),
        (LADDER, "points", "parts", 90_000, 40),
        (RATES, "rate", "whole", 9_999, 0),
        (RATES, "rate", "whole", 24_900, 249),
        (RATES, "rate", "whole", 30_000, 600),
        (RATES, "rate", "parts", 10_000, 0),
        (RATES, "rate", "parts", 30_000, 250),
        ("0: 1, 100: 0", "rate", "parts", 30_000, 100),
        ("0: 1.5", "rate", "whole", 333, 4),
    ],
)
def test_the_band_reached_counts_for_all_or_each_for_its_own_part(bands, gives, mode, cents, expected):
    assert points(purchase(cents), banded(bands, gives, mode)) == expected


def test_without_a_choice_the_band_reached_gives_its_points():
    assert points(purchase(25_000), rule("bands", "spend_bands", {"bands": LADDER})) == 30


def test_below_the_first_band_it_says_so():
    assert nearest(purchase(9_999), banded(LADDER)) == "the eligible amount is below the first band, 100"


def test_bands_are_of_the_whole_order_also_where_lines_are_rounded():
    """250 reach the second rate; 2 times 124.95 is 249.90 in either line."""
    halves = purchase(25_000, line(12_495), line(12_505))
    assert points(halves, banded(RATES, "rate"), round_per="line") == 249 + 250
    assert points(halves, banded(LADDER), round_per="line") == 30
    assert points(purchase(0), banded("0: 5"), round_per="line") == 5
    assert points(purchase(0), banded("0: 5", "rate"), round_per="line") == 0


def test_conditions_say_which_money_reaches_a_band():
    shoes = banded(LADDER) | {"conditions": {"categories": ["shoes"]}}
    bought = purchase(30_000, line(12_000, category="shoes"), line(18_000, category="hats"))
    assert points(bought, shoes) == 10


def test_points_of_a_rate_belong_to_lines_and_fixed_ones_do_not():
    bought = purchase(30_000, line(12_000, category="shoes"), line(18_000, category="hats"))
    double = rule("double", "multiplier", {"factor": "2"}, conditions={"categories": ["shoes"]})
    assert points(bought, banded(RATES, "rate"), double) == 600 + 240
    assert points(bought, banded(LADDER), double) == 30


def test_what_a_refund_leaves_reaches_a_lower_band():
    """C14-R1: worked out again for the rest."""
    assert earn(purchase(30_000), banded(LADDER)).points == {"points": 30}
    assert earn(purchase(20_000), banded(LADDER)).points == {"points": 10}


@pytest.mark.parametrize(
    ("bands", "why"),
    [
        ("", "is missing"),
        ("100", "“100” cannot be read: write it like 100: 10, 250: 30"),
        ("100: 10,", "“” cannot be read: write it like 100: 10, 250: 30"),
        ("250: 30, 100: 10", "100 must be more than the 250 before it"),
        ("100: 10, 100.0: 20", "100 must be more than the 100 before it"),
        ("100: ten", "“ten” is no number: write digits, and a point before up to 4 places"),
        ("-1: 10", "“-1” is no number: write digits, and a point before up to 4 places"),
        ("1e3: 10", "“1e3” is no number: write digits, and a point before up to 4 places"),
        ("1.2345: 10", "1.2345 has too many places: at most 3"),
        ("2000000000: 1", "2000000000 is too large: it must be at most 1000000000"),
        ("1: 2000000", "2000000 is too large: it must be at most 1000000"),
        ("1: 0, 2: 0", "one band at least must give something"),
        (", ".join(f"{place}: 1" for place in range(51)), "write at most 50 bands"),
    ],
)
def test_bands_that_cannot_be_meant_are_refused_at_their_field(bands, why):
    [problem] = document.check(program(banded(bands)))
    assert str(problem) == f"rules[0].params.bands: {why}"


@pytest.mark.parametrize("gives", ["points", "rate"])
def test_bands_that_give_less_for_more_are_warned_of(gives):
    falling = "100: 30, 250: 10"
    warned = [str(one) for one in document.lint(program(banded(falling, gives)))]
    assert "rules[0].params.bands: give less from 250 on than before it" in warned
    assert not any("give less" in str(one) for one in document.lint(program(banded(falling, gives, "parts"))))
    assert not any("give less" in str(one) for one in document.lint(program(banded(LADDER, gives))))
