"""A segment is a part of its program: written in the document, said in words, refused where it cannot be meant."""

import pytest
from django.core.exceptions import ValidationError

from programs import compiling, document, versions
from programs.models import Program, ProgramVersion, Segment
from programs.segments import trees
from tests.support import factories
from tests.support.examples import example
from tests.support.segments import segment

SPEAKS = {"language": {"languages": ["fr"]}}
GOLD = {"tier": {"group": "main", "tiers": ["gold"]}}
LAPSED = {
    "all": [
        GOLD,
        {"last_purchase": {"at_least": 90}},
        {"any": [{"spent": {"days": 365, "at_least": "250.50"}}, {"not": SPEAKS}]},
    ]
}


def spec(code, conditions, **fields):
    return {"code": code, "name": code.title(), "conditions": conditions} | fields


def with_segments(*specs):
    return example() | {"segments": list(specs)}


def problems(*specs):
    return [str(problem) for problem in document.check(with_segments(*specs))]


def test_the_document_of_a_program_makes_its_segments_and_tells_them(club):
    wanted = with_segments(spec("lapsed", LAPSED, description="For the spring letter."), spec("french", SPEAKS))
    assert [str(change) for change in document.apply(wanted)] == ["created segment lapsed", "created segment french"]
    exported = document.export(Program.objects.get(code="club"))
    assert exported == document.normal(wanted)
    assert [one["code"] for one in exported["segments"]] == ["french", "lapsed"]
    assert document.apply(exported) == []


def test_segments_that_a_document_leaves_out_are_removed(club):
    document.apply(with_segments(spec("french", SPEAKS), spec("lapsed", LAPSED)))
    assert [str(one) for one in document.apply(with_segments(spec("french", SPEAKS)))] == ["removed segment lapsed"]


def test_segments_may_turn_round_who_is_a_condition_of_whom(club):
    document.apply(with_segments(spec("a", {"segment": {"code": "b"}}), spec("b", SPEAKS)))
    document.apply(with_segments(spec("a", SPEAKS), spec("b", {"segment": {"code": "a"}})))
    assert trees.segments(Segment.objects.get(code="b").conditions) == {"a"}


def test_a_change_of_a_segment_is_a_version_of_its_program_and_history(club):
    row = segment(club, "french", SPEAKS)
    version = Program.objects.get(pk=club.pk).version
    assert version > club.version
    row.name = "Francophones"
    row.save()
    assert Program.objects.get(pk=club.pk).version > version
    assert [one.name for one in row.history.all()] == ["Francophones", "French"]


def test_a_version_of_before_there_were_segments_is_still_read(club):
    stored = versions.latest(club.pk).version
    row = ProgramVersion.objects.get(program=club, number=stored)
    del row.document["segments"]
    assert document.check(row.document) == []
    assert document.normal(row.document)["segments"] == []
    assert compiling.build(row.document).code == "club"


