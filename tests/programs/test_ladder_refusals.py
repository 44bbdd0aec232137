"""Is a ladder that cannot be meant refused, at its field and in the same words by a document and by the models?"""

import pytest
from django.core.exceptions import ValidationError

from programs import document
from programs.models import Currency, Tier, TierGroup
from tests.support.sold_ladders import airline, ladder, membership, of, retailer, tier
from tests.support.stage import kept

#: (changes of the airline's group, the path inside it, what is said)
GROUPS = [
    ({"cycle_start": "02-29"}, "cycle_start", "a cycle cannot begin on 29 February"),
    ({"cycle_start": "13-01"}, "cycle_start", "write the first day of a cycle as MM-DD"),
    ({"model": "rolling", "window": 0}, "window", "a window or a period of 0 counts nothing"),
    ({"validity": "period", "period": 0}, "period", "a window or a period of 0 counts nothing"),
    ({"model": "weekly"}, "model", "must be one of lifetime, calendar, anniversary, rolling, manual"),
    ({"model": "rolling"}, "validity", "a rolling ladder has no cycles"),
    ({"model": "lifetime", "validity": "none", "rollover": True}, "rollover", "a lifetime ladder has no cycles"),
    ({"model": "manual", "validity": "none"}, "currency", "a manual ladder counts nothing"),
    ({"model": "manual", "validity": "none"}, "further_currencies", "a manual ladder counts nothing"),
    ({"currency": ""}, "currency", "name the qualifying currency that is counted"),
    ({"further_currencies": ["miles"]}, "further_currencies[0]", "“miles” is the first currency already"),
    ({"further_currencies": ["points"]}, "further_currencies[0]", "tiers are measured in a qualifying currency"),
    ({"further_currencies": ["trips"]}, "further_currencies[0]", "“trips” is no currency of the program"),
    ({"further_currencies": ["segments"] * 2}, "further_currencies[1]", "“segments” stands already"),
    ({"further_currencies": "segments"}, "further_currencies", "must be a list of codes"),
    ({"further_currencies": []}, "tiers[1].further.segments", "is no further currency of the group"),
]
#: (changes of Gold, the path inside it, what is said)
TIERS = [
    ({"threshold": 25_000}, "threshold", "must be more than the 25000 of the tier below it, Silver"),
    ({"threshold": 24_000}, "threshold", "must be more than the 25000 of the tier below it, Silver"),
    ({"retention": 50_001}, "retention", "must not be more than the 50000 that reach the tier"),
    ({"retention": 19_999}, "retention", "must not be less than the 20000 that keep the tier below it, Silver"),
    ({"threshold": None, "retention": 5}, "retention", "no points reach this tier, so none keep it"),
    ({"retention": -1}, "retention", "ensure this value is greater than or equal to 0"),
    ({"further": {"segments": {"threshold": 30}}}, "further.segments.threshold", "must be more than the 30 of"),
    (
        {"further": {"segments": {"threshold": 60, "retention": 61}}},
        "further.segments.retention",
        "must not be more than the 60 that reach the tier",
    ),
    ({"further": {"points": {"threshold": 60}}}, "further.points", "is no further currency of the group"),
    (
        {"further": {"segments": {"treshold": 60}}},
        "further.segments.treshold",
        "unknown field; did you mean threshold?",
    ),
    ({"further": {"segments": 60}}, "further.segments", "must be an object with threshold"),
    ({"further": []}, "further", "must be an object of currency codes"),
    ({"benefits": {}}, "benefits", "must be a list"),
    ({"benefits": [{"code": "a"}]}, "benefits[0].name", "is missing"),
    ({"benefits": [{"code": "a", "name": "A", "kind": "cash"}]}, "benefits[0].kind", "must be one of service,"),
    ({"benefits": [{"code": "a", "name": "A"}] * 2}, "benefits[1].code", "“a” stands already"),
    ({"benefits": [{"code": "a", "name": "A", "details": []}]}, "benefits[0].details", "must be an object"),
    (
        {"benefits": [{"code": "a", "name": "A", "starts_on": "2026-02-01", "ends_on": "2026-01-31"}]},
        "benefits[0].ends_on",
        "the last day must not lie before the first",
    ),
]


def said(made):
    return {(problem.path, problem.message) for problem in document.check(made)}


def is_said(found, path, words):
    return any(one == path and message.startswith(words) for one, message in found)


@pytest.mark.parametrize(("changes", "path", "words"), GROUPS)
def test_a_document_with_a_wrong_group_is_refused_at_its_path(changes, path, words):
    made = airline()
    made["tier_groups"][0] |= changes
    assert is_said(said(made), f"tier_groups[0].{path}", words), said(made)


@pytest.mark.parametrize(("changes", "path", "words"), TIERS)
def test_a_document_with_a_wrong_tier_is_refused_at_its_path(changes, path, words):
    made = airline()
    made["tier_groups"][0]["tiers"][2] |= changes
    assert is_said(said(made), f"tier_groups[0].tiers[2].{path}", words), said(made)


