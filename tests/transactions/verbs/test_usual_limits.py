"""What happens to a member once gives once: the usual limit of a rule is a cap of its uses (C6, C8)."""

import pytest

from partners.activity import Activity
from programs.models import Rule
from tests.support import factories
from tests.support.capped import cap
from tests.support.factories import held, post, post_one, reversal
from tests.support.merging import join

pytestmark = pytest.mark.usefixtures("books_balance")


@pytest.fixture
def once(made):
    """50 points for a registration, once for each member."""
    rule = factories.rule(made, "welcome", "fixed", {"points": "50", "events": "registration"}, group="welcome")
    cap(made, "welcome-uses", 1, rule=Rule.objects.get(pk=rule.pk), scope="member", period="ever", measure="uses")
    return made


def registration(who, external_id):
    return Activity("registration", external_id, {"number": who.number})


def test_a_second_registration_gives_nothing_in_one_batch_or_later(once, who):
    post(once, registration(who, "r-1"), registration(who, "r-2"))
    post_one(once, registration(who, "r-3"))
    assert held(who) == 50


def test_it_holds_after_a_merge(once, who):
    twin = factories.member(once)
    post_one(once, registration(who, "r-1"))
    join(who, twin)
    post_one(once, registration(twin, "r-2"))
    assert held(twin) == 50


def test_one_that_is_taken_back_may_be_given_again(once, who):
    first = post_one(once, registration(who, "r-1"))
    post_one(once, reversal(first.journal_id))
    assert held(who) == 0
    post_one(once, registration(who, "r-2"))
    assert held(who) == 50
