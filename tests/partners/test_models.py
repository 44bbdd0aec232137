"""What a partner calls its own is its own only."""

import pytest
from django.db import IntegrityError, transaction

from partners.models import Connection
from tests.support import factories


@pytest.fixture
def owner(db):
    return factories.partner()


def test_codes_are_unique_within_a_partner_only(owner):
    other = factories.partner()
    for make, name in ((factories.store, "lyon"), (factories.product, "sku-1")):
        make(owner, name)
        make(other, name)
        with pytest.raises(IntegrityError), transaction.atomic():
            make(owner, name)


def test_our_own_connections_are_made_when_first_needed(owner):
    first = Connection.of(owner, "back-office")
    assert Connection.of(owner, "back-office") == first
    assert Connection.of(owner, "import") != first
    assert (first.platform, first.name) == ("back-office", "Back office")
    with pytest.raises(ValueError, match="telepathy"):
        Connection.of(owner, "telepathy")


def test_public_tokens_cannot_be_guessed(owner):
    tokens = {Connection.objects.create(partner=owner, name=str(n)).token for n in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 32
