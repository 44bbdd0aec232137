"""How do tests set points aside, and decide what becomes of them?"""

from datetime import timedelta

from partners.activity import Decision
from tests.support.factories import at, post, post_one, redemption

#: A reservation is made at T0, and holds for a quarter of an hour.
T0 = at(2026, 2, 1)
T1 = T0 + timedelta(minutes=10)
T2 = T0 + timedelta(minutes=20)


def reserve(made, who, points, external_id, now, **fields):
    return post_one(made, redemption(who, points, external_id, reserve_s=900, **fields), now=now)


def decide(made, result, deed, now):
    return post(made, Decision(result.journal_id, deed), now=now)[0]
