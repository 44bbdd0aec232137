"""The limits of gifts count for two who have become one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.support import factories
from tests.support.currencies import change
from tests.support.factories import held, post, post_one, purchase
from tests.support.merging import gift, join
from transactions.merging import unmerges

pytestmark = pytest.mark.django_db


class TestGiftsOfMergedMembers:
    """C20: becoming one with somebody launders nothing."""

    @pytest.fixture
    def friend(self, made, ada):
        """A member whom somebody else has given 60 points just now."""
        change(made, transfers=True, transfer_cooling_days=7, transfer_daily_limit=60)
        friend = factories.member(made)
        post_one(made, purchase(ada, 10_000))
        post_one(made, gift(ada, friend, 60))
        return friend

    def refused(self, made, item, **options):
        refusal = post(made, item, **options)[0].refusal
        return refusal and refusal.code

    def test_what_was_received_stays_as_long_as_it_would_have(self, made, ada, twin, friend):
        now = timezone.now()
        done = join(friend, twin)
        late = now + timedelta(days=6, hours=23)
        assert self.refused(made, gift(twin, ada, 5), now=late) == "insufficient_points"
        unmerges.unmerge(done)
        assert held(friend) == 60
        assert self.refused(made, gift(friend, ada, 5), now=late) == "insufficient_points"
        assert self.refused(made, gift(friend, ada, 5), now=late + timedelta(hours=2)) is None

    def test_also_after_two_merges(self, made, ada, twin, friend):
        third = factories.member(made)
        join(friend, twin)
        join(twin, third)
        assert self.refused(made, gift(third, ada, 5)) == "insufficient_points"

    def test_what_both_gave_counts_for_one(self, made, ada, twin, friend):
        third = factories.member(made)
        post_one(made, purchase(twin, 10_000))
        assert self.refused(made, gift(ada, third, 1)) == "not_transferable"
        join(ada, twin)
        assert self.refused(made, gift(twin, third, 1)) == "not_transferable"
        assert self.refused(made, gift(twin, third, 1), now=timezone.now() + timedelta(days=1)) is None

    def test_what_both_were_given_counts_for_one(self, made, ada, twin, friend):
        third = factories.member(made)
        post_one(made, purchase(third, 10_000))
        join(friend, twin)
        assert self.refused(made, gift(third, twin, 1)) == "not_transferable"
