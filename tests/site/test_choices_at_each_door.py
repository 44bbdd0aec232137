"""Points that are not there, and facts about no points, meet the same answer at each door: API, admin and import."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from members.models import Card
from programs.models import Currency
from tests.support import factories
from tests.support.admin_dialogs import deed, errors
from tests.support.api_life import purchase
from tests.support.importing import Folder
from transactions.models import Approval, Entry, Journal
from transactions.proof.sentences import explain

pytestmark = pytest.mark.django_db
ADD = "/admin/transactions/journal/add/"


@pytest.fixture
def points(club, ada):
    """100 points of Ada's, of the primary currency; Charles, who holds none, has the card C-1791."""
    Card.objects.create(member=factories.member(club, first_name="Charles"), number="C-1791")
    factories.post_one(club, factories.purchase(ada, 10000, "before"))
    return Currency.objects.get(program=club, code="points")


@pytest.fixture
def folder(tmp_path, club):
    return Folder(tmp_path, club)


@pytest.fixture
def nothing_moves(points, ada):
    """Holds a test to it that nothing of what it sent was written down."""
    yield
    assert (factories.held(ada), Journal.objects.count()) == (100, 1)
    assert not Approval.objects.exists()


class Api:
    """What a system is told: (code, field) of a refusal."""

    def __init__(self, shop, ada):
        self.shop = shop

    def debit(self, points):
        body = {"external_id": "a", "member": {"card": "C-1815"}, "points": -points, "reason": "Wrong order"}
        return self._refusal(self.shop.post("adjustments/", body))

    def redeem(self, points):
        return self._refusal(
            self.shop.post("redemptions/", {"external_id": "r", "member": {"card": "C-1815"}, "points": points})
        )

    def give(self, points):
        body = {"external_id": "g", "member": {"card": "C-1815"}, "to": {"card": "C-1791"}, "points": points}
        return self._refusal(self.shop.post("transfers/", body))

    def _refusal(self, answer):
        assert answer.status_code in (400, 409), answer.said
        (error,) = answer.said["errors"]
        return error["code"], error["pointer"].removeprefix("#/")


class Desk:
    """What a clerk is told: (the sentence, field) of a refusal."""

    def __init__(self, client, ada, points):
        self.client, self.ada, self.points = client, ada, points

    def debit(self, points):
        return self._refusal("adjust", points, direction="debit")

    def redeem(self, points):
        return self._refusal("redeem", points)

    def give(self, points):
        return self._refusal("transfer", points, to="C-1791")

    def _refusal(self, action, points, **fields):
        sent = {"points": str(points), "currency": self.points.pk, "reason": "Wrong order"} | fields
        (field,) = found = errors(deed(self.client, f"members_member_{action}", self.ada, **sent))
        return str(found[field][0]), field


@pytest.fixture
def api(shop, ada, points):
    return Api(shop, ada)


@pytest.fixture
def counter(admin_client, ada, points):
    return Desk(admin_client, ada, points)


def test_a_debit_by_hand_below_zero_is_refused_by_the_api(api, nothing_moves):
    assert api.debit(101) == ("insufficient_points", "points")


def test_a_debit_by_hand_below_zero_is_refused_at_the_desk(counter, nothing_moves):
    assert counter.debit(101) == ("The member has 100 Points.", "points")


def test_a_debit_by_hand_below_zero_is_refused_where_refunds_may_go_below(api, counter, points, nothing_moves):
    points.refund_policy = Currency.RefundPolicy.ARREARS
    points.save()
    assert api.debit(101) == ("insufficient_points", "points")
    assert counter.debit(101) == ("The member has 100 Points.", "points")


def test_all_points_may_be_debited_and_none_beyond(shop, counter, ada):
    body = {"external_id": "a", "member": {"card": "C-1815"}, "points": -100, "reason": "Wrong order"}
    assert shop.post("adjustments/", body).said["balances"] == {"points": 0}
    assert counter.debit(1) == ("The member has 0 Points.", "points")


#: Over the API a debit of -5 is a credit.
ABOUT_NOTHING = [("debit", 0), ("redeem", 0), ("redeem", -5), ("give", 0), ("give", -5)]


@pytest.mark.parametrize(("deed_of_points", "number"), ABOUT_NOTHING)
def test_a_deed_about_no_points_is_refused_by_the_api(api, nothing_moves, deed_of_points, number):
    assert getattr(api, deed_of_points)(number) == ("invalid_number", "points")


@pytest.mark.parametrize(("deed_of_points", "number"), [*ABOUT_NOTHING, ("debit", -5)])
def test_a_deed_about_no_points_is_refused_at_the_desk(counter, nothing_moves, deed_of_points, number):
    told, field = getattr(counter, deed_of_points)(number)
    assert (field, bool(told)) == ("points", True)


def posted():
    """(status, points) of the one activity, which gave none and says why."""
    journal = Journal.objects.get(kind="accrual")
    assert not Entry.objects.exists()
    currencies = {currency.code: currency for currency in journal.program.currencies.all()}
    assert any(" gave " in sentence for sentence in explain(journal.trace, currencies))
    return journal.status, journal.answer["points"]


FOR_NOTHING = [("visit", "0"), ("purchase", "0"), ("purchase", "0.40")]


@pytest.mark.parametrize(("activity", "amount"), FOR_NOTHING)
def test_an_activity_that_gives_no_points_is_recorded_by_the_api(shop, ada, activity, amount):
    answer = shop.post("transactions/", purchase(activity=activity, amount=amount))
    assert (answer.status_code, answer.said["status"], answer.said["points"]) == (201, "posted", {})
    assert shop.post("transactions/", purchase(activity=activity, amount=amount)).said["status"] == "replayed"
    assert posted() == ("processed", {})


@pytest.mark.parametrize(("activity", "amount"), FOR_NOTHING)
def test_an_activity_that_gives_no_points_is_recorded_at_the_desk(desk, ada, activity, amount):
    form = {"member": ada.pk, "activity": activity, "amount": amount, "external_id": "o-1", "channel": "store"}
    response = desk.post(ADD, form | {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"})
    (told,) = [str(message) for message in get_messages(response.wsgi_request)]
    assert "no points; below it says why" in told
    assert posted() == ("processed", {})


@pytest.mark.parametrize(("activity", "amount"), FOR_NOTHING)
def test_an_activity_that_gives_no_points_is_recorded_by_an_import(folder, ada, activity, amount):
    mapping = {"fields": {"card": "who", "date": "day", "amount": "sum", "kind": "what"}}
    day = timezone.localdate() - timedelta(days=1)
    content = f"who,day,sum,what\nC-1815,{day},{amount},{activity}\n"
    run = folder.load(content, mapping)
    assert (run.code, run.report) == (0, [])
    assert "1 posted" in run.told
    assert "1 recorded before" in folder.load(content, mapping).told
    assert posted() == ("processed", {})


def test_an_activity_that_gave_no_points_is_taken_back_without_any(shop, ada):
    made = shop.post("transactions/", purchase(amount="0.40")).said["id"]
    answer = shop.post(f"transactions/{made}/reversal/")
    assert (answer.status_code, answer.said["points"]) == (201, {})
    assert Journal.objects.get(pk=made).status == "reversed"
