"""What does a message through Slack tell staff of a member? It is none to the member: nothing of theirs is asked."""

from datetime import time

import pytest
from django.utils import timezone

from members import consenting
from members.models import Customer, Member
from members.outbox.base import Ready
from partners.channels.slack import THE_CHANNEL
from programs.models import MessagePolicy
from tests.support.messaging import connection, message, only

HOOK = {"way": "webhook", "url": "https://hooks.slack.com/services/T0/B0/x", "token": "", "channel": "", "api": ""}


@pytest.fixture
def team(club):
    """A message to the team of every tier that is reached."""
    via = connection(club, "slack", credentials=HOOK)
    texts = {"en": ("", "{{ member.name }} is now {{ tier.name }}.", ""), "fr": ("", "Bravo {{ tier.name }} !", "")}
    return message(club, "tier.upgraded", via=via, texts=texts)


def test_the_team_reads_the_language_of_the_program_and_needs_no_address_of_the_member(ada, team):
    found = only(ada, "tier.upgraded")
    assert isinstance(found, Ready)
    assert found.recipient == THE_CHANNEL
    assert found.request.json["text"].startswith("Ada")


def test_a_name_cannot_call_the_whole_channel(ada, team):
    ada.customer.first_name, ada.customer.last_name = "<!channel>", "& Sons"
    ada.customer.save()
    text = only(ada, "tier.upgraded").request.json["text"]
    assert "<!channel>" not in text
    assert "&lt;!channel&gt; &amp; Sons" in text


def test_neither_consent_nor_quiet_hours_nor_limits_nor_a_suspension_keep_it_from_the_team(ada, team, club):
    team.purpose = "marketing"
    team.save()
    MessagePolicy.objects.create(
        program=club, quiet_from=time(0), quiet_until=time(23, 59), most_per_day=1, most_per_week=1
    )
    for channel in ("email", "sms"):
        consenting.say(ada.customer, channel, False, source="Test")
    Member.objects.filter(pk=ada.pk).update(status=Member.Status.SUSPENDED)
    ada.refresh_from_db()
    assert all(isinstance(only(ada, "tier.upgraded"), Ready) for _ in range(2))


def test_the_team_hears_whose_data_were_erased_which_nobody_else_can(ada, club):
    texts = {"en": ("", "{{ member.number }} is gone.", "")}
    message(club, "member.erased", via=connection(club, "slack", credentials=HOOK), texts=texts)
    Customer.objects.filter(pk=ada.customer_id).update(
        first_name="", last_name="", email="", erased_at=timezone.now()
    )
    found = only(ada, "member.erased", data={"member": {"number": "L-1"}})
    assert found.request.json["text"] == "L-1 is gone."
