"""Who listens to a program is known to it at once, whatever is saved or deleted, and is no change of its rules."""

import threading
import time

import pytest
from django.db import connection, transaction

from members import listening
from partners.models import Connection, Partner, WebhookEndpoint
from programs.models import Message, Participation, Program
from tests.support import factories
from tests.support.told import ALL

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(db):
    return factories.program()


def way(owner, **fields):
    """A way out of a partner."""
    return Connection.objects.create(partner=owner, **({"name": "Out", "platform": "webhooks"} | fields))


def endpoint(out, *events, **fields):
    fields = {"url": "https://example.com/hook", "secret": "whsec_x"} | fields
    return WebhookEndpoint.objects.create(connection=out, events=list(events), **fields)


def message(made, out, event="tier.upgraded", **fields):
    return Message.objects.create(program=made, name=event, event=event, connection=out, **fields)


def heard(made):
    return Program.objects.get(pk=made.pk).listens_to.split()


def test_nobody_listens_to_a_new_program(made):
    assert heard(made) == []


def test_what_endpoints_and_messages_ask_for_is_listened_to_in_the_order_of_the_catalogue(made):
    out = way(made.owner)
    endpoint(out, "tier.upgraded", "points.earned")
    endpoint(out, "points.earned", "points.redeemed")
    message(made, out, "points.expiring", is_active=True)
    message(made, out, "member.enrolled")
    assert heard(made) == ["points.earned", "points.redeemed", "points.expiring", "tier.upgraded"]


def test_everything_is_every_event_of_members(made):
    endpoint(way(made.owner), "*")
    assert heard(made) == ALL
    assert "night.failed" not in heard(made)


def test_events_of_staff_are_not_listened_to_by_a_program(made):
    endpoint(way(made.owner), "night.failed", "points.earned", "points.invented")
    assert heard(made) == ["points.earned"]


def pause(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


@pytest.mark.parametrize("what", ["endpoint", "connection", "partner", "events", "deleted"])
def test_whoever_is_stopped_listens_no_more(made, what):
    out = way(made.owner)
    one = endpoint(out, "points.earned")
    assert heard(made) == ["points.earned"]
    if what == "endpoint":
        pause(one, status="disabled")
    elif what == "connection":
        pause(out, status="revoked")
    elif what == "partner":
        pause(made.owner, is_active=False)
    elif what == "events":
        pause(one, events=[])
    else:
        one.delete()
    assert heard(made) == []


@pytest.mark.parametrize("what", ["endpoint", "connection"])
def test_what_staff_have_paused_is_kept_for_when_they_go_on(made, what):
    out = way(made.owner)
    one = endpoint(out, "points.earned")
    pause(one if what == "endpoint" else out, status="paused")
    assert heard(made) == ["points.earned"]


def test_a_message_that_is_switched_off_or_deleted_listens_no_more(made):
    one = message(made, way(made.owner), is_active=True)
    assert heard(made) == ["tier.upgraded"]
    pause(one, is_active=False)
    assert heard(made) == []
    pause(one, is_active=True, event="points.earned")
    assert heard(made) == ["points.earned"]
    one.delete()
    assert heard(made) == []


def test_a_partner_hears_of_the_programs_in_which_it_takes_part(made):
    guest, other = factories.partner(), factories.program()
    endpoint(way(guest), "points.earned")
    assert (heard(made), heard(other)) == ([], [])
    joined = Participation.objects.create(program=made, partner=guest)
    assert (heard(made), heard(other)) == (["points.earned"], [])
    joined.delete()
    assert heard(made) == []


def test_a_program_that_is_given_to_another_owner_is_heard_by_that_one(made):
    endpoint(way(made.owner), "points.earned")
    heir = factories.partner()
    endpoint(way(heir), "points.redeemed")
    made.refresh_from_db()
    pause(made, owner=heir)
    assert heard(made) == ["points.redeemed"]


def test_an_endpoint_that_goes_to_another_partner_leaves_the_programs_of_the_first(made):
    other = factories.program()
    one = endpoint(way(made.owner), "points.earned")
    pause(one, connection=way(other.owner))
    assert (heard(made), heard(other)) == ([], ["points.earned"])


def test_a_program_that_is_saved_as_it_was_read_before_loses_nobody_who_listens(made):
    stale = Program.objects.get(pk=made.pk)
    endpoint(way(made.owner), "points.earned")
    stale.name = "Another name"
    stale.save()
    assert heard(made) == ["points.earned"]


def test_who_listens_is_no_change_of_the_rules(made):
    before = Program.objects.get(pk=made.pk)
    endpoint(way(made.owner), "*")
    after = Program.objects.get(pk=made.pk)
    assert (after.version, after.changed_at) == (before.version, before.changed_at)


def test_how_an_endpoint_fares_asks_for_nothing(made, django_assert_num_queries):
    one = endpoint(way(made.owner), "points.earned")
    one.failures = 3
    with django_assert_num_queries(1):
        one.save(update_fields=["failures"])


def test_what_is_changed_without_saving_rows_is_brought_along_by_refresh(made):
    one = endpoint(way(made.owner), "points.earned")
    WebhookEndpoint.objects.filter(pk=one.pk).update(status="disabled")
    assert heard(made) == ["points.earned"]
    listening.refresh([made.pk])
    assert heard(made) == []
    listening.refresh([])
    listening.refresh([made.pk + 1000])


def test_what_is_rolled_back_is_not_listened_to(made):
    with transaction.atomic():
        endpoint(way(made.owner), "points.earned")
        assert heard(made) == ["points.earned"]
        transaction.set_rollback(True)
    assert heard(made) == []


def test_a_partner_who_is_deleted_with_all_that_is_theirs_is_no_trouble(db):
    lonely = Partner.objects.create(code="lonely", name="Lonely")
    out = way(lonely)
    endpoint(out, "*").delete()
    out.delete()
    lonely.delete()


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_none_is_lost():
    if connection.vendor != "postgresql":
        pytest.skip("writers of SQLite wait for each other")
    made = factories.program()
    out = way(made.owner)

    def listen_too():
        try:
            endpoint(out, "points.redeemed")
        finally:
            connection.close()

    with transaction.atomic():
        endpoint(out, "points.earned")
        second = threading.Thread(target=listen_too)
        second.start()
        until_somebody_waits()
    second.join(30)
    assert heard(made) == ["points.earned", "points.redeemed"]


def until_somebody_waits():
    with connection.cursor() as cursor:
        for _ in range(100):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.1)
    raise AssertionError("nobody waits for the lock")


@pytest.mark.django_db(transaction=True)
def test_a_posting_does_not_wait_for_who_begins_to_listen():
    if connection.vendor != "postgresql":
        pytest.skip("writers of SQLite wait for each other")
    made = factories.program()
    who, out = factories.member(made), way(made.owner)
    factories.post_one(made, factories.purchase(who, 100))
    endpoint(out, "points.earned")
    done = []

    def buy():
        try:
            done.append(factories.post_one(made, factories.purchase(who, 1000), patience_ms=2000))
        finally:
            connection.close()

    with transaction.atomic():
        endpoint(out, "points.redeemed")
        thread = threading.Thread(target=buy)
        thread.start()
        thread.join(30)
        assert [one.status for one in done] == ["posted"]
