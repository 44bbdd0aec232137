"""A check digit finds every single wrong digit and nearly every exchanged pair."""

import pytest

from loyalty_site.lib import luhn


@pytest.mark.parametrize("number", ["79927398713", "4242424242424242", "00", "18"])
def test_right_numbers_are_valid(number):
    assert luhn.is_valid(number)
    assert luhn.digit(number[:-1]) == number[-1]


@pytest.mark.parametrize("number", ["", "0", "79927398710", "7992739871a", "-18", "1 8", "１８", "١٨"])
def test_anything_else_is_not(number):
    assert not luhn.is_valid(number)


def test_every_single_mistake_shows():
    number = "79927398713"
    for place, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            assert not luhn.is_valid(number[:place] + wrong + number[place + 1 :])


def test_every_exchange_of_neighbours_shows_but_that_of_09():
    number = "79927398713"
    for place in range(len(number) - 1):
        first, second = number[place : place + 2]
        if first != second and {first, second} != {"0", "9"}:
            assert not luhn.is_valid(number[:place] + second + first + number[place + 2 :])
