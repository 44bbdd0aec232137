"""Is the example of docs/programs.md a program, and does it give what the text says?"""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from programs import document, earning, rules, versions
from programs.document import layout
from programs.models import Program
from programs.rules import conditions
from programs.rules.base import Facts
from tests.support.examples import line, purchase

TEXT = (Path(settings.BASE_DIR) / "docs" / "programs.md").read_text()
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="module")
def example():
    return document.read(re.search(r"```json\n(.*?)```", TEXT, re.S)[1])


def test_the_example_is_right_and_means_what_it_says(example):
    assert document.check(example) == []
    assert document.lint(example) == []


@pytest.mark.django_db
def test_the_example_earns_what_the_text_says(example):
    document.apply(example, create_partners=True)
    stored = Program.objects.get(code="book-club")
    assert document.export(stored) == document.normal(example)
    made = versions.renew(stored.pk)
    versions.forget()

    books = purchase(12_000, line(12_000, "B1"), activity_at=datetime(2026, 3, 3, 15, tzinfo=PARIS))
    gold = Facts(tiers={"readers": "gold"})
    assert earning.evaluate(made, earning.basket(books, made), gold).points == {"points": 180, "status": 120}

    breakfast = purchase(600, partner="cafe", activity_at=datetime(2026, 3, 3, 8, 30, tzinfo=PARIS))
    reader = Facts(tiers={"readers": "reader"})
    assert earning.evaluate(made, earning.basket(breakfast, made), reader).points == {"points": 11, "status": 6}


def test_the_text_names_every_field_kind_and_condition():
    parts = [
        layout.PROGRAM,
        layout.CURRENCY,
        layout.EXPIRY,
        layout.TIER_GROUP,
        layout.TIER,
        layout.SKU_LIST,
        layout.PROMOTION,
        layout.RULE,
        layout.CAP,
    ]
    names = {name for part in parts for name in part.names} - {"version"}
    names |= {*rules.registry, *conditions.registry}
    names |= {param for kind in rules.registry.values() for param in kind.Params.base_fields}
    assert {name for name in names if f"`{name}`" not in TEXT} == set()
