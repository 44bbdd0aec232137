"""However much was sent, nobody who looks at it reads all of it."""

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from members.admin import replays
from members.models import Delivery
from tests.support import factories
from tests.support.hooks import delivery, endpoint, event
from tests.support.plans import full_scans, short_ways

pytestmark = pytest.mark.django_db
MANY = 1200


@pytest.fixture
def sent(club, ada):
    """Very many deliveries to two endpoints, of two members; a few were given up."""
    bob, hooks = factories.member(club), [endpoint(club.owner) for _ in range(2)]
    told = event(club, ada)
    rows = [
        Delivery(
            kind="webhook",
            program=club,
            event=told,
            connection=hooks[number % 2].connection,
            endpoint=hooks[number % 2],
            member=bob if number % 400 else ada,
            key=f"webhook:{number}",
            state="dead" if number % 300 == 7 else "sent",
            next_at=None,
            ended_at=timezone.now(),
        )
        for number in range(MANY)
    ]
    Delivery.objects.bulk_create(rows)
    return hooks


def test_the_given_up_are_counted_by_themselves(sent):
    with short_ways() as found:
        assert replays.given_up() == "4 were given up."
    assert not found
    if connection.vendor == "sqlite":
        assert "delivery_given_up" in Delivery.objects.extra(where=[replays.DEAD]).order_by().explain()


def test_the_last_deliveries_of_an_endpoint_are_found_by_it(sent, shop):
    with short_ways() as found:
        answer = shop.get("deliveries/", hook=str(sent[0].pk), page_size="10")
    assert {one["hook"] for one in answer.said["results"]} == {sent[0].pk}
    assert len(answer.said["results"]) == 10
    assert not found


def test_the_page_of_a_member_reads_the_deliveries_of_this_member(sent, client, marketing, ada):
    client.force_login(marketing)
    with full_scans() as found:
        page = client.get(reverse("admin:members_member_change", args=[ada.pk]))
    assert "Messages" in page.content.decode()
    assert not [(statement, table) for statement, table in found if "delivery" in table]


def test_one_is_found_by_its_key_and_by_its_event(sent, client, marketing, club, ada):
    known = event(club, ada)
    one = delivery(known, to=sent[0], key=f"webhook:{sent[0].pk}:{known.name}")
    client.force_login(marketing)
    for text in (one.key, known.name):
        with full_scans() as found:
            page = client.get(reverse("admin:members_delivery_changelist"), {"q": text})
        assert [row.pk for row in page.context["cl"].result_list] == [one.pk]
        # Those that were given up are counted from an index of them alone, which is read whole.
        assert not [one for one, table in found if table == "members_delivery" and replays.DEAD not in one]
