"""When does a message leave: on which day, outside of quiet hours, within limits, or with all of a day? (C25-R3)"""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from members import consenting
from members.models import Delivery
from members.outbox.base import Later, Ready, Skip
from programs.models import MessagePolicy
from tests.support import factories
from tests.support.messaging import KIND, composed, connection, event, message, only, read, sent, spread


def test_a_reminder_goes_only_for_the_day_that_it_is_about(club, ada):
    """C25-R4: several triggers."""
    month, week = (message(club, "points.expiring", days_before=days) for days in (30, 7))
    told = {"currency": "points", "points": 10, "expires_on": "2027-01-31"}
    assert [one.message for one in spread(event(ada, "points.expiring", {"expiring": told | {"days": 30}}))] == [
        month
    ]
    assert [one.message for one in spread(event(ada, "points.expiring", {"expiring": told | {"days": 7}}))] == [week]
    assert spread(event(ada, "points.expiring", {"expiring": told | {"days": 8}})) == []


def test_a_reminder_of_a_tier_counts_its_days_on_the_calendar_of_the_program(club, ada):
    message(club, "tier.will_drop", days_before=14)
    at = factories.at(2026, 6, 16, hour=22)  # the 17th in Paris
    missing = {"by": "2026-07-01", "currencies": []}
    assert len(spread(event(ada, "tier.will_drop", {"missing": missing}, occurred_at=at))) == 1
    assert spread(event(ada, "tier.will_drop", {"missing": missing | {"by": "2026-06-30"}}, occurred_at=at)) == []


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ("", "2026-05-11T06:00"),
        ("America/New_York", None),
        ("Asia/Tokyo", "2026-05-10T23:00"),
        ("No/Where", "2026-05-11T06:00"),
    ],
)
def test_quiet_hours_are_those_where_the_member_is(club, ada, zone, until):
    message(club)
    MessagePolicy.objects.create(program=club, quiet_from=time(22), quiet_until=time(8))
    ada.customer.__class__.objects.filter(pk=ada.customer_id).update(time_zone=zone)
    found = only(ada, now=factories.at(2026, 5, 10, hour=21))
    if until is None:
        assert isinstance(found, Ready)
    else:
        assert found == Later(
            factories.at(2026, 5, *map(int, (until[8:10], until[11:13]))), "Quiet hours where the member is."
        )


def test_marketing_stays_within_its_limits_by_channel_and_service_does_not_count(club, ada):
    MessagePolicy.objects.create(program=club, most_per_day=1)
    advert, notice = message(club, purpose="marketing"), message(club, "points.redeemed")
    for channel in ("email", "sms"):
        consenting.say(ada.customer, channel, True, source="form")
    now = timezone.now()
    [service] = spread(event(ada, "points.redeemed"))
    sent(service, now - timedelta(hours=1))
    [first] = spread(event(ada))
    assert isinstance(composed(first)[0], Ready)
    sent(first, now - timedelta(hours=3))
    [second] = spread(event(ada))
    [found] = composed(second, now=now)
    assert found == Later(
        now + timedelta(hours=21), "The member has had as many marketing messages as the program allows."
    )
    assert isinstance(only(ada, "points.redeemed"), Ready)
    # Another channel has a count of its own.
    message(club, "points.expired", via=connection(club, "fake-sms"), purpose="marketing")
    assert isinstance(only(ada, "points.expired"), Ready)
    assert (advert.purpose, notice.purpose) == ("marketing", "service")


def test_of_several_that_are_due_at_once_no_more_go_than_the_limit_leaves(club, ada):
    MessagePolicy.objects.create(program=club, most_per_day=2)
    message(club, purpose="marketing")
    consenting.say(ada.customer, "email", True, source="form")
    deliveries = spread(*(event(ada) for _ in range(4)))
    assert [type(one) for one in composed(*deliveries)] == [Ready, Ready, Later, Later]


def test_what_others_send_at_this_moment_counts_where_it_came_first(club, ada):
    MessagePolicy.objects.create(program=club, most_per_day=1)
    message(club, purpose="marketing")
    consenting.say(ada.customer, "email", True, source="form")
    earlier, later = spread(event(ada), event(ada))
    until = timezone.now() + timedelta(minutes=2)
    Delivery.objects.update(state="sending", leased_until=until)
    assert isinstance(composed(earlier)[0], Ready)
    assert isinstance(composed(later)[0], Later)


