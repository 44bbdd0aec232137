"""Does a page that is opened and saved as it is leave the program as its document says, without one default more?"""

import pytest

from programs import document
from tests.support import factories
from tests.support.browsing import Browser
from tests.support.documented import CODES, by_document, example


@pytest.mark.parametrize("code", CODES)
def test_nothing_but_the_version_changes(client, marketing, code):
    wanted, made = example(code), by_document(code)
    client.force_login(marketing)
    browser = Browser(client)
    for rows in (made.segments, made.promotions, made.rules, made.caps):
        for row in rows.all():
            browser.change(row)
    browser.change(made)
    assert document.export(made) == document.normal(wanted)
    assert document.apply(wanted) == []


def test_numbers_of_conditions_stay_as_they_were_written(client, marketing):
    made = factories.program()
    asked = {"amount": {"least": 40, "most": "99.90"}, "weekdays": [6], "not": {"labels": ["sale"]}}
    rule = factories.rule(made, "new", "fixed", {"points": "5", "events": "purchase"}, conditions=asked)
    client.force_login(marketing)
    browser = Browser(client)
    browser.change(rule)
    assert rule.conditions == asked
    browser.change(rule, when_amount="41 to 99.90")
    assert rule.conditions["amount"] == {"least": "41", "most": "99.90"}
    browser.change(rule, when_amount="")
    assert "amount" not in rule.conditions