def test_a_segment_says_itself_as_a_sentence(club):
    segment(club, "french", SPEAKS)
    row = segment(club, "lapsed", {"any": [*LAPSED["all"], {"segment": {"code": "french"}}]})
    assert row.say() == (
        "Members who hold Gold (Main), or bought last at least 90 days ago, or (spent at least 250.5 EUR in the "
        "last 365 days, or do not belong to those who speak fr), or belong to the segment French."
    )


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"balance": {"currency": "points", "at_least": 1, "at_most": 1500}}, "have 1 to 1,500 Points"),
        ({"lifetime_earned": {"currency": "points", "at_most": 5}}, "have earned at most 5 Points in all"),
        ({"lifetime_redeemed": {"currency": "points", "at_least": 5}}, "have redeemed at least 5 Points in all"),
        ({"earned": {"currency": "points", "days": 1, "at_least": 5}}, "earned at least 5 Points in the last 1 day"),
        ({"purchases": {"days": 30, "at_least": 2, "at_most": 2}}, "bought exactly 2 times in the last 30 days"),
        (
            {"enrolled": {"first_day": "2026-01-01", "last_day": "2026-01-31"}},
            "enrolled from 1 January 2026 through 31 January 2026",
        ),
        ({"enrolled_for": {"at_least": 30}}, "enrolled at least 30 days ago"),
        ({"birthday_month": {"months": ["1", "2"]}}, "have their birthday in January or February"),
        ({"birthday_within": {"days": 7}}, "have their birthday within 7 days"),
        ({"consent": {"channel": "sms", "said": "refused"}}, "want no messages by text message"),
        ({"tags": {"names": ["vip", "golf", "chess"]}}, "have the tag vip, golf or chess"),
        ({"enrolled_over": {"channels": ["app"]}}, "enrolled over app"),
        ({"home_store": {"stores": ["lyon"]}}, "have the home store lyon"),
        ({"last_store": {"stores": ["lyon"]}}, "bought last in lyon"),
        ({"last_partner": {"partners": ["shop"]}}, "bought last from shop"),
    ],
)
def test_each_condition_says_itself(conditions, said):
    around = trees.Surroundings(money="EUR", currencies={"points": "Points"})
    assert not trees.problems(conditions)
    assert trees.say(conditions, around) == f"Members who {said}."


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({}, "conditions: must be an object with one name: all, any, not"),
        ([], "conditions: must be an object with one name"),
        (None, "conditions: must be an object with one name"),
        ({"all": []}, "conditions.all: must be a list of at least one condition"),
        ({"any": {}}, "conditions.any: must be a list of at least one condition"),
        ({"colour": {}}, "conditions.colour: unknown condition; known are tier, "),
        ({"tags": ["vip"]}, "conditions.tags: must be an object"),
        ({"tags": {"names": "vip"}}, "conditions.tags.names: must be a list of texts"),
        ({"tags": {"names": []}}, "conditions.tags.names: is missing"),
        ({"tags": {"names": ["x" * 61]}}, "conditions.tags.names: each has at most 60 characters"),
        ({"tags": {"names": ["vip"], "any": True}}, "conditions.tags.any: unknown; it takes names"),
        (
            {"all": [SPEAKS, {"purchases": {"days": 0, "at_least": 1}}]},
            "all[1].purchases.days: a window has",
        ),
        ({"purchases": {"days": -1, "at_least": 1}}, "purchases.days: a window has at least one day"),
        ({"purchases": {"days": "30", "at_least": 1}}, "purchases.days: must be a whole number"),
        ({"purchases": {"days": 30}}, "purchases: say at_least, at_most, or both"),
        (
            {"purchases": {"days": 30, "at_least": 3, "at_most": 2}},
            "purchases.at_most: must not be less",
        ),
        ({"purchases": {"days": 30, "at_least": -1}}, "purchases.at_least: must not be negative"),
        ({"spent": {"days": 30, "at_least": "-0.01"}}, "spent.at_least: must not be negative"),
        ({"spent": {"days": 30, "at_least": "much"}}, "spent.at_least: enter a number"),
        ({"spent": {"days": 30, "at_least": True}}, "spent.at_least: must be a number"),
        ({"spent": {"days": 30, "at_least": None}}, "spent.at_least: must not be null"),
        ({"enrolled": {}}, "enrolled: say first_day, last_day, or both"),
        ({"enrolled": {"first_day": "2026-02-30"}}, "enrolled.first_day: must be a date like 2026-12-31"),
        ({"enrolled": {"first_day": "2026-02-02", "last_day": "2026-02-01"}}, "last_day: must not lie before"),
        ({"birthday_month": {"months": ["13"]}}, "birthday_month.months: “13” is none; known are 1, 2"),
        ({"language": {"languages": ["French"]}}, "language.languages: write a language like en or pt-BR"),
        ({"consent": {"channel": "fax", "said": "given"}}, "consent.channel: select a valid choice"),
        ({"tier": {"group": "vip", "tiers": ["gold"]}}, "tier.group: the program has no tier group “vip”"),
        ({"tier": {"group": "main", "tiers": ["tin"]}}, "tier.tiers: the group has no tier “tin”"),
        ({"balance": {"currency": "miles", "at_least": 1}}, "balance.currency: the program has no currency “miles”"),
        ({"earned": {"currency": "miles", "days": 1, "at_least": 1}}, "earned.currency: the program has no currency"),
        ({"segment": {"code": "other"}}, "segment.code: the program has no segment “other”"),
        ({"segment": {"code": "c" * 41}}, "segment.code: ensure this value has at most 40 characters"),
        ({"home_store": {"stores": ["alien/lyon"]}}, "home_store.stores: no partner “alien” takes part"),
        ({"last_partner": {"partners": ["alien"]}}, "last_partner.partners: no partner “alien” takes part"),
        ({"any": [SPEAKS] * 61}, "conditions: has more than 60 conditions"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused_at_its_place(conditions, said):
    (problem,) = problems(spec("odd", conditions))
    assert problem.startswith("segments[0].conditions")
    assert said in problem


def test_all_any_and_not_are_nested_three_deep_and_no_deeper():
    three = {"all": [{"any": [{"not": SPEAKS}]}]}
    assert problems(spec("deep", three)) == []
    (problem,) = problems(spec("deeper", {"not": three}))
    assert problem == (
        "segments[0].conditions.not.all[0].any[0].not: lies on level 4; all, any and not are nested at most 3 deep"
    )


def test_what_a_segment_needs_and_how_long_its_names_are_is_refused_in_a_document():
    assert problems({"code": "x", "name": "X"}) == ["segments[0].conditions: is missing"]
    assert "segments[0].name: " in problems(spec("x", SPEAKS, name="x" * 81))[0]
    assert "segments[0].description: " in problems(spec("x", SPEAKS, description="x" * 401))[0]
    assert problems(spec("x", SPEAKS), spec("x", SPEAKS)) == ["segments[1].code: “x” stands already at segments[0]"]


def test_segments_that_depend_on_themselves_are_refused_with_the_way_round():
    own = problems(spec("a", {"segment": {"code": "a"}}))
    assert own == ["segments[0].conditions: the segment would depend on itself: a → a"]
    round_three = problems(
        spec("a", {"not": {"segment": {"code": "b"}}}),
        spec("b", {"any": [SPEAKS, {"segment": {"code": "c"}}]}),
        spec("c", {"segment": {"code": "a"}}),
        spec("d", {"segment": {"code": "a"}}),
    )
    assert round_three == [
        "segments[0].conditions: the segment would depend on itself: a → b → c → a",
        "segments[1].conditions: the segment would depend on itself: b → c → a → b",
        "segments[2].conditions: the segment would depend on itself: c → a → b → c",
    ]


def test_a_stored_segment_is_refused_at_its_conditions(club):
    segment(club, "a", SPEAKS)
    segment(club, "b", {"segment": {"code": "a"}})
    row = Segment.objects.get(code="a")
    row.conditions = {"segment": {"code": "b"}}
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert refused.value.message_dict == {"conditions": ["The segment would depend on itself: a → b → a."]}
    row.conditions = {"all": [{"tags": {"names": 7}}]}
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert refused.value.message_dict == {"conditions": ["all[0].tags.names: must be a list of texts."]}


def test_a_store_that_is_not_there_is_refused(club):
    factories.store(club.owner, "lyon")
    segment(club, "lyon", {"home_store": {"stores": ["lyon", "shop/lyon"]}})
    with pytest.raises(document.Invalid) as refused:
        document.apply(with_segments(spec("nice", {"last_store": {"stores": ["nice"]}})))
    assert str(refused.value.problems[0]) == (
        "segments[0].conditions: last_store.stores: partner “shop” has no store “nice”; add it in the admin"
    )
