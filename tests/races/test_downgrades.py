"""Whatever a member does while a list of downgrades is agreed to, the tier is what one of the two orders gives."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model

from loyalty_site.lib.refusals import Refused
from tests.support import factories, foreseeing
from tests.support.crowd import at_once
from tests.support.factories import at, post_one, purchase
from transactions.models import DowngradeDecision
from transactions.proof.audit import audit
from transactions.reviews import downgrades

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]

LIST = date(2028, 1, 1)
MORNING = at(2028, 1, 1, 9)
MEMBERS = 12


def boss(name):
    return get_user_model().objects.create_superuser(name, f"{name}@example.com", "correct horse")


@pytest.fixture
def made(transactional_db):
    return factories.program()


@pytest.fixture
def group(made):
    return foreseeing.set_up(made, model="calendar", validity="rest_of_cycle", holds_downgrades=True, late_window=0)


@pytest.fixture
def members(made, group):
    """They are gold, and wait because they miss a point."""
    found = [factories.member(made, enrolled_at=at(2024, 3, 3)) for _ in range(MEMBERS)]
    for who in found:
        spend(made, who, 1000, at(2026, 6, 1))
    foreseeing.night(made, at(2027, 1, 1, 1))
    for who in found:
        spend(made, who, 999, at(2027, 6, 1))
    foreseeing.night(made, at(2028, 1, 1, 1))
    return found


def spend(made, who, euros, when):
    post_one(made, purchase(who, euros * 100, activity_at=when), now=when)


def shown(group):
    return list(downgrades.on_list(group, LIST).values_list("pk", flat=True))


def test_a_purchase_that_saves_the_member_while_the_list_is_agreed_to(made, group, members):
    user, seen = boss("boss"), shown(group)
    assert len(seen) == MEMBERS

    def agree():
        decision = downgrades.decide(group, LIST, user=user, shown=seen, excepted={}, now=MORNING)
        return downgrades.advance(decision, now=MORNING)

    done, *_ = at_once(agree, *(lambda who=who: spend(made, who, 1, MORNING) for who in members[:3]))
    counts = done.counts
    assert counts["lowered"] + counts["left_out"] == MEMBERS
    assert counts["left_out"] <= 3
    reasons = [who.standings.current().get().reason for who in members]
    assert reasons.count("downgrade") == counts["lowered"]
    assert reasons.count("renewal") == counts["left_out"]
    assert not downgrades.lists(group)
    assert not list(audit(made))


def test_of_two_people_who_agree_at_once_one_does(made, group, members):
    people, seen = [boss("boss"), boss("other")], shown(group)

    def agree(user):
        try:
            decision = downgrades.decide(group, LIST, user=user, shown=seen, excepted={}, now=MORNING)
        except Refused as refused:
            return refused.refusal.code
        return downgrades.advance(decision, now=MORNING).counts["lowered"]

    outcomes = at_once(*(lambda user=user: agree(user) for user in people))
    assert sorted(outcomes, key=str) in ([MEMBERS, "already_decided"], [MEMBERS, "nobody_waits"])
    assert DowngradeDecision.objects.count() == 1


def test_two_workers_at_one_decision_do_it_once(made, group, members, monkeypatch):
    monkeypatch.setattr(downgrades, "BATCH", 2)
    decision = downgrades.decide(group, LIST, user=boss("boss"), shown=shown(group), excepted={}, now=MORNING)
    at_once(*[lambda: downgrades.advance(decision, now=MORNING)] * 3)
    decision.refresh_from_db()
    assert (decision.counts["lowered"], decision.counts["left_out"]) == (MEMBERS, 0)