def test_what_finds_no_room_for_a_week_is_skipped(club, ada):
    MessagePolicy.objects.create(program=club, most_per_week=1)
    message(club, purpose="marketing")
    consenting.say(ada.customer, "email", True, source="form")
    now = timezone.now()
    first, second = spread(event(ada), event(ada))
    sent(first, now - timedelta(hours=1))
    Delivery.objects.filter(pk=second.pk).update(created_at=now - timedelta(days=2))
    assert composed(second, now=now) == [Skip("The limit of marketing messages leaves no room for it within a week.")]


def test_a_digest_leaves_at_nine_where_the_member_is_and_tells_all_that_waits(club, ada):
    text = (
        "{% for one in events %}{{ one.points.points }} {% endfor %}: {{ count }}, {{ events|total:'points.points' }}"
    )
    told = message(club, digest="daily", texts={"en": ("Today", text, "")})
    ada.customer.__class__.objects.filter(pk=ada.customer_id).update(time_zone="Asia/Tokyo")
    sample = {"currency": "points", "available_at": None, "expires_at": None}
    deliveries = spread(*(event(ada, data={"points": sample | {"points": points}}) for points in (5, 7, 11)))
    assert {one.lane for one in deliveries} == {f"message:{told.pk}:{ada.pk}"}
    assert all(one.next_at.hour == 0 and one.next_at > timezone.now() for one in deliveries)  # 9:00 in Tokyo
    [found] = composed(deliveries[0], now=deliveries[0].next_at)
    assert found.request.text == "5 7 11 : 3, 23"
    assert found.tells == (deliveries[1].pk, deliveries[2].pk)


def test_a_digest_that_is_tried_again_tells_all_that_it_told_before(club, ada):
    message(club, digest="daily", texts={"en": ("Today", "{{ count }}", "")})
    first, second, third = spread(event(ada), event(ada), event(ada))
    now = timezone.now()
    Delivery.objects.filter(pk=second.pk).update(state="merged", digest=first, next_at=None, ended_at=now)
    [again] = composed(first)
    assert again.request.text == "3"
    assert again.tells == (third.pk,)


def test_a_program_chooses_when_its_digests_leave(club, ada):
    MessagePolicy.objects.create(program=club, digest_at=time(18, 30))
    message(club, digest="daily")
    [delivery] = spread(event(ada))
    here = delivery.next_at.astimezone(club.zone)
    assert (here.hour, here.minute) == (18, 30)


def test_a_digest_tells_nothing_of_other_members_or_messages(club, ada):
    text = {"en": ("Today", "{{ count }}", "")}
    message(club, digest="daily", texts=text)
    message(club, digest="daily", texts=text)
    bob = factories.member(club)
    deliveries = spread(event(ada), event(bob), event(ada))
    first = composed(deliveries[0], now=deliveries[0].next_at)[0]
    assert (first.request.text, len(first.tells)) == ("2", 1)


def test_any_number_of_messages_is_composed_with_the_same_statements(club, ada, django_assert_num_queries):
    """C25-R3 at scale: the number of statements follows from the kinds of things, not from their number."""
    MessagePolicy.objects.create(program=club, most_per_day=100)
    for digest in ("none", "daily"):
        message(club, purpose="marketing", digest=digest)
    message(club, "points.expiring", days_before=30)
    people = [factories.member(club) for _ in range(6)]
    for person in people:
        consenting.say(person.customer, "email", True, source="form")
    few = spread(event(people[0]), event(people[0], "points.expiring"))
    many = spread(*(event(who) for who in people[1:]), *(event(who, "points.expiring") for who in people[1:]))
    for deliveries in (read(few), read(many)):
        with django_assert_num_queries(8):
            assert len(KIND.compose(deliveries, timezone.now())) == len(deliveries)
    happened = [event(who) for who in people]
    with django_assert_num_queries(3):
        assert len(KIND.spread(happened)) == 12
