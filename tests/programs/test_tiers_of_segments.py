"""Which segment a tier follows stands in the document, in versions and on pages; what cannot be meant is refused."""

import copy

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from programs import compiling, document, versions
from programs.document.changes import Invalid
from programs.models import Program, ProgramVersion, Segment, Tier, TierGroup
from tests.support import factories
from tests.support.examples import program, rule, tiers
from tests.support.segments import segment

VIP = {"tags": {"names": ["vip"]}}
GOLD = {"tier": {"group": "main", "tiers": ["gold"]}}


def circle(follows="vips", **fields):
    """A manual ladder whose second tier follows a segment."""
    steps = [
        {"code": "guest", "name": "Guest", "sequence": 1, "threshold": 0},
        {"code": "friend", "name": "Friend", "sequence": 2, "segment": follows} | fields,
    ]
    return {"code": "circle", "name": "Circle", "model": "manual", "tiers": steps}


def made(*groups, segments=None):
    named = {"vips": VIP} if segments is None else segments
    own = [{"code": code, "name": code.title(), "conditions": conditions} for code, conditions in named.items()]
    return program(rule(), groups=[tiers(), *(groups or [circle()])]) | {"segments": own}


def problems(*groups, segments=None):
    return [str(problem) for problem in document.check(made(*groups, segments=segments))]


def imported(wanted):
    return [str(change) for change in document.apply(wanted, create_partners=True)]


def friend():
    return Tier.objects.select_related("segment").get(code="friend")


def test_a_document_says_it_and_an_export_tells_it(db):
    imported(made())
    assert friend().segment.code == "vips"
    exported = document.export(Program.objects.get())
    assert exported == document.normal(made())
    assert document.apply(exported) == []


def test_a_change_of_it_is_one_change_and_a_version(db):
    both = {"vips": VIP, "fans": {"tags": {"names": ["fan"]}}}
    imported(made(segments=both))
    before = Program.objects.get().version
    said = document.preview(made(circle("fans"), segments=both))
    assert [str(change) for change in said] == ["changed tier friend: segment vips → fans"]
    assert document.apply(made(circle("fans"), segments=both)) == said
    assert friend().segment.code == "fans"
    assert Program.objects.get().version > before


def test_a_segment_may_leave_together_with_what_follows_it(db):
    imported(made())
    changes = imported(made(circle(""), segments={}))
    assert changes == ["removed segment vips", "changed tier friend: segment vips → "]
    assert friend().segment is None
    assert not Segment.objects.exists()


def test_a_draft_knows_it_and_an_old_version_does_not_need_to(db):
    imported(made())
    stored = Program.objects.get()
    assert versions.latest(stored.pk).tier_groups["circle"].by_code["friend"].segment == "vips"
    row = ProgramVersion.objects.filter(program=stored).latest("pk")
    old = copy.deepcopy(row.document)
    for group in old["tier_groups"]:
        for tier in group["tiers"]:
            del tier["segment"]
    for name in ("days", "recency", "frequency", "spend", "purchases", "money"):
        del old["program"][f"score_{name}"]
    compiled = compiling.build(old)
    assert compiled.tier_groups["circle"].by_code["friend"].segment == ""
    assert compiled.scoring == versions.latest(stored.pk).scoring


@pytest.mark.parametrize(
    ("groups", "segments", "said"),
    [
        ([circle("gone")], None, "tier_groups[1].tiers[1].segment: the document has no segment “gone”"),
        ([circle(7)], None, "tier_groups[1].tiers[1].segment: must be a text"),
        (
            [circle(threshold=None), circle(follows="") | {"code": "other"}],
            {"vips": {"tier": {"group": "circle", "tiers": ["guest"]}}},
            "segments[0].conditions: the segment would depend on itself: vips → tiers of circle → vips",
        ),
        (
            [circle()],
            {"vips": {"segment": {"code": "all"}}, "all": {"not": {"tier": {"group": "circle", "tiers": ["guest"]}}}},
            "segments[0].conditions: the segment would depend on itself: vips → all → tiers of circle → vips",
        ),
    ],
)
def test_a_document_is_refused_at_its_path(groups, segments, said):
    assert said in problems(*groups, segments=segments)


