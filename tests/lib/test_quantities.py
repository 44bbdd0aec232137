"""Are quantities exact, and shown as people write them?"""

from fractions import Fraction

import pytest

from loyalty_site.lib import quantities
from loyalty_site.lib.money import BadNumber


@pytest.mark.parametrize(
    ("text", "thousandths", "shown"),
    [
        ("2", 2000, "2"),
        (2, 2000, "2"),
        ("0.35", 350, "0.35"),
        ("1.500", 1500, "1.5"),
        ("0.001", 1, "0.001"),
        ("0", 0, "0"),
    ],
)
def test_a_quantity_is_read_exactly_and_shown_plainly(text, thousandths, shown):
    assert quantities.parse(text) == thousandths
    assert quantities.text(thousandths) == shown
    assert quantities.parse(quantities.text(thousandths)) == thousandths


@pytest.mark.parametrize("text", ["0.0005", "1e3", "1,5", "", "x", True, 1.5, None])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(BadNumber):
        quantities.parse(text)


def test_a_quantity_is_kept_as_whole_units_and_thousandths_of_a_further_one():
    assert quantities.split(1350) == (1, 350)
    assert (quantities.exact(1350), quantities.exact(2000)) == (Fraction(27, 20), 2)
    assert type(quantities.exact(2000)) is int
