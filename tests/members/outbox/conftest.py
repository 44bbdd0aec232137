"""An outbox with a receiver on this machine, and a program of which it tells."""

import pytest

from tests.support import factories
from tests.support import outbox as made
from tests.support.stage import kept


@kept
def program(db):
    return factories.program()


@pytest.fixture
def outbox(settings, monkeypatch):
    with made.outbox(settings, monkeypatch) as both:
        yield both


@pytest.fixture
def receiver(outbox):
    return outbox[0]


@pytest.fixture
def address(outbox):
    return outbox[1]
