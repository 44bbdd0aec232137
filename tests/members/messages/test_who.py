"""Who gets a message of what happened, and why not? Spread and composed as the engine does it (C25-R3)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members import consenting
from members.models import Consent, Member
from members.outbox.base import Ready, Skip
from partners.channels.base import GiveUp, Sent
from tests.support import factories
from tests.support.messaging import KIND, composed, connection, event, message, only, read, spread


def test_a_message_goes_to_the_member_in_their_language(club, ada):
    texts = {"en": ("News", "Hello", ""), "fr": ("Bravo {{ member.first_name }}", "{{ points.points }} points", "")}
    message(club, texts=texts)
    found = only(ada)
    assert isinstance(found, Ready)
    assert (found.recipient, found.request.subject, found.request.text) == (
        "ada@example.com",
        "Bravo Ada",
        "120 points",
    )
    assert "<p>120 points</p>" in found.request.html


def test_every_active_message_of_the_program_and_the_event_is_a_delivery_of_its_own_key(club, ada):
    first, second = message(club), message(club)
    message(club, is_active=False)
    message(club, "points.redeemed")
    message(factories.program())
    happened = event(ada)
    assert [one.key for one in spread(happened)] == [
        f"message:{first.pk}:{happened.name}",
        f"message:{second.pk}:{happened.name}",
    ]
    assert KIND.spread([event(ada, "points.expired")]) == []
    assert KIND.spread([]) == []


@pytest.mark.parametrize(
    ("purpose", "said", "goes"),
    [
        ("service", None, True),
        ("service", [True], True),
        ("service", [True, False], False),
        ("marketing", None, False),
        ("marketing", [True], True),
        ("marketing", [False, True], True),
        ("marketing", [True, False], False),
    ],
)
def test_marketing_needs_consent_and_service_goes_unless_it_was_refused(club, ada, purpose, said, goes):
    message(club, purpose=purpose)
    at = timezone.now() - timedelta(days=3)
    for is_given in said or ():
        # Of the same instant: the one that was recorded later counts.
        consenting.say(ada.customer, "email", is_given, source="form", said_at=at)
    consenting.say(ada.customer, "sms", not goes, source="form")
    found = only(ada)
    assert isinstance(found, Ready if goes else Skip)
    assert goes or "over this channel (Fake mail)" in found.reason


def test_consent_that_was_said_later_counts_though_it_was_recorded_before(club, ada):
    message(club, purpose="marketing")
    now = timezone.now()
    consenting.say(ada.customer, "email", False, source="form", said_at=now - timedelta(days=1))
    consenting.say(ada.customer, "email", True, source="an old file", said_at=now - timedelta(days=2))
    assert isinstance(only(ada), Skip)


def _suspend(member, **fields):
    Member.objects.filter(pk=member.pk).update(status="suspended")


def _close(member, **fields):
    Member.objects.filter(pk=member.pk).update(status="closed")


def _merge(member):
    other = factories.member(member.program)
    Member.objects.filter(pk=member.pk).update(status="merged", merged_into=other)


def _erase(member):
    for name in ("first_name", "last_name", "email", "phone"):
        setattr(member.customer, name, "")
    member.customer.save()


def _without_mail(member):
    member.customer.email = ""
    member.customer.save()


def _switch_off(member):
    member.program.messages.update(is_active=False)


def _without_words(member):
    member.program.messages.get().texts.all().delete()


def _pause(member):
    member.program.status = "paused"
    member.program.save()


def _break(member):
    member.program.messages.get().texts.update(text="{% if %}")


def _through_a_hook(member):
    member.program.messages.get().connection.__class__.objects.update(platform="fake-hook")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_suspend, "The membership is suspended; only service messages go."),
        (_close, "The membership is no more: Closed."),
        (_merge, "The membership is no more: Merged into another."),
        (_erase, "Nothing is known of the person any more."),
        (_without_mail, "There is no e-mail address."),
        (_switch_off, "The message is switched off."),
        (_without_words, "The message has no text."),
        (_pause, "The program is not active: Paused."),
        (_break, "en: The text cannot be made: Unexpected end of expression in if tag."),
        (_through_a_hook, "Its connection brings no messages to people."),
    ],
)
def test_what_cannot_be_sent_is_skipped_with_its_reason(club, ada, change, why):
    message(club, purpose="marketing")
    consenting.say(ada.customer, "email", True, source="form")
    [delivery] = spread(event(ada))
    change(ada)
    [found] = composed(delivery)
    assert found == Skip(why)


def test_a_member_who_is_suspended_still_gets_service_messages(club, ada):
    message(club)
    _suspend(ada)
    assert isinstance(only(ada), Ready)


def test_a_phone_that_is_none_is_skipped(club, ada):
    message(club, via=connection(club, "fake-sms"))
    ada.customer.__class__.objects.filter(pk=ada.customer_id).update(phone="12")
    assert only(ada) == Skip("The phone number is none.")


def test_what_happened_long_before_it_was_reported_is_not_told_as_news(club, ada):
    message(club)
    now = timezone.now()
    found = only(ada, occurred_at=now - timedelta(days=40))
    assert found == Skip("It happened 40 days before it was reported; what is that old is not told as news.")
    # A file of yesterday is news.
    assert isinstance(only(ada, occurred_at=now - timedelta(hours=30)), Ready)


def test_who_was_brought_in_from_another_system_hears_nothing_of_it(club, ada):
    message(club)
    message(club, "member.enrolled")
    opening = {"transaction": {"id": 1, "kind": "opening"}}
    assert only(ada, data=opening) == Skip("The points were brought in from another system.")
    assert isinstance(only(ada, "member.enrolled"), Ready)
    Member.objects.filter(pk=ada.pk).update(channel="import")
    assert only(ada, "member.enrolled") == Skip("The member was brought in by an import.")


def test_a_reminder_of_a_day_that_is_over_is_skipped(club, ada):
    message(club, "tier.will_drop", days_before=7)
    at = factories.at(2026, 6, 23)
    [delivery] = spread(
        event(
            ada,
            "tier.will_drop",
            {"missing": {"by": "2026-06-30", "currencies": []}},
            occurred_at=at,
            recorded_at=at,
        )
    )
    assert composed(delivery, now=factories.at(2026, 7, 1)) == [
        Skip("The day of which it reminds is over: 30 June 2026.")
    ]
    # Until midnight in Paris it is not.
    assert isinstance(composed(delivery, now=factories.at(2026, 6, 30, hour=21))[0], Ready)


def test_mails_say_where_one_unsubscribes_with_one_click_and_text_messages_only_where_they_are_asked_to(
    club, ada, settings
):
    settings.PUBLIC_URL = "https://loyalty.example.com"
    message(club)
    message(club, via=connection(club, "fake-sms"), texts={"en": ("", "Hello. {{ unsubscribe_url }}", "")})
    mail, sms = composed(*spread(event(ada)))
    address = mail.request.headers["List-Unsubscribe"]
    assert address.startswith("<https://loyalty.example.com/u/")
    assert address.endswith("/>")
    assert mail.request.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/u/" not in mail.request.text
    assert sms.request.form["Body"].startswith("Hello. https://loyalty.example.com/u/")


def test_a_text_message_is_cut_where_a_long_name_makes_it_too_long_and_says_so(club, ada):
    message(club, via=connection(club, "fake-sms"), texts={"en": ("", "{{ member.name }} " * 60, "")})
    ada.customer.first_name = "A" * 80
    ada.customer.save()
    found = only(ada)
    assert len(found.request.form["Body"]) == 1600
    assert found.request.form["Body"].endswith("…")
    assert found.recipient == "+33612345678 (cut to 1,600 characters)"


def test_a_message_of_more_than_anybody_reads_is_skipped(club, ada):
    made = message(club)
    made.texts.update(text="{% for one in events %}" + "x" * 99_000 + "{% endfor %}" + "y" * 60_000)
    assert only(ada).reason.startswith("en: The text became 159,000 characters long")


def test_the_ends_of_consent_that_a_platform_reports_are_written_down(club, ada):
    message(club, via=connection(club, "fake-sms"))
    [delivery] = read(spread(event(ada)))
    now = timezone.now()
    KIND.ended(delivery, Sent(), now)
    KIND.ended(delivery, GiveUp("No such number."), now)
    assert not Consent.objects.exists()
    KIND.ended(delivery, GiveUp("STOP", ends_consent=True), now)
    said = Consent.objects.get()
    assert (said.channel, said.is_given, said.source, said.said_at) == ("sms", False, "Fake SMS", now)


def test_points_that_only_count_towards_a_tier_are_told_where_they_are_chosen(club, ada):
    spent = message(club)
    counted = message(club, currency=club.currencies.get(code="status"))
    points = {"available_at": None, "expires_at": None, "points": 5}
    told = [event(ada, data={"points": points | {"currency": code}}) for code in ("points", "status")]
    assert [(one.message, one.event) for one in spread(*told)] == [(spent, told[0]), (counted, told[1])]
