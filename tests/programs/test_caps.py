"""A cap that cannot be meant is refused, in a document and in the admin; a right one comes out as it went in."""

import pytest
from django.core.exceptions import ValidationError

from loyalty_site.lib.refusals import Refused
from programs import document, versions
from programs.models import Cap, Program
from tests.support import factories
from tests.support.examples import example
from transactions.models import CapCounter

RULE = example()["rules"][0]


def with_cap(**fields):
    own = {"code": "day", "name": "A day", "currency": RULE["currency"], "limit": 500}
    return example() | {"caps": [own | fields]}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"limit": 0},
            "caps[0].limit: a limit of zero gives nothing to anybody: switch the rule off instead",
        ),
        ({"limit": "5"}, "caps[0].limit: must be a whole number"),
        ({"limit": None}, "caps[0].limit: must not be null"),
        ({"currency": "miles"}, "caps[0].currency: the document has no currency “miles”"),
        ({"rule": "none"}, "caps[0].rule: the document has no rule “none”"),
        ({"rule": 7}, "caps[0].rule: must be a text"),
        ({"store": "nobody/lyon"}, "caps[0].store: no partner “nobody” takes part in the program"),
        (
            {"period": "trailing", "scope": "program"},
            "caps[0].period: only a cap for each member can look back over trailing days",
        ),
        (
            {"measure": "uses", "scope": "transaction"},
            "caps[0].measure: a transaction is one use; limit its points or its money",
        ),
        ({"period": "hour"}, "caps[0].period: must be one of ever, day, week, month, quarter, year, trailing"),
        ({"limits": 5}, "caps[0].limits: unknown field; did you mean limit?"),
    ],
)
def test_a_document_says_what_is_wrong_with_a_cap(fields, problem):
    assert [str(found) for found in document.check(with_cap(**fields))] == [problem]


def test_money_needs_a_cost():
    made = with_cap(measure="money")
    for currency in made["currencies"]:
        currency["cost_per_point"] = "0"
    expected = "caps[0].measure: the currency's cost_per_point is 0, so its points cost no money"
    assert [str(found) for found in document.check(made)] == [expected]


@pytest.mark.django_db
def test_a_document_with_caps_goes_in_and_comes_out_and_is_changed():
    made = with_cap(rule=RULE["code"], store="lyon")
    with pytest.raises(document.Invalid, match="has no store “lyon”"):
        document.apply(made, create_partners=True)
    factories.store(factories.partner(made["program"]["owner"]), "lyon")
    document.apply(made, create_partners=True)
    stored = Program.objects.get(code=made["program"]["code"])
    assert document.export(stored) == document.normal(made)
    assert document.apply(made) == []
    assert [(cap.code, cap.limit, cap.store) for cap in versions.renew(stored.pk).caps] == [
        ("day", 500, (made["program"]["owner"], "lyon"))
    ]
    row = Cap.objects.get()
    gone = made | {"rules": made["rules"][1:], "caps": [made["caps"][0] | {"rule": ""}]}
    document.apply(gone)
    assert Cap.objects.get() == row
    assert Cap.objects.get().rule is None
    CapCounter.objects.create(cap=row, period="2026-01-01", used=1)
    with pytest.raises(Refused, match="counters refer to it"):
        document.apply(gone | {"caps": []})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": None}, "limit"),
        ({"measure": "money"}, "measure"),
        ({"period": "trailing", "scope": "program"}, "period"),
        ({"measure": "uses", "scope": "transaction"}, "measure"),
    ],
)
def test_a_form_says_it_beside_the_field(fields, field):
    made = factories.program()
    cap = Cap(
        **{"program": made, "code": "day", "name": "Day", "currency": made.currencies.first(), "limit": 1} | fields
    )
    with pytest.raises(ValidationError) as error:
        cap.full_clean()
    assert field in error.value.message_dict


@pytest.mark.django_db
def test_a_cap_keeps_to_its_program():
    made, other = factories.program(), factories.program()
    cap = Cap(
        program=made, code="day", name="Day", currency=other.currencies.first(), rule=other.rules.first(), limit=1
    )
    with pytest.raises(ValidationError) as error:
        cap.full_clean()
    assert {"currency", "rule"} <= set(error.value.message_dict)
