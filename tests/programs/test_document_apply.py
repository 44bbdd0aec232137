"""Does a document become exactly the program that it describes, once, and never half?"""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.models import Partner
from programs import document
from programs.models import Currency, Participation, Program, ProgramVersion, Rule, Tier
from tests.support.examples import example, program, rule, tiers
from tests.support.few_examples import few_examples

pytestmark = pytest.mark.django_db


def told(changes):
    return [str(change) for change in changes]


def test_a_program_is_made_with_all_its_parts():
    assert told(document.apply(example(), create_partners=True)) == [
        "created partner shop",
        "created partner bakery",
        "created program club",
        "created currency status",
        "created currency points",
        "created expiry rule points",
        "created participation bakery",
        "created tier group main",
        "created tier silver",
        "created tier gold",
        "created rule base",
        "created rule shoes",
        "created rule tier",
    ]


def test_what_was_imported_is_exported_in_the_same_words(club):
    exported = document.export(club)
    assert exported == document.normal(example())
    assert json.loads(json.dumps(exported)) == exported
    assert document.check(exported) == []
    assert document.normal(exported) == exported


def test_importing_twice_changes_nothing_not_even_the_version(club):
    history = Rule.history.count()
    assert document.apply(example()) == []
    assert document.apply(document.export(club)) == []
    assert Program.objects.get().version == club.version
    assert Rule.history.count() == history


def test_an_exported_program_can_be_born_again_elsewhere(club):
    exported = document.export(club)
    exported["program"]["code"] = "copy"
    document.apply(exported)
    copied = document.export(Program.objects.get(code="copy"))
    assert copied == exported


def test_only_what_differs_is_saved(club):
    wanted = example()
    wanted["rules"][0]["params"]["points"] = "2"
    before = {rule.code: rule.version for rule in Rule.objects.all()}
    (change,) = document.apply(wanted)
    assert str(change).startswith("changed rule base: params {'per': '1', 'points': '1'} → ") or "params" in str(
        change
    )
    after = {rule.code: rule.version for rule in Rule.objects.all()}
    assert after == before | {"base": 2}


def test_a_preview_says_the_same_and_writes_nothing(club):
    wanted = example()
    wanted["program"]["name"] = "Club 2"
    wanted["partners"] = ["bakery", "grocer"]
    said = document.preview(wanted, create_partners=True)
    club.refresh_from_db()
    assert (club.name, Partner.objects.count()) == ("Club", 2)
    assert told(said) == told(document.apply(wanted, create_partners=True))
    assert told(said) == [
        "created partner grocer",
        "changed program club: name Club → Club 2",
        "created participation grocer",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda d: d["currencies"][0].update(expiry=None), ["removed expiry rule points"], id="an expiry rule"
        ),
        pytest.param(
            lambda d: d["currencies"][0]["expiry"].update(period=24),
            ["changed expiry rule points: period 12 → 24"],
            id="the period of an expiry rule",
        ),
        pytest.param(lambda d: d["rules"].pop(1), ["removed rule shoes"], id="a rule"),
        pytest.param(lambda d: d["partners"].clear(), ["removed participation bakery"], id="a partner"),
        pytest.param(lambda d: d["tier_groups"][0]["tiers"].pop(0), ["removed tier silver"], id="a tier"),
        pytest.param(
            lambda d: (d["tier_groups"].clear(), d["rules"].pop(2), d["currencies"].pop(1)),
            ["removed rule tier", "removed tier silver", "removed tier gold", "removed tier group main"]
            + ["removed currency status"],
            id="a currency with its ladder",
        ),
        pytest.param(
            lambda d: d["rules"][0].update(ends_on="2030-01-01"),
            ["changed rule base: ends_on None → 2030-01-01"],
            id="a date",
        ),
    ],
)
def test_what_the_document_leaves_out_or_changes_is_told(club, change, expected):
    wanted = example()
    change(wanted)
    assert sorted(told(document.apply(wanted))) == sorted(expected)
    assert document.export(Program.objects.get()) == document.normal(wanted)


def test_two_tiers_may_change_places(club):
    wanted = example()
    silver, gold = wanted["tier_groups"][0]["tiers"]
    silver |= {"sequence": 2, "threshold": 2_000}
    gold |= {"sequence": 1}
    document.apply(wanted)
    assert [tier.code for tier in Tier.objects.order_by("sequence")] == ["gold", "silver"]
    assert document.export(Program.objects.get()) == document.normal(wanted)


