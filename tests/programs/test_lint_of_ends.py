"""Does the lint say where the shortest validity decides when points end, and not the rule itself?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from programs import compiling, document
from programs.expiry import end_of_lot
from tests.support.examples import changed

PARIS = ZoneInfo("Europe/Paris")


def warnings(**expiry):
    made = changed(("currencies", 0, "expiry"), expiry)
    assert document.check(made) == []
    found = map(str, document.lint(made))
    return [text for text in found if text.startswith("currencies[0].expiry")], document.normal(made)


def moves_an_end(full):
    """Whether points of any day of a year get another end than the rule itself would give them."""
    terms = compiling.build(full).currencies["points"].expiry
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    days = (first + timedelta(days=day) for day in range(365))
    return any(
        end_of_lot(terms, earned_at=day, processed_at=day, zone=PARIS, enrolled_at=first).is_floored for day in days
    )


@pytest.mark.parametrize("period_end", ["through", "before"])
@pytest.mark.parametrize(
    "terms",
    [
        {"model": "calendar", "min_validity_days": 30},
        {"model": "calendar", "min_validity_days": 30, "min_age_days": 29},
        {"model": "calendar", "min_validity_days": 30, "min_age_days": 30},
        {"model": "calendar", "min_validity_days": 1},
        {"model": "calendar", "min_validity_days": 0},
        {"model": "calendar", "cut_offs": "03-31,09-30", "min_validity_days": 60, "min_age_days": 10},
        {"model": "anniversary", "min_validity_days": 30},
        {"model": "anniversary", "min_validity_days": 2},
        {"model": "anniversary", "min_validity_days": 1},
        {"model": "fixed", "period": 30, "unit": "day", "min_validity_days": 31},
        {"model": "fixed", "period": 32, "unit": "day", "min_validity_days": 31},
    ],
    ids=lambda terms: " ".join(map(str, terms.values())),
)
def test_whoever_configures_an_end_that_the_shortest_validity_moves_is_warned(terms, period_end):
    found, full = warnings(**terms, period_end=period_end)
    assert bool(found) == moves_an_end(full)


def test_the_warning_says_what_to_do():
    [found], _ = warnings(model="calendar", min_validity_days=30, min_age_days=5)
    assert found.startswith("currencies[0].expiry.min_validity_days: keeps points that are younger than 30 days")
    assert found.endswith("with min_age_days 30 they end on the next cut-off")
    [found], _ = warnings(model="anniversary")
    assert "keeps points of the last 29 days before an anniversary alive" in found


def test_a_period_that_a_model_does_not_use_is_no_reason_to_warn():
    assert warnings(model="calendar", period=1, unit="day", min_age_days=30)[0] == []
    assert warnings(model="never", period=1, unit="day")[0] == []
