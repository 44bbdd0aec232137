"""Other systems read and pass on what a person says about messages, if they may know who that is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Consent
from tests.support.api_caller import ALL_SCOPES, Caller

pytestmark = pytest.mark.django_db
SAID_AT = "2026-01-05T10:00:00Z"


def say(shop, who, **fields):
    fields = {"channel": "email", "given": True} | fields
    return shop.post(f"members/{who.number}/consents/", fields)


def test_what_was_said_is_kept_with_source_version_and_time(shop, ada):
    answer = say(shop, ada, said_at=SAID_AT, source="Newsletter form", version="2026-01")
    row = Consent.objects.get()
    assert answer.status_code == 201
    assert answer.said == {
        "channel": "email",
        "given": True,
        "said_at": "2026-01-05T10:00:00+00:00",
        "source": "Newsletter form",
        "version": "2026-01",
        "recorded_at": row.recorded_at.isoformat(),
    }
    assert (row.customer_id, row.source, row.version) == (ada.customer_id, "Newsletter form", "2026-01")
    assert shop.get(f"members/{ada.number}/consents/").said["results"] == [answer.said]
    assert shop.get(f"members/{ada.number}/").said["consents"] == [
        {"channel": "email", "given": True, "said_at": "2026-01-05T10:00:00+00:00"}
    ]


def test_without_more_it_was_said_now_over_the_api(shop, ada, now_is):
    now = timezone.now()
    now_is(now)
    said = say(shop, ada).said
    assert (said["said_at"], said["source"], said["version"]) == (now.isoformat(), "API", "")


def test_a_change_of_mind_is_a_new_entry_and_nothing_is_lost(shop, ada):
    say(shop, ada, said_at="2026-01-05T10:00:00Z")
    say(shop, ada, said_at="2026-01-06T10:00:00Z", given=False)
    told = shop.get(f"members/{ada.number}/consents/").said["results"]
    assert [one["given"] for one in told] == [False, True]
    assert shop.get(f"members/{ada.number}/").said["consents"][0]["given"] is False


def test_the_same_answer_of_the_same_instant_is_one(shop, ada):
    first, again = (say(shop, ada, said_at=SAID_AT, source=source) for source in ("Form", "Form again"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.said == first.said
    assert say(shop, ada, said_at=SAID_AT, given=False).status_code == 201
    assert say(shop, ada, said_at=SAID_AT, channel="sms").status_code == 201
    assert Consent.objects.count() == 3


def test_an_idempotency_key_makes_one_of_two_that_say_no_time(shop, ada):
    body = {"channel": "email", "given": True}
    path = f"members/{ada.number}/consents/"
    first, again = (shop.post(path, body, idempotency_key="c-1") for _ in range(2))
    assert (again.said, again["Idempotency-Replayed"]) == (first.said, "true")
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "pointer", "code", "status"),
    [
        ({"channel": "fax"}, "channel", "invalid_choice", 400),
        ({"channel": None}, "channel", "field_missing", 400),
        ({"given": None}, "given", "field_missing", 400),
        ({"given": "yes"}, "given", "invalid_type", 400),
        ({"said_at": "2026-01-05"}, "said_at", "invalid_instant", 400),
        ({"source": "x" * 81}, "source", "text_too_long", 400),
        ({"version": "x" * 41}, "version", "text_too_long", 400),
        ({"source": "a\u202eb"}, "source", "invalid_text", 400),
        ({"is_given": True}, "is_given", "unknown_field", 400),
        ({"said_at": "2190-01-05T10:00:00Z"}, "said_at", "invalid_date", 422),
    ],
)
def test_what_is_no_consent_is_refused_at_its_field(shop, ada, fields, pointer, code, status):
    answer = say(shop, ada, **fields)
    assert answer.status_code == status
    assert [(one["pointer"], one["code"]) for one in answer.said["errors"]] == [(f"#/{pointer}", code)]
    assert not Consent.objects.exists()


def test_clocks_that_are_a_little_ahead_are_understood(shop, ada):
    now = timezone.now()
    assert say(shop, ada, said_at=(now + timedelta(minutes=4)).isoformat()).status_code == 201
    assert say(shop, ada, said_at=(now + timedelta(minutes=7)).isoformat()).status_code == 422


def test_a_number_that_nobody_has_is_told(shop, club):
    for answer in (
        shop.get("members/00000000000/consents/"),
        shop.post("members/00000000000/consents/", {"channel": "email", "given": True}),
    ):
        assert (answer.status_code, answer.said["code"]) == (404, "member_unknown")


def test_who_may_not_know_persons_neither_reads_nor_says(club, cafe, ada):
    key = Caller(cafe.connection.partner, [name for name in ALL_SCOPES if name != "personal"], name="Till")
    for answer in (say(key, ada), key.get(f"members/{ada.number}/consents/")):
        assert (answer.status_code, answer.said["code"]) == (403, "scope_missing")
    assert not Consent.objects.exists()
    assert say(cafe, ada).status_code == 201


def test_who_may_only_read_says_nothing(club, ada):
    assert say(Caller(club.owner, ["read"], name="Reader"), ada).status_code == 403


def test_members_of_programs_that_the_key_does_not_reach_are_none(ada):
    stranger = Caller(ada.program.owner.__class__.objects.create(code="stranger", name="Stranger"))
    answer = stranger.post(
        f"members/{ada.number}/consents/", {"channel": "email", "given": True}, program=ada.program.code
    )
    assert (answer.status_code, answer.said["code"]) == (404, "program_unknown")
