"""Does any change of a program count, and does the past evaluate as it did?"""

import pytest
from django.db import transaction

from partners.models import Partner
from programs import earning, versions
from programs.models import Currency, ExpiryRule, Participation, Program, Rule, Tier, TierGroup
from programs.rules.base import Facts
from tests.support import factories
from tests.support.examples import purchase

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_compiled():
    versions.forget()
    yield
    versions.forget()


def version():
    return Program.objects.get(code="club").version


PARTS = {
    Program: {"name": "Other"},
    Currency: {"rounding": "ceil"},
    ExpiryRule: {"period": 24},
    TierGroup: {"name": "Other"},
    Tier: {"colour": "#000000"},
    Rule: {"priority": 5},
    Participation: {"since": "2020-01-01"},
}


@pytest.mark.parametrize("model", PARTS, ids=lambda model: model.__name__)
def test_saving_any_part_counts_as_a_change_of_its_program(club, model):
    before = version()
    row = model.objects.first()
    for name, value in PARTS[model].items():
        setattr(row, name, value)
    row.save(update_fields=list(PARTS[model]))
    assert version() == before + 1


@pytest.mark.parametrize(
    "model", [model for model in PARTS if model is not Program], ids=lambda model: model.__name__
)
def test_changing_many_parts_at_once_counts_too(club, model):
    before = version()
    model.objects.update(**PARTS[model])
    assert version() == before + 1


@pytest.mark.parametrize("model", [Rule, Participation, ExpiryRule, Tier], ids=lambda model: model.__name__)
def test_deleting_parts_counts(club, model):
    before = version()
    model.objects.order_by("pk").first().delete()
    assert version() == before + 1
    model.objects.all().delete()
    assert version() > before


def test_deleting_a_selection_counts(club):
    before = version()
    Rule.objects.filter(code="base").delete()
    assert version() == before + 1


def test_creating_parts_counts(club):
    before = version()
    points = club.currencies.get(code="points")
    Rule.objects.create(program=club, code="new", name="New", kind="fixed", currency=points)
    assert version() == before + 1
    Rule.objects.bulk_create([Rule(program=club, code=c, name=c, kind="fixed", currency=points) for c in "ab"])
    assert version() == before + 2


def test_a_part_that_moves_changes_both_programs(club):
    other = Program.objects.create(code="other", name="Other", owner=club.owner)
    partner = Partner.objects.create(code="grocer", name="Grocer")
    row = Participation.objects.create(program=club, partner=partner)
    before = version()
    row.program = other
    row.save()
    other.refresh_from_db()
    assert (version(), other.version) == (before + 1, 2)


def test_a_changed_rule_gets_a_new_version_however_it_is_changed(club):
    row = Rule.objects.get(code="base")
    row.save()
    Rule.objects.update(priority=7)
    assert Rule.objects.get(code="base").version == 3


def test_nobody_can_empty_a_table_by_its_manager():
    assert not hasattr(Rule.objects, "delete")


def test_an_old_version_evaluates_as_before(club):
    """C5-R2: refunds and explanations replay exactly."""
    first = versions.renew(club.pk)
    Rule.objects.filter(code="base").update(params={"points": "3", "per": "1"})
    Rule.objects.filter(code="tier").delete()
    Tier.objects.filter(code="gold").update(multiplier=5)
    Program.objects.get().save()
    second = versions.renew(club.pk)
    versions.forget()
    old, new = versions.at(club.pk, first.version), versions.at(club.pk, second.version)
    gold = Facts(tiers={"main": "gold"})
    points = [
        earning.evaluate(each, earning.basket(purchase(10_000), each), gold).points["points"] for each in (old, new)
    ]
    assert points == [150, 300]
    assert (old.version, new.version) == (first.version, version())
    assert {rule.version for rule in old.rules} == {1}
    assert old.rules[0].kind.rates.usual == 1


def test_the_current_configuration_knows_the_rows_it_was_made_of(club):
    made = versions.current(club.pk)
    assert made.id == club.pk
    assert made.currencies["points"].id == Currency.objects.get(code="points").pk
    assert made.tier_groups["main"].tiers[1].id == Tier.objects.get(code="gold").pk
    assert made.partners == {"shop", "bakery"}
    assert versions.current(club.pk) is made


def test_compiling_twice_keeps_one_document_for_each_version(club):
    versions.renew(club.pk)
    versions.renew(club.pk)
    assert club.versions.count() == 1
    assert club.versions.get().document["rules"][0]["version"] == 1


def test_what_a_transaction_took_back_is_not_kept_as_the_program_of_today(db):
    made = factories.program()
    versions.renew(made.pk)
    with transaction.atomic():
        factories.rule(made, "never", "fixed", {"points": "1", "events": "x"})
        versions.renew(made.pk)
        transaction.set_rollback(True)
    # The next change gets the version number that was taken back.
    factories.rule(made, "other", "fixed", {"points": "2", "events": "x"})
    made.refresh_from_db()
    assert [rule.code for rule in versions.of(made).rules if rule.code in ("never", "other")] == ["other"]


def test_the_parts_of_a_version_are_read_once_and_then_its_document(club, monkeypatch):
    known = versions.renew(club.pk)
    versions.forget()

    def unread(*arguments, **options):
        raise AssertionError("the parts are read again")

    monkeypatch.setattr(versions.document, "export", unread)
    assert versions.renew(club.pk).currencies == known.currencies
