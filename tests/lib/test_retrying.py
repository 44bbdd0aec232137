"""When somebody who was not taken may try again: as the answer says, in any of its forms, else by C25-R2."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from loyalty_site.lib.retrying import LONGEST_S, MOST_ATTEMPTS, pause_s, retry_after

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def asked(**headers):
    return retry_after({name.replace("_", "-"): value for name, value in headers.items()}, now=NOW.timestamp())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3), ("2.0", 2), ("0.25", 0.25), (" 7 ", 7), ("0", 0), ("-5", 0), ("1e9999", None), ("nan", None),
     ("86400", 86400), ("90000", LONGEST_S), ("soon", None), ("", None), ("٣", 3)],
)  # fmt: skip
def test_retry_after_in_seconds_whole_or_not(text, seconds):
    assert asked(retry_after=text) == seconds


@pytest.mark.parametrize("later", [0, 90, 86_400])
def test_retry_after_as_a_date(later):
    at = format_datetime(NOW + timedelta(seconds=later), usegmt=True)
    assert asked(retry_after=at) == later


@pytest.mark.parametrize("zone", ["+9999", "+" + "9" * 12, "+" + "9" * 40])
def test_a_date_in_a_zone_that_is_none_says_nothing(zone):
    assert asked(retry_after=f"Sat, 28 Nov 2026 12:00:00 {zone}") is None


def test_a_date_that_is_past_or_far_is_bounded():
    assert asked(retry_after="Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert asked(retry_after="Fri, 31 Dec 2038 23:59:59 GMT") == LONGEST_S
    assert asked(retry_after="Fri, 99 Dec 2038 23:59:59 GMT") is None


@pytest.mark.parametrize("name", ["x_ratelimit_reset", "ratelimit_reset", "x_rate_ratelimit_reset"])
def test_the_reset_of_a_rate_in_seconds_or_as_an_instant(name):
    assert asked(**{name: "30"}) == 30
    assert asked(**{name: str(int(NOW.timestamp()) + 45)}) == 45


def test_retry_after_goes_before_the_reset_of_a_rate():
    assert asked(retry_after="2", x_ratelimit_reset="30") == 2
    assert asked(retry_after="nonsense", x_ratelimit_reset="30") == 30
    assert asked() is None


def test_pauses_double_from_a_minute_to_a_day_c25_r2():
    pauses = [pause_s(attempt) / 60 for attempt in range(1, MOST_ATTEMPTS + 1)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440]
