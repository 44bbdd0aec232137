"""Relations follow a merge, and a group may become part of another."""

import pytest

from members.models import Relation
from tests.support import factories
from tests.support.factories import held, post_one, purchase, reversal
from tests.support.merging import join
from transactions.merging import unmerges

pytestmark = pytest.mark.django_db


def test_relations_follow(made, ada, twin):
    home = factories.member(made, kind="group", company_name="Home")
    both = factories.member(made, kind="group", company_name="Both")
    Relation.objects.create(member=twin, group=home, percent=30)
    Relation.objects.create(member=twin, group=both, percent=10)
    Relation.objects.create(member=ada, group=both, percent=20)
    bought = post_one(made, purchase(twin, 10_000))
    done = join(twin, ada)
    live = Relation.objects.live().order_by("group").values_list("member", "group", "percent")
    assert list(live) == [(ada.pk, home.pk, 30), (ada.pk, both.pk, 20)]
    post_one(made, reversal(bought.journal_id))
    assert (held(ada), held(home), held(both)) == (0, 0, 0)
    unmerges.unmerge(done)
    live = Relation.objects.live().order_by("group", "member").values_list("member", "group", "percent")
    assert set(live) == {(twin.pk, home.pk, 30), (twin.pk, both.pk, 10), (ada.pk, both.pk, 20)}


def test_a_group_may_become_part_of_another(made, ada):
    old, new = (factories.member(made, kind="group", company_name=name) for name in ("Old", "New"))
    Relation.objects.create(member=ada, group=old, percent=30)
    bought = post_one(made, purchase(ada, 10_000))
    join(old, new)
    post_one(made, purchase(ada, 10_000))
    assert (held(old), held(new), held(ada)) == (0, 60, 140)
    post_one(made, reversal(bought.journal_id))
    assert (held(new), held(ada)) == (30, 70)


def test_parts_of_a_refund_before_and_after_two_groups_became_one_take_the_same(made, ada):
    old, new = (factories.member(made, kind="group", company_name=name) for name in ("Old", "New"))
    Relation.objects.create(member=ada, group=old, percent=30)
    Relation.objects.create(member=ada, group=new, percent=10)
    bought = post_one(made, purchase(ada, 10_000))
    post_one(made, reversal(bought.journal_id, amount=4_000))
    assert (held(old), held(new), held(ada)) == (18, 6, 36)
    join(old, new)
    answer = post_one(made, reversal(bought.journal_id, amount=3_000)).answer
    assert (held(new), held(ada)) == (12, 18)
    assert answer["clawback_of_groups"] == {new.number: {"points": 12}}
    post_one(made, reversal(bought.journal_id))
    assert (held(new), held(ada)) == (0, 0)
