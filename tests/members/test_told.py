"""What others hear of members who join, change or become one: names of fields, and never what stands in them."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import birthdays, changes, snapshots, telling
from members.enrolment import AlreadyMember, enrol, enrol_many
from members.models import Card, Consent, Customer, Event, ExternalId, Tag
from members.telling import Telling
from partners.events import EVENTS
from programs import versions
from programs.models import Program
from tests.support import factories
from tests.support.admin_forms import save
from tests.support.factories import at, post_one, purchase
from tests.support.messages import listen, told
from tests.support.people import boss  # noqa: F401
from transactions.merging import merges, unmerges

MEMBER = {"number", "program", "status", "enrolled_at", "balances", "tiers"}


@pytest.fixture
def made(db):
    made = factories.program("club")
    listen(made, "member.enrolled", "member.updated", "member.merged")
    return made


def test_who_enrols_is_told_with_what_they_begin_with(made):
    who = factories.member(made, enrolled_at=at(2026, 2, 1))
    [event] = told("member.enrolled", who)
    assert (event.occurred_at, event.version, event.program) == (at(2026, 2, 1), 1, made)
    assert event.data == {
        "member": {
            "number": who.number,
            "program": "club",
            "status": "active",
            "enrolled_at": "2026-02-01T12:00:00Z",
            "balances": [],
            "tiers": [{"group": "main", "tier": "base", "name": "Base", "valid_until": None}],
        }
    }


def test_nothing_is_written_where_nobody_listens_or_nobody_was_enrolled(db, django_assert_num_queries):
    quiet = factories.program()
    who = factories.member(quiet)
    with pytest.raises(AlreadyMember):
        factories.member(quiet, email=who.customer.email)
    with django_assert_num_queries(1):
        changes.tell_updated({who.customer_id: ["email"]})
    with django_assert_num_queries(0):
        changes.tell_updated({who.customer_id: []})
    assert not Event.objects.exists()


def test_many_are_told_with_the_day_on_which_they_joined_in_as_many_statements_as_one(made):
    def statements(count):
        people = {f"{count}-{n}": Customer(last_name=f"n{n}", email=f"{count}-{n}@example.com") for n in range(count)}
        long_ago = {name: timezone.now() - timedelta(days=900) for name in people}
        till = factories.till(made)
        with CaptureQueriesContext(connection) as captured:
            enrol_many(made, people, channel="import", via=till, enrolled_at=long_ago)
        return len(captured)

    # The first one compiles the program.
    statements(1)
    few, many = statements(2), statements(40)
    assert few == many
    events = told("member.enrolled")
    assert len(events) == 43
    assert {event.partner_id for event in events} == {made.owner_id}
    assert all(
        event.occurred_at == event.member.enrolled_at < timezone.now() - timedelta(days=899) for event in events
    )


def test_a_change_of_a_customer_tells_each_membership_which_fields(made):
    other = factories.program("other")
    listen(other, "member.updated")
    who = factories.member(made)
    twin = enrol(other, who.customer, channel="web")
    enrol(factories.program("deaf"), who.customer, channel="web")
    with transaction.atomic():
        changes.tell_updated({who.customer_id: ["phone", "email", "phone"]})
    assert {event.member: event.data["changed"] for event in told("member.updated")} == {
        who: ["email", "phone"],
        twin: ["email", "phone"],
    }


def test_what_staff_change_on_a_page_is_told_by_name_and_not_by_value(made, client, boss):  # noqa: F811
    who = factories.member(made, first_name="Ada")
    client.force_login(boss)
    address = reverse("admin:members_customer_change", args=[who.customer_id])
    assert save(client, address, first_name="Augusta", language="fr").status_code == 302
    assert save(client, address).status_code == 302
    [event] = told("member.updated")
    assert event.data["changed"] == ["first_name", "language"]
    assert set(event.data["member"]) == MEMBER
    assert "Augusta" not in json.dumps(event.data)


def test_the_status_of_a_membership_and_its_cards_are_told_of_that_membership(made, client, boss):  # noqa: F811
    who = factories.member(made)
    client.force_login(boss)
    address = reverse("admin:members_member_change", args=[who.pk])
    assert (
        save(client, address, status="suspended", cards__TOTAL_FORMS="1", cards__0__number="C-1815").status_code
        == 302
    )
    [event] = told("member.updated")
    assert (event.member, event.data["changed"]) == (who, ["cards", "status"])
    assert event.data["member"]["status"] == "suspended"


@pytest.mark.parametrize("part", ["consents", "tags", "external_ids"])
def test_rows_about_a_customer_are_told_when_they_are_made_and_deleted(made, client, boss, part):  # noqa: F811
    who = factories.member(made)
    client.force_login(boss)
    model, fields = {
        "consents": (Consent, {"channel": "email", "said_at_0": "2026-01-01", "said_at_1": "12:00"}),
        "tags": (Tag, {"name": "vip"}),
        "external_ids": (ExternalId, {"connection": factories.till(made).pk, "value": "crm-7"}),
    }[part]
    name = model._meta.model_name
    answer = client.post(reverse(f"admin:members_{name}_add"), {"customer": who.customer_id} | fields)
    assert answer.status_code == 302
    assert [event.data["changed"] for event in told("member.updated")] == [[part]]
    if part != "consents":
        row = model.objects.get()
        client.post(reverse(f"admin:members_{name}_delete", args=[row.pk]), {"post": "yes"})
        assert not model.objects.exists()
        assert len(told("member.updated", who)) == 2


def test_a_birthday_that_the_member_says_is_told_without_the_day(made):
    who = factories.member(made)
    birthdays.say(who.customer_id, birthday="12-25")
    birthdays.say(who.customer_id, birthday="12-25")
    [event] = told("member.updated")
    assert event.data["changed"] == ["birthday"]
    assert "12-25" not in json.dumps(event.data)


def test_a_merge_tells_which_membership_is_no_more_and_what_the_other_has(made):
    ada, twin = factories.member(made), factories.member(made)
    post_one(made, purchase(ada, 1_000))
    post_one(made, purchase(twin, 2_000))
    merges.preview(twin, ada)
    assert not told("member.merged")
    done = merges.merge(twin, ada, reason="The same person")
    [event] = told("member.merged")
    assert event.member == ada
    assert event.data["merged"] == {"number": twin.number, "into": ada.number}
    assert event.data["member"]["balances"][0]["balance"] == 30
    unmerges.unmerge(done)
    [event] = told("member.updated")
    assert (event.member, event.data["changed"], event.data["member"]["status"]) == (twin, ["status"], "active")


def test_what_was_told_once_is_not_told_again_and_the_others_are(made):
    who = factories.member(made)
    now = timezone.now()

    def tell(*names):
        return telling.tell_many(made, "member.updated", [Telling(who.pk, {}, now, once=name) for name in names])

    assert (tell("a", "b"), tell("a", "b", "c"), tell()) == (2, 1, 0)
    assert tell("", "") == 2
    Program.objects.filter(pk=made.pk).update(listens_to="")
    made.refresh_from_db()
    assert tell("d") == 0


def test_a_snapshot_takes_as_many_statements_for_many_as_for_one(made, django_assert_num_queries):
    whose = [factories.member(made) for _ in range(5)]
    post_one(made, purchase(whose[0], 60_000))
    configuration = versions.of(made)
    for keys in ([whose[0].pk], [who.pk for who in whose], [0]):
        with django_assert_num_queries(3):
            said = snapshots.of(configuration, keys)
    assert said == {}
    [snapshot] = snapshots.of(configuration, [whose[0].pk]).values()
    found = json.loads(snapshots.as_json(snapshot.said))
    assert [one["currency"] for one in found["balances"]] == ["points", "status"]
    assert found["tiers"][0]["tier"] == "silver"
    points, status = (configuration.currencies[code].id for code in ("points", "status"))
    assert snapshot.balances == {points: 600, status: 600}
    assert snapshot.status == "active"


def test_no_event_of_members_names_a_person(made):
    who = factories.member(made, first_name="Ada", phone="+33612345678", birth_date="1984-03-09")
    Card.objects.create(member=who, number="C-1815")
    changes.tell_updated({who.customer_id: ["email"]})
    assert {event.type for event in Event.objects.all()} <= set(EVENTS)
    texts = json.dumps([event.data for event in Event.objects.all()])
    for personal in ("Ada", "Lovelace", "example.com", "33612345678", "1984", "C-1815"):
        assert personal not in texts


def test_a_reminder_says_for_which_trigger_it_is(made):
    assert telling.trigger_of(Event(once=telling.reminder(30, "2026-03-31 4 2"))) == 30
    assert telling.trigger_of(Event(once="statement 4 2026-03")) is None
    assert telling.trigger_of(Event()) is None
