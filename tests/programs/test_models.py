"""Does the admin refuse what a document refuses, beside the right field and in the same words?"""

import pytest
from django.core.exceptions import ValidationError
from django.forms import inlineformset_factory

from members.models import Balance, Customer, Member
from partners.models import Partner
from programs.forms import LadderFormSet
from programs.models import Currency, ExpiryRule, Participation, Program, Rule, Tier, TierGroup

pytestmark = pytest.mark.django_db


def refusal(row):
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    return refused.value.message_dict


def change(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def test_what_was_imported_passes_the_admin(club):
    for model in (Program, Currency, ExpiryRule, TierGroup, Tier, Rule, Participation):
        for row in model.objects.all():
            row.full_clean()


RULES = [
    ({"kind": "magic"}, "kind", "Value 'magic' is not a valid choice."),
    ({"params": {"points": "0", "per": "1"}}, "params", "points: must be positive."),
    ({"params": {"points": "1"}}, "params", "per: is missing."),
    ({"params": []}, "params", "Must be an object."),
    ({"params": {"points": "1", "per": "1", "x": 1}}, "params", "x: unknown; a rule of this kind takes points, per,"),
    ({"conditions": {"hours": ["9", "10"]}}, "conditions", "hours: must be two times"),
    ({"conditions": {"tiers": ["none"]}}, "conditions", "tiers: none called none is a tier of the program."),
    ({"conditions": {"partners": ["x"]}}, "conditions", "partners: none called x takes part in the program."),
    ({"conditions": {"channels": ["a\0"]}}, "conditions", "channels[0]: holds a character that cannot be stored"),
    (
        {"kind": "tier_multiplier", "params": {"tier_group": "b"}},
        "params",
        "tier_group: the program has no tier group",
    ),
    ({"starts_on": "2025-02-01", "ends_on": "2025-01-01"}, "ends_on", "The last day must not lie before the first."),
]


@pytest.mark.parametrize(("fields", "field", "message"), RULES)
def test_a_wrong_rule_is_refused_beside_its_field(club, fields, field, message):
    errors = refusal(change(Rule.objects.get(code="base"), **fields))
    assert list(errors) == [field]
    assert errors[field][0].startswith(message)


def test_a_rule_may_name_what_its_program_has(club):
    wanted = {"tiers": ["gold"], "partners": ["shop", "bakery"], "weekdays": [6, 7]}
    change(Rule.objects.get(code="base"), conditions=wanted).full_clean()


def test_a_rule_needs_a_currency_of_its_own_program(club):
    other = Program.objects.create(code="other", name="Other", owner=club.owner)
    miles = Currency.objects.create(program=other, code="miles", name="Miles")
    assert refusal(change(Rule.objects.get(code="base"), currency=miles)) == {
        "currency": ["Choose a currency of the same program."]
    }
    status = Currency.objects.create(program=other, code="status", name="Status", kind="qualifying")
    assert refusal(change(TierGroup.objects.get(), currency=status)) == {
        "currency": ["Choose a currency of the same program."]
    }


def test_tiers_are_measured_in_a_qualifying_currency(club):
    points = Currency.objects.get(code="points")
    assert refusal(change(TierGroup.objects.get(), currency=points)) == {
        "currency": ["Tiers are measured in a qualifying currency."]
    }
    assert refusal(change(Currency.objects.get(code="status"), kind="spendable")) == {
        "kind": ["Tiers are measured in a qualifying currency."]
    }


def test_only_a_spendable_currency_is_primary(club):
    assert refusal(change(Currency.objects.get(code="points"), kind="qualifying")) == {
        "is_primary": ["Only a spendable currency can be the primary one."]
    }


@pytest.mark.parametrize(("fields", "field"), [({"decimals": 2}, "decimals"), ({"kind": "qualifying"}, "kind")])
def test_a_currency_that_members_hold_keeps_its_kind_and_decimals(club, fields, field):
    points = change(Currency.objects.get(code="points"), is_primary=False, **fields)
    points.full_clean()
    customer = Customer.objects.create(first_name="Ada")
    Balance.objects.create(
        member=Member.objects.create(program=club, customer=customer, number="42"), currency=points
    )
    assert "because members hold this currency; add a new one instead." in refusal(points)[field][0]
    change(Currency.objects.get(code="points"), rounding="ceil").full_clean()


def test_an_expiry_lasts_between_a_day_and_a_century(club):
    expiry = ExpiryRule.objects.get()
    assert refusal(change(expiry, period=0))["period"] == ["A fixed expiry needs a period of at least 1."]
    assert refusal(change(expiry, period=101, unit="year")) == {"period": ["Must not be longer than 100 years."]}
    change(expiry, period=0, unit="month", model="never").full_clean()


def test_a_higher_tier_needs_more_points(club):
    gold = Tier.objects.get(code="gold")
    assert refusal(change(gold, threshold=500)) == {
        "threshold": ["Must be more than the 500 of the tier below it, Silver."]
    }
    silver = Tier.objects.get(code="silver")
    assert refusal(change(silver, threshold=1_000)) == {
        "threshold": ["Must be less than the 1000 of the tier above it, Gold."]
    }
    change(gold, threshold=501).full_clean()


def test_the_owner_needs_no_participation(club):
    row = Participation(program=club, partner=club.owner)
    assert refusal(row) == {"partner": ["The owner always takes part; there is no need to add it."]}


@pytest.mark.parametrize("row", [Rule(), Tier(), TierGroup(), Currency(), ExpiryRule(), Participation()])
def test_an_empty_form_is_refused_without_a_failure(row):
    assert refusal(row)


def formset(club, **thresholds):
    group = TierGroup.objects.get()
    data = {"tiers-TOTAL_FORMS": 2, "tiers-INITIAL_FORMS": 2}
    for place, tier in enumerate(group.tiers.all()):
        row = {"id": tier.pk, "group": group.pk, "code": tier.code, "name": tier.name, "sequence": tier.sequence}
        row |= {"threshold": thresholds[tier.code], "multiplier": tier.multiplier, "colour": tier.colour}
        row |= {"extension_months": tier.extension_months}
        data |= {f"tiers-{place}-{name}": value for name, value in row.items()}
    made = inlineformset_factory(TierGroup, Tier, formset=LadderFormSet, fields="__all__", extra=0)
    return made(data, instance=group)


def test_all_thresholds_may_be_raised_on_one_page(club):
    edited = formset(club, silver=5_000, gold=9_000)
    assert edited.is_valid(), edited.errors
    edited.save()
    assert list(Tier.objects.values_list("threshold", flat=True)) == [5_000, 9_000]


def test_a_falling_ladder_is_refused_on_one_page(club):
    edited = formset(club, silver=9_000, gold=9_000)
    assert not edited.is_valid()
    assert edited.errors[1] == {"threshold": ["Must be more than the 9000 of the tier below it, Silver."]}


def test_a_part_of_a_program_that_is_not_saved_yet_can_be_checked():
    owner = Partner.objects.create(code="shop", name="Shop")
    unsaved = Program(code="new", name="New", owner=owner)
    Participation(program=unsaved, partner=Partner.objects.create(code="b", name="B")).clean()
    Tier(group=TierGroup(program=unsaved), sequence=1, threshold=0).clean()
    Rule(program=unsaved, kind="fixed", params={"points": 1, "events": "a"}).clean()
