"""Whom the tests of the site speak as: an owner's system with every right, and a clerk at the counter."""

import pytest

from tests.support import factories
from tests.support.api_caller import Caller


@pytest.fixture
def club(db):
    return factories.program("club", owner=factories.partner("shop"))


@pytest.fixture
def shop(club):
    """The owner's system, at the API."""
    return Caller(club.owner)


@pytest.fixture
def desk(client, store_staff):
    """The browser of a clerk."""
    client.force_login(store_staff)
    return client
