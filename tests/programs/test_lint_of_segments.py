"""A document is warned of segments that hold nobody, and of tiers that follow them."""

from programs import document
from tests.support.examples import program, rule

SCORE = {"not": {"activity_score": {"at_least": 60}}}


def warned(path, **fields):
    """The warnings at paths that begin so, of a document with these fields."""
    made = program(rule()) | {"segments": [{"code": "active", "name": "Active", "conditions": SCORE}]}
    made["program"] |= fields.pop("program", {})
    made |= fields
    assert document.check(made) == []
    return [str(problem) for problem in document.lint(made) if problem.path.startswith(path)]


def test_a_segment_that_asks_for_a_score_which_nobody_gets():
    off = {"score_recency": 0, "score_frequency": 0, "score_spend": 0}
    words = "“activity_score” holds nobody: the program gives no score, as it has no weight of it"
    assert warned("segments", program=off) == [f"segments[0].conditions: {words}"]
    assert warned("segments", program=off | {"score_spend": 1}) == []


def test_a_tier_that_follows_a_segment_which_is_switched_off():
    steps = [{"code": "friend", "name": "Friend", "sequence": 1, "threshold": None, "segment": "active"}]
    group = {"code": "circle", "name": "Circle", "model": "manual", "tiers": steps}
    segments = [{"code": "active", "name": "Active", "conditions": SCORE, "is_active": False}]
    groups = [*program(rule())["tier_groups"], group]
    where = f"tier_groups[{len(groups) - 1}].tiers[0].segment"
    words = "the segment “active” is switched off, so it gives the tier to nobody"
    assert warned(where, tier_groups=groups, segments=segments) == [f"{where}: {words}"]
    assert warned(where, tier_groups=groups) == []
