"""What may an import not do to a program that is in use, and does it then leave everything as it was?"""

import pytest

from members.models import Balance, Customer, Member, Standing
from programs import document
from programs.models import Program
from tests.support.examples import example

pytestmark = pytest.mark.django_db


def test_unknown_partners_are_refused_with_the_way_out():
    with pytest.raises(document.Invalid) as refused:
        document.apply(example())
    assert [problem.path for problem in refused.value.problems] == ["program.owner", "partners[0]"]
    assert "--create-partners" in refused.value.refusal.detail
    assert not Program.objects.exists()


def test_a_wrong_document_changes_nothing(club):
    wanted = example()
    wanted["program"]["name"] = "Other"
    wanted["rules"][0]["params"]["points"] = "-1"
    with pytest.raises(document.Invalid, match=r"rules\[0\].params.points: must be positive"):
        document.apply(wanted)
    club.refresh_from_db()
    assert club.name == "Club"


@pytest.fixture
def held(club):
    """The club with one member, who holds points and a tier."""
    customer = Customer.objects.create(first_name="Ada", last_name="Lovelace")
    member = Member.objects.create(program=club, customer=customer, number="42")
    for currency in club.currencies.all():
        Balance.objects.create(member=member, currency=currency)
    group = club.tier_groups.get()
    Standing.objects.create(
        member=member,
        group=group,
        tier=group.tiers.get(code="silver"),
        since_at=club.created_at,
        from_at=club.created_at,
        reason="enrolment",
    )
    return club


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("kind", "qualifying", "currencies[0].kind: stays spendable, because members hold this currency"),
        ("decimals", 2, "currencies[0].decimals: stays 0, because members hold this currency"),
    ],
)
def test_a_currency_in_use_keeps_its_kind_and_decimals(held, field, value, expected):
    wanted = example()
    wanted["currencies"][0] |= {"is_primary": False, field: value}
    with pytest.raises(document.Invalid) as refused:
        document.apply(wanted)
    assert str(refused.value.problems[0]).startswith(expected)


def test_a_currency_that_nobody_holds_may_change_its_decimals(club):
    wanted = example()
    wanted["currencies"][0]["decimals"] = 2
    assert list(map(str, document.apply(wanted))) == ["changed currency points: decimals 0 → 2"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda d: (d["currencies"].pop(0), [spec.update(currency="status") for spec in d["rules"]]),
            "currencies: “points” cannot be left out: balances refer to it",
            id="a currency with balances",
        ),
        pytest.param(
            lambda d: d["tier_groups"][0]["tiers"].pop(0),
            "tier_groups[0].tiers: “silver” cannot be left out: members hold it, have held it, or are to get it",
            id="a tier that somebody holds",
        ),
        pytest.param(
            lambda d: (d["tier_groups"].clear(), d["rules"].pop()),
            "tier_groups: “silver” cannot be left out: members hold it, have held it, or are to get it",
            id="a ladder that somebody stands on",
        ),
    ],
)
def test_what_something_refers_to_cannot_be_left_out(held, change, expected):
    wanted = example()
    change(wanted)
    with pytest.raises(document.Invalid) as refused:
        document.apply(wanted)
    assert list(map(str, refused.value.problems)) == [expected]
    assert document.export(held) == document.normal(example())
