"""Whose a row is depends on what stands before it in the file, never on a later row, however they are batched."""

import itertools

import pytest

from members.models import Card, Customer, Member
from tests.support import factories

FIELDS = {"external_id": "id", "date": "day", "amount": "sum", "email": "mail", "phone": "tel", "card": "card"}
MAPPING = {"enrol": True, "country": "FR", "fields": FIELDS}
HEAD = "id,day,sum,mail,tel,card\n"
TEL = "0655449003"


@pytest.fixture(params=[1, 2, 1000])
def size(request, monkeypatch):
    """How many rows a batch has."""
    monkeypatch.setattr("transactions.ledger.LARGEST_BATCH", request.param)
    return request.param


def points():
    """{by what a member is known: points}."""
    return {
        (one.customer.email_key, one.customer.phone, ",".join(one.cards.values_list("number", flat=True))): (
            one.balances.get(currency__is_primary=True).available
        )
        for one in Member.objects.select_related("customer")
    }


def in_one_file(folder, *rows):
    rehearsal = folder.load(HEAD + "".join(f"{row}\n" for row in rows), MAPPING, "--dry-run")
    run = folder.load(HEAD + "".join(f"{row}\n" for row in rows), MAPPING)
    assert (run.code, run.report) == (0, [])
    assert run.told.split(" s: ")[1] == rehearsal.told.split(" s: ")[1].replace("would be ", "")


NAMES = [("sib@example.com", "", ("sib@example.com", "", "")), ("", "C-9", ("", "", "C-9"))]


@pytest.mark.parametrize(("mail", "card", "new"), NAMES)
def test_a_row_beside_a_known_phone_goes_to_its_owner_whoever_comes_later(folder, size, mail, card, new):
    in_one_file(folder, f"S0,2026-03-01,10.00,,{TEL},")
    in_one_file(folder, f"S1,2026-03-02,70.00,{mail},{TEL},{card}", f"S2,2026-03-20,5.00,{mail},,{card}")
    assert points() == {("", "+33655449003", ""): 80, new: 5}


@pytest.mark.parametrize(("mail", "card", "new"), NAMES)
def test_so_it_is_where_the_owner_of_the_phone_is_new_in_the_same_file(folder, size, mail, card, new):
    in_one_file(
        folder,
        f"S0,2026-03-01,10.00,,{TEL},",
        f"S1,2026-03-02,70.00,{mail},{TEL},{card}",
        f"S2,2026-03-20,5.00,{mail},,{card}",
        f"S3,2026-03-21,3.00,{mail},{TEL},{card}",
    )
    assert points() == {("", "+33655449003", ""): 80, new: 8}


def test_a_customer_with_an_id_takes_no_points_by_an_address_of_an_earlier_row(folder, size):
    described = {**MAPPING, "fields": {**FIELDS, "customer": "who"}}
    head = "id,day,sum,mail,tel,card,who\n"
    folder.load(f"{head}S0,2026-03-01,10.00,,{TEL},,\n", described)
    rows = f"S1,2026-03-02,70.00,sib@example.com,{TEL},,\nS2,2026-03-20,5.00,sib@example.com,,,X7\n"
    assert folder.load(head + rows, described).code == 0
    assert points() == {("", "+33655449003", ""): 80, ("sib@example.com", "", ""): 5}


ROWS = [
    f"A,2026-03-01,1.00,,{TEL},",
    f"B,2026-03-01,2.00,a@example.com,{TEL},",
    "C,2026-03-01,4.00,a@example.com,,C-1",
    "D,2026-03-01,8.00,a@example.com,,",
    f"E,2026-03-01,16.00,,{TEL},C-1",
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::7])
def test_one_file_leaves_what_a_file_for_each_of_its_rows_leaves(folder, order):
    rows = [ROWS[place] for place in order]
    in_one_file(folder, *rows)
    together = points()
    # The same rows again are recorded, whoever they would name now.
    assert "0 posted, 5 recorded before" in folder.load(HEAD + "".join(f"{row}\n" for row in rows), MAPPING).told
    other = factories.program(rules=False, code="other", expiry="never", max_backdate_days=20_000)
    factories.rule(other, "spend", "per_amount", {"points": "1", "per": "1"})
    assert Customer.objects.count() == len(together)
    assert Card.objects.count() <= 1
    for row in rows:
        assert folder.load(HEAD + row + "\n", MAPPING, program=other.code).code == 0
    apart = {
        (one.customer.email_key, one.customer.phone, ",".join(one.cards.values_list("number", flat=True))): (
            one.balances.get(currency__is_primary=True).available
        )
        for one in Member.objects.filter(program=other).select_related("customer")
    }
    assert together == apart
