"""The life of a point over HTTP: pending, capped, edited, reserved, given away, refunded, corrected.

Every answer is held against the schema by the caller.
"""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from members.models import Card, Relation
from partners.models import Connection
from programs.models import Cap, Participation
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import bought, parts, purchase, put, rate, reserve, spend
from tests.support.factories import held
from transactions.models import Entry, Journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(club):
    member = factories.member(club, first_name="Bob")
    Card.objects.create(member=member, number="C-1854")
    return member


class TestTransactions:
    def test_pending_points_say_from_when_on_they_can_be_spent(self, shop, club, ada):
        put(club, pending_days=14)
        answer = shop.post("transactions/", purchase()).said
        waits = answer["pending"]
        assert list(waits) == ["points"]
        at = datetime.fromisoformat(waits["points"]["available_at"])
        assert timedelta(days=13) < at - timezone.now() < timedelta(days=15)
        assert (waits["points"]["waits_for"], waits["points"]["deadline_at"]) == ("", None)
        assert shop.post("transactions/", purchase()).said == answer | {"status": "replayed"}
        assert shop.post("redemptions/", spend()).said["code"] == "insufficient_points"

    def test_an_event_of_the_order_sets_its_points_free(self, shop, club, ada):
        put(club, pending_event="delivered", pending_deadline_days=30)
        answer = shop.post("transactions/", purchase()).said
        assert answer["pending"]["points"]["waits_for"] == "delivered"
        assert answer["pending"]["points"]["available_at"] is None
        assert answer["pending"]["points"]["deadline_at"]
        assert parts(ada) == (0, 100, 0, 0)
        event = {"activity": "delivered", "external_id": "d-1", "member": {"card": "C-1815"}, "order": "order-1"}
        assert shop.post("transactions/", event).status_code == 201
        assert parts(ada) == (100, 0, 0, 0)

    def test_what_a_cap_cut_is_told(self, shop, club, ada):
        points = club.currencies.get(code="points")
        Cap.objects.create(program=club, code="most", name="Most", currency=points, scope="transaction", limit=60)
        club.refresh_from_db()
        answer = shop.post("transactions/", purchase()).said
        assert (answer["points"]["points"], answer["desired_points"]["points"]) == (60, 100)
        why = shop.get(f"transactions/{answer['id']}/").said["sentences"]
        assert "“Most” cut 100 to 60 Points: 40 lost. It holds for each transaction by itself." in why

    def test_an_edited_order_takes_the_place_of_the_old_one(self, shop, ada):
        first = bought(shop)
        answer = shop.post("transactions/", purchase("order-1b", "70.00", replaces="order-1"))
        assert answer.status_code == 201
        assert answer.said["points"]["points"] == 70
        assert answer.said["replaced"]["points"]["points"] == -100
        assert answer.said["replaced"]["reverses"] == first
        assert held(ada) == 70
        again = shop.post("transactions/", purchase("order-1b", "70.00", replaces="order-1"))
        assert (again.status_code, again.said["status"], held(ada)) == (200, "replayed", 70)

    def test_what_somebody_should_look_at_is_kept(self, shop, ada):
        answer = shop.post("transactions/", purchase(hold="Bought 40 gift cards"))
        assert (answer.status_code, answer.said["status"], answer.said["state"]) == (202, "kept", "held")
        assert answer.said["detail"] == "Bought 40 gift cards"
        assert held(ada) == 0

    def test_money_without_a_rate_is_kept_and_says_why(self, shop, club, ada):
        answer = shop.post("transactions/", purchase(currency="USD"))
        assert (answer.status_code, answer.said["status"], answer.said["state"]) == (202, "kept", "failed")
        assert "no rate of USD" in answer.said["detail"]
        assert shop.get(f"transactions/{answer.said['id']}/").said["status"] == "failed"
        rate(club, "USD", "0.50")
        posted = shop.post("transactions/", purchase("order-2", currency="USD"))
        assert (posted.status_code, posted.said["points"]["points"]) == (201, 50)


