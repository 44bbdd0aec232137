"""How is what comes written into a file, for those who write letters to members?"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date

from loyalty_site.lib import money
from programs.configuration import Configuration
from transactions.outlook.coming import Coming

HEADER = ["member", "kind", "group", "from", "to", "until", "points", "missing", "currency"]


class _Line:
    """What csv.writer writes to: it keeps one line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def lines(configuration: Configuration, comings: Iterable[Coming]) -> Iterator[str]:
    """Lines of CSV with a heading, each as soon as it is known; points with the decimals of their currencies.

    Where points of several currencies are missing, `missing` and `currency` name them in one order, parted by "; ".
    """
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(HEADER)
    yield line.text
    for one in comings:
        writer.writerow(_row(configuration, one))
        yield line.text


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
