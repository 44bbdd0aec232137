"""Rules for channels, stores, SKUs and categories that nobody has: said, or refused where the program says so."""

import pytest
from django.core.exceptions import ValidationError

from partners.models import Partner
from programs import document
from programs.admin import promotion_panels
from programs.admin.program_form import doubts
from programs.models import Program, Promotion, Rule
from tests.support import factories
from tests.support.examples import program, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    shop, bakery = (Partner.objects.create(code=code, name=code) for code in ("shop", "bakery"))
    factories.store(shop, "lyon")
    factories.store(shop, "closed", is_active=False)
    factories.store(bakery, "paris")
    factories.product(bakery, "TEA-1", "tea")
    factories.store(factories.partner("stranger"), "rome")
    return shop


def made(conditions, **fields):
    return program(rule(conditions=conditions), rule("status", currency="status"), **fields)


def problems(conditions, **fields):
    wanted = made(conditions, **fields)
    assert document.check(wanted) == []
    return [str(problem) for problem in document.unknown(wanted)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"stores": ["lyon", "paris"]}, []),
        ({"stores": ["nowhere"]}, ["rules[0].conditions.stores: “nowhere” is no active store of who takes part"]),
        ({"stores": ["closed"]}, ["rules[0].conditions.stores: “closed” is no active store of who takes part"]),
        ({"stores": ["rome"]}, ["rules[0].conditions.stores: “rome” is no active store of who takes part"]),
        ({"products": ["TEA-1", "TEA-2"]}, ["rules[0].conditions.products: “TEA-2” is no SKU of who takes part"]),
        (
            {"categories": ["tea", "teaa"]},
            ["rules[0].conditions.categories: “teaa” is no category of the products of who takes part"],
        ),
        (
            {"channels": ["web", "wbe"]},
            ["rules[0].conditions.channels: “wbe” is no channel of the program; known are store, web"],
        ),
        ({"weekdays": [1], "codes": ["SUMMER"]}, []),
    ],
)
def test_what_a_rule_names_and_nobody_has_is_said(shop, conditions, expected):
    assert problems(conditions, channels="web, store") == expected


def test_where_nobody_keeps_a_list_nothing_is_missing_in_it(shop):
    assert problems({"channels": ["wbe"]}) == []
    assert problems({"categories": ["poetry"], "products": ["X"]}, partners=()) == []


def test_a_rule_that_is_switched_off_may_name_what_is_gone(shop):
    wanted = made({"stores": ["nowhere"]})
    wanted["rules"][0]["is_active"] = False
    assert document.unknown(wanted) == []


def test_a_strict_program_is_not_imported_with_such_a_rule(shop):
    wanted = made({"stores": ["nowhere"]}, strictness="refuse")
    with pytest.raises(document.Invalid) as caught:
        document.apply(wanted)
    assert [problem.path for problem in caught.value.problems] == ["rules[0].conditions.stores"]
    assert not Program.objects.exists()
    document.apply(made({"stores": ["nowhere"]}))
    assert Rule.objects.count() == 2


def test_a_strict_program_is_active_only_with_a_rule_at_every_door(shop):
    for rules in ([], [rule(is_active=False)]):
        wanted = program(*rules, strictness="refuse")
        with pytest.raises(document.Invalid) as caught:
            document.apply(wanted)
        assert [problem.path for problem in caught.value.problems] == ["rules"]
        assert [problem.path for problem in document.check(wanted)] == ["rules"]
        for fields in ({"status": "draft", "strictness": "refuse"}, {"strictness": "warn"}):
            assert document.check(program(*rules, **fields)) == []
    assert not Program.objects.exists()


def test_a_strict_program_refuses_such_a_rule_at_its_field(shop):
    document.apply(made({"stores": ["lyon"]}, strictness="refuse"))
    stored = Rule.objects.get(code="base")
    stored.conditions = {"stores": ["nowhere"]}
    with pytest.raises(ValidationError) as caught:
        stored.clean()
    assert caught.value.message_dict == {"conditions": ["stores: “nowhere” is no active store of who takes part."]}
    Program.objects.update(strictness="warn")
    stored.program.refresh_from_db()
    stored.clean()


def test_the_settings_come_out_of_the_document_as_they_went_in(shop):
    document.apply(made({}, strictness="refuse", activities="newsletter", channels="web, store"))
    told = document.export(Program.objects.get())["program"]
    assert (told["strictness"], told["activities"], told["channels"]) == ("refuse", "newsletter", "web, store")
    wanted = made({}, strictness="never")
    assert [str(one) for one in document.check(wanted)] == ["program.strictness: must be one of warn, refuse"]


@pytest.mark.parametrize(
    ("counts", "is_said"), [("purchase, adjustment, redemption, review", False), ("purchse", True)]
)
def test_an_activity_that_keeps_balances_alive_is_one_that_somebody_knows(shop, counts, is_said):
    wanted = program(
        rule(),
        rule("review", "fixed", {"points": "5", "events": "review"}),
        rule("status", currency="status"),
        points={"expiry": {"model": "activity", "counts": counts}},
    )
    found = [str(one) for one in document.lint(wanted) if one.path == "currencies[0].expiry.counts"]
    assert bool(found) == is_said
    if is_said:
        assert "“purchse” is no activity that a rule or a list of the program knows" in found[0]


def test_a_promotion_for_a_store_that_nobody_has_is_said_and_by_a_strict_program_refused(shop):
    offer = {"code": "spring", "name": "Spring", "conditions": {"stores": ["nowhere"]}}
    path = "promotions[0].conditions.stores"
    wanted = made({}) | {"promotions": [offer]}
    assert [problem.path for problem in document.unknown(wanted)] == [path]
    assert document.unknown(made({}) | {"promotions": [offer | {"is_active": False}]}) == []
    document.apply(wanted)
    stored = Promotion.objects.get()
    stored.clean()
    assert "“nowhere” is no active store" in str(promotion_panels.panels(stored)[-1])
    assert "Promotion “Spring”: “nowhere”" in str(doubts(stored.program, {}))
    with pytest.raises(document.Invalid) as caught:
        document.apply(made({}, strictness="refuse") | {"promotions": [offer]})
    assert [problem.path for problem in caught.value.problems] == [path]
    Program.objects.update(strictness="refuse")
    with pytest.raises(ValidationError, match="no active store"):
        Promotion.objects.get().clean()
