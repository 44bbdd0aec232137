"""The files that leading systems export are brought in with the mappings that come along."""

import pytest

from members.models import Customer, Member
from tests.support import factories
from tests.support.importing import Folder
from transactions.imports import members
from transactions.models import Lot
from transactions.proof.audit import audit

SMILE = "email,points\nann.smile@example.com,1500\nbo.smile@example.com,250\n"
BIRTHDAYS = "email,birthday\nann.smile@example.com,1004-12-25\nbo.smile@example.com,2000-02-29\n"
ODOO = "code,points,partner_id,expiration_date\n0447-8a1c,120.5,Ann Ade,2027-03-31\n0447-8a1d,-20,Bo Bee,\n"
TALON = (
    "subledgerid,customerprofileid,tiername,expirydate\n"
    ",c-ann,Gold,2097-03-21T07:32:14Z\n,c-bo,Silver,2097-04-16T21:12:37Z\n"
)
YITH = "ann@example.com;1500\nbo@example.com;250"


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=800)


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


def balances(made):
    return {
        member.customer.email
        or member.customer.full_name
        or member.customer.external_ids.get().value: factories.held(member)
        for member in Member.objects.filter(program=made)
    }


@pytest.mark.parametrize("name", members.titles())
def test_each_mapping_can_be_used_and_says_what_it_is_for(name):
    assert members.named(name).source
    assert members.titles()[name]


def test_smile(folder, made):
    run = folder.bring(SMILE, "smile")
    assert (run.code, run.report) == (0, [])
    assert "2 brought in" in run.told
    assert "balances moved by 1750 Points" in run.told
    assert balances(made) == {"ann.smile@example.com": 1500, "bo.smile@example.com": 250}
    assert not list(audit(made))


def test_smile_birthdays_with_and_without_a_year_and_on_29_february(folder, made):
    folder.bring(SMILE, "smile")
    assert folder.bring(BIRTHDAYS, "smile-birthdays").code == 0
    ann, bo = (Customer.objects.get(email=f"{name}.smile@example.com") for name in ("ann", "bo"))
    assert (ann.birthday, ann.birth_date) == ("12-25", None)
    assert (bo.birthday, str(bo.birth_date)) == ("02-29", "2000-02-29")
    again = folder.bring(BIRTHDAYS, "smile-birthdays")
    assert "0 brought in, 2 recorded before" in again.told


def test_a_list_of_birthdays_enrols_nobody(folder):
    run = folder.bring(BIRTHDAYS, "smile-birthdays")
    assert run.codes == [(2, "email", "member_unknown"), (3, "email", "member_unknown")]
    assert not Member.objects.exists()


def test_loyaltylion(folder, made):
    content = "Email,points,birthday,tier\nann@example.com,1500,1990-01-31,Silver\n"
    assert folder.bring(content, "loyaltylion").code == 0
    ann = Member.objects.get()
    assert (factories.held(ann), ann.customer.birthday) == (1500, "01-31")
    assert ann.standings.current().get().tier.code == "silver"


def test_yith_without_a_header_and_with_semicolons(folder, made):
    assert folder.bring(YITH, "yith").code == 0
    assert balances(made) == {"ann@example.com": 1500, "bo@example.com": 250}


def test_square_knows_people_by_their_phone(folder, made):
    content = "First Name,Last Name,Phone Number,Points,Lifetime Points\nAnn,Ade,+33 6 12 34 56 78,70,600\n"
    assert folder.bring(content, "square").code == 0
    ann = Member.objects.get()
    assert (ann.customer.phone, ann.customer.full_name, factories.held(ann)) == ("+33612345678", "Ann Ade", 70)
    # Lifetime sums were given, so they count for the tier; none of it was earned here.
    assert ann.standings.current().get().tier.code == "silver"
    assert ann.balances.get(currency__code="points").earned_before == 600
    assert not ann.balances.exclude(lifetime_earned=0).exists()
    assert not list(audit(made))


