"""No door takes a text that shows nothing, or one that turns the rest of the line on which it stands."""

import pytest

from loyalty_site.lib import texts
from members.models import Customer, Member
from programs import document
from programs.models import Program
from tests.support import factories
from tests.support.examples import example
from tests.support.importing import Folder
from transactions.models import Journal

TURNING = "\u202e"
WRONG = {TURNING: texts.TURNED, "a\u2066b": texts.TURNED, "\u200f": texts.TURNED, " \t": texts.BLANK}


@pytest.fixture
def ada(club):
    return factories.member(club, email="ada@example.com")


def wrong_in(answer):
    assert answer.status_code == 400, answer.said
    return [(error["pointer"], error["code"], error["detail"]) for error in answer.said["errors"]]


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("name", ["first_name", "last_name", "company_name", "email", "external_id"])
def test_nobody_enrols_under_such_a_name_by_the_api(shop, name, text):
    answer = shop.post("members/", {"last_name": "Lovelace", name: text})
    assert wrong_in(answer) == [(f"#/{name}", "invalid_text", WRONG[text])]
    assert not Member.objects.exists()


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("name", ["external_id", "activity", "channel", "code", "order", "replaces", "hold"])
def test_no_purchase_has_such_a_text(shop, ada, name, text):
    sent = {"activity": "purchase", "external_id": "o", "member": {"number": ada.number}, "amount": "1.00"}
    found = wrong_in(shop.post("transactions/", sent | {name: text}))
    assert found == [(f"#/{name}", "invalid_text", WRONG[text])]
    assert not Journal.objects.exists()


def test_no_line_attribute_or_identifier_has_one(shop, ada):
    sent = {"activity": "purchase", "external_id": "o", "member": {"number": ada.number}, "amount": "1.00"}
    for more, pointer, code in (
        ({"lines": [{"sku": TURNING}]}, "#/lines/0/sku", "invalid_text"),
        ({"attributes": {"note": ["x" + TURNING]}}, "#/attributes", "invalid_attributes"),
        ({"member": {"card": TURNING}}, "#/member/card", "invalid_text"),
    ):
        assert wrong_in(shop.post("transactions/", sent | more)) == [(pointer, code, texts.TURNED)]


@pytest.mark.parametrize(
    ("address", "sent", "name"),
    [
        ("redemptions/", {"points": 1}, "order"),
        ("redemptions/", {"points": 1}, "reason"),
        ("adjustments/", {"points": 1}, "reason"),
    ],
)
def test_no_redemption_or_adjustment_has_one(shop, ada, address, sent, name):
    answer = shop.post(address, {"external_id": "x", "member": {"number": ada.number}} | sent | {name: TURNING})
    assert wrong_in(answer) == [(f"#/{name}", "invalid_text", texts.TURNED)]


def test_nobody_is_looked_up_by_one(shop, ada):
    answer = shop.get("members/lookup/?email=%E2%80%AEada@example.com")
    assert (answer.status_code, answer.said["errors"][0]["parameter"]) == (400, "email")


@pytest.mark.parametrize("amount", [" 1.00", "+1.00", "1.00\n", "1.00 ", "\t1.00", "-1.00"])
def test_an_amount_of_the_api_has_nothing_around_it(shop, ada, amount):
    sent = {"activity": "purchase", "external_id": "o", "member": {"number": ada.number}, "amount": amount}
    ((pointer, code, _),) = wrong_in(shop.post("transactions/", sent))
    assert (pointer, code) == ("#/amount", "invalid_number")
    assert not Journal.objects.exists()


def test_the_desk_enrols_nobody_under_such_a_name(desk, club):
    form = {"program": club.pk, "kind": "person", "channel": "store", "last_name": f"Love{TURNING}lace"}
    response = desk.post("/admin/members/member/add/", form)
    assert response.context["adminform"].form.errors == {"last_name": [texts.TURNED]}
    assert not Customer.objects.exists()


def test_nobody_is_saved_with_a_name_that_is_blank(admin_client, ada):
    where = f"/admin/members/customer/{ada.customer_id}/change/"
    form = admin_client.get(where).context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields} | {"first_name": "   ", "last_name": "\x1b[31m"}
    response = admin_client.post(where, sent | {"identifiers-TOTAL_FORMS": 0, "identifiers-INITIAL_FORMS": 0})
    assert response.status_code == 200
    found = response.context["adminform"].form.errors
    assert (found["first_name"], found["last_name"]) == ([texts.BLANK], [texts.CONTROL])


def test_the_desk_enters_no_such_purchase(desk, ada):
    form = {"member": ada.pk, "activity": "purchase", "amount": "1.00", "channel": "store", "lines-TOTAL_FORMS": 0}
    form |= {"lines-INITIAL_FORMS": 0, "external_id": f"r{TURNING}", "code": f"c{TURNING}"}
    response = desk.post("/admin/transactions/journal/add/", form)
    assert response.context["adminform"].form.errors == {"external_id": [texts.TURNED], "code": [texts.TURNED]}
    assert not Journal.objects.exists()


def test_no_program_has_such_a_name(db):
    wanted = example()
    wanted["program"]["name"] = f"Club {TURNING}"
    wanted["currencies"][0]["name"] = TURNING
    with pytest.raises(document.Invalid) as refused:
        document.apply(wanted, create_partners=True)
    assert {problem.path for problem in refused.value.problems} == {"program.name", "currencies[0].name"}
    assert not Program.objects.exists()


def test_no_import_brings_one(tmp_path, db):
    mapping = {"enrol": True}
    mapping["fields"] = {"customer": "who", "date": "day", "amount": "sum", "last_name": "name", "external_id": "no"}
    folder = Folder(tmp_path, factories.program(max_backdate_days=20_000))
    rows = [f"1,2026-03-01,1.00,Love{TURNING}lace,a", f"2{TURNING},2026-03-01,1.00,Turing,b"]
    rows += [f"3,2026-03-01,1.00,Hopper,{TURNING}c", "4,2026-03-01,1.00,Jones,d"]
    run = folder.load("who,day,sum,name,no\n" + "\n".join(rows) + "\n", mapping)
    assert [(line, field) for line, field, _ in run.codes] == [(2, "last_name"), (3, "customer"), (4, "external_id")]
    assert list(Customer.objects.values_list("last_name", flat=True)) == ["Jones"]
