"""A fact that was stored before its kind had some field, and is sent again, is the same fact."""

from dataclasses import replace

import pytest

from partners.activity import Activity, Line, Refunded, Reversal
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
#: As they were stored before orders could say the tax on shipping and discounts of lines, and refunds shipping.
STORED = [
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
        (REFUND, {"shipping": 0}),
        (REFUND, {"shipping": 5}),
        (REFUND, {"shipping": 5, "shipping_tax": 1}),
    ],
)
def test_what_says_something_new_is_another_fact(item, said):
    assert fingerprint(replace(item, **said)) not in [stored for _, stored in STORED]
