"""Money is read exactly or not at all."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loyalty_site.lib import money

GOOD = [
    ("12.34", 2, 1234),
    ("12.3", 2, 1230),
    ("12", 2, 1200),
    ("0", 2, 0),
    ("-1.50", 2, -150),
    ("+1", 0, 1),
    (" 7 ", 0, 7),
    ("1.500", 2, 150),
    ("0.001", 3, 1),
    ("00012", 0, 12),
    (12, 2, 1200),
    (-3, 0, -3),
    ("10000000000000", 2, 10**15),
    (10**13, 2, 10**15),
]


@pytest.mark.parametrize(("text", "decimals", "units"), GOOD, ids=str)
def test_plain_numbers_are_read(text, decimals, units):
    assert money.parse(text, decimals) == units


BAD = [
    "",
    " ",
    "1e309",
    "1E5",
    "-1e-9",
    "inf",
    "nan",
    "NaN",
    "1,5",
    "1 000",
    "1_000",
    "1.",
    ".5",
    "１２",
    "١٢",
    "0x10",
    "€5",
    "5€",
    "--1",
    "+-1",
    "1.2.3",
    "1.005",
    "9" * 31,
    "9" * 30,
    "10000000000000.01",
    "9" * 10**6,
    "1\0",
    "1\n2",
    10**30,
    10**14,
    -(10**30),
    10**5000,
    1.5,
    0.1,
    float("inf"),
    Decimal("1.5"),
    True,
    False,
    None,
    [],
    ["1"],
    {},
    b"1",
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text)[:24] if not isinstance(text, int) else "integer")
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(money.BadNumber) as refused:
        money.parse(text, 2, field="amount")
    refusal = refused.value.refusal
    assert (refusal.code, refusal.field) == ("invalid_number", "amount")
    assert len(refusal.detail) < 200


def test_the_limit_may_be_narrower():
    assert money.parse("100", 0, largest=100) == 100
    with pytest.raises(money.BadNumber, match="At most 100"):
        money.parse("101", 0, largest=100)


@pytest.mark.parametrize(("units", "decimals", "text"), [(1234, 2, "12.34"), (5, 2, "0.05"), (-150, 2, "-1.50")])
def test_money_is_written_with_its_decimals(units, decimals, text):
    assert money.render(units, decimals) == text
    assert money.parse(text, decimals) == units


@pytest.mark.parametrize(("units", "decimals", "text"), [(7, 0, "7"), (1, 4, "0.0001"), (0, 2, "0.00")])
def test_small_numbers_are_written_out(units, decimals, text):
    assert money.render(units, decimals) == text


@pytest.mark.parametrize(("iso", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XYZ", 2)])
def test_a_currency_has_its_decimals(iso, decimals):
    assert money.exponent(iso) == decimals


NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,12})?")


@given(st.text("0123456789.+- ٣", max_size=20) | st.decimals(-(10**14), 10**14, places=2).map(str), st.integers(0, 3))
@example("12.", 0)
@example(".50", 2)
@example("٣.50", 2)
@example("10000000000000.00", 2)
@example("10000000000000.01", 2)
def test_a_quick_way_reads_what_the_exact_one_reads(text, decimals):
    exact = Decimal(text.strip()).scaleb(decimals) if NUMBER.fullmatch(text.strip()) else Decimal("0.5")
    is_read = exact == int(exact) and abs(exact) <= money.LARGEST
    if is_read:
        assert money.parse(text, decimals) == int(exact)
    else:
        with pytest.raises(money.BadNumber):
            money.parse(text, decimals)
