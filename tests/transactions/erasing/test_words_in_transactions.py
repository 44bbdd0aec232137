"""What somebody wrote in a transaction changes while a person is erased, in that very transaction, and never else."""

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from members.models import Erasure
from members.words import Words
from tests.support import factories
from tests.support.factories import post_one, purchase
from transactions.models import Entry, Journal

REASON = "Asked for it"


@pytest.fixture
def made(db):
    return factories.program()


@pytest.fixture
def ada(made):
    return factories.member(made)


@pytest.mark.parametrize("column", ["payload", "answer", "attributes", "reason", "error", "fingerprint"])
def test_the_words_of_a_transaction_are_changed_while_somebody_is_erased_and_at_no_other_time(made, ada, column):
    """And then no other column either."""
    journal = post_one(made, purchase(ada, 10_000)).journal_id
    text = {} if column in ("payload", "answer", "attributes") else "x"
    value = {"x": 1} if text == {} else text

    def change(**columns):
        with transaction.atomic():
            return Journal.objects.filter(pk=journal).put(**columns)

    with pytest.raises(DatabaseError):
        change(**{column: value})
    under_way = Erasure.objects.create(customer=ada.customer, reason=REASON)
    assert change(**{column: value}) == 1
    with pytest.raises(DatabaseError):
        change(amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.all().put(points=1)
    under_way.finished_at = timezone.now()
    under_way.save()
    with pytest.raises(DatabaseError):
        change(**{column: {} if value == {"x": 1} else "y"})


WORDS = Words(
    numbers={"70157238901": "71111111110"},
    texts=frozenset({"ada@example.com", "+33612345678", "C-7"}),
    ids=frozenset({"42"}),
    names=frozenset({"Gold"}),
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"member": {"email": "ADA@example.com"}}, {"member": {"number": "9"}}),
        ({"member": {"external_id": "42"}, "quantity": "42"}, {"member": {"number": "9"}, "quantity": "42"}),
        ({"to": {"number": "70157238901"}}, {"to": {"number": "71111111110"}}),
        ({"member": "70157238901", "tiers": {"main": "Gold"}}, {"member": "71111111110", "tiers": {"main": "Gold"}}),
        (["Member 70157238901 is suspended.", 1, None], ["Member 71111111110 is suspended.", 1, None]),
        ({"order": "C-70", "card": "C-7 and (C-7)"}, {"order": "C-70", "card": "erased and (erased)"}),
        (
            {"external_id": "order-1", "member": {"number": "1"}},
            {"external_id": "order-1", "member": {"number": "1"}},
        ),
        ({"phone": "+33612345678"}, {"number": "9"}),
        ({}, {}),
    ],
)
def test_json_loses_the_person_and_keeps_what_only_looks_alike(before, after):
    assert WORDS.out_of(before, number="9") == after


def test_whoever_is_known_by_nothing_is_found_in_no_text():
    nobody = Words({}, frozenset(), frozenset(), frozenset())
    assert nobody.out_of({"a": "b"}) == {"a": "b"}
    assert nobody.searched == []
