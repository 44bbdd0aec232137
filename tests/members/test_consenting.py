"""What was somebody's last word about messages?"""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from members import consenting
from members.models import Consent
from tests.support import factories, told


@pytest.fixture
def ada(db):
    return factories.member(factories.program()).customer


def test_a_word_is_kept_with_its_time_source_and_version(ada):
    at = timezone.now() - timedelta(days=2)
    consenting.say(ada, "email", True, source="form", version="2026-05", said_at=at)
    row = Consent.objects.get()
    assert (row.channel, row.is_given, row.source, row.version, row.said_at) == ("email", True, "form", "2026-05", at)


def test_the_latest_word_of_each_channel_counts_and_of_one_instant_the_one_recorded_later(ada):
    now = timezone.now() - timedelta(hours=1)
    for channel, is_given, at in [
        ("email", False, now),
        ("email", True, now - timedelta(days=1)),
        ("sms", False, now),
        ("sms", True, now),
    ]:
        consenting.say(ada, channel, is_given, source="form", said_at=at)
    assert consenting.latest([ada.pk]) == {(ada.pk, "email"): False, (ada.pk, "sms"): True}


def test_who_never_said_anything_has_no_last_word(ada):
    assert consenting.latest([ada.pk]) == {}
    assert consenting.latest([]) == {}


def test_a_channel_that_there_is_not_is_refused(ada):
    with pytest.raises(Refused, match="no channel “fax”; choose one of email, sms") as refused:
        consenting.say(ada, "fax", True, source="form")
    assert refused.value.refusal.field == "channel"
    assert not Consent.objects.exists()


def test_nothing_is_said_in_the_future(ada):
    """It would count more than whatever is said until then."""
    with pytest.raises(Refused, match="in the future"):
        consenting.say(ada, "email", True, source="form", said_at=timezone.now() + timedelta(hours=1))
    consenting.say(ada, "email", True, source="form", said_at=timezone.now() + timedelta(minutes=1))


def test_words_longer_than_their_columns_are_cut(ada):
    row = consenting.say(ada, "email", True, source="x" * 500, version="y" * 500)
    assert (len(row.source), len(row.version)) == (80, 40)


def test_whoever_listens_hears_that_consents_were_changed_and_not_to_what(db):
    club = factories.program()
    ada = factories.member(club)
    told.listen(club, "member.updated")
    consenting.say(ada.customer, "email", False, source="Counter")
    [event] = told.told(club)
    assert (event.type, event.member_id, event.data["changed"]) == ("member.updated", ada.pk, ["consents"])
    assert "email" not in str(event.data["changed"])


def test_what_is_said_now_is_the_last_word_also_after_one_whose_clock_went_fast(ada):
    now = timezone.now()
    consenting.say(ada, "email", True, source="till", said_at=now + timedelta(minutes=4))
    consenting.say(ada, "email", False, source="unsubscribe page")
    assert consenting.latest([ada.pk]) == {(ada.pk, "email"): False}


def test_staff_cannot_write_down_what_is_yet_to_be_said(ada):
    row = Consent(customer=ada, channel="email", is_given=True, said_at=timezone.now() + timedelta(days=1))
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert list(refused.value.message_dict) == ["said_at"]