def test_woocommerce(folder, made):
    assert folder.bring("user_id,user_email,points\n7,ann@example.com,1500\n", "woocommerce").code == 0
    assert balances(made) == {"ann@example.com": 1500}


def test_odoo_refuses_a_customer_who_is_known_by_name_only(folder):
    run = folder.bring(ODOO, "odoo")
    assert run.code == 1
    assert run.codes == [(2, "name", "known_by_name_only"), (3, "name", "known_by_name_only")]
    assert "“Ann Ade” is only a name" in run.report[0]["problem"]
    assert not Member.objects.exists()


def test_odoo_finds_people_by_their_card_and_rounds_fractions_as_the_currency_does(folder, made):
    ann = factories.member(made)
    ann.cards.create(number="0447-8a1c")
    run = folder.bring(ODOO.replace("2027-03-31", "2097-03-31"), "odoo")
    assert run.codes == [(3, "name", "known_by_name_only")]
    lot = Lot.objects.get(member=ann)
    assert (lot.remaining, lot.expires_at) == (120, factories.at(2097, 3, 31, 22))


def test_odoo_with_addresses_brings_debts_where_the_program_has_them(folder, made):
    content = "code,points,partner_id,partner_id/email\n0447-8a1d,-20.5,Bo Bee,bo@example.com\n"
    assert folder.bring(content, "odoo").codes == [(2, "points", "no_arrears")]
    assert not Member.objects.exists()
    made.currencies.filter(code="points").update(refund_policy="arrears")
    made.save()
    assert folder.bring(content, "odoo").code == 0
    assert balances(made) == {"bo@example.com": -20}
    assert Member.objects.get().cards.get().number == "0447-8A1D"


def test_fractions_are_refused_or_rounded_as_somebody_chooses(folder, made):
    content = "email,points\nann@example.com,120.5\n"
    run = folder.bring(content, "smile")
    assert run.codes == [(2, "points", "fraction_of_points")]
    assert "Say in the mapping how to round" in run.report[0]["problem"]
    dry = folder.bring(content, "smile", "--rounding", "ceil", "--dry-run")
    assert "1 rows have fractions of points, which would be rounded." in dry.told
    run = folder.bring(content, "smile", "--rounding", "ceil")
    assert "1 rows have fractions of points, which were rounded." in run.told
    assert balances(made) == {"ann@example.com": 121}


def test_talon_one_brings_tiers_with_their_end(folder, made):
    assert folder.bring(TALON, "talon-tiers").code == 0
    held = {
        member.customer.external_ids.get().value: member.standings.current().get() for member in Member.objects.all()
    }
    assert {name: standing.tier.code for name, standing in held.items()} == {"c-ann": "gold", "c-bo": "silver"}
    assert f"{held['c-ann'].valid_until:%Y-%m-%dT%H:%M:%S}" == "2097-03-21T07:32:14"
    assert not list(audit(made))


def test_talon_one_brings_lots_each_with_its_end(folder, made):
    content = (
        "customerprofileid,amount,startdate,expirydate,subledgerid\n"
        "c-ann,10,2024-01-01T00:00:00Z,2097-01-01T00:00:00Z,\nc-ann,20.9,,2098-01-01T00:00:00Z,\nc-ann,5,,,\n"
    )
    assert folder.bring(content, "talon-points").code == 0
    lots = dict(Lot.objects.values_list("points", "expires_at"))
    assert lots[10] == factories.at(2097, 1, 1, 0)
    assert lots[20] == factories.at(2098, 1, 1, 0)
    assert lots[5] is None
    assert "0 brought in, 3 recorded before" in folder.bring(content, "talon-points").told


def test_an_unknown_mapping_is_answered_with_those_that_come_along(folder):
    run = folder.bring(SMILE, "frown")
    assert run.code == 2
    assert "There is no mapping “frown”" in run.error
    assert "smile, smile-birthdays, square" in run.error
