"""C21-R2: whoever two members become takes part in what either did, and unmerging gives it back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members import promotions as enrolling
from members.models import Merge, PromotionEnrolment
from tests.support import factories
from tests.support.merging import join
from tests.support.promoting import buy, earned, promotion
from transactions.erasing.erasures import erase
from transactions.merging import unmerges
from transactions.models import PromotionUse

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


def ago(days):
    return NOW - timedelta(days=days)


def taking(who):
    row = PromotionEnrolment.objects.filter(member=who).first()
    return row and (row.enrolled_at, row.left_at)


def put(who, offer, since, until=None):
    if since is not None:
        PromotionEnrolment.objects.create(
            member=who,
            promotion=offer,
            enrolled_at=ago(since),
            left_at=None if until is None else ago(until),
        )


@pytest.mark.parametrize(
    ("theirs", "own", "after"),
    [
        ((9,), (None,), (ago(9), None)),
        ((9,), (5,), (ago(9), None)),
        ((5,), (9,), (ago(9), None)),
        ((9, 7), (5,), (ago(9), None)),
        ((5,), (9, 7), (ago(9), None)),
        ((9, 7), (None,), (ago(9), ago(7))),
        ((9, 7), (5, 4), (ago(5), ago(4))),
        ((None,), (5,), (ago(5), None)),
    ],
)
def test_the_earlier_enrolment_counts_while_one_is_open_and_comes_apart_again(made, ada, twin, theirs, own, after):
    offer = promotion(made, opt_in=True)
    put(twin, offer, *theirs)
    put(ada, offer, *own)
    before = taking(twin), taking(ada)
    done = join(twin, ada)
    assert taking(ada) == after
    assert not PromotionEnrolment.objects.filter(member=twin, left_at=None).exists()
    unmerges.unmerge(done)
    assert (taking(twin), taking(ada)) == before


def test_what_the_one_who_stays_said_since_stays(made, ada, twin):
    offer = promotion(made, opt_in=True)
    put(twin, offer, 9)
    done = join(twin, ada)
    enrolling.leave(ada, offer, now=NOW)
    unmerges.unmerge(done)
    assert taking(ada) == (ago(9), NOW)
    assert taking(twin) == (ago(9), None)


def test_who_stays_earns_what_the_other_one_enrolled_in(made, ada, twin):
    offer = promotion(made, opt_in=True)
    enrolling.enrol(twin, offer, now=ago(1))
    done = join(twin, ada)
    assert earned(buy(made, ada)) == earned(buy(made, twin)) == 150
    assert set(PromotionUse.objects.values_list("member", flat=True)) == {ada.pk}
    unmerges.unmerge(done)
    assert (earned(buy(made, ada)), earned(buy(made, twin))) == (100, 150)


def test_a_merge_of_before_there_were_enrolments_is_undone_alike(made, ada, twin):
    done = join(twin, ada)
    record = {name: value for name, value in done.record.items() if name != "enrolments"}
    Merge.objects.filter(pk=done.pk).update(record=record)
    unmerges.unmerge(Merge.objects.get(pk=done.pk))
    twin.refresh_from_db()
    assert twin.status == "active"


def test_who_is_erased_takes_part_no_longer(made, ada):
    offer = promotion(made, opt_in=True)
    gone, stays = (factories.member(made) for _ in range(2))
    for who in (gone, stays):
        put(who, offer, 9)
    put(gone, promotion(made, "autumn", opt_in=True), 9, 7)
    erase(gone.customer, reason="Asked for it")
    rows = dict(PromotionEnrolment.objects.filter(member=gone).values_list("promotion__code", "left_at"))
    assert rows["autumn"] == ago(7)
    assert rows["spring"] >= NOW
    assert taking(stays) == (ago(9), None)
