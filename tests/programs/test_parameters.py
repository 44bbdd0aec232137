"""The parameters of a rule are kept in one form, whichever way they came."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db.migrations.state import ProjectState
from django.forms import modelform_factory

from programs import document, rules
from programs.admin.rule_form import RuleForm
from programs.models import Program, Rule
from programs.parameters import canonical
from tests.support import factories

#: Of each kind: what a form sends, what a document says instead, and what is kept of both.
KINDS = {
    "fixed": (
        {"points": "50", "events": "review, visit"},
        {"points": 50, "events": "review, visit"},
        {"points": "50", "events": "review, visit"},
    ),
    "formula": (
        {"formula": " max( 10,   eligible/2 )", "events": "purchase"},
        {"formula": "max( 10, eligible/2 )", "events": "purchase"},
        {"formula": "max( 10, eligible/2 )", "events": "purchase"},
    ),
    "discount": (
        {"percent": "12.50", "most": "20.00"},
        {"percent": 12.5, "most": 20},
        {"percent": "12.5", "most": "20"},
    ),
    "multiplier": (
        {"factor": "2.50", "applies_to": "running", "groups": "base,base, shoes"},
        {"factor": 2.5, "applies_to": "running", "groups": " base, shoes"},
        {"factor": "2.5", "applies_to": "running", "groups": "base, shoes"},
    ),
    "no_points": (
        {"events": "registration, login"},
        {"events": "registration, login"},
        {"events": "registration, login"},
    ),
    "occasion": (
        {"occasion": "anniversary", "points": "100.50", "lead_days": "7", "leap_day": "02-28", "years": "5, 10"},
        {"occasion": "anniversary", "points": 100.5, "lead_days": 7, "leap_day": "02-28", "years": "5, 10"},
        {"occasion": "anniversary", "points": "100.5", "lead_days": 7, "years": "5, 10"},
    ),
    "target": (
        {"counts": "units", "every": "5.50", "points": "50.0", "times": "3", "events": "purchase"},
        {"counts": "units", "every": 5.5, "points": 50, "times": "3", "events": "purchase"},
        {"counts": "units", "every": "5.5", "points": "50", "times": 3, "events": "purchase"},
    ),
    "every_nth": (
        {"every": "10", "points": "50", "by_tier": "gold:80", "times": "", "events": "visit"},
        {"every": 10, "points": "50.0", "by_tier": "gold: 80", "times": None, "events": "visit"},
        {"every": 10, "points": "50", "by_tier": "gold: 80", "events": "visit"},
    ),
    "streak": (
        {"length": "7", "periods": "weeks", "points": "70"},
        {"length": 7, "periods": "weeks", "points": 70},
        {"length": 7, "periods": "weeks", "points": "70"},
    ),
    "per_amount": (
        {"points": "1", "per": "1.50", "minimum": "", "whole_steps": ""},
        {"points": 1, "per": "1.5", "minimum": None, "whole_steps": False},
        {"points": "1", "per": "1.5"},
    ),
    "per_unit": (
        {"points": "10.0", "by_tier": "silver:12.50,gold: 20"},
        {"points": 10, "by_tier": "gold: 20.0, silver: 12.5"},
        {"points": "10", "by_tier": "gold: 20, silver: 12.5"},
    ),
    "per_visit": (
        {"points": "5", "minimum": "3.50", "counts": "visit"},
        {"points": 5, "minimum": "3.5", "counts": "visit"},
        {"points": "5", "minimum": "3.5", "counts": "visit"},
    ),
    "spend_bands": (
        {"bands": "100.0:10, 250:  30.50", "gives": "rate", "mode": "whole"},
        {"bands": "100:10,250:30.5", "gives": "rate", "mode": "whole"},
        {"bands": "100: 10, 250: 30.5", "gives": "rate"},
    ),
    "tier_multiplier": ({"tier_group": ""}, {}, {}),
}


def test_every_kind_is_here():
    assert KINDS.keys() == rules.registry.keys()


@pytest.fixture
def made(db):
    return factories.program()


def by_form(made, kind, sent):
    currency = made.currencies.get(code="points")
    named = {"code": "new", "name": "New", "kind": kind, "currency": currency.pk, "group": "base", "priority": "100"}
    Form = modelform_factory(Rule, form=RuleForm, fields=[*named, "is_active"])
    data = named | {"is_active": "on"} | {f"{kind}_{name}": value for name, value in sent.items()}
    form = Form(data, instance=Rule(program=made))
    assert form.is_valid(), form.errors
    return form.save()


def exported(made):
    [rule] = [one for one in document.export(Program.objects.get(pk=made.pk))["rules"] if one["code"] == "new"]
    return rule


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_and_a_document_keep_the_same(made, kind):
    sent, said, kept = KINDS[kind]
    rule = by_form(made, kind, sent)
    of_form, whole = exported(made), document.export(Program.objects.get(pk=made.pk))
    assert of_form["params"] == kept
    document.apply(whole)
    assert document.export(Program.objects.get(pk=made.pk)) == whole
    rule.refresh_from_db()
    version = rule.version
    # The same in other words is no change.
    for one in whole["rules"]:
        if one["code"] == "new":
            one["params"] = said
    document.apply(whole)
    assert exported(made) == of_form
    rule.refresh_from_db()
    assert rule.version == version


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_stays_as_it_is(kind):
    _, said, kept = KINDS[kind]
    assert canonical(kind, said) == canonical(kind, kept) == kept


@pytest.mark.parametrize(
    ("written", "kept"), [(Decimal("1E+2"), "100"), ("007.500", "7.5"), (0.25, "0.25"), (1000000, "1000000")]
)
def test_a_number_is_its_shortest_text(written, kept):
    assert canonical("per_unit", {"points": written}) == {"points": kept}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("per_unit", {"points": "many"}), ("per_unit", {"points": 1, "hue": "red"}), ("unheard-of", {"points": 1})],
)
def test_what_is_wrong_stays_for_the_checks_to_say_so(kind, wrong):
    assert canonical(kind, wrong) == wrong


def test_stored_rules_get_that_form_without_a_new_version(made):
    rule = factories.rule(made, "new", "per_unit", {"points": "10"})
    before = Program.objects.get(pk=made.pk).version
    # As a migration sees the models: without verbs of ours.
    old = ProjectState.from_apps(apps).apps
    old.get_model("programs", "Rule").objects.filter(pk=rule.pk).update(params={"points": 10})
    import_module("programs.migrations.0012_parameters_in_one_form").write(old, None)
    row = Rule.objects.get(pk=rule.pk)
    assert (row.params, row.version) == ({"points": "10"}, rule.version)
    assert Program.objects.get(pk=made.pk).version == before