def test_all_thresholds_may_rise_at_once(club):
    wanted = example()
    wanted["tier_groups"] = [tiers()]
    wanted["tier_groups"][0]["tiers"][0]["threshold"] = 5_000
    wanted["tier_groups"][0]["tiers"][1]["threshold"] = 9_000
    assert len(document.apply(wanted)) == 2


def test_the_primary_currency_may_change_in_either_order(club):
    wanted = example()
    wanted["currencies"][0]["is_primary"] = False
    wanted["currencies"].append({"code": "aaa", "name": "First in line", "is_primary": True})
    document.apply(wanted)
    document.apply(example())
    assert [currency.code for currency in Currency.objects.filter(is_primary=True)] == ["points"]


def test_the_primary_currency_may_leave(club):
    wanted = example()
    wanted["currencies"][0] |= {"code": "miles", "expiry": None}
    for spec in wanted["rules"]:
        spec["currency"] = "miles"
    document.apply(wanted)
    assert document.export(Program.objects.get()) == document.normal(wanted)


def test_a_rule_may_move_to_another_currency_while_its_old_one_leaves(club):
    wanted = example()
    wanted["currencies"].append({"code": "miles", "name": "Miles"})
    wanted["rules"].append(rule("trips", currency="miles"))
    document.apply(wanted)
    wanted["currencies"].pop()
    wanted["rules"][-1]["currency"] = "points"
    document.apply(wanted)
    assert not Currency.objects.filter(code="miles").exists()


def test_two_tier_groups_may_exchange_their_currencies_and_count_the_same_one(club):
    wanted = example()
    wanted["currencies"].append({"code": "trips", "name": "Trips", "kind": "qualifying"})
    wanted["tier_groups"].append(tiers() | {"code": "air", "currency": "trips"})
    wanted["rules"].pop()
    document.apply(wanted)
    wanted["tier_groups"][0]["currency"], wanted["tier_groups"][1]["currency"] = "trips", "status"
    document.apply(wanted)
    assert document.export(Program.objects.get()) == document.normal(wanted)
    wanted["tier_groups"][1]["currency"] = "trips"
    document.apply(wanted)
    assert document.export(Program.objects.get()) == document.normal(wanted)


def test_the_owner_takes_part_without_a_row(club):
    wanted = example()
    wanted["partners"].append("shop")
    assert document.apply(wanted) == []
    assert Participation.objects.count() == 1
    wanted["program"]["owner"] = "bakery"
    assert told(document.apply(wanted)) == [
        "changed program club: owner shop → bakery",
        "created participation shop",
    ]
    assert document.export(Program.objects.get())["partners"] == ["shop"]


codes = st.from_regex(r"\A[a-z][a-z0-9]{0,5}\Z")


@st.composite
def programs(draw):
    """Valid documents of many shapes."""
    spendable, measured = draw(st.lists(codes, min_size=2, max_size=4, unique=True)), []
    while len(spendable) > 2:
        measured.append(spendable.pop())
    steps = draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=4, unique=True))
    ladder = [
        {"code": f"t{place}", "name": "T", "sequence": place + 1, "threshold": step}
        for place, step in enumerate(sorted(steps))
    ]
    made = program(groups=[], partners=draw(st.lists(codes, max_size=2, unique=True)))
    made["currencies"] = [{"code": code, "name": code, "kind": "spendable"} for code in spendable]
    made["currencies"] += [{"code": code, "name": code, "kind": "qualifying"} for code in measured]
    made["currencies"][draw(st.integers(0, 1))]["is_primary"] = True
    made["tier_groups"] = [
        {"code": code, "name": code, "currency": code, "tiers": ladder} for code in measured if draw(st.booleans())
    ]
    for code in draw(st.lists(codes, max_size=4, unique=True)):
        made["rules"].append(rule(code, currency=draw(st.sampled_from(spendable + measured))))
    return made


@few_examples
@given(programs(), programs())
def test_any_program_can_become_any_other(first, second):
    for wanted in (first, second):
        assert document.check(wanted) == []
        original = copy.deepcopy(wanted)
        document.apply(wanted, create_partners=True)
        assert wanted == original
        stored = Program.objects.get(code="club")
        assert document.export(stored) == document.normal(wanted)
        assert document.apply(wanted) == []
    assert not ProgramVersion.objects.exists()
