"""The rules of docs/programs.md that take money off take off what the text says of them."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.examples import earn, line, purchase

TEXT = (Path(settings.BASE_DIR) / "docs/programs.md").read_text()
RULES = json.loads(re.search(r"test_docs_discounts.py[^\n]*\n```json\n(.*?)```", TEXT, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        ([line(10_000, category="shoes"), line(4_000, category="hats")], {"shoes": 2_000, "five": 500}),
        ([line(20_000, category="shoes")], {"shoes": 3_000, "five": 500}),
        ([line(6_000, category="shoes", discount=1_700)], {"shoes": 1_200, "five": 500}),
    ],
)
def test_they_take_off_what_is_said_of_them(lines, taken):
    made = earn(purchase(sum(one.price for one in lines), *lines), *RULES)
    assert {row["rule"]: row["amount"] for row in made.trace["discounts"]} == taken
    for words in ("are 25.00 cheaper", "alone are 35.00\ncheaper", "still 17.00 cheaper"):
        assert words in TEXT
