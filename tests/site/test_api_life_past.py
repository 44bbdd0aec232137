"""What was held then, and why an entry is as it is, over HTTP."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partners.models import Connection
from programs.models import Participation
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.factories import post_one, purchase, redemption, reversal
from transactions.models import Entry

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def ada(club):
    return factories.member(club, email="ada@example.com")


def ago(**duration):
    return NOW - timedelta(**duration)


def text(instant):
    return instant.isoformat().replace("+00:00", "Z")


class TestThen:
    @pytest.fixture
    def path(self, club, ada):
        """Bought 9 days ago, spent 5 days ago, and 2 days ago we heard of a purchase 7 days ago."""
        post_one(club, purchase(ada, 60000, activity_at=ago(days=9)), now=ago(days=9))
        post_one(club, redemption(ada, 100), now=ago(days=5))
        post_one(club, purchase(ada, 2000, activity_at=ago(days=7)), now=ago(days=2))
        return f"members/{ada.number}/"

    def available(self, shop, path, **axes):
        answer = shop.get(path, **{name: text(at) for name, at in axes.items()})
        assert answer.status_code == 200, answer.said
        assert sum(lot["remaining"] for lot in answer.said["lots"]) == answer.said["balances"][0]["available"]
        return answer.said["balances"][0]["available"]

    def test_both_axes(self, shop, path):
        now = shop.get(path).said["balances"][0]["available"]
        assert self.available(shop, path, at=ago(days=8)) == 600
        late = now - 500
        assert late > 0
        assert self.available(shop, path, at=ago(days=6)) == 600 + late
        assert self.available(shop, path, known_at=ago(days=6)) == 600
        assert self.available(shop, path, at=ago(days=6), known_at=ago(days=1)) == 600 + late
        assert self.available(shop, path, at=ago(days=4), known_at=ago(days=3)) == 500
        assert self.available(shop, path, at=ago(days=4)) == now
        assert self.available(shop, path, at=ago(days=10)) == 0

    def test_what_is_told(self, shop, club, ada, path):
        told = shop.get(path, at=text(ago(days=8))).said
        assert (told["number"], told["program"], told["known_at"]) == (ada.number, "club", None)
        assert [balance["currency"] for balance in told["balances"]] == ["points", "status"]
        assert told["lots"][0]["points"] == told["lots"][0]["remaining"] == 600
        assert told["lots"][0]["expires_at"]
        assert told["tiers"] == [{"group": "main", "tier": "silver", "name": "Silver"}]
        assert shop.get(path, at=text(ago(days=4000))).said["tiers"] == []

    def test_what_has_ended_meanwhile_is_booked_first(self, shop, club, ada, path, time_machine):
        time_machine.move_to(NOW + timedelta(days=500))
        assert self.available(shop, path, at=timezone.now()) == 0
        assert self.available(shop, path, known_at=NOW) > 0

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"at": "yesterday"}, 400, "invalid_instant"),
            ({"at": ""}, 400, "invalid_instant"),
            ({"known_at": "2026-03-09"}, 400, "invalid_instant"),
            ({"known_at": "0001-01-01T00:00:00Z"}, 400, "invalid_instant"),
            ({"at": "2150-01-01T00:00:00Z"}, 422, "invalid_date"),
            ({"known_at": "2150-01-01T00:00:00Z"}, 422, "invalid_date"),
            ({"then": "2026-03-09T00:00:00Z"}, 400, "unknown_parameter"),
        ],
    )
    def test_an_instant_that_is_none(self, shop, path, query, status, code):
        answer = shop.get(path, **query)
        assert (answer.status_code, answer.said["errors"][0]["code"]) == (status, code)
        assert answer.said["errors"][0]["parameter"] == next(iter(query))

    def test_it_costs_a_fixed_number_of_statements(self, shop, club, ada, path):
        def count():
            with CaptureQueriesContext(connection) as log:
                shop.get(path, at=text(ago(days=1)))
            return len(log)

        shop.get(path)
        few = count()
        for _ in range(5):
            post_one(club, purchase(ada, 500))
        assert count() == few


class TestExplanation:
    def entry(self, **fields):
        return Entry.objects.get(currency__code="points", **fields).pk

    def test_a_credit_leads_to_its_rules_and_to_what_became_of_it(self, shop, club, ada):
        bought = post_one(club, purchase(ada, 10000, "order-1")).journal_id
        spent = post_one(club, redemption(ada, 40, "voucher-1")).journal_id
        told = shop.get(f"entries/{self.entry(journal=bought)}/explanation/").said
        assert (told["entry"]["kind"], told["entry"]["points"]) == ("credit", 100)
        assert (told["journal"]["external_id"], told["journal"]["amount"]) == ("order-1", "100.00")
        assert told["journal"]["currency"] == "EUR"
        assert told["journal"]["rules"][0]["version"]
        assert any("“Spend”" in sentence for sentence in told["journal"]["sentences"])
        assert told["took_from"] == []
        assert (told["gave"]["points"], told["gave"]["remaining"]) == (100, 60)
        assert told["gave"]["expires_at"]
        use = told["gave"]["used_by"][0]
        assert (use["points"], use["journal"]["id"], use["journal"]["external_id"]) == (40, spent, "voucher-1")

    def test_a_debit_leads_to_what_earned_it(self, shop, club, ada):
        bought = post_one(club, purchase(ada, 10000, "order-1")).journal_id
        spent = post_one(club, redemption(ada, 40)).journal_id
        told = shop.get(f"entries/{self.entry(journal=spent)}/explanation/").said
        assert told["gave"] is None
        source = told["took_from"][0]
        assert (source["points"], source["earned_by"]["id"], source["lot"]["remaining"]) == (40, bought, 60)

    def test_a_reversal_names_what_it_reverses_and_the_other_way_round(self, shop, club, ada):
        bought = post_one(club, purchase(ada, 10000, "order-1")).journal_id
        back = post_one(club, reversal(bought)).journal_id
        told = shop.get(f"entries/{self.entry(journal=back)}/explanation/").said
        assert told["journal"]["reverses"]["external_id"] == "order-1"
        told = shop.get(f"entries/{self.entry(journal=bought)}/explanation/").said
        assert [one["id"] for one in told["journal"]["reversed_by"]] == [back]

    def test_a_guest_does_not_learn_what_others_sold(self, shop, club, ada):
        guest = factories.partner("cafe")
        Participation.objects.create(program=club, partner=guest)
        club.refresh_from_db()
        caller = Caller(guest)
        bought = post_one(club, purchase(ada, 10000, "order-1")).journal_id
        spent = post_one(club, redemption(ada, 40), via=caller.connection).journal_id
        path = f"entries/{self.entry(journal=spent)}/explanation/"
        cause = caller.get(path).said["took_from"][0]["earned_by"]
        assert cause["id"] == bought
        assert not {"external_id", "amount", "currency", "reason"} & set(cause)
        assert shop.get(path).said["took_from"][0]["earned_by"]["external_id"] == "order-1"
        answer = caller.get(f"entries/{self.entry(journal=bought)}/explanation/")
        assert (answer.status_code, answer.said["code"]) == (404, "entry_unknown")
        assert Connection.objects.filter(partner=guest).count() == 1

    @pytest.mark.parametrize("key", ["999999", "99999999999999999999999"])
    def test_an_entry_that_is_not_there(self, shop, ada, key):
        answer = shop.get(f"entries/{key}/explanation/")
        assert (answer.status_code, answer.said["code"]) == (404, "entry_unknown")
