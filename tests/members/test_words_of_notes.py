"""What does a note say, and why is it not sent any more? Of whatever an event says, never an error."""

import pytest
from django.utils import timezone

from members.models import Event, StaffSubscription
from members.notes import words
from members.outbox.base import Ready, Skip
from members.telling import tell
from tests.support import factories
from tests.support.staff_notes import approval, composed, connection, dead, night, spread, subscribe, ways_out

__all__ = ["ways_out"]


@pytest.fixture
def club(db):
    return factories.program("club", name="Alpine Club")


def test_since_when_a_channel_is_dead_is_said_on_the_clocks_of_the_program(club, boss, ways_out):
    subscribe(boss, "channel.dead", connection("post"))
    spread(dead(club))
    (ready,) = composed(timezone.now())
    assert ready.request.json["subject"] == "Shop / Slack does not answer"
    assert "Nothing gets through since 5 Oct 2026, 12:00." in ready.request.json["text"]


def test_the_words_are_plain_and_lead_to_where_one_acts(club, marketing, ways_out, settings):
    settings.PUBLIC_URL = "https://loyalty.example.com/"
    subscribe(marketing, "approval.requested", connection("post"))
    (delivery,) = spread(approval(club))
    (ready,) = composed(timezone.now())
    assert isinstance(ready, Ready)
    assert ready.request.json["to"] == ready.recipient == "marketing@example.com"
    assert ready.request.json["subject"] == "To decide: +600 Points for member 7"
    assert ready.request.json["text"].split("\n\n") == [
        "Asked for by store.",
        "Program: Alpine Club.",
        f"https://loyalty.example.com/admin/members/staffnotice/of/{delivery.event.name}/",
        "How you hear of things: https://loyalty.example.com/admin/members/staffsubscription/mine/",
    ]


def skipped(now=None):
    (done,) = composed(now or timezone.now())
    assert isinstance(done, Skip), done
    return done.reason


@pytest.fixture
def waiting(club, marketing, ways_out):
    """A mail to marketing about a request."""
    way = connection("post")
    subscribe(marketing, "approval.requested", way)
    (delivery,) = spread(approval(club))
    return delivery


def test_nothing_is_sent_about_what_was_decided_meanwhile(club, waiting):
    approval(club, "approval.decided", key=2, status="approved")
    assert isinstance(composed(timezone.now())[0], Ready)
    approval(club, "approval.decided", status="approved")
    assert skipped() == "It was decided already."


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_nothing_is_sent_to_a_closed_login(waiting, marketing, field):
    setattr(marketing, field, False)
    marketing.save()
    assert skipped() == "The login is closed."


def test_nothing_is_sent_to_who_lost_the_permission(waiting, marketing):
    marketing.groups.clear()
    assert skipped() == "They may not see this any more."


def test_nothing_is_sent_to_who_does_not_want_it_any_more(waiting):
    StaffSubscription.objects.all().delete()
    assert "wants to hear" in skipped()


def test_nothing_is_sent_to_who_has_no_address(waiting, marketing):
    marketing.email = ""
    marketing.save()
    assert skipped() == "There is no e-mail address."


def test_nothing_is_sent_to_a_room_of_which_nobody_may_see_it(club, marketing, ways_out):
    subscribe(marketing, "night.failed", connection("room"))
    spread(night(club))
    marketing.groups.clear()
    assert "Nobody who may see it" in skipped()


@pytest.mark.parametrize("platform", ["api", "lines", "of.old"])
def test_nothing_is_sent_through_what_brings_no_notes(waiting, platform):
    type(waiting.connection).objects.update(platform=platform)
    assert skipped() == "This connection brings no notes to staff."


@pytest.mark.parametrize("data", [{}, {"approval": 7, "night": [], "channel": "x"}, [], None, "text"])
@pytest.mark.parametrize(
    "name",
    [
        "approval.requested",
        "approval.decided",
        "downgrades.held",
        "budget.nearly_used",
        "budget.used_up",
        "night.failed",
        "reconcile.drift",
        "channel.dead",
    ],
)
def test_an_event_that_says_nothing_stops_nobody(club, boss, ways_out, name, data):
    subscribe(boss, name, connection("room"))
    Event.objects.create(program=club, type=name, occurred_at=timezone.now(), data=data if data is not None else "")
    assert len(spread()) == 1
    (done,) = composed(timezone.now())
    assert done.request.json["subject"]


def test_a_title_is_one_line_and_an_address_is_ours(club, boss, ways_out):
    subscribe(boss, "approval.requested", connection("post"))
    said = {"id": 1, "kind": "points", "what": "a\r\nBcc: b@example.com " + "x" * 600, "address": "//evil.example"}
    tell(club, "approval.requested", {"approval": said})
    spread()
    (ready,) = composed(timezone.now())
    subject = ready.request.json["subject"]
    assert subject.startswith("To decide: a Bcc: b@example.com x")
    assert len(subject) <= 400
    assert words.note(Event.objects.get()).address == "/admin/"
