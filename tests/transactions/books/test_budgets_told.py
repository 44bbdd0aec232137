"""Staff hear of a budget that comes to its end, in the transaction that uses it up (semantics C8)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Event
from members.notes import words
from programs.models import Cap
from tests.support import factories
from tests.support.capped import buy, cap
from tests.support.factories import post, post_one, purchase, reversal
from tests.support.promoting import promotion


def told():
    """What was told of budgets, in its order, and how much was used then."""
    events = Event.objects.filter(type__startswith="budget.").order_by("pk")
    return [(event.type.removeprefix("budget."), event.data["budget"]["used"]) for event in events]


def budget(made, limit=100, **fields):
    return cap(made, "budget", limit, **{"scope": "program", "period": "ever"} | fields)


def test_it_is_told_when_most_of_it_is_used_and_when_all_of_it_is(plain, ada):
    budget(plain)
    buy(plain, ada, 89)
    assert told() == []
    buy(plain, ada, 1)
    assert told() == [("nearly_used", "90")]
    buy(plain, ada, 5)
    buy(plain, ada, 50)
    assert told() == [("nearly_used", "90"), ("used_up", "100")]
    buy(plain, ada, 50)
    assert len(told()) == 2


def test_what_is_used_up_at_once_is_told_as_that_alone(plain, ada):
    budget(plain)
    buy(plain, ada, 300)
    assert told() == [("used_up", "100")]


def test_what_one_batch_does_to_it_is_told_once(plain, ada):
    budget(plain)
    post(plain, *(purchase(ada, 3100) for _ in range(3)))
    assert told() == [("nearly_used", "93")]


@pytest.mark.parametrize(("percent", "first"), [(50, ("nearly_used", "60")), (100, ("used_up", "100")), (0, None)])
def test_the_cap_says_how_much_is_most_of_it(plain, ada, percent, first):
    budget(plain, alert_percent=percent)
    buy(plain, ada, 60)
    buy(plain, ada, 60)
    assert (told() or [None])[0] == first


def test_a_budget_that_is_reopened_and_used_up_again_is_no_news(plain, ada):
    """C8-R5 gives the room back; a second crossing in the same period tells nothing that is not known."""
    budget(plain)
    first = buy(plain, ada, 95)
    post_one(plain, reversal(first.journal_id))
    buy(plain, ada, 95)
    assert told() == [("nearly_used", "95")]


def test_a_higher_limit_is_told_of_anew(plain, ada):
    own = budget(plain)
    buy(plain, ada, 100)
    own.limit = 200
    own.save()
    plain.refresh_from_db()
    buy(plain, ada, 85)
    assert told() == [("used_up", "100"), ("nearly_used", "185")]


def test_each_period_is_told_of(plain, ada):
    budget(plain, period="month")
    buy(plain, ada, 95)
    buy(plain, ada, 95, activity_at=factories.at(2026, 4, 4))
    assert told() == [("nearly_used", "95")] * 2
    since = [event.data["budget"]["since"] for event in Event.objects.order_by("pk")]
    assert since == ["2026-03-01", "2026-04-01"]


def test_limits_of_members_and_of_transactions_are_no_budgets(plain, ada):
    cap(plain, "own", 10, scope="member")
    cap(plain, "once", 20, scope="transaction")
    buy(plain, ada, 50)
    assert told() == []


def test_each_store_has_its_own(plain, ada):
    for code in ("lyon", "nice"):
        factories.store(plain.owner, code)
    budget(plain, scope="store")
    buy(plain, ada, 95, store="lyon")
    buy(plain, ada, 20, store="nice")
    (event,) = Event.objects.all()
    assert event.data["budget"]["store"] == f"{plain.owner.code}/lyon"
    assert words.note(event).title == f"“Budget” of store {plain.owner.code}/lyon is used up to 95 %"


def test_a_budget_in_money_is_told_in_money(plain, ada):
    plain.currencies.update(cost_per_point=Decimal("0.01"))
    plain.save()
    plain.refresh_from_db()
    budget(plain, 100, measure="money")
    buy(plain, ada, 92)
    (event,) = Event.objects.all()
    said = event.data["budget"]
    assert (said["measure"], Decimal(said["used"]), Decimal(said["limit"])) == ("money", Decimal("0.92"), Decimal(1))
    assert said["percent"] == 92


def test_money_that_is_too_little_for_a_point_is_used_up(plain, ada):
    plain.currencies.update(cost_per_point=Decimal("0.3"))
    plain.save()
    plain.refresh_from_db()
    budget(plain, 100, measure="money")
    buy(plain, ada, 10)
    assert [what for what, _ in told()] == ["used_up"]


def test_a_number_of_uses_is_told_as_such(plain, ada):
    budget(plain, 2, measure="uses")
    buy(plain, ada, 5)
    buy(plain, ada, 5)
    assert told() == [("used_up", "2")]
    assert words.note(Event.objects.get()).lines[0] == "2 of 2 times are used."


def test_the_budget_of_a_promotion_names_it(plain, ada):
    offer = promotion(plain, points="50")
    budget(plain, 55, promotion=offer)
    post_one(plain, purchase(ada, 100, activity_at=timezone.now() - timedelta(minutes=1)))
    note = words.note(Event.objects.get())
    assert note.title == "“Budget” is used up to 90 %"
    assert note.lines == ("50 of 55 points are used.", "Promotion: spring.", f"Program: {plain.name}.")
    assert note.address == f"/admin/programs/cap/{Cap.objects.get().pk}/change/"


def test_what_was_refused_or_only_computed_tells_nothing(plain, ada):
    budget(plain, behaviour="reject")
    assert post(plain, purchase(ada, 20000))[0].status == "refused"
    post(plain, purchase(ada, 9500), dry_run=True)
    assert told() == []


def statements(do):
    with CaptureQueriesContext(connection) as asked:
        do()
    return len(asked)


def test_where_nothing_is_crossed_it_costs_no_statement(plain, ada):
    own = budget(plain, 10_000)
    buy(plain, ada, 1)
    watched = statements(lambda: buy(plain, ada, 1))
    own.alert_percent = 0
    own.save()
    plain.refresh_from_db()
    buy(plain, ada, 1)
    assert statements(lambda: buy(plain, ada, 1)) == watched
    own.limit, own.alert_percent = 104, 90
    own.save()
    plain.refresh_from_db()
    buy(plain, ada, 1)
    assert statements(lambda: buy(plain, ada, 95)) == watched + 1
    assert told() == [("nearly_used", "100")]
