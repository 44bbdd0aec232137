"""What the demo does to whom holds on every day: nobody is debited points that they may not have."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty_site.demo import events, offers, purchases
from loyalty_site.demo.moments import Lately, Present, Soon
from partners.activity import Activity, Adjustment, Line, Redemption
from programs import compiling, earning, expiry, periods
from programs.document.filling import filled
from programs.rules.base import Facts

NEW_YORK = ZoneInfo("America/New_York")
SERVERS = [
    UTC,
    NEW_YORK,
    *map(ZoneInfo, ("Pacific/Kiritimati", "Pacific/Niue", "Australia/Lord_Howe", "Asia/Kolkata")),
]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: Each day of two years at its first instant, when yesterday is nearest.
DAYS = [periods.start_of_day(date(2026, 11, 1) + n * DAY, NEW_YORK) for n in range(731)]
#: Each hour of a usual week, and of the weeks in which the clocks of New York change.
WEEKS = (datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 3, 11, tzinfo=UTC), datetime(2027, 11, 4, tzinfo=UTC))
HOURS = [week + n * HOUR for week in WEEKS for n in range(7 * 24)]
AWKWARD = [
    datetime(2026, 11, 13, 10, tzinfo=UTC),
    datetime(2026, 11, 20, 10, tzinfo=UTC),
    datetime(2026, 11, 27, 10, tzinfo=UTC),
    datetime(2027, 3, 14, 3, tzinfo=NEW_YORK),
    datetime(2027, 11, 7, 1, 30, tzinfo=NEW_YORK, fold=1),
    datetime(2027, 12, 31, 23, 59, 59, 999_999, tzinfo=NEW_YORK),
    datetime(2028, 1, 1, tzinfo=NEW_YORK),
    datetime(2028, 2, 29, tzinfo=NEW_YORK),
    datetime(2028, 3, 1, 0, 0, 1, tzinfo=NEW_YORK),
]
#: Each of many instants looks at so large a part of the events, the next one at another part.
SHARES = 10


@pytest.fixture(scope="module")
def program():
    """The program of the demo, compiled as the ledger would."""
    return compiling.build(filled(offers.document(DAYS[0])))


@pytest.fixture(scope="module")
def bought():
    """{customer: all their purchases}."""
    found = defaultdict(list)
    for purchase in purchases.read():
        found[purchase.customer].append(purchase)
    return found


@pytest.fixture(scope="module")
def plan():
    return events.Events(purchases.read(), "USD")


@pytest.fixture(scope="module")
def happening(plan):
    cafe = [*plan.of_the_cafe(), *plan.of_the_regulars()]
    return [*plan.of_the_shop(), *cafe, *plan.of_the_letter(), *plan.of_spending(), *plan.of_corrections()]


def taken(event):
    """How many points an event takes from its member."""
    fact = event.fact
    if isinstance(fact, Redemption):
        return fact.points
    return max(0, -fact.points) if isinstance(fact, Adjustment) else 0


def wrong(now, program, bought, happening):
    """The external ids of the events that cannot happen as they should, if now is `now`."""
    present = Present(now, program.zone)
    for event in happening:
        at, theirs = event.moment.at(present), bought[event.customer]
        is_in_time = present.of(event.moment.purchase) <= at <= now
        given = sum(one.least_points for one in theirs if present.of(one) <= at) if taken(event) else 0
        if not is_in_time or taken(event) > given:
            yield event.fact.external_id


def found_wrong(instants, program, bought, happening):
    """{instant: what is wrong then} of those at which something is; each looks at its share of the events."""
    shares = [happening[n::SHARES] for n in range(SHARES)]
    found = {now: list(wrong(now, program, bought, shares[n % SHARES])) for n, now in enumerate(instants)}
    return {now: ids for now, ids in found.items() if ids}


@pytest.mark.slow
def test_on_each_day_of_two_years_events_are_in_time_and_debits_are_covered(program, bought, happening):
    assert found_wrong(DAYS, program, bought, happening) == {}


@pytest.mark.slow
def test_at_each_hour_of_a_week_events_are_in_time_and_debits_are_covered(program, bought, happening):
    assert found_wrong(HOURS, program, bought, happening) == {}


@pytest.mark.parametrize("now", AWKWARD, ids=str)
def test_on_an_awkward_day_all_events_are_in_time_and_all_debits_are_covered(program, bought, happening, now):
    assert list(wrong(now, program, bought, happening)) == []


def test_who_pays_pays_once(happening):
    """So what one of them has is not needed twice."""
    payers = Counter(event.customer for event in happening if taken(event))
    assert set(payers.values()) == {1}
    assert len(payers) == events.REDEMPTIONS + sum(points < 0 for points in events.ADJUSTMENTS)


def test_on_each_day_purchases_are_young_enough_to_be_taken_and_their_points_are_alive(program, bought):
    everything = [purchase for theirs in bought.values() for purchase in theirs]
    first = max(everything, key=lambda purchase: purchase.days_ago)
    last = min(everything, key=lambda purchase: (purchase.days_ago, -purchase.clock.hour, -purchase.clock.minute))
    for now in (*DAYS, *HOURS, *AWKWARD):
        present = Present(now, program.zone)
        oldest = present.of(first) - DAY
        assert oldest > present.now - timedelta(days=program.max_backdate_days - 1)
        assert present.of(last) < present.now
        # The ends of points follow each other as the purchases do.
        end = expiry.end_of_lot(program.primary.expiry, earned_at=oldest, processed_at=oldest, zone=program.zone)
        assert end.at > present.now + 7 * DAY


@pytest.mark.slow
def test_the_zone_of_the_server_changes_nothing(happening):
    numbers = {event.customer: event.customer for event in happening}
    for now in AWKWARD:
        facts = [event.dated(Present(now, NEW_YORK), numbers) for event in happening]
        for server in SERVERS:
            present = Present(now.astimezone(server), NEW_YORK)
            assert [event.dated(present, numbers) for event in happening] == facts


def test_the_calendar_decides_nothing_but_dates(happening):
    numbers = {event.customer: event.customer for event in happening}
    first, second = (
        [replace(event.dated(Present(now, NEW_YORK), numbers), activity_at=None) for event in happening]
        for now in (DAYS[0], DAYS[-1] + 7 * HOUR)
    )
    assert first == second


@pytest.mark.slow
def test_each_purchase_gives_a_point_for_each_whole_dollar_at_least(program, bought):
    for place, purchase in enumerate(purchase for theirs in bought.values() for purchase in theirs):
        amount = round(float(purchase.dollars) * 100)
        line = Line(purchase.sku, "", int(purchase.records), amount)
        # Each day of the week in its turn.
        at = datetime(2026, 11, 2 + place % 7, 12, tzinfo=NEW_YORK)
        activity = Activity("purchase", "x", {}, at, amount, "USD", lines=(line,), channel="store", store="broadway")
        facts = Facts(tiers={"club": program.tier_groups["club"].tiers[place % 3].code}, enrolled_at=at)
        earned = earning.evaluate(program, earning.basket(activity, program), facts)
        assert earned.points.get("points", 0) >= purchase.least_points


def test_there_is_as_much_to_see_as_ever(plan, happening):
    kinds = Counter(getattr(event.fact, "kind", type(event.fact).__name__) for event in happening)
    assert kinds == {"review": 240, "visit": 180, "purchase": 574, "Redemption": 220, "Adjustment": 8}
    assert len(list(plan.of_mistakes())) == 16


def test_a_mistake_is_an_event_that_is_taken_back_once_and_never_for_nothing(plan, happening):
    facts = {event.fact.external_id: event.fact for event in happening}
    assert len(facts) == len(happening)
    mistakes = list(plan.of_mistakes())
    assert len({mistake.external_id for mistake in mistakes}) == len(mistakes)
    for mistake in mistakes:
        fact = facts[mistake.external_id]
        if mistake.amount is not None:
            assert 0 < mistake.amount < fact.amount
    assert any(mistake.amount for mistake in mistakes)
    assert {type(facts[mistake.external_id]) for mistake in mistakes} == {Activity, Redemption}


@pytest.mark.parametrize("kind", [Soon, Lately])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.999_999_999])
def test_even_a_second_after_midnight_things_happen_between_the_purchase_and_now(bought, kind, part):
    late = replace(bought["0001"][0], days_ago=0, clock=time(23, 59))
    for midnight in (DAYS[0], DAYS[30], periods.start_of_day(date(2027, 3, 15), NEW_YORK)):
        present = Present(midnight + timedelta(seconds=1), NEW_YORK)
        assert present.of(late) == midnight - timedelta(minutes=1)
        assert present.of(late) <= kind(late, part).at(present) <= present.now


def test_what_happens_lately_is_at_most_90_days_old(bought):
    early = replace(bought["0001"][0], days_ago=500)
    present = Present(DAYS[0], NEW_YORK)
    assert Lately(early, 0.0).at(present) == DAYS[0] - 90 * DAY
    assert Soon(early, 0.5).at(present) == present.of(early) + 5 * DAY