def test_only_tiers_of_manual_ladders_follow_and_not_the_free_one():
    counting = tiers()
    counting["code"] = "counting"
    counting["tiers"][1]["segment"] = "vips"
    words = "only a tier of a manual ladder follows a segment; leave it out, or make the ladder manual"
    assert f"tier_groups[1].tiers[1].segment: {words}" in problems(counting)
    free = circle("")
    free["tiers"][0]["segment"] = "vips"
    words = "everybody holds the free tier; leave the segment out"
    assert f"tier_groups[1].tiers[0].segment: {words}" in problems(free)


def test_a_segment_of_another_ladder_is_no_circle():
    assert problems(circle(), segments={"vips": GOLD}) == []


@pytest.fixture
def club(db):
    imported(made())
    return Program.objects.get()


def test_the_model_refuses_a_segment_of_another_program_and_a_circle(club):
    other = segment(factories.program(), "theirs", VIP)
    tier = friend()
    tier.segment = other
    with pytest.raises(ValidationError) as refused:
        tier.full_clean()
    assert refused.value.message_dict == {"segment": ["Choose a segment of the same program."]}
    tier.segment = segment(club, "guests", {"tier": {"group": "circle", "tiers": ["guest"]}})
    with pytest.raises(ValidationError) as refused:
        tier.full_clean()
    words = "The tier would depend on itself: tiers of circle → guests → tiers of circle."
    assert refused.value.message_dict == {"segment": [words]}


def test_a_segment_that_comes_to_ask_for_its_own_ladder_is_refused(club):
    row = Segment.objects.get(code="vips")
    row.conditions = {"not": {"tier": {"group": "circle", "tiers": ["friend"]}}}
    with pytest.raises(ValidationError, match="vips → tiers of circle → vips"):
        row.full_clean()


def test_a_segment_that_a_tier_follows_stays(club):
    with pytest.raises(ProtectedError):
        Segment.objects.get(code="vips").delete()
    assert Segment.objects.get(code="vips").held_by() == ["is followed by the tier Friend (Circle)"]
    with pytest.raises(Invalid, match="has no segment “vips”"):
        document.apply(made(segments={}))


def test_a_ladder_that_comes_to_count_is_refused_while_a_tier_follows(club):
    group = TierGroup.objects.get(code="circle")
    tier = friend()
    group.model = "lifetime"
    tier.group = group
    with pytest.raises(ValidationError, match="Only a tier of a manual ladder"):
        tier.full_clean()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("score_days", 0, "program.score_days: write at least 1"),
        ("score_days", 3651, "program.score_days: "),
        ("score_recency", -1, "program.score_recency: "),
        ("score_spend", 1001, "program.score_spend: "),
        ("score_purchases", 0, "program.score_purchases: write at least 1"),
        ("score_money", 0, "program.score_money: must be more than 0"),
        ("score_money", "much", "program.score_money: must be a whole number"),
    ],
)
def test_the_terms_of_the_score_are_refused_at_their_path(name, value, said):
    wanted = made()
    wanted["program"][name] = value
    assert [str(problem).startswith(said) for problem in document.check(wanted)] == [True]


def test_the_terms_of_the_score_go_through_the_document(club):
    wanted = made()
    own = dict(zip(["days", "recency", "frequency", "spend", "purchases", "money"], [90, 5, 3, 0, 4, 7], strict=True))
    wanted["program"] |= {f"score_{name}": value for name, value in own.items()}
    document.apply(wanted)
    assert document.export(Program.objects.get()) == document.normal(wanted)
    terms = versions.latest(club.pk).scoring
    assert {name: getattr(terms, name) for name in own} == own
