"""Who asks for a quote waits for nobody who posts, and nobody who posts waits for a quote."""

import threading

import pytest
from django.db import Error, transaction

from loyalty_site.lib import locks
from tests.support import factories
from tests.support.capped import cap
from tests.support.crowd import at_once
from tests.support.factories import held, post_one, purchase, till
from transactions.quotes.quoting import quote
from transactions.quotes.trials import Trials

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def made(transactional_db):
    made = factories.program()
    cap(made, "month", 500, scope="member", period="month")
    return made


@pytest.fixture
def who(made):
    who = factories.member(made)
    post_one(made, purchase(who, 10_000))
    return who


def asked(made, who):
    return quote(purchase(who, 10_000), program_id=made.pk, via=till(made))


def test_a_quote_is_answered_while_somebody_posts_for_the_member(made, who):
    asked(made, who)
    is_posted, is_quoted = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            post_one(made, purchase(who, 10_000))
            is_posted.set()
            assert is_quoted.wait(60), "The quote waited for what is under way."

    def look():
        assert is_posted.wait(60)
        try:
            return asked(made, who).answer["balances"]["points"]
        finally:
            is_quoted.set()

    assert at_once(hold, look)[1] == 200
    assert asked(made, who).answer["balances"]["points"] == 300


def test_somebody_posts_while_a_quote_is_computed_which_tells_of_one_moment(made, who, monkeypatch):
    asked(made, who)
    has_read, is_posted = threading.Event(), threading.Event()
    find = Trials.find

    def find_and_wait(trials):
        found = find(trials)
        has_read.set()
        assert is_posted.wait(60), "The posting waited for the quote."
        return found

    monkeypatch.setattr(Trials, "find", find_and_wait)

    def pay():
        assert has_read.wait(60)
        with locks.without_waiting():
            post_one(made, purchase(who, 10_000))
        is_posted.set()

    seen, _ = at_once(lambda: asked(made, who).answer["balances"]["points"], pay)
    assert seen == 200


def test_while_it_is_computed_the_database_refuses_to_write_and_afterwards_takes_it_again(made, who, monkeypatch):
    asked(made, who)
    with monkeypatch.context() as patch:
        patch.setattr(Trials, "open", lambda trials, found: trials.session.run("DELETE FROM transactions_seal"))
        with pytest.raises(Error, match=r"read-only transaction|readonly database"):
            asked(made, who)
    post_one(made, purchase(who, 10_000))
    assert held(who) == 200
