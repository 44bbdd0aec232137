"""A copied promotion is complete in itself: its rules name each other, not those of the first one."""

import pytest

from programs import promotion_changes
from programs.models import Rule
from tests.support import factories
from tests.support.promoting import promotion

pytestmark = pytest.mark.django_db


def test_the_rules_of_a_copy_wait_for_and_multiply_each_other(club):
    spring = promotion(club)
    own = {"promotion": spring, "group": "care"}
    asks = {"any": [{"only_if": ["spring", "spend"]}, {"not": {"only_if": ["spring"]}}]}
    factories.rule(club, "spring-care", "fixed", {"points": "5", "events": "purchase"}, conditions=asks, **own)
    factories.rule(club, "spring-two", "multiplier", {"factor": "2", "groups": "spring, base"}, **own)
    copy = promotion_changes.duplicate(spring, code="summer", name="Summer")
    copied = {rule.code: rule for rule in copy.rules.all()}
    waits = {"any": [{"only_if": ["summer", "spend"]}, {"not": {"only_if": ["summer"]}}]}
    assert copied["summer-care"].conditions == waits
    assert copied["summer-two"].params == {"factor": "2", "groups": "summer, base"}
    assert Rule.objects.get(code="spring-care").conditions == asks
