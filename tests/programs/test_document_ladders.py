"""Does a document carry all of a ladder, its tiers and their benefits, also in the words of former times?"""

import pytest
from hypothesis import given

from programs import compiling, document, versions
from programs.document import layout
from programs.models import Benefit, Program, Tier, TierGroup
from tests.support.examples import changed, example
from tests.support.few_examples import few_examples
from tests.support.sold_ladders import airline, hotel, ladders, membership, retailer
from tests.support.stage import kept

pytestmark = pytest.mark.django_db


def stored():
    return Program.objects.get(code="club")


def imported(made):
    return list(map(str, document.apply(made, create_partners=True)))


@kept
def flown(db):
    """The airline's program."""
    document.apply(airline(), create_partners=True)


@pytest.mark.parametrize("make", [airline, hotel, retailer, membership])
def test_a_ladder_comes_back_as_it_was_and_twice_changes_nothing(make):
    imported(make())
    written = document.export(stored())
    assert written == document.normal(make())
    version = stored().version
    assert imported(make()) == imported(written) == []
    assert stored().version == version
    for model in (TierGroup, Tier, Benefit):
        for row in model.objects.all():
            row.full_clean()


#: Another value than the airline has of each field of a group, of its Gold and of Gold's first benefit.
GROUP = {
    "name": "Flyers",
    "model": "anniversary",
    "match": "all",
    "cycle_start": "04-01",
    "window": 18,
    "window_unit": "day",
    "validity": "rest_of_cycle",
    "period": 6,
    "period_unit": "day",
    "period_end": "through",
    "rounding": "quarter",
    "on_end": "to_base",
    "grace": 2,
    "grace_unit": "day",
    "grace_to_month_end": True,
    "rollover": True,
    "rollover_limit": 5_000,
    "late_window": 0,
    "on_reversal": "revert_if_caused",
    "holds_downgrades": True,
}
TIER = {
    "name": "Senator",
    "sequence": 4,
    "threshold": 60_000,
    "retention": None,
    "multiplier": "1.5",
    "extension_months": 3,
    "colour": "#112233",
    "further": {"segments": {"threshold": 70, "retention": None}},
    "benefits": [],
}
BENEFIT = {
    "name": "Lounges",
    "text": "",
    "kind": "partner",
    "starts_on": "2026-01-01",
    "ends_on": "2026-12-31",
    "details": {"partner": "bakery", "products": ["bread", "cake"]},
}


def fliers(made):
    return made["tier_groups"][0]


def gold(made):
    return fliers(made)["tiers"][2]


def lounge(made):
    return gold(made)["benefits"][0]


CASES = [
    *((fliers, name, value) for name, value in GROUP.items()),
    *((gold, name, value) for name, value in TIER.items()),
    *((lounge, name, value) for name, value in BENEFIT.items()),
]


@pytest.mark.parametrize(("of_document", "name", "value"), CASES)
def test_each_field_is_imported_exported_compared_and_counted_as_a_version(flown, of_document, name, value):
    before = stored().version
    made = airline()
    of_document(made)[name] = value
    changes = document.preview(made)
    assert len(changes) == (2 if name == "benefits" else 1)
    assert stored().version == before
    assert document.apply(made) == changes
    assert stored().version > before
    assert of_document(document.export(stored()))[name] == value
    assert document.apply(made) == []


def test_no_field_is_left_out_of_the_comparison():
    assert set(GROUP) | {"code", "currency", "further_currencies", "tiers"} == set(layout.TIER_GROUP.names)
    # Only tiers of manual ladders follow a segment: see test_tiers_of_segments.py.
    assert set(TIER) | {"code", "segment"} == set(layout.TIER.names)
    assert set(BENEFIT) | {"code"} == set(layout.BENEFIT.names)


def test_further_currencies_are_imported_exported_compared_and_counted_as_a_version():
    imported(airline())
    before = stored().version
    made = airline()
    made["tier_groups"][0]["further_currencies"] = []
    for one in made["tier_groups"][0]["tiers"]:
        one["further"] = {}
    assert "changed tier group fliers: further_currencies ['segments'] → []" in imported(made)
    assert stored().version > before
    assert document.export(stored()) == document.normal(made)
    before = stored().version
    TierGroup.objects.get().further_currencies.add(stored().currencies.get(code="segments"))
    assert stored().version > before


def test_a_currency_that_is_no_criterion_any_more_may_leave():
    imported(airline())
    made = airline()
    made["tier_groups"][0]["further_currencies"] = []
    for one in made["tier_groups"][0]["tiers"]:
        one["further"] = {}
    made["currencies"].pop()
    made["rules"].pop()
    imported(made)
    assert document.export(stored()) == document.normal(made)


def test_benefits_are_changed_removed_and_compiled_with_their_keys():
    imported(airline())
    made = airline()
    lounge(made)["text"] = "All lounges."
    gold(made)["benefits"].pop()
    assert imported(made) == [
        "removed benefit upgrade",
        "changed benefit lounge: text The lounge, with a guest. → All lounges.",
    ]
    compiled = versions.renew(stored().pk).tier_groups["fliers"].by_code["gold"]
    left = Benefit.objects.get()
    assert [(one.id, one.code, one.text) for one in compiled.benefits] == [(left.pk, "lounge", "All lounges.")]
    before = stored().version
    left.delete()
    assert stored().version > before


@pytest.mark.parametrize(("window", "model"), [("year", "calendar"), ("lifetime", "lifetime")])
def test_documents_of_former_times_are_taken_and_come_back_in_the_words_of_today(window, model):
    made = changed(("tier_groups", 0, "window"), window)
    imported(made)
    [group] = document.export(stored())["tier_groups"]
    assert (group["model"], group["window"], group["validity"]) == (model, 12, "none")
    version = stored().version
    assert imported(made) == []
    assert stored().version == version


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"window": "month"}, "must be a whole number"),
        ({"window": "year", "model": "calendar"}, "must be a whole number"),
        ({"window": None}, "must not be null"),
    ],
)
def test_only_the_two_words_of_former_times_are_taken(group, words):
    made = example()
    made["tier_groups"][0] |= group
    [problem] = document.check(made)
    assert (problem.path, problem.message) == ("tier_groups[0].window", words)


@pytest.mark.parametrize(("window", "model"), [("year", "calendar"), ("lifetime", "lifetime")])
def test_a_version_that_was_stored_in_former_times_is_still_compiled(window, model):
    old = document.normal(example())
    for group in old["tier_groups"]:
        names = ("code", "name", "sequence", "threshold", "multiplier", "extension_months", "colour")
        tiers = [{name: one[name] for name in names} for one in group["tiers"]]
        former = {name: group[name] for name in ("code", "name", "currency")}
        group.clear()
        group.update({**former, "window": window, "tiers": tiers})
    [compiled] = compiling.build(old).tier_groups.values()
    assert (compiled.model, compiled.validity, compiled.reached((700,)).code) == (model, "none", "silver")


@few_examples
@given(ladders(), ladders())
def test_any_ladder_becomes_any_other_and_comes_back(one, other):
    for made in (one, other):
        assert document.check(made) == []
        document.apply(made, create_partners=True)
        assert document.export(stored()) == document.normal(made)
        assert document.apply(made) == []
