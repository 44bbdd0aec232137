"""Cards and subledgers of other systems come in as what they are there, or are refused with a reason."""

import pytest

from members.models import Card, Member
from tests.support import factories
from tests.support.importing import Folder
from transactions.models import Lot
from transactions.proof.audit import audit

ODOO = "code,points,partner_id,expiration_date\n0447-8a1c,120.5,Ann Ade,2097-03-31\n0447-8a1d,-20,Bo Bee,\n"
HEAD = "code,points,partner_id,partner_id/email\n"
A, B, C = (f"C-{n},{n}0,Ann Ade,ann@example.com\n" for n in (1, 2, 3))
LOTS = "customerprofileid,amount,expirydate,subledgerid\n"


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=800)


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


def test_cards_of_partners_who_have_only_names_are_enrolled_by_their_code(folder, made):
    made.currencies.filter(code="points").update(refund_policy="arrears")
    made.save()
    run = folder.bring(ODOO, "odoo-cards")
    assert (run.code, run.report) == (0, [])
    held = {
        member.customer.full_name: (member.cards.get().number, factories.held(member))
        for member in Member.objects.all()
    }
    assert held == {"Ann Ade": ("0447-8A1C", 120), "Bo Bee": ("0447-8A1D", -20)}
    assert "2 recorded before" in folder.bring(ODOO, "odoo-cards").told
    assert not list(audit(made))


def test_a_debt_is_refused_where_the_program_has_none(folder):
    assert folder.bring(ODOO, "odoo-cards").codes == [(3, "points", "no_arrears")]


def test_further_cards_of_one_member_are_added_in_one_file_and_in_a_later_one(folder, made):
    run = folder.bring(HEAD + A + B, "odoo")
    assert (run.code, run.codes) == (0, [(3, "card", "further_card")])
    later = folder.bring(HEAD + C + A, "odoo")
    assert (later.code, later.codes) == (0, [(2, "card", "further_card")])
    ann = Member.objects.get()
    assert (factories.held(ann), ann.cards.count()) == (60, 3)
    assert "3 recorded before" in folder.bring(HEAD + A + B + C, "odoo").told
    assert not list(audit(made))


def test_a_card_with_another_balance_is_refused_and_one_that_stands_twice(folder):
    folder.bring(HEAD + A, "odoo")
    assert folder.bring(HEAD + A.replace("10", "15"), "odoo").codes == [(2, "points", "idempotency_conflict")]
    assert folder.bring(HEAD + B + B, "odoo").codes == [(2, "card", "further_card"), (3, "", "member_twice")]
    assert factories.held(Member.objects.get()) == 30


def test_a_card_of_somebody_else_is_refused(folder, made):
    factories.member(made).cards.create(number="C-1")
    factories.member(made, email="ann@example.com")
    assert folder.bring(HEAD + A, "odoo").codes == [(2, "email", "names_differ")]
    assert Card.objects.count() == 1


def test_a_subledger_goes_to_the_currency_of_its_code(folder, made):
    made.currencies.create(code="miles", name="Miles", kind="spendable")
    made.save()
    content = f"{LOTS}c-ann,10,,\nc-ann,20,,Miles\n"
    run = folder.bring(content, "talon-points")
    assert (run.code, run.report) == (0, [])
    assert "balances moved by 10 Points, 20 Miles." in run.told
    assert dict(Lot.objects.values_list("currency__code", "points")) == {"points": 10, "miles": 20}
    assert "2 recorded before" in folder.bring(content, "talon-points").told
    assert not list(audit(made))


@pytest.mark.parametrize("code", ["hotel", "status"])
def test_a_subledger_that_the_program_has_no_currency_for_is_refused(folder, code):
    run = folder.bring(f"{LOTS}c-ann,10,,{code}\n", "talon-points")
    assert run.codes == [(2, "points_currency", "currency_unknown")]
    assert "it has: points" in run.report[0]["problem"]
    assert not Member.objects.exists()


def test_a_tier_of_a_subledger_is_one_of_the_ladder_of_its_code(folder):
    head = "subledgerid,customerprofileid,tiername,expirydate\n"
    run = folder.bring(f"{head}hotel,c-ann,Gold,\nMAIN,c-bo,Gold,\n", "talon-tiers")
    assert run.codes == [(2, "ladder", "tier_unknown")]
    assert Member.objects.get().standings.current().get().tier.code == "gold"


def test_the_end_of_a_tier_without_the_tier_is_refused(folder):
    head = "customerprofileid,tiername,expirydate\n"
    run = folder.bring(f"{head}c-ann,,2097-01-01T00:00:00Z\n", "talon-tiers")
    assert run.codes == [(2, "tier", "invalid_value")]


@pytest.mark.parametrize("points", ["1000000000000000", "-1000000000000000", "99999999999999999999"])
def test_more_points_than_are_possible_are_refused_with_the_limit(folder, points):
    run = folder.bring(f"email,points\nann@example.com,{points}\n", "smile")
    assert run.codes == [(2, "points", "invalid_value")]
    assert "Only less than 1000000000000000 points are possible" in run.report[0]["problem"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"email": "e", "points_currency": "c"}, "fields.points_currency"),
        ({"email": "e", "points": "p", "points_currency": "c", "lifetime_earned": "l"}, "fields.points_currency"),
        ({"email": "e", "points": "p", "ladder": "l"}, "fields.ladder"),
    ],
)
def test_codes_in_rows_need_what_they_are_about(folder, fields, path):
    run = folder.bring("e,p,c,l\n", {"source": "x", "fields": fields})
    assert run.code == 2
    assert f"mapping.json: {path}: " in run.told
