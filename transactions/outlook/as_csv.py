"""How is what comes written into a file, for those who write letters to members?"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

from loyalty_site.lib import csv_lines, money
from programs.configuration import Configuration
from transactions.outlook.coming import Coming

HEADER = ["member", "kind", "group", "from", "to", "until", "points", "missing", "currency"]


def lines(configuration: Configuration, comings: Iterable[Coming]) -> Iterator[str]:
    """Lines of CSV with a heading, each as soon as it is known; points with the decimals of their currencies.

    Where points of several currencies are missing, `missing` and `currency` name them in one order, parted by "; ".
    """
    return csv_lines.lines(chain([HEADER], (_row(configuration, one) for one in comings)))


def _row(configuration: Configuration, one: Coming) -> list[str]:
    short = [_points(configuration, code, points) for code, points in one.missing]
    codes = [code for code, _ in one.missing] or [one.currency]
    points = _points(configuration, one.currency, one.points) if one.points else ""
    until = _day(one.until)
    named = [one.number, one.kind, one.group, one.before, one.after]
    return [*named, until, points, "; ".join(short), "; ".join(codes)]


def _points(configuration: Configuration, code: str, points: int) -> str:
    return money.render(points, configuration.currencies[code].decimals)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
