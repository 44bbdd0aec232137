"""From a posting to what the member reads, by way of the engine, the channels and the mail of Django."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from members.models import Delivery
from members.outbox.draining import drain
from partners.channels.base import Answer
from tests.support import factories
from tests.support.messaging import connection, message

GOLD = {
    "en": ("{{ tier.name }}!", "You are {{ tier.name }} now.", ""),
    "fr": ("{{ tier.name }} !", "Vous êtes {{ tier.name }}.", "<p>Vous êtes <b>{{ tier.name }}</b>.</p>"),
}


@pytest.fixture
def club(club):
    club.refresh_from_db()
    return club


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", "reason"))


def test_a_purchase_that_lifts_a_member_is_told_once_in_their_language(club, ada):
    """C25-R3: of two tiers that were crossed, the higher one only."""
    message(club, "tier.upgraded", via=connection(club, "email"), texts=GOLD)
    factories.post_one(club, factories.purchase(ada, 120000))
    assert mail.outbox == []
    drain()
    [sent] = mail.outbox
    assert (sent.subject, sent.body) == ("Gold !", "Vous êtes Gold.")
    assert "<p>Vous êtes <b>Gold</b>.</p>" in sent.alternatives[0].content
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert states() == [("sent", "")]
    drain()
    assert len(mail.outbox) == 1


def test_what_was_earned_during_a_day_is_one_mail(club, ada, time_machine):
    text = "{{ count }}: {{ events|total:'points.points' }} {{ points.currency_name }}, {{ balance.balance }} in all"
    message(club, via=connection(club, "email"), digest="daily", texts={"en": ("Today", text, "")})
    for amount in (1000, 2000, 3000):
        factories.post_one(club, factories.purchase(ada, amount))
    drain()
    assert mail.outbox == []
    time_machine.move_to(timezone.now() + timedelta(days=1, minutes=1))
    drain()
    [sent] = mail.outbox
    assert sent.body == "3: 60 Points, 60 in all"
    assert states() == [("sent", ""), ("merged", ""), ("merged", "")]


def test_who_has_given_no_consent_is_skipped_and_others_are_not_kept_waiting(club, ada):
    message(club, via=connection(club, "email"), purpose="marketing")
    message(club, via=connection(club, "email"), texts={"en": ("News", "{% if %}", "")})
    message(club, via=connection(club, "email"))
    factories.post_one(club, factories.purchase(ada, 1000))
    drain()
    assert [state for state, _ in states()] == ["skipped", "skipped", "sent"]
    assert len(mail.outbox) == 1


def test_who_answers_stop_gets_no_more_text_messages(club, ada):
    credentials = {"sid": "AC" + "0" * 32, "token": "x", "sender": "+33100000000"}
    sms = connection(club, "twilio", credentials=credentials)
    message(club, via=sms, texts={"en": ("", "{{ points.points }}", "")})
    stopped = Answer(400, body=b'{"code": 21610, "message": "Attempt to send to unsubscribed recipient"}')
    for amount in (1000, 2000):
        factories.post_one(club, factories.purchase(ada, amount))
        drain(exchange=lambda request: stopped)
    consent = ada.customer.consents.get()
    assert (consent.channel, consent.is_given, consent.source) == ("sms", False, "Twilio SMS")
    assert [state for state, _ in states()] == ["dead", "skipped"]


def test_an_import_of_history_tells_nobody(club, ada):
    message(club, via=connection(club, "email"))
    factories.post_one(club, factories.purchase(ada, 1000, activity_at=timezone.now() - timedelta(days=30)))
    drain()
    assert mail.outbox == []
    [(state, reason)] = states()
    assert (state, reason[:40]) == ("skipped", "It happened 30 days before it was report")
