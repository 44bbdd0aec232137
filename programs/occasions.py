"""Which rules give something for a birthday or an anniversary on one local day, and for whose? Pure."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from programs.compiled_rules import Rule
from programs.configuration import Configuration
from programs.rules.occasion import DAY_AFTER, DAY_BEFORE, LEAP_DAY, Occasion


class Due(NamedTuple):
    """A rule that gives on some local day: for the occasion ("birthday", "anniversary") on the day `on` itself, to
    those whose day of the year is one of `days` (MM-DD)."""

    rule: Rule
    kind: Occasion
    on: date
    days: frozenset[str]


def rules(configuration: Configuration) -> Iterator[tuple[Rule, Occasion]]:
    """The active rules that are about occasions, in evaluation order."""
    for rule in configuration.rules:
        if isinstance(rule.kind, Occasion):
            yield rule, rule.kind


def due(configuration: Configuration, given_on: date) -> list[Due]:
    """The rules that give on the local day `given_on`, which is within their season, if they have one."""
    return [
        Due(rule, kind, kind.day_of(given_on), kind.days_of_year(given_on))
        for rule, kind in rules(configuration)
        if not (rule.starts_on and given_on < rule.starts_on) and not (rule.ends_on and given_on > rule.ends_on)
    ]


def is_day_of(day: str, on: date) -> bool:
    """Whether the occasion of somebody whose day of the year is `day` (MM-DD) may have been on the day `on`."""
    stand_ins = {LEAP_DAY, DAY_BEFORE, DAY_AFTER} if day == LEAP_DAY else {day}
    return f"{on:%m-%d}" in stand_ins
