"""Who of the staff hears of what, through what, and when it is not said any more."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection as db_connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Customer, Delivery, Event, StaffNotice
from members.outbox.base import Ready
from tests.support import factories
from tests.support.staff_notes import (
    approval,
    composed,
    connection,
    dead,
    listed,
    night,
    spread,
    subscribe,
    ways_out,
)

__all__ = ["ways_out"]


@pytest.fixture
def club(db):
    return factories.program("club", name="Alpine Club")


@pytest.fixture
def ada(club):
    return factories.member(club)


def test_a_request_is_told_to_who_may_decide_and_not_to_who_asked(club, marketing, store_staff, stranger, boss):
    spread(approval(club))
    assert listed("approval.requested") == ["boss", "marketing"]
    spread(approval(club, key=2, by="marketing"))
    assert listed("approval.requested") == ["boss", "boss", "marketing"]


def test_nobody_is_told_to_decide_about_a_membership_of_their_own(club, ada, marketing, boss):
    Customer.objects.filter(pk=ada.customer_id).update(user=marketing)
    spread(approval(club, member=ada))
    assert listed("approval.requested") == ["boss"]


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        ("points", "change_approval"),
        ("transaction", "change_approval"),
        ("re-evaluation", "decide_downgrades"),
        ("of a kind that comes later", None),
    ],
)
def test_each_kind_of_request_has_its_own_deciders(club, store_staff, stranger, boss, kind, permission):
    if permission:
        store_staff.user_permissions.add(Permission.objects.get(codename=permission))
    spread(approval(club, kind=kind, by=""))
    assert listed("approval.requested") == ["boss", *(["store"] if permission else [])]


def test_who_may_decide_but_is_no_staff_or_has_left_hears_nothing(club, marketing, stranger, boss):
    stranger.user_permissions.add(Permission.objects.get(codename="change_approval"))
    marketing.is_active = False
    marketing.save()
    spread(approval(club))
    assert listed("approval.requested") == ["boss"]


def test_who_asked_hears_what_became_of_it_and_the_deciders_only_where_they_want(club, marketing, store_staff, boss):
    subscribe(boss, "approval.decided")
    spread(approval(club, "approval.decided", status="approved"))
    assert listed("approval.decided") == ["boss", "store"]


def test_who_took_their_request_back_is_not_told_so(club, marketing, store_staff, boss, ways_out):
    subscribe(store_staff, "approval.decided", connection("post"))
    assert not spread(approval(club, "approval.decided", status="withdrawn"))
    assert listed("approval.decided") == []


def test_a_decision_settles_the_notices_of_the_request(club, marketing, boss):
    spread(approval(club), approval(club, key=2))
    spread(approval(club, "approval.decided", status="rejected"))
    unread = StaffNotice.objects.filter(read_at=None, event__type="approval.requested")
    assert {one.event.data["approval"]["id"] for one in unread} == {2}


def test_what_was_decided_before_it_was_told_is_read_from_the_start(club, marketing):
    asked = approval(club)
    approval(club, "approval.decided", status="approved")
    spread(asked)
    assert not StaffNotice.objects.filter(read_at=None).exists()
    assert listed("approval.requested") == ["marketing"]


def test_nights_and_differences_are_told_to_who_sees_nights_and_channels_to_who_sees_connections(
    club, marketing, store_staff, stranger, boss
):
    spread(night(club), night(club, "reconcile.drift"), dead(club))
    for name in ("night.failed", "reconcile.drift", "channel.dead"):
        assert listed(name) == ["boss", "marketing"]


def test_that_all_is_well_stands_only_in_the_list_of_who_asked_for_it(club, marketing, boss):
    subscribe(boss, "night.finished")
    spread(night(club, "night.finished"))
    assert listed("night.finished") == ["boss"]


def test_what_concerns_members_is_nothing_for_staff(club, ada, boss):
    Event.objects.create(program=club, member=ada, type="points.earned", occurred_at=timezone.now(), data={})
    Event.objects.create(program=club, type="of.old", occurred_at=timezone.now(), data={})
    assert spread() == []
    assert not StaffNotice.objects.exists()


def test_each_way_that_somebody_chose_gets_one_delivery(club, marketing, boss, store_staff, ways_out):
    post, room = connection("post"), connection("room", credentials={"token": "xoxb"})
    subscribe(marketing, "approval.requested", post)
    subscribe(marketing, "approval.requested", room, "U024BE7LH")
    subscribe(boss, "approval.requested")
    subscribe(store_staff, "approval.requested", post)
    subscribe(boss, "night.failed", post)
    asked = approval(club)
    spread(asked)
    spread(asked)
    found = list(Delivery.objects.values_list("kind", "user__username", "connection__platform", "key"))
    assert sorted(found) == [
        ("note", "marketing", "post", f"note:{asked.name}:{marketing.pk}:{post.pk}"),
        ("note", "marketing", "room", f"note:{asked.name}:{marketing.pk}:{room.pk}"),
    ]
    assert StaffNotice.objects.count() == 2


def test_a_room_hears_of_it_once_however_many_asked_for_it(club, marketing, boss, ways_out):
    room = connection("room")
    for user in (marketing, boss):
        subscribe(user, "night.failed", room)
    (delivery,) = spread(night(club))
    assert delivery.user_id is None
    (ready,) = composed(timezone.now())
    assert (ready.request.json["to"], ready.recipient) == ("#everybody", "#everybody")


def test_a_bot_writes_to_each_by_their_id_and_to_its_room_for_who_has_none(club, marketing, boss, ways_out):
    bot = connection("room", credentials={"token": "xoxb", "room": "#office"})
    subscribe(marketing, "night.failed", bot, "U024BE7LH")
    subscribe(boss, "night.failed", bot)
    spread(night(club))
    assert sorted(one.request.json["to"] for one in composed(timezone.now())) == ["#office", "U024BE7LH"]


def test_nothing_is_made_for_a_connection_that_was_revoked_and_it_waits_for_one_that_pauses(club, boss, ways_out):
    subscribe(boss, "night.failed", connection("post", "old", status="revoked"))
    paused = connection("post", "new", status="paused")
    subscribe(boss, "night.failed", paused)
    (delivery,) = spread(night(club))
    assert (delivery.connection, delivery.state) == (paused, "waiting")


def reading(do):
    """How many statements something takes besides the INSERTs, of which a long one may be several."""
    with CaptureQueriesContext(db_connection) as captured:
        do()
    return sum(not one["sql"].startswith(("INSERT", "SAVEPOINT", "RELEASE")) for one in captured)


@pytest.mark.parametrize("people", [1, 100])
def test_so_many_statements_for_one_and_for_a_hundred_who_want_to_hear(
    club, ada, django_user_model, ways_out, people
):
    way = connection("post")
    names = ("approval.requested", "approval.decided", "night.failed", "reconcile.drift", "channel.dead")
    for number in range(people):
        user = django_user_model.objects.create_superuser(f"boss-{number}", f"boss-{number}@example.com")
        for name in names:
            subscribe(user, name, way)
    for key in (1, 2):
        approval(club, key=key, member=ada)
    approval(club, "approval.decided", status="approved")
    night(club), night(club, "reconcile.drift"), dead(club)
    assert reading(spread) == 9
    assert StaffNotice.objects.count() == Delivery.objects.count() == people * 6
    assert reading(lambda: composed(timezone.now())) == 8
    assert sum(isinstance(one, Ready) for one in composed(timezone.now())) == people * 5
