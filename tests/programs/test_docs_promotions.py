"""Do the promotions of docs/programs.md give what the text says?"""

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from programs import document, earning, promotions, versions
from programs.models import Program
from programs.rules.base import Facts
from tests.support.examples import line, purchase

TEXT = (Path(settings.BASE_DIR) / "docs" / "programs.md").read_text()
PARIS = ZoneInfo("Europe/Paris")
SEVENTH, NINTH = (datetime(2026, 3, day, 15, tzinfo=PARIS) for day in (7, 9))


@pytest.fixture(scope="module")
def parts():
    return json.loads(re.search(r"test_docs_promotions.py.*?```\n(.*?)```", TEXT, re.S)[1])


@pytest.fixture
def example(parts):
    """The complete example, with nothing but a point for each euro, and the promotions."""
    whole = document.read(re.search(r"```json\n(.*?)```", TEXT, re.S)[1])
    base = [rule for rule in whole["rules"] if rule["code"] in ("spend", "status")]
    return whole | parts | {"rules": [*base, *parts["rules"]]}


@pytest.fixture
def made(db, example):
    document.apply(example, create_partners=True)
    stored = Program.objects.get(code="book-club")
    made = versions.renew(stored.pk)
    versions.forget()
    return made


def gives(made, at, **seen):
    sale = replace(line(4_000, "B2"), labels=("sale",))
    bought = purchase(10_000, line(6_000, "B1"), sale, activity_at=at)
    return earning.evaluate(made, earning.basket(bought, made), Facts(seen=seen)).points["points"]


def test_the_parts_are_right_and_come_back_as_they_are(example, made):
    assert document.check(example) == []
    stored = Program.objects.get(code="book-club")
    assert document.export(stored) == document.normal(example)
    assert document.apply(document.export(stored)) == []


def test_the_promotions_give_what_the_text_says(made):
    assert gives(made, SEVENTH) == 160
    assert gives(made, NINTH) == 100
    assert gives(made, SEVENTH, **{promotions.LEFT_OUT: ["weekend"]}) == 100
    assert gives(made, NINTH, **{promotions.OWN_CODES: ["letter"]}) == 300
    assert gives(made, NINTH, **{promotions.ENROLLED: ["spring"]}) == 130


def test_a_member_gets_the_points_of_spring_twice(parts):
    [each] = [cap for cap in parts["caps"] if cap["promotion"] == "spring"]
    [rule] = [rule for rule in parts["rules"] if rule["promotion"] == "spring"]
    assert each["limit"] == 2 * rule["params"]["points"]
