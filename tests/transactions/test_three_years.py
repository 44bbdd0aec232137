"""An airline, a hotel, a retailer, a paid membership: each one document, and right on each day of three years."""

from datetime import date, datetime, time, timedelta

import pytest

from members.models import Standing
from partners.activity import Line
from partners.tier_setting import TierSetting
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.documented import by_document
from tests.support.factories import post, purchase
from tests.support.ladders import night
from transactions.proof import history

ONE_DAY = timedelta(days=1)


def flight(who, on, miles):
    return purchase(who, 10_000, lines=(Line(sku="mile", amount=10_000, quantity=miles),), activity_at=on)


def stay(who, on, nights, euros):
    lines = (Line(sku="room", amount=euros * 100, category="night", quantity=nights),) if nights else ()
    return purchase(who, euros * 100, lines=lines, activity_at=on)


def shop(who, on, dollars):
    return purchase(who, dollars * 100, activity_at=on)


def buy(who, on, tier, until):
    return TierSetting(
        external_id=f"sold-{who.pk}-{on:%Y%m%d}",
        member={"number": who.number},
        tier=tier,
        until=until,
        reason_type="purchase",
        reason="Sold in the shop",
        activity_at=on,
    )


#: Program: (day of enrolment, first day, last day, what happened, the tier from each day on).
LIVES = {
    "airline, by miles and then by segments": (
        ("airline", flight, date(2025, 3, 1), date(2028, 2, 29)),
        [(date(2025, 3, 10), 26_000), (date(2025, 6, 1), 25_000), (date(2026, 5, 5), 18_000)]
        + [(date(2027, 2, day), 100) for day in range(1, 26)],
        [
            (date(2025, 3, 1), "member"),
            (date(2025, 3, 10), "silver"),
            (date(2025, 6, 1), "gold"),
            # 18,000 of the 40,000 that keep Gold: one level down, to the end of the next year.
            (date(2027, 1, 1), "silver"),
            # 25 segments keep Silver.
        ],
    ),
    "airline, a frequent flyer who stops": (
        ("airline", flight, date(2025, 3, 1), date(2028, 2, 29)),
        [(date(2025, 12, 31), 50_000)],
        [
            (date(2025, 3, 1), "member"),
            (date(2025, 12, 31), "gold"),
            (date(2027, 1, 1), "silver"),
            (date(2028, 1, 1), "member"),
        ],
    ),
    "hotel, saved in its grace": (
        ("hotel", stay, date(2025, 4, 15), date(2028, 7, 31)),
        [
            (date(2025, 8, 1), 12, 100),
            (date(2025, 11, 1), 14, 100),
            (date(2026, 7, 1), 12, 100),
            (date(2027, 5, 20), 8, 100),
        ],
        [
            (date(2025, 4, 15), "guest"),
            (date(2025, 8, 1), "silver"),
            (date(2025, 11, 1), "gold"),
            # The year to 14 April 2027 has 12 nights; the 8 of May, in the grace, make 20.
            # The year to 14 April 2028 has 8; the grace lasts through June.
            (date(2028, 7, 1), "guest"),
        ],
    ),
    "hotel, by spend alone": (
        ("hotel", stay, date(2025, 4, 15), date(2028, 7, 31)),
        [(date(2025, 9, 1), 0, 1600)],
        [(date(2025, 4, 15), "guest"), (date(2025, 9, 1), "silver"), (date(2027, 7, 1), "guest")],
    ),
    "membership, bought, bettered, left and bought again": (
        ("membership", buy, date(2025, 4, 1), date(2028, 6, 30)),
        [
            (date(2025, 5, 1), "plus", date(2026, 4, 30)),
            (date(2026, 2, 1), "premium", date(2027, 1, 31)),
            (date(2027, 6, 1), "plus", date(2028, 5, 31)),
        ],
        [
            (date(2025, 4, 1), "free"),
            (date(2025, 5, 1), "plus"),
            (date(2026, 2, 1), "premium"),
            (date(2027, 2, 1), "free"),
            (date(2027, 6, 1), "plus"),
            (date(2028, 6, 1), "free"),
        ],
    ),
    "retailer": (
        ("retailer", shop, date(2025, 6, 1), date(2028, 6, 30)),
        [
            (date(2025, 6, 10), 600),
            (date(2026, 3, 1), 1000),
            (date(2026, 9, 1), 300),
            (date(2027, 4, 1), 200),
            (date(2027, 11, 1), 350),
        ],
        [
            (date(2025, 6, 1), "bronze"),
            (date(2025, 6, 10), "silver"),
            (date(2026, 3, 1), "gold"),
            # 1,300 from 1 March 2026 keep Gold; 550 from 1 March 2027 keep Silver.
            (date(2028, 3, 1), "silver"),
        ],
    ),
}


@pytest.fixture(params=LIVES, ids=str)
def life(request, db):
    (code, happens, first, last), facts, expected = LIVES[request.param]
    made = by_document(code)
    who = factories.member(made, enrolled_at=datetime.combine(first, time(9), made.zone))
    return made, who, first, last, [(day, happens, more) for day, *more in facts], expected


def live(made, who, first, last, facts):
    """Each day its night, at two in the morning, and then what happens at noon; yields (day, tier by then)."""
    day = first
    while day <= last:
        night(made, datetime.combine(day, time(2), made.zone))
        noon = datetime.combine(day, time(12), made.zone)
        items = [happens(who, noon, *more) for on, happens, more in facts if on == day]
        if items:
            assert [result.refusal for result in post(made, *items, now=noon) if result.refusal] == []
        held = who.standings.current().select_related("tier").get()
        yield day, held.tier.code if held.tier else None
        day += ONE_DAY


def test_the_tier_is_right_on_every_day_of_three_years(life):
    """And whoever is read only at the end, after three years without a night, has the same history."""
    made, who, first, last, facts, expected = life
    starts = dict(expected)
    wanted, wrong, days = None, [], 0
    for day, held in live(made, who, first, last, facts):
        wanted, days = starts.get(day, wanted), days + 1
        if held != wanted:
            wrong.append((day, held, wanted))
    assert wrong == []
    assert days > 3 * 365 - 40
    sleeper = factories.member(made, enrolled_at=who.enrolled_at)
    sleep(made, sleeper, last, facts)
    assert rows_of(sleeper) == rows_of(who)
    assert_balanced(made)


def sleep(made, who, last, facts):
    """What happens, happens; and nobody looks until the end."""
    for day, happens, more in facts:
        noon = datetime.combine(day, time(12), made.zone)
        post(made, happens(who, noon, *more), now=noon)
    night(made, datetime.combine(last, time(12), made.zone))


def rows_of(who):
    names = "group tier since_at from_at valid_until until_at due_at reason counted cycle is_current".split()
    return list(Standing.objects.told().filter(member=who).order_by("from_at", "pk").values_list(*names))


def test_any_day_of_the_past_can_be_asked(life):
    made, who, _, last, facts, expected = life
    sleep(made, who, last, facts)
    codes = dict(made.tier_groups.get().tiers.values_list("pk", "code"))
    for day, code in expected:
        evening = datetime.combine(day, time(18), made.zone)
        assert [codes[tier] for tier in history.as_of(who.pk, true_at=evening).tiers.values()] == [code]
