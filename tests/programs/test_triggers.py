"""What do programs usually give points for, and what is said of a rule that gives for it too often? (semantics C6)"""

from pathlib import Path

import pytest
from django.conf import settings

from programs import document, rules, triggers
from programs.models import Cap
from tests.support.examples import program, rule

C6 = "purchase visit booking game event appointment registration app_download profile feedback review deal code"

BY_NAME = {trigger.name: trigger for trigger in triggers.TRIGGERS}


def test_every_trigger_has_a_name_a_label_and_what_tells_it_apart():
    """C6"""
    assert set(BY_NAME) == set(C6.split())
    assert all(one.label and one.key for one in triggers.TRIGGERS)
    assert {one.guard.period for one in triggers.TRIGGERS if one.guard} <= set(Cap.Period.values)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("registration", "once for each member"),
        ("profile", "once for each member"),
        ("review", "at most 5 times a month for each member"),
    ],
)
def test_its_usual_limit_is_said(name, words):
    """C6: default guards."""
    assert BY_NAME[name].guard.words == words


def test_fields_that_name_activities_offer_the_usual_ones():
    for kind, name in (("fixed", "events"), ("per_visit", "counts"), ("no_points", "events"), ("formula", "events")):
        assert "purchase, visit, booking" in rules.registry[kind].Params.base_fields[name].help_text


def test_the_text_lists_them_as_they_are():
    text = (Path(settings.BASE_DIR) / "docs" / "programs.md").read_text()
    for one in triggers.TRIGGERS:
        limit = one.guard.words if one.guard else "none"
        assert f"| `{one.name}` | {one.label} | {one.key} | {limit} |" in text


WELCOME = rule("welcome", "fixed", {"points": "50", "events": "registration, review"})
ONCE = {
    "code": "once",
    "name": "Once",
    "currency": "points",
    "rule": "welcome",
    "scope": "member",
    "period": "ever",
    "measure": "uses",
    "limit": 1,
}


def warned(*caps, welcome=WELCOME):
    found = map(str, document.lint(program(welcome) | {"caps": list(caps)}))
    return [text for text in found if "is reported; usual is" in text]


def test_a_welcome_that_is_given_each_time_is_warned_of():
    why = "gives each time that “registration” is reported; usual is once for each member"
    assert warned() == [f"rules[0]: {why}: a cap of this rule with measure uses and period ever"]


@pytest.mark.parametrize("change", [{"scope": "program"}, {"measure": "points"}, {"is_active": False}, {"rule": ""}])
def test_a_cap_of_another_sort_is_no_such_limit(change):
    assert warned(ONCE | change) != []


def test_with_a_limit_it_is_not():
    assert warned(ONCE) == []
    assert warned(welcome=WELCOME | {"is_active": False}) == []
