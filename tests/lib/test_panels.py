"""How values are written on pages."""

import zoneinfo
from datetime import UTC, datetime

from django.utils.formats import date_format
from hypothesis import given
from hypothesis import strategies as some

from loyalty_site.lib.panels import moment

ZONES = [zoneinfo.ZoneInfo(name) for name in ("UTC", "Europe/Paris", "America/St_Johns", "Pacific/Kiritimati")]
INSTANTS = some.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30), timezones=some.just(UTC))


@given(INSTANTS, some.sampled_from(ZONES))
def test_a_moment_is_written_as_django_would(instant, zone):
    assert moment(instant, zone) == date_format(instant.astimezone(zone), "j M Y, H:i")


def test_each_month_has_its_name():
    for month in range(1, 13):
        instant = datetime(2026, month, 9, 7, 5, tzinfo=UTC)
        assert moment(instant, ZONES[0]) == date_format(instant, "j M Y, H:i")
    assert moment(datetime(2026, 5, 9, 22, 5, tzinfo=UTC), ZONES[1]) == "10 May 2026, 00:05"


def test_where_no_moment_is_something_else_is_said():
    assert moment(None, ZONES[0]) == "-"
    assert moment(None, ZONES[0], empty="now") == "now"
