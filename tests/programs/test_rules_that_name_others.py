"""A document has segments and rules that name each other, in whatever order; what is named stays."""

import pytest
from django.core.exceptions import ValidationError

from programs import document
from programs.models import Program, Rule
from tests.support.examples import program, rule

FIXED = {"points": "5", "events": "purchase"}
RULES = (
    rule("more", "fixed", FIXED, group="more", conditions={"only_if": ["base"], "segments": ["vip"]}),
    rule("base", params={"points": "1", "per": "1", "by_segment": "vip: 2"}),
    rule(
        "first",
        "fixed",
        FIXED,
        group="f",
        conditions={"purchase_number": {"most": 1}, "days_since_last": {"most": 9}},
    ),
)


@pytest.fixture
def club(db):
    document.apply(program(*RULES, segments=("vip",)), create_partners=True)
    return Program.objects.get()


def test_it_is_made_whole_and_is_the_same_again(club):
    exported = document.export(club)
    assert [spec["code"] for spec in exported["segments"]] == ["vip"]
    assert {spec["code"]: spec["conditions"] for spec in exported["rules"]} == {
        spec["code"]: spec.get("conditions", {}) for spec in RULES
    }
    assert document.apply(exported) == []


def test_what_rules_name_cannot_be_left_out(club):
    exported = document.export(club)
    without = exported | {"segments": []}
    assert [str(one) for one in document.check(without)] == [
        "rules[0].params.by_segment: none called vip is a segment of the program",
        "rules[2].conditions.segments: none called vip is a segment of the program",
    ]
    left = exported | {"rules": [spec for spec in exported["rules"] if spec["code"] != "base"]}
    assert [str(one) for one in document.check(left)] == [
        "rules[1].conditions.only_if: none called base is a rule of the program"
    ]
    club.refresh_from_db()
    assert document.export(club) == exported


def test_rules_and_segments_may_go_together(club):
    document.apply(program(rule()))
    assert (club.rules.count(), club.segments.count()) == (1, 0)


def test_two_rules_may_change_places(club):
    """Each step alone would be a circle."""
    exported = document.export(club)
    for spec in exported["rules"]:
        if spec["code"] != "first":
            spec["conditions"] = {"only_if": ["more"]} if spec["code"] == "base" else {}
    document.apply(exported)
    assert Rule.objects.get(code="base").conditions == {"only_if": ["more"]}


def test_a_rule_by_itself_is_checked_against_the_stored_ones(club):
    one = Rule.objects.get(code="base")
    one.conditions = {"only_if": ["more"]}
    with pytest.raises(ValidationError, match="base → more → base"):
        one.full_clean()
    one.conditions = {"only_if": ["first"]}
    one.full_clean()