def refusal(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        return error.message_dict
    return {}


@kept
def flown(db):
    """The airline's program."""
    document.apply(airline(), create_partners=True)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [case for case in GROUPS if not {"further_currencies", "currency"} & case[0].keys() and case[1][:3] != "fur"],
)
def test_the_model_of_a_group_refuses_the_same_in_the_same_words(flown, changes, path, words):
    if changes.get("model") == "weekly":
        words = "value 'weekly' is not a valid choice"
    found = refusal(TierGroup.objects.get(), **changes)
    assert found[path][0].lower().startswith(words.lower())


@pytest.mark.parametrize(("changes", "path", "words"), [case for case in TIERS[:9] if "ensure" not in case[2]])
def test_the_model_of_a_tier_refuses_the_same_in_the_same_words(flown, changes, path, words):
    found = refusal(Tier.objects.get(code="gold"), **changes)
    name, _, rest = path.partition(".")
    assert words.lower() in found[name][0].lower()
    assert found[name][0].startswith(f"{rest}: ") if rest else True


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"threshold": 50_000}, "threshold", "Must be less than the 50000 of the tier above it, Gold."),
        (
            {"threshold": 49_000, "retention": 41_000},
            "retention",
            "Must not be more than the 40000 that keep the tier",
        ),
        ({"further": {"segments": {"threshold": 60}}}, "further", "segments.threshold: must be less than the 60 of"),
    ],
)
def test_a_tier_is_compared_with_the_one_above_it(flown, changes, field, words):
    assert refusal(Tier.objects.get(code="silver"), **changes)[field][0].startswith(words)


def test_what_is_between_two_tiers_without_points_is_compared_past_it(flown):
    group = TierGroup.objects.get()
    Tier.objects.filter(code="gold").update(sequence=4)
    Tier.objects.create(group=group, code="friend", name="Friend", sequence=3, threshold=None)
    assert refusal(Tier.objects.get(code="silver"), threshold=50_000, retention=None)["threshold"]
    assert refusal(Tier.objects.get(code="gold"), threshold=25_000, retention=None)["threshold"]
    assert refusal(Tier.objects.get(code="friend")) == {}


def test_where_all_thresholds_are_asked_for_one_of_them_has_to_rise():
    made = airline()
    made["tier_groups"][0]["match"] = "all"
    made["tier_groups"][0]["tiers"][2]["further"] = {"segments": {"threshold": 30, "retention": 25}}
    assert said(made) == set()
    made["tier_groups"][0]["tiers"][2] |= {"threshold": 25_000, "retention": 20_000}
    assert said(made) == {("tier_groups[0].tiers[2].threshold", "asks for no more than the tier below it, Silver")}
    made["tier_groups"][0]["tiers"][2]["further"] = {"segments": {"threshold": 29}}
    path = "tier_groups[0].tiers[2].further.segments.threshold"
    assert (path, "must not be less than the 30 of the tier below it, Silver") in said(made)


@pytest.mark.parametrize(
    ("place", "changes", "path", "words"),
    [
        (1, {"threshold": 500}, "threshold", "in a manual ladder only the lowest tier may be free"),
        (1, {"threshold": 0}, "threshold", "in a manual ladder only the lowest tier may be free"),
        (0, {"threshold": 500}, "threshold", "in a manual ladder only the lowest tier may be free"),
        (1, {"retention": 5}, "retention", "no points reach this tier, so none keep it"),
    ],
)
def test_a_manual_ladder_is_reached_by_no_points(place, changes, path, words):
    made = membership()
    made["tier_groups"][0]["tiers"][place] |= changes
    assert is_said(said(made), f"tier_groups[0].tiers[{place}].{path}", words), said(made)


def test_of_a_manual_ladder_only_the_lowest_tier_is_free_without_a_word():
    made = membership()
    for one in made["tier_groups"][0]["tiers"]:
        del one["threshold"], one["retention"]
    assert said(made) == set()
    assert [one["threshold"] for one in document.normal(made)["tier_groups"][0]["tiers"]] == [0, None]


def test_a_tier_cannot_go_below_the_free_one_of_a_manual_ladder(db):
    document.apply(membership(), create_partners=True)
    Tier.objects.filter(code="free").update(sequence=5)
    words = "In a manual ladder only the lowest tier may be free; put it higher."
    assert refusal(Tier.objects.get(code="plus"))["sequence"] == [words]


def test_a_currency_keeps_the_code_by_which_thresholds_name_it(flown):
    assert refusal(Currency.objects.get(code="segments"), code="legs")["code"][0].startswith(
        "Stays segments, because"
    )
    assert refusal(Currency.objects.get(code="miles"), code="steps") == {}
    assert "kind" in refusal(Currency.objects.get(code="segments"), kind="spendable")


def test_a_further_currency_is_not_left_out_while_it_measures(flown):
    made = airline()
    made["currencies"].pop()
    made["rules"].pop()
    assert is_said(said(made), "tier_groups[0].further_currencies[0]", "“segments” is no currency of the program")


def test_each_ladder_that_vendors_sell_is_right():
    for made in (airline(), retailer(), membership(), of(ladder(tier("a", 1, 0), tier("b", 2, 5)))):
        assert document.check(made) == []
