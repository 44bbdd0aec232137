"""A fact that was stored before its kind had some field, and is sent again, is the same fact."""

from dataclasses import replace
from datetime import date

import pytest

from partners.activity import Activity, Adjustment, Line, Redemption, Refunded, Reversal
from transactions.books.idempotency import fingerprint

ORDER = Activity(
    "purchase",
    "o-1",
    {"number": "42"},
    amount=900,
    tax=10,
    shipping=5,
    lines=(Line("A", "tea", 2, 600, 10), Line("B", amount=400)),
)
REFUND = Reversal("r-1", order="o-1", lines=(Refunded(0, 600, 1),), amount=5)
VISIT = Activity("visit", "v-1", {"number": "42"})
DEBIT = Adjustment("a-1", {"number": "42"}, -5, "sorry")
SPENT = Redemption("b-1", {"number": "42"}, 7)
#: As they were stored before orders could say the tax on shipping, discounts of lines and points that pay, refunds
#: shipping, and adjustments their end; and when an amount that nobody said was 0.
STORED = [
    (VISIT, "ef854d4fdf16a1d06f39c80b8b4d789db44d54bc4bea07d916220f4191c5d2a1"),
    (DEBIT, "2eef194d20af40fd011be24b8b347ac0495c55d1865d8be111b583e5fe17da22"),
    (SPENT, "4bdb33e5605a28b0fcabdcd8ade7e952fb3adead0e895cbeba1edb9fa9525d20"),
    (ORDER, "53c76ce386d2a6be3c8b7d767f3fe198b806a9fd3f0ff6863b186d380f4d0487"),
    (REFUND, "645471b40ecadd0b0a1dc7e78289e1cd493ce938c409f2eca41b987aacbdcad8"),
]


@pytest.mark.parametrize(("item", "stored"), STORED)
def test_what_says_nothing_new_is_the_fact_that_is_stored(item, stored):
    assert fingerprint(item) == stored


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (ORDER, {"shipping_tax": 0}),
        (ORDER, {"shipping_tax": 1}),
        (ORDER, {"lines": (replace(ORDER.lines[0], discount=1), ORDER.lines[1])}),
        (ORDER, {"lines": (replace(ORDER.lines[0], labels=("sale",)), ORDER.lines[1])}),
        (ORDER, {"lines": (replace(ORDER.lines[0], attributes={"size": 42}), ORDER.lines[1])}),
        (VISIT, {"amount": 1}),
        (DEBIT, {"overdraw": True}),
        (DEBIT, {"partner": "cafe"}),
        (DEBIT, {"usable_through": date(2026, 12, 31)}),
        (REFUND, {"shipping": 0}),
        (REFUND, {"shipping": 5}),
        (REFUND, {"shipping": 5, "shipping_tax": 1}),
    ],
)
def test_what_says_something_new_is_another_fact(item, said):
    assert fingerprint(replace(item, **said)) not in [stored for _, stored in STORED]
