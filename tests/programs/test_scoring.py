"""How active somebody is, counted by hand: each part is rounded down, and so is their weighted mean."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import scoring
from programs.scoring import NOTHING, Terms, score

USUAL = Terms(days=365, recency=1, frequency=1, spend=1, purchases=12, money=100_000)


@pytest.mark.parametrize(
    ("days_ago", "purchases", "money", "parts"),
    [
        # Today, 12 times, for 1,000.00: full marks in all.
        (0, 12, 100_000, (100, 100, 100, 100)),
        (0, 40, 9_000_000, (100, 100, 100, 100)),
        # 73 of 365 days ago leave 80; 6 of 12 are 50; 333.33 of 1,000.00 are 33; 163 / 3 = 54.3.
        (73, 6, 33_333, (54, 80, 50, 33)),
        # 364 days ago leave 100 / 365 = 0.27; one purchase of 12 is 8.3; 10.00 are 1; 9 / 3 = 3.
        (364, 1, 1_000, (3, 0, 8, 1)),
        # On the last day of the window it still counts, for recency nothing.
        (365, 12, 100_000, (66, 0, 100, 100)),
        (366, 12, 100_000, (0, 0, 0, 0)),
        # Refunds of more than was paid, or a clock that is a little ahead, leave no part outside.
        (-1, 1, -500, (36, 100, 8, 0)),
        (0, 0, 0, (0, 0, 0, 0)),
    ],
)
def test_the_parts_and_their_mean_are_whole_numbers_rounded_down(days_ago, purchases, money, parts):
    assert score(USUAL, days_ago=days_ago, purchases=purchases, money=money) == parts


def test_weights_say_how_much_a_part_counts():
    weighted = replace(USUAL, recency=5, frequency=3, spend=0)
    # (5 * 80 + 3 * 50) / 8 = 68.75; spend counts nothing.
    assert score(weighted, days_ago=73, purchases=6, money=100_000).score == 68


def test_without_any_weight_nobody_has_a_score():
    off = replace(USUAL, recency=0, frequency=0, spend=0)
    assert not off.is_on
    assert score(off, days_ago=0, purchases=12, money=100_000) == NOTHING


def test_what_no_program_says_is_what_the_models_say():
    assert scoring.USUAL == USUAL


_TERMS = st.builds(
    Terms,
    days=st.integers(1, 3650),
    recency=st.integers(0, 1000),
    frequency=st.integers(0, 1000),
    spend=st.integers(0, 1000),
    purchases=st.integers(1, 10**6),
    money=st.integers(1, 10**15),
)


@given(_TERMS, st.integers(0, 4000), st.integers(0, 10**7), st.integers(-(10**6), 10**16))
def test_each_number_lies_between_0_and_100_and_more_never_scores_less(terms, days_ago, purchases, money):
    found = score(terms, days_ago=days_ago, purchases=purchases, money=money)
    assert all(0 <= part <= 100 for part in found)
    assert min(found[1:]) <= found.score <= max(found[1:])
    more = score(terms, days_ago=max(days_ago - 1, 0), purchases=purchases + 1, money=money + 1)
    assert all(new >= old for new, old in zip(more, found, strict=True))
