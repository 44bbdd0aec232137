"""What was merged becomes two again, as far as nothing has used it up meanwhile."""

from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from members.models import Merge
from programs.models import TierGroup
from tests.support import factories
from tests.support.factories import held, post_one, purchase, redemption, reversal
from tests.support.merging import ends, join, with_end
from transactions.merging import merges, unmerges

pytestmark = pytest.mark.django_db


class TestUnmerge:
    def test_all_is_as_it_was(self, made, ada, twin):
        bought = post_one(made, purchase(twin, 30_000))
        post_one(made, purchase(ada, 30_000))
        before = [(held(who), held(who, "status"), ends(who)) for who in (ada, twin)]
        done = unmerges.unmerge(join(twin, ada))
        assert [(held(who), held(who, "status"), ends(who)) for who in (ada, twin)] == before
        assert [who.tallies.get().points for who in (ada, twin)] == [300, 300]
        assert [who.standings.current().get().tier.code for who in (ada, twin)] == ["base", "base"]
        assert done.record["undone"] == {"returned": {"points": 300, "status": 300}, "missing": {}}
        twin.refresh_from_db()
        assert (twin.status, twin.merged_into) == ("active", None)
        assert post_one(made, purchase(twin, 1_000)).answer["member"] == twin.number
        post_one(made, reversal(bought.journal_id))
        assert (held(twin), held(ada)) == (10, 300)

    def test_a_merge_that_was_stored_in_older_words_is_undone_alike(self, made, ada, twin):
        """What a lot became at the target was called its heir."""
        post_one(made, purchase(twin, 30_000))
        before = [ends(who) for who in (twin, ada)]
        done = join(twin, ada)
        lots = [{"heir": row.pop("descendant"), **row} for row in done.record["lots"]]
        assert [sorted(row) for row in lots] == [["heir", "lot", "points"]]
        Merge.objects.filter(pk=done.pk).update(record=done.record | {"lots": lots})
        unmerges.unmerge(Merge.objects.get(pk=done.pk))
        assert (held(twin), held(ada)) == (300, 0)
        assert [ends(who) for who in (twin, ada)] == before

    @pytest.mark.parametrize(
        ("whose", "amount", "left"),
        [
            ("twin", None, (0, 500)),
            ("twin", 10_000, (200, 500)),
            ("ada", None, (300, 0)),
            ("both", 10_000, (200, 400)),
        ],
    )
    @pytest.mark.parametrize("window", ["lifetime", "calendar"])
    def test_qualifying_points_that_were_taken_back_do_not_come_back(
        self, made, ada, twin, whose, amount, left, window
    ):
        TierGroup.objects.filter(program=made).update(model=window)
        made.touch(made.pk)
        bought = {
            name: post_one(made, purchase(who, m)) for name, who, m in (("twin", twin, 30_000), ("ada", ada, 50_000))
        }
        done = join(twin, ada)
        for name in ("twin", "ada") if whose == "both" else (whose,):
            post_one(made, reversal(bought[name].journal_id, amount=amount))
        unmerges.unmerge(done)
        assert (held(twin, "status"), held(ada, "status")) == left
        assert tuple(who.tallies.aggregate(sum=Sum("points"))["sum"] or 0 for who in (twin, ada)) == left

    def test_what_came_since_stays_with_the_target(self, made, ada, twin):
        post_one(made, purchase(twin, 10_000))
        done = join(twin, ada)
        post_one(made, purchase(twin, 5_000))
        unmerges.unmerge(done)
        assert (held(twin), held(ada)) == (100, 50)

    def test_spending_is_the_targets_as_far_as_its_own_go(self, made, ada, twin):
        soon, late = timezone.now() + timedelta(days=30), timezone.now() + timedelta(days=120)
        with_end(made, twin, 200, soon)
        with_end(made, ada, 300, late)
        done = join(twin, ada)
        post_one(made, redemption(ada, 250))
        unmerges.unmerge(done)
        assert (held(twin), held(ada)) == (200, 50)
        assert ends(twin) == {soon: 200}

    def test_beyond_that_only_a_split_is_possible(self, made, ada, twin):
        post_one(made, purchase(twin, 20_000))
        post_one(made, purchase(ada, 10_000))
        done = join(twin, ada)
        post_one(made, redemption(ada, 150))
        with pytest.raises(unmerges.MergeConsumed, match="50 Points"):
            unmerges.unmerge(done)
        assert held(ada) == 150
        split = unmerges.unmerge(done, split=True)
        assert (held(twin), held(ada)) == (150, 0)
        assert split.record["undone"]["missing"] == {"points": 50}

    def test_what_has_ended_since_does_not_come_back(self, made, ada, twin):
        soon = timezone.now() + timedelta(days=3)
        with_end(made, twin, 200, soon)
        post_one(made, purchase(ada, 10_000))
        done = join(twin, ada)
        unmerges.unmerge(done, now=soon + timedelta(days=1))
        assert (held(twin), held(ada)) == (0, 100)

    def test_not_twice_and_not_late(self, made, ada, twin):
        done = join(twin, ada)
        with pytest.raises(merges.NotMergeable, match="for 30 days"):
            unmerges.unmerge(done, now=timezone.now() + timedelta(days=31))
        unmerges.unmerge(done)
        with pytest.raises(merges.NotMergeable, match="undone already"):
            unmerges.unmerge(done)
        assert Merge.objects.filter(source=join(twin, ada).source).count() == 2

    def test_merges_of_merges_are_undone_from_the_last(self, made, ada, twin):
        third = factories.member(made)
        post_one(made, purchase(third, 1_000))
        first, second = join(third, twin), join(twin, ada)
        first.refresh_from_db()
        with pytest.raises(merges.NotMergeable, match="undo that first"):
            unmerges.unmerge(first)
        unmerges.unmerge(second)
        assert post_one(made, purchase(third, 1_000)).answer["member"] == twin.number
        unmerges.unmerge(first)
        assert (held(third), held(twin), held(ada)) == (10, 10, 0)


def test_a_reservation_that_has_run_out_stands_in_nobodys_way(made, ada, twin):
    """Also while nobody has booked yet that it has."""
    post_one(made, purchase(twin, 10_000))
    post_one(made, redemption(twin, 5, reserve_s=600))
    later = timezone.now() + timedelta(minutes=11)
    assert not merges.preview(twin, ada, now=later)["problems"]
    done = join(twin, ada, now=later)
    assert held(ada) == 100
    post_one(made, redemption(ada, 5, reserve_s=600), now=later)
    unmerges.unmerge(done, now=later + timedelta(minutes=11))
    assert (held(ada), held(twin)) == (0, 100)