class TestReservations:
    def test_reserved_points_are_spent_once_they_are_confirmed(self, shop, ada):
        bought(shop)
        made = shop.post("redemptions/", spend(reserve_s=900))
        assert (made.status_code, made.said["points"]) == (201, {"points": -40})
        assert datetime.fromisoformat(made.said["reserved_until"]) > timezone.now()
        assert parts(ada) == (60, 0, 40, 0)
        path = f"redemptions/{made.said['id']}/confirm/"
        answer = shop.post(path, {})
        assert (answer.status_code, answer.said["status"], answer.said["state"]) == (200, "posted", "processed")
        assert answer.said["points"] == {"points": -40}
        assert answer["Location"] == f"/api/v1/transactions/{made.said['id']}/?program=club"
        again = shop.post(path)
        assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
        assert again.said == answer.said | {"status": "replayed"}
        assert parts(ada) == (60, 0, 0, 0)
        assert Entry.objects.filter(kind="confirm").count() == 1

    def test_released_points_are_there_again(self, shop, ada):
        bought(shop)
        path = f"redemptions/{reserve(shop)}/release/"
        answer = shop.post(path, {"reason": "The cart was left"})
        assert (answer.status_code, answer.said["state"], answer.said["points"]) == (200, "rejected", {"points": 0})
        assert shop.post(path).said == answer.said | {"status": "replayed"}
        assert parts(ada) == (100, 0, 0, 0)

    def test_the_same_reservation_told_twice_counts_once(self, shop, ada):
        bought(shop)
        assert reserve(shop) == shop.post("redemptions/", spend(reserve_s=900)).said["id"]
        assert parts(ada) == (60, 0, 40, 0)

    def test_a_confirmation_under_a_key_is_answered_from_it(self, shop, ada):
        bought(shop)
        path = f"redemptions/{reserve(shop)}/confirm/"
        first = shop.post(path, idempotency_key="k")
        again = shop.post(path, idempotency_key="k")
        assert again.said == first.said
        assert again["Idempotency-Replayed"] == "true"

    def test_a_reservation_that_has_run_out(self, shop, ada, time_machine):
        bought(shop)
        path = f"redemptions/{reserve(shop)}"
        time_machine.move_to(timezone.now() + timedelta(seconds=901))
        released = shop.post(f"{path}/release/").said
        assert (released["status"], released["state"], released["points"]) == ("replayed", "rejected", {"points": 0})
        answer = shop.post(f"{path}/confirm/")
        assert (answer.status_code, answer.said["code"]) == (409, "not_reserved")
        assert "not open any more" in answer.said["detail"]
        assert shop.get(f"members/{ada.number}/").said["balances"][0]["available"] == 100

    def test_points_that_pay_for_a_basket(self, shop, club, ada):
        put(club, point_value="0.01", max_basket_percent=50)
        bought(shop, amount="500.00")
        answer = shop.post("redemptions/", spend(points=400, basket="6.00", order="order-9"))
        assert (answer.status_code, answer.said["code"]) == (409, "outside_limits")
        answer = shop.post("redemptions/", spend(points=300, basket="6.00", order="order-9"))
        assert (answer.said["points_used"], answer.said["money_value"]) == (300, "3.00")
        assert Journal.objects.get(pk=answer.said["id"]).order_ref == "order-9"

    def test_points_of_a_group_may_wait_for_leave(self, shop, club, ada):
        home = factories.member(club, kind="group", company_name="The Lovelaces")
        Relation.objects.create(member=ada, group=home, percent=30, may_redeem=True, needs_approval=True)
        assert shop.post("transactions/", purchase()).said["shared"] == {home.number: {"points": 30}}
        body = spend(member={"number": home.number}, by={"card": "C-1815"}, points=10)
        answer = shop.post("redemptions/", body)
        assert (answer.status_code, answer.said["status"], answer.said["state"]) == (202, "kept", "held")
        assert held(home) == 30
        Relation.objects.update(needs_approval=False)
        answer = shop.post("redemptions/", body | {"external_id": "voucher-2"})
        assert (answer.status_code, held(home)) == (201, 20)


class TestGifts:
    def test_points_go_to_another_member(self, shop, club, ada, bob):
        put(club, transfers=True, transfer_fee_percent=10)
        bought(shop)
        body = {"external_id": "g-1", "member": {"card": "C-1815"}, "to": {"card": "C-1854"}, "points": 50}
        answer = shop.post("transfers/", body)
        assert (answer.status_code, answer.said["points"], answer.said["fee"]) == (201, {"points": -50}, 5)
        assert answer.said["to"] == bob.number
        assert (held(ada), held(bob)) == (50, 45)
        assert shop.post("transfers/", body).said["status"] == "replayed"
        assert held(bob) == 45


class TestAdjustments:
    def test_points_are_credited_and_debited_with_a_reason(self, shop, ada):
        body = {"external_id": "a-1", "member": {"card": "C-1815"}, "points": 50, "reason": "Late parcel"}
        answer = shop.post("adjustments/", body)
        assert (answer.status_code, answer.said["points"], held(ada)) == (201, {"points": 50}, 50)
        shop.post("adjustments/", body | {"external_id": "a-2", "points": -20})
        assert held(ada) == 30
        assert Journal.objects.get(pk=answer.said["id"]).reason == "Late parcel"
        undone = shop.post(f"transactions/{answer.said['id']}/reversal/").said
        assert undone["unrecovered"] == {"points": 20}


def test_a_guest_decides_only_its_own_reservations(shop, club, ada):
    guest = factories.partner("cafe")
    Participation.objects.create(program=club, partner=guest)
    club.refresh_from_db()
    bought(shop)
    made = reserve(shop)
    answer = Caller(guest).post(f"redemptions/{made}/confirm/")
    assert (answer.status_code, answer.said["code"]) == (404, "transaction_unknown")
    assert parts(ada) == (60, 0, 40, 0)
    assert Connection.objects.filter(partner=guest).exists()
