"""The table of docs/programs.md about what a member did before says what the ledger gives."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from programs import document
from tests.support import factories
from tests.support.examples import program, rule
from tests.support.factories import at, post, purchase

TEXT = (Path(settings.BASE_DIR) / "docs" / "programs.md").read_text()
FIXED = {"points": "9", "events": "purchase"}
DAYS = [at(2026, 3, 1), at(2026, 3, 2), at(2026, 4, 10)]
TABLE = TEXT.split("test_docs_of_members.py posts these. -->")[1].split("\n\n")[0]
ROWS = re.findall(r"^\| ([a-z ]+) \| `(.+?)` \|(.*)\|(.*)\|(.*)\|$", TABLE, re.MULTILINE)


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_gives_when_it_says_so(row):
    made = factories.program(rules=False)
    factories.rule(made, "asked", "fixed", FIXED, conditions=json.loads(row[1]))
    who = factories.member(made)
    results = [post(made, purchase(who, 100, activity_at=day), now=at(2026, 5, 1))[0] for day in DAYS]
    assert [result.answer["points"] for result in results] == [
        {"points": 9} if "gives" in cell else {} for cell in row[2:]
    ]


def test_the_table_has_all_its_rows():
    assert len(ROWS) == 3


def test_the_rule_that_waits_is_a_right_one():
    [shown] = re.findall(r"^(\{\"code\": \"care\".*?\}\})$", TEXT, re.MULTILINE | re.DOTALL)
    wanted = program(json.loads(shown), rule("shoes", conditions={"categories": ["shoes"]}))
    assert document.check(wanted) == []
    assert document.lint(wanted)[0].path != "rules[0].conditions.only_if"
