"""Whom the tests of the site speak as: an owner's system with every right, and a clerk at the counter."""

import socket

import pytest

from loyalty_site.lib import receivers
from members.enrolment import enrol
from members.models import Card, Customer, Member
from partners.models import KeptAnswer, Partner
from programs.models import Participation
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.browsing import Browser
from tests.support.lively import LivelyShop
from tests.support.shop_stories import BUILT
from tests.support.stage import kept
from transactions.models import Entry, Journal


@kept
def club(db):
    return factories.program("club", owner=factories.partner("shop"))


@pytest.fixture
def shop(club):
    """The owner's system, at the API."""
    return Caller(club.owner)


@pytest.fixture
def cafe(club):
    """A system of another partner in the program."""
    guest = factories.partner("cafe")
    Participation.objects.create(program=club, partner=guest)
    return Caller(guest)


@kept
def lively_shop(boss):
    """Everything that the back office can show, to somebody who is told of what happens in it."""
    return LivelyShop()


@pytest.fixture
def desk(client, store_staff):
    """The browser of a clerk."""
    client.force_login(store_staff)
    return client


@kept
def ada(club):
    """A member whom the tills know by a card, an address and a phone number."""
    member = factories.member(club, email="ada@example.com", phone="+33612345678")
    Card.objects.create(member=member, number="C-1815")
    return member


@pytest.fixture
def hopper(club):
    """A member who enrolled in a store."""
    return enrol(club, Customer(last_name="Hopper"), channel=Member.Channel.STORE)


@pytest.fixture
def nothing_written(ada):
    """Holds a test to it that what it sent changed nothing."""
    yield
    assert not Journal.objects.exists()
    assert not Entry.objects.exists()
    assert not KeptAnswer.objects.exists()
    assert Member.objects.count() == Customer.objects.count() == 1


@pytest.fixture
def browser(client, marketing, now_is):
    """Somebody of marketing, who finds nothing but a login, before the stories of tests/support begin."""
    assert not Partner.objects.exists()
    now_is(BUILT)
    client.force_login(marketing)
    return Browser(client)


@pytest.fixture
def now_is(time_machine):
    """A function that lets it be an instant, at which the clock stands still."""

    def move(instant):
        time_machine.move_to(instant, tick=False)

    return move


@pytest.fixture
def somewhere(monkeypatch):
    """Every name is that of a public address, and nobody is asked for it."""
    monkeypatch.setattr(
        receivers, "_resolve", lambda host, port: [(socket.AF_INET, 0, 0, "", ("93.184.215.14", port))]
    )
