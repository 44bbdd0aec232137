"""An answer is computed once, and a failure is no answer."""

import pytest

from loyalty_site.lib.memoising import memoised


def test_a_question_is_worked_out_once():
    asked = []

    @memoised
    def double(number):
        asked.append(number)
        return 2 * number

    assert [double(2), double(3), double(2)] == [4, 6, 4]
    assert asked == [2, 3]


def test_a_failure_is_not_kept():
    asked = []

    @memoised
    def inverse(number):
        asked.append(number)
        return 1 / number

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            inverse(0)
    assert asked == [0, 0]
