"""Each of the staff chooses how to hear of what may concern them, for themselves alone."""

import pytest
from django.test import Client
from django.urls import reverse

from members.models import StaffSubscription
from partners.models import Connection
from tests.support import factories
from tests.support.staff_notes import connection, subscribe, ways_out

__all__ = ["ways_out"]

MINE = reverse("admin:members_staffsubscription_mine")
ALL = reverse("admin:members_staffsubscription_changelist")
WAITING, FAILED, DONE = "approval.requested", "night.failed", "night.finished"


@pytest.fixture
def shop(db):
    return factories.partner("shop")


@pytest.fixture
def post(shop, ways_out):
    return connection("post", "Mail", owner=shop)


@pytest.fixture
def bot(shop, ways_out):
    return connection("room", "Bot", owner=shop, credentials={"token": "xoxb"})


@pytest.fixture
def room(shop, ways_out):
    return connection("room", "Office", owner=shop)


def chosen(user):
    """{(event, connection or None, id in Slack)}."""
    rows = StaffSubscription.objects.filter(user=user)
    return set(rows.values_list("event", "connection__name", "slack"))


def save(client, **said):
    answer = client.post(MINE, {name.replace("__", "."): value for name, value in said.items()})
    if answer.status_code == 302:
        return ""
    form = answer.context["form"]
    return " ".join(error for errors in form.errors.values() for error in errors)


@pytest.fixture
def desk_of(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


def test_somebody_chooses_by_mail_and_slack_and_changes_their_mind(desk_of, marketing, post, bot):
    desk = desk_of(marketing)
    assert save(desk, approval__requested=[post.pk, bot.pk], night__failed=[post.pk], slack="U024BE7LH") == ""
    first = {(WAITING, "Mail", ""), (WAITING, "Bot", "U024BE7LH"), (FAILED, "Mail", "")}
    assert chosen(marketing) == first
    kept = StaffSubscription.objects.get(user=marketing, event=FAILED).pk
    page = desk.get(MINE).content.decode()
    assert page.count(" checked>") == 3
    assert 'value="U024BE7LH"' in page
    assert save(desk, approval__requested=[bot.pk], night__failed=[post.pk], slack="W0987654321") == ""
    assert chosen(marketing) == {(WAITING, "Bot", "W0987654321"), (FAILED, "Mail", "")}
    assert StaffSubscription.objects.get(user=marketing, event=FAILED).pk == kept
    assert save(desk) == ""
    assert chosen(marketing) == set()


def test_that_all_is_well_is_heard_by_who_wants_it_in_their_list(desk_of, marketing, post):
    assert save(desk_of(marketing), night__finished=["list"], approval__decided=["list", post.pk]) == ""
    assert chosen(marketing) == {(DONE, None, ""), ("approval.decided", None, ""), ("approval.decided", "Mail", "")}


def test_what_stands_in_every_list_is_no_choice(desk_of, marketing, post):
    assert "not one of the available choices" in save(desk_of(marketing), night__failed=["list"])


def test_only_what_may_concern_somebody_is_offered_and_taken(desk_of, store_staff, marketing, post):
    desk = desk_of(store_staff)
    assert set(desk.get(MINE).context["form"].fields) == {"approval.decided"}
    assert save(desk, approval__requested=[post.pk], night__failed=[post.pk]) == ""
    assert chosen(store_staff) == set()
    offered = set(desk_of(marketing).get(MINE).context["form"].fields)
    assert offered == {
        WAITING,
        "approval.decided",
        "downgrades.held",
        "budget.nearly_used",
        "budget.used_up",
        DONE,
        FAILED,
        "reconcile.drift",
        "channel.dead",
    }


def test_only_connections_in_use_that_bring_notes_are_offered(desk_of, marketing, post, shop, ways_out):
    connection("post", "Paused", owner=shop, status="paused")
    connection("lines", "Messages", owner=shop)
    connection("api", "Till", owner=shop)
    (field,) = {tuple(desk_of(marketing).get(MINE).context["form"].fields[FAILED].choices)}
    assert list(field) == [(str(post.pk), "Post (Shop / Mail)")]


def test_what_was_chosen_of_a_connection_that_pauses_stays(desk_of, marketing, post, room):
    subscribe(marketing, FAILED, post)
    Connection.objects.filter(pk=post.pk).update(status="paused")
    assert save(desk_of(marketing), night__failed=[room.pk]) == ""
    assert chosen(marketing) == {(FAILED, "Mail", ""), (FAILED, "Office", "")}


def test_a_mail_without_an_address_is_refused_once_and_nothing_is_kept(desk_of, marketing, post):
    marketing.email = ""
    marketing.save()
    said = save(desk_of(marketing), approval__requested=[post.pk], night__failed=[post.pk])
    assert said == "Post (Shop / Mail): There is no e-mail address."
    assert chosen(marketing) == set()


@pytest.mark.parametrize(
    ("slack", "why"),
    [
        ("", "There is no Slack member id."),
        ("@maria", "A member id begins with U or W"),
        ("u024be7lh", "A member id begins with U or W"),
        ("U024BE7LH\nx", "A member id begins with U or W"),
        ("U" * 41, "at most 40 characters"),
    ],
)
def test_an_id_in_slack_that_is_none_is_refused(desk_of, marketing, bot, slack, why):
    assert why in save(desk_of(marketing), night__failed=[bot.pk], slack=slack)
    assert chosen(marketing) == set()


def test_a_room_needs_no_id_and_says_that_all_are_there(desk_of, marketing, room):
    desk = desk_of(marketing)
    page = desk.get(MINE).content.decode()
    assert "Room, for everybody there (Shop / Office)" in page
    assert "Slack member id" not in page
    assert save(desk, night__failed=[room.pk]) == ""
    assert chosen(marketing) == {(FAILED, "Office", "")}


def test_where_no_way_out_is_there_the_page_says_so(desk_of, marketing):
    page = desk_of(marketing).get(MINE).content.decode()
    assert "There is no connection for e-mail or Slack yet" in page
    assert "My list of notifications" in page


def test_everybody_changes_their_own_and_nobody_that_of_others(desk_of, marketing, boss, post):
    subscribe(boss, FAILED, post)
    assert save(desk_of(marketing), user=boss.pk, night__failed=[]) == ""
    assert chosen(boss) == {(FAILED, "Mail", "")}


def test_superusers_see_how_others_hear_and_nobody_else_does(desk_of, marketing, store_staff, boss, post):
    row = subscribe(marketing, FAILED, post)
    page = reverse("admin:members_staffsubscription_change", args=[row.pk])
    for person in (marketing, store_staff):
        assert desk_of(person).get(ALL).status_code == 403
        assert desk_of(person).get(page).status_code == 403
        assert "How others hear" not in desk_of(person).get(MINE).content.decode()
    assert "A step of the night failed" in desk_of(boss).get(ALL).content.decode()
    assert desk_of(boss).get(page).status_code == 200
    assert desk_of(boss).post(page, {}).status_code == 403
    assert "How others hear" in desk_of(boss).get(MINE).content.decode()


def test_nothing_is_chosen_by_a_get_or_without_a_token(marketing, post):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(marketing)
    assert strict.get(MINE, {FAILED: [post.pk]}).status_code == 200
    assert strict.post(MINE, {FAILED: [post.pk]}).status_code == 403
    assert chosen(marketing) == set()


def test_a_stranger_is_asked_to_sign_in(client, stranger):
    client.force_login(stranger)
    assert client.get(MINE).status_code == client.post(MINE).status_code == 302
