"""Members who are brought in are found, and written down, in the one notation of phones, addresses, cards and ids."""

import pytest

from members.models import Card, Customer, ExternalId, Member
from tests.support import factories
from tests.support.importing import Folder
from transactions.models import Journal

MAPPING = {
    "source": "old shop",
    "fields": {"customer": "id", "card": "card", "email": "mail", "phone": "tel", "points": "points"},
}
HEAD = "id,card,mail,tel,points\n"


@pytest.fixture
def made(db):
    made = factories.program(max_backdate_days=800)
    made.country = "FR"
    made.save()
    return made


@pytest.fixture
def folder(tmp_path, made):
    return Folder(tmp_path, made)


def test_whoever_is_enrolled_is_written_down_in_the_one_notation(folder, made):
    run = folder.bring(HEAD + "ANN@Example.com,c 77,Ann@Example.com ,06 12 34 56 78,5\n", MAPPING)
    assert (run.code, run.report) == (0, [])
    ann = Customer.objects.get()
    assert (ann.email, ann.email_key, ann.phone) == ("Ann@Example.com", "ann@example.com", "+33612345678")
    assert (Card.objects.get().number, ExternalId.objects.get().value) == ("C77", "ann@example.com")


@pytest.mark.parametrize(
    "row",
    [
        ",,ANN@example.COM,,5",
        ",,,06.12.34.56.78,5",
        ",,,0033 6 12 34 56 78,5",
        ",c 77,,,5",
        "Ann@Example.com,,,,5",
        ",c 77,ANN@example.com,tel:+33-6-12-34-56-78,5",
    ],
)
def test_a_member_is_found_in_any_notation(folder, made, row):
    ann = factories.member(made, email="ann@example.com", phone="+33612345678")
    Card.objects.create(member=ann, program=made, number="C77")
    via = factories.till(made)
    ExternalId.objects.create(customer=ann.customer, connection=via, value="ann@example.com")
    run = folder.bring(f"{HEAD}{row}\n", MAPPING | {"connection": via.name})
    assert (run.code, run.report) == (0, [])
    assert (factories.held(ann), Member.objects.count(), Card.objects.count()) == (5, 1, 1)


def test_the_same_rows_in_another_notation_change_nothing(folder, made):
    folder.bring(HEAD + ",c-77,,06 12 34 56 78,5\n,,bo@example.com,,6\n", MAPPING)
    run = folder.bring(HEAD + ",C-77,,+33612345678,5\n,,BO@example.com,,6\n", MAPPING)
    assert "Nothing new in this file." in run.told
    assert Journal.objects.filter(kind="opening").count() == Member.objects.count() == 2


@pytest.mark.parametrize("second", [",c-77,,,5", ",,,0033612345678,5", ",C-78,ANN@example.com,,5"])
def test_two_rows_that_share_a_name_in_other_notations_are_refused(folder, made, second):
    run = folder.bring(f"{HEAD},C-77,ann@example.com,06 12 34 56 78,5\n{second}\n", MAPPING)
    assert [line for line, _, _ in run.codes] == [3]
    assert Member.objects.count() == 1


def test_the_country_of_the_mapping_comes_before_that_of_the_program(folder, made):
    assert folder.bring(HEAD + ",,,030 901820,5\n", MAPPING | {"country": "DE"}).code == 0
    assert Customer.objects.get().phone == "+4930901820"
    wrong = folder.bring(HEAD + ",,,030 901820,5\n", MAPPING | {"country": "Germany"})
    assert wrong.code == 2
    assert "mapping.json: country: is no country" in wrong.told


def test_a_phone_number_of_no_country_is_refused_with_what_helps(folder, made):
    made.country = ""
    made.save()
    run = folder.bring(HEAD + ",,,06 12 34 56 78,5\n", MAPPING)
    assert run.codes == [(2, "phone", "invalid_value")]
    assert "set the country of the program" in run.report[0]["problem"]


def test_what_is_no_phone_number_is_refused_of_somebody_new_only(folder, made):
    ann = factories.member(made, email="ann@example.com")
    run = folder.bring(HEAD + ",,ann@example.com,none,5\n,,bo@example.com,none,6\n", MAPPING)
    assert run.codes == [(3, "phone", "invalid_customer")]
    assert (factories.held(ann), Member.objects.count()) == (5, 1)


def test_names_that_stayed_as_they_were_written_belong_to_who_has_them(folder, made):
    """Where two members had one card or id in two notations, one of them kept it as it was written."""
    ann, bo = factories.member(made), factories.member(made)
    via = factories.till(made)
    for member, card, name in ((ann, "C77", "ann@example.com"), (bo, "c77", "Ann@example.com")):
        Card.objects.create(member=member, program=made, number=card)
        ExternalId.objects.create(customer=member.customer, connection=via, value=name)
    mapping = MAPPING | {"connection": via.name}
    assert folder.bring(HEAD + ",c77,,,5\n", mapping).code == 0
    assert folder.bring(HEAD + "Ann@example.com,,,,6\n", mapping | {"source": "second"}).code == 0
    assert (factories.held(ann), factories.held(bo)) == (0, 11)
    assert (Card.objects.count(), ExternalId.objects.count()) == (2, 2)
