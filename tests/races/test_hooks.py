"""Systems that subscribe at the same moment have one subscription, and never more than a partner may have."""

import pytest

from partners import hooks
from partners.hooks import Subscription, TooManyHooks
from partners.models import Connection, WebhookEndpoint
from tests.support import factories
from tests.support.crowd import at_once
from tests.support.hooks import TARGET

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def till(transactional_db):
    return Connection.of(factories.partner(), Connection.Platform.API)


def subscribe(till, number):
    try:
        return hooks.subscribe(till, Subscription(f"{TARGET}/{number}", ("points.earned",)))[1]
    except TooManyHooks:
        return None


def test_one_address_is_subscribed_once(till):
    found = at_once(*[lambda: subscribe(till, 1) for _ in range(8)])
    assert sorted(found) == [False] * 7 + [True]
    assert WebhookEndpoint.objects.count() == 1


def test_together_they_keep_to_the_limit(till, monkeypatch):
    monkeypatch.setattr(hooks, "MOST_ENDPOINTS", 3)
    found = at_once(*[lambda number=number: subscribe(till, number) for number in range(8)])
    assert (found.count(True), found.count(None)) == (3, 5)
    assert WebhookEndpoint.objects.count() == 3
