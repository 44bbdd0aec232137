"""Two groups are compared as textbooks do.

The figures were computed with SciPy 1.17: `ttest_ind` with unequal variances and its confidence interval, `t.ppf`,
and the roots of Fieller's equation by `brentq`.
"""

import pytest

from tests.support.promoting import arm
from transactions.promoting.comparing import Comparison, quantile

#: What the members of each group spent, in minor units.
HAVE = [0] * 20 + [1000] * 15 + [2500] * 15
OUT = [0] * 20 + [800] * 12 + [1500] * 8


def test_the_difference_of_two_groups_has_the_interval_of_welch():
    found = Comparison(arm(HAVE), arm(OUT))
    assert (found.have.mean, found.out.mean, found.difference) == (1050, 540, 510)
    assert (found.have.share, found.out.share) == (60, 50)
    assert found.freedom == pytest.approx(80.45207231448094)
    assert found.interval == pytest.approx((160.36536787941816, 859.6346321205818), abs=1e-3)
    assert found.interval.is_clear
    assert found.brought == 510 * 50


def test_the_lift_has_the_interval_of_fieller():
    found = Comparison(arm(HAVE), arm(OUT))
    assert found.lift == pytest.approx(94.44444444444444)
    assert found.lift_interval == pytest.approx((24.67037443307778, 218.2570331877707), abs=1e-3)


@pytest.mark.parametrize("more", [0, 150, 158, 162, 170, 600])
def test_both_intervals_leave_nothing_out_together(more):
    """What is subtracted here makes the difference as large as the lower end of its interval, or nearly."""
    found = Comparison(arm([max(0, one - more) for one in HAVE]), arm(OUT))
    assert found.lift_interval.is_clear == found.interval.is_clear


@pytest.mark.parametrize(
    ("freedom", "value", "error"),
    [
        (10, 2.228138851986274, 2e-4),
        (29, 2.045229642132703, 5e-6),
        (58.4, 2.001425613366608, 1e-6),
        (1000, 1.9623390808, 1e-9),
    ],
)
def test_students_quantile_is_near_the_true_one(freedom, value, error):
    assert quantile(freedom) == pytest.approx(value, abs=error)


def test_groups_in_which_all_spend_alike_are_surely_different():
    found = Comparison(arm([500] * 40), arm([400] * 40))
    assert found.interval == (100, 100)
    assert found.lift_interval == pytest.approx((25, 25))


def test_nothing_is_compared_with_those_who_spent_nothing():
    found = Comparison(arm(HAVE), arm([0] * 40))
    assert (found.lift, found.lift_interval) == (None, None)
    assert found.interval.is_clear


def test_no_lift_has_an_interval_where_the_base_is_uncertain():
    found = Comparison(arm(HAVE), arm([0] * 39 + [4000]))
    assert found.lift is not None
    assert found.lift_interval is None


@pytest.mark.parametrize(
    ("have", "out", "is_enough"),
    [
        ([100] * 30, [0] * 30, True),
        ([100] * 30, [0] * 29, False),
        ([100] * 29, [0] * 30, False),
        ([100] * 19 + [0] * 11, [0] * 30, False),
        ([100] * 19 + [0] * 11, [0] * 29 + [5], True),
        ([], [], False),
    ],
)
def test_too_few_members_or_buyers_tell_nothing(have, out, is_enough):
    assert Comparison(arm(have), arm(out)).is_enough == is_enough


def test_an_empty_group_has_no_mean_and_no_error():
    empty = arm([])
    assert (empty.mean, empty.share, empty.error) == (0, 0, 0)
