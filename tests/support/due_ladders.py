"""Who are the thousands of members whose tiers are due in one night? A few have lived, the others are copies."""

from datetime import timedelta

import pytest

from members.models import Member, MemberBenefit, Standing, Tally
from programs.expiry import End
from tests.support import many_ladders
from tests.support.copies import copy
from tests.support.factories import at, post, purchase
from transactions.books.balances import BalanceInHand
from transactions.tiers import night

SINCE, MONTHS = at(2025, 1, 10), 9
LAST = SINCE + timedelta(days=30 * MONTHS + 1)
#: Two years after the first purchase something of each kind is due.
NOW = SINCE + timedelta(days=730)
LIVED, KEPT = 40, 20
#: So many of those who have lived hold points that end in the same night, so they take the general way.
ENDING = 2
#: Of the ladders of many_ladders each member is on so many; together they are on all of them.
EACH = 2


def program():
    """On all the ladders of many_ladders; its points have no end but for those that are given one."""
    return many_ladders.program(expiry="")


def crowd(made, count):
    """Let there be `count` members (a multiple of KEPT), to each of whose tiers something is due at NOW."""
    whose = many_ladders.members(made, LIVED, since=at(2024, 2, 29))
    many_ladders.live(made, whose, 11, since=SINCE, months=MONTHS)
    _hold_points_that_end(made, whose[:ENDING])
    _leave_ladders(made, whose)
    due = {*night.plan(made.pk, now=NOW)}
    kept = [who for who in whose if who.pk in due][:KEPT]
    assert len(kept) == KEPT
    assert {who.pk for who in whose[:ENDING]} <= due
    rest = [who.pk for who in whose if who not in kept]
    Standing.objects.filter(member__in=rest).update(due_at=None)
    copy(kept, count // KEPT - 1)
    whose = Member.objects.filter(program=made).exclude(pk__in=rest)
    assert whose.count() == len(night.plan(made.pk, now=NOW)) == count
    return whose


def _hold_points_that_end(made, whose):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BalanceInHand, "end_of", lambda *a, **k: End(NOW - timedelta(hours=3)))
        post(made, *[purchase(who, 900, activity_at=LAST) for who in whose], now=LAST)


def _leave_ladders(made, whose):
    """A member on few ladders costs a night less than one on all, and there are as many kinds of change."""
    ladders = list(made.tier_groups.order_by("pk").values_list("pk", flat=True))
    for place, who in enumerate(whose):
        kept = [ladders[(place + n * EACH) % len(ladders)] for n in range(EACH)]
        for model in (Standing, MemberBenefit, Tally):
            model.objects.filter(member=who).exclude(group__in=kept).delete()
