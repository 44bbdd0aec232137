"""Who may do what over the API: keys, scopes, programs, partners, limits."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from loyalty_site.lib.counting import SharedCounter
from partners.authentication import KeyThrottle
from partners.models import Connection
from programs.models import Participation
from tests.support import factories, hooks
from tests.support.api_caller import ALL_SCOPES, Caller
from transactions.models import Entry, Journal

pytestmark = pytest.mark.django_db

#: Every address: method, path, the scope that it needs, what is answered to who may.
ADDRESSES = [
    ("GET", "programs/", "read", 200),
    ("GET", "programs/club/", "read", 200),
    ("POST", "members/", "enrol", 201),
    ("GET", "members/lookup/?email=ada@example.com", "read", 200),
    ("GET", "members/{number}/", "read", 200),
    ("GET", "transactions/", "read", 200),
    ("POST", "transactions/", "earn", 400),
    ("GET", "transactions/{bought}/", "read", 200),
    ("POST", "transactions/{bought}/reversal/", "burn", 201),
    ("POST", "redemptions/", "burn", 400),
    ("POST", "redemptions/{bought}/confirm/", "burn", 409),
    ("POST", "redemptions/{bought}/release/", "burn", 409),
    ("POST", "reversals/", "burn", 400),
    ("POST", "transfers/", "burn", 400),
    ("POST", "adjustments/", "adjust", 400),
    ("POST", "tier-settings/", "adjust", 400),
    ("GET", "entries/", "read", 200),
    ("GET", "entries/{entry}/explanation/", "read", 200),
    ("GET", "members/{number}/consents/", "read", 200),
    ("POST", "members/{number}/consents/", "enrol", 400),
    ("GET", "members/{number}/progress/", "read", 200),
    ("GET", "programs/club/promotions/", "read", 200),
    ("GET", "programs/club/promotions/spring/", "read", 404),
    ("POST", "programs/club/promotions/spring/codes/", "adjust", 400),
    ("GET", "programs/club/promotions/spring/codes/A1/", "read", 404),
    ("GET", "members/{number}/promotions/", "read", 200),
    ("PUT", "members/{number}/promotions/spring/enrolment/", "enrol", 404),
    ("DELETE", "members/{number}/promotions/spring/enrolment/", "enrol", 404),
    ("GET", "hooks/", "hooks", 200),
    ("POST", "hooks/", "hooks", 400),
    ("GET", "hooks/sample/?event=points.earned", "hooks", 200),
    ("GET", "hooks/{hook}/", "hooks", 200),
    ("DELETE", "hooks/{hook}/", "hooks", 204),
    ("POST", "hooks/{hook}/rotate/", "hooks", 200),
    ("POST", "hooks/{hook}/test/", "hooks", 202),
    ("GET", "deliveries/", "hooks", 200),
    ("GET", "deliveries/{delivery}/", "hooks", 200),
]


@pytest.fixture
def guest(club):
    guest = factories.partner("cafe")
    Participation.objects.create(program=club, partner=guest)
    return guest


@pytest.fixture
def ada(club):
    return factories.member(club, email="ada@example.com")


def filled(path, club, ada):
    bought = factories.post_one(club, factories.purchase(ada, 1000, "first")).journal_id
    entry = Entry.objects.filter(journal=bought).values_list("pk", flat=True)[0]
    hook = hooks.endpoint(club.owner)
    sent = hooks.delivery(hooks.event(club, ada), to=hook)
    return path.format(number=ada.number, bought=bought, entry=entry, hook=hook.pk, delivery=sent.pk)


@pytest.mark.parametrize(("method", "path", "scope", "status"), ADDRESSES)
def test_each_address_needs_its_scope(club, ada, method, path, scope, status):
    path = filled(path, club, ada)
    raw = b"{}" if method == "POST" else b""
    others = [name for name in ALL_SCOPES if name != scope]
    refused = Caller(club.owner, others, name="Others").call(method, path, raw)
    assert (refused.status_code, refused.said["code"]) == (403, "scope_missing")
    assert f"“{scope}”" in refused.said["detail"]
    assert f'scope="{scope}"' in refused["WWW-Authenticate"]
    assert Caller(club.owner, [scope], name="Right").call(method, path, raw).status_code == status


@pytest.mark.parametrize(("method", "path", "scope", "status"), ADDRESSES)
def test_nothing_is_open_without_a_key(club, ada, method, path, scope, status):
    path = filled(path, club, ada)
    shop = Caller(club.owner)
    for authorization in ("", "Bearer", "Bearer lk_x_y", f"Token {shop.text}", f"Bearer {shop.text}x", "Bearer \xe9"):
        answer = shop.call(method, path, b"{}", Authorization=authorization)
        assert (answer.status_code, answer.said["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("end", ["revoked", "expired", "paused", "inactive"])
def test_a_key_that_has_ended(club, end):
    shop = Caller(club.owner)
    past = timezone.now() - timedelta(seconds=1)
    if end == "revoked":
        shop.key.revoked_at = past
    if end == "expired":
        shop.key.expires_at = past
    shop.key.save()
    if end == "paused":
        Connection.objects.update(status="paused")
    if end == "inactive":
        type(club.owner).objects.update(is_active=False)
    assert shop.get("programs/").status_code == 401


def test_a_key_reaches_only_programs_in_which_its_partner_takes_part(club, ada):
    factories.program("own", owner=factories.partner("stranger"))
    stranger = Caller(club.owner.__class__.objects.get(code="stranger"))
    assert [row["code"] for row in stranger.get("programs/").said["results"]] == ["own"]
    assert stranger.get("programs/club/").status_code == 404
    bought = factories.post_one(club, factories.purchase(ada, 1000)).journal_id
    for answer in (
        stranger.get(f"members/{ada.number}/", program="club"),
        stranger.get("members/lookup/", email="ada@example.com", program="club"),
        stranger.get("transactions/", program="club"),
        stranger.post("members/", {}, program="club"),
        stranger.post("transactions/", {}, program="club"),
        stranger.post("redemptions/", {}, program="club"),
    ):
        assert (answer.status_code, answer.said["code"]) == (404, "program_unknown")
    for answer in (
        stranger.get(f"transactions/{bought}/"),
        stranger.post(f"transactions/{bought}/reversal/"),
        stranger.get(f"members/{ada.number}/"),
    ):
        assert answer.status_code == 404
    assert stranger.get("entries/").said["results"] == []
    assert Journal.objects.count() == 1


def test_the_program_is_named_when_there_are_several(club):
    factories.program("second", owner=club.owner)
    shop = Caller(club.owner)
    answer = shop.get("transactions/")
    assert (answer.status_code, answer.said["code"]) == (400, "program_missing")
    assert shop.get("transactions/", program="second").status_code == 200


def test_a_guest_sees_and_takes_back_only_what_it_sent(club, guest, ada):
    shop, cafe = Caller(club.owner), Caller(guest)
    body = {"activity": "purchase", "member": {"number": ada.number}, "amount": "5.00"}
    ours = shop.post("transactions/", body | {"external_id": "ours"}).said["id"]
    theirs = cafe.post("transactions/", body | {"external_id": "theirs"}).said["id"]
    assert [row["id"] for row in shop.get("transactions/").said["results"]] == [theirs, ours]
    assert [row["id"] for row in cafe.get("transactions/").said["results"]] == [theirs]
    assert {row["transaction"] for row in cafe.get("entries/").said["results"]} == {theirs}
    assert cafe.get(f"transactions/{ours}/").status_code == 404
    assert cafe.post(f"transactions/{ours}/reversal/").status_code == 404
    assert cafe.post(f"transactions/{theirs}/reversal/").status_code == 201


def test_only_the_owner_speaks_for_other_partners(club, guest, ada):
    body = {"activity": "purchase", "external_id": "a", "member": {"number": ada.number}, "amount": "5.00"}
    cafe = Caller(guest)
    answer = cafe.post("transactions/", body | {"partner": "shop"})
    assert (answer.status_code, answer.said["code"]) == (403, "partner_not_allowed")
    assert cafe.post("transactions/", [body | {"partner": "shop"}]).said["refused"] == 1
    assert cafe.post("transactions/", body | {"partner": "cafe"}).status_code == 201
    assert Caller(club.owner).post("transactions/", body | {"partner": "cafe"}).status_code == 201


def test_a_key_has_so_many_requests_a_minute(club, settings, time_machine):
    settings.API_REQUESTS_PER_MINUTE = 3
    time_machine.move_to("2026-11-21T12:00:15Z", tick=False)
    shop, other = Caller(club.owner, name="One"), Caller(club.owner, name="Two")
    assert [shop.get("programs/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = shop.get("programs/")
    assert (answer.said["code"], answer["Retry-After"]) == ("throttled", "45")
    assert other.get("programs/").status_code == 200
    time_machine.move_to("2026-11-21T12:01:00Z", tick=False)
    assert shop.get("programs/").status_code == 200


def test_nobody_is_let_through_uncounted_while_the_shared_counter_is_away(club, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 2

    def away(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(KeyThrottle, "_counter", SharedCounter(cache, 1))
    monkeypatch.setattr(type(cache._connections[cache._alias]), "incr", away)
    shop = Caller(club.owner)
    assert sorted(shop.get("programs/").status_code for _ in range(4))[:2] == [200, 200]
    assert shop.get("programs/").status_code == 429


def test_the_documents_are_open_and_name_every_problem(client):
    assert client.get("/api/v1/schema/").status_code == 200
    assert b"swagger-ui" in client.get("/api/docs/").content
    listed = client.get("/api/docs/problems/").content.decode()
    assert "insufficient_points" in listed
    assert "text_too_long" in listed
    page = client.get("/api/docs/problems/insufficient_points/")
    assert b"409" in page.content
    assert client.get("/api/docs/problems/nothing/").status_code == 404
