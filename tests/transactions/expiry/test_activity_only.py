"""An event that gives no points keeps a balance alive, where a rule says that it counts as activity (C10-R3)."""

import pytest

from partners.activity import Activity
from programs import document
from programs.models import Program
from tests.support import factories
from tests.support.books_balance import state
from tests.support.examples import program, rule
from tests.support.expiring import expiry
from tests.support.factories import at, post_one, purchase
from transactions.models import Journal
from transactions.proof import sentences

pytestmark = pytest.mark.usefixtures("books_balance")

BOUGHT, LATER = at(2025, 3, 10), at(2025, 6, 10)


@pytest.fixture
def silent(made, who):
    """Points end 12 months behind the last purchase; 100 of them were earned in March."""
    expiry(made, model="activity", period=12, rounding="none", counts="purchase")
    post_one(made, purchase(who, 10000, activity_at=BOUGHT), now=BOUGHT)
    return made


def login(made, who, **fields):
    return post_one(made, Activity("login", "l-1", {"number": who.number}, activity_at=LATER, **fields), now=LATER)


def ends(who):
    return who.balances.get(currency__code="points").expires_at


def alive(made, **fields):
    factories.rule(made, "alive", "no_points", {"events": "login"}, **fields)


def test_without_such_a_rule_only_what_counts_keeps_it_alive(silent, who):
    login(silent, who)
    assert ends(who) == at(2026, 3, 10, 23)


def test_with_it_the_event_does_and_gives_nothing(silent, who):
    alive(silent)
    answer = login(silent, who).answer
    assert answer["points"] == {}
    assert (state(who), ends(who)) == ((100, 0, 0, 0), at(2026, 6, 10, 22))


def test_only_where_its_conditions_hold(silent, who):
    alive(silent, conditions={"channels": ["app"]})
    login(silent, who, channel="web")
    assert ends(who) == at(2026, 3, 10, 23)


def test_only_for_its_own_currency(silent, who):
    alive(silent, currency=silent.currencies.get(code="status"))
    login(silent, who)
    assert ends(who) == at(2026, 3, 10, 23)


def test_it_is_explained_as_such(silent, who):
    alive(silent)
    trace = Journal.objects.get(pk=login(silent, who).journal_id).trace
    said = " ".join(sentences.explain(trace, {}))
    assert "“Alive” (rule alive, version 1) gives no points: it counts as activity for points." in said


def test_a_strict_program_knows_the_event(silent, who):
    silent.refresh_from_db()
    Program.objects.filter(pk=silent.pk).update(strictness="refuse")
    silent.touch(silent.pk)
    with pytest.raises(AssertionError, match="activity_unknown"):
        login(silent, who)
    alive(silent)
    assert login(silent, who).status == "posted"


def test_it_is_no_rule_that_gives_a_currency():
    said = [str(one) for one in document.lint(program(rule("a", "no_points", {"events": "login"})))]
    assert "currencies[0]: no active rule gives “points”" in said
