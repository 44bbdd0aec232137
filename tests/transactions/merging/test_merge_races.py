"""Two become one while others post for both: no point is lost, and no circle is made."""

import pytest

from partners.activity import Transfer
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.crowd import at_once
from tests.support.currencies import change
from tests.support.factories import held, post, post_one, purchase
from tests.support.merging import join
from transactions.merging import merges
from transactions.models import Journal

pytestmark = pytest.mark.django_db


@pytest.mark.slow
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_postings_while_two_become_one_are_never_lost():
    """R-06: purchases and gifts for both while they are merged; every one counts once, for one of the two."""
    made = factories.program()
    change(made, transfers=True)
    for turn in range(5):
        _merge_amid_postings(made, turn)


def _merge_amid_postings(made, turn):
    ada, twin, friend = (factories.member(made) for _ in range(3))
    post_one(made, purchase(twin, 10_000))

    def buy(who):
        return [post(made, purchase(who, 1_000))[0].status for _ in range(6)]

    def give():
        item = Transfer(f"g-{turn}", member={"number": twin.number}, to={"number": friend.number}, points=7)
        return [post(made, item)[0].status]

    actions = [lambda: buy(twin), lambda: buy(ada), give, lambda: buy(twin)]
    *results, done = at_once(*actions, lambda: join(twin, ada))
    assert {status for some in results for status in some} == {"posted"}
    assert (held(ada), held(twin), held(friend)) == (100 + 180 - 7, 0, 7)
    assert Journal.objects.filter(kind="merge", member=ada).count() == 1
    assert done.target_id == ada.pk
    assert_balanced(made)


@pytest.mark.slow
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_do_not_make_a_circle():
    """Into each other at the same moment: one succeeds, the other is refused."""
    made = factories.program()
    ada, twin = (factories.member(made) for _ in range(2))
    for who in (ada, twin):
        post_one(made, purchase(who, 1_000))

    def try_to(source, target):
        try:
            return bool(join(type(source).objects.get(pk=source.pk), type(target).objects.get(pk=target.pk)))
        except merges.NotMergeable:
            return False

    assert sorted(at_once(lambda: try_to(ada, twin), lambda: try_to(twin, ada))) == [False, True]
    assert sorted([held(ada), held(twin)]) == [0, 20]
    assert_balanced(made)
