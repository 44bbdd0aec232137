"""Which fields do several kinds of rules share, or hold a table, beside the plain numbers of base.py?"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import parts_of
from programs.rules import base
from programs.rules.units import both

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,40}", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}(\.\d{1,4})?", re.ASCII)

MOST_BANDS = 50


def _changes_something(factor: Decimal) -> None:
    if factor == 1:
        raise ValidationError("Must not be 1, which changes nothing.")


class FactorField(base.PositiveField):
    """What points are multiplied by: more than 0, and not 1."""

    largest, places, digits = 1_000, 4, 8

    def __init__(self, *, initial: int | None = None, help_text: str = "") -> None:
        super().__init__(initial=initial, help_text=help_text)
        self.validators.append(_changes_something)


class GroupsField(forms.CharField):
    """Groups of rules, separated by commas."""

    def __init__(self) -> None:
        words = "Only the points of rules in these groups, separated by commas; empty: of all."
        super().__init__(required=False, max_length=200, label="Only points of groups", help_text=words)

    def clean(self, value: str | None) -> str:
        text: str = super().clean(value)
        names = [part.strip() for part in text.split(",")] if text else []
        wrong = [name for name in names if not _SLUG.fullmatch(name)]
        if wrong:
            raise ValidationError(f"“{wrong[0][:40]}” is no group: separate the names of groups by commas.")
        return ", ".join(dict.fromkeys(names))


def of_groups(params: Mapping[str, ExactJson]) -> str:
    """Of which groups of rules points are multiplied, behind “the points”; "" where of all."""
    names = parts_of(str(params.get("groups") or ""))
    return f" of the group{'s' if len(names) > 1 else ''} {both(names)}" if names else ""


class Band(NamedTuple):
    """What is given from an amount of money on, both in whole units."""

    start: Fraction
    gives: Fraction


class BandsField(forms.CharField):
    """Amounts of money with what each gives, from the lowest to the highest: "100: 10, 250: 30"."""

    def __init__(self) -> None:
        words = "Amounts from which on something is given, and what, like 100: 10, 250: 30; amounts must rise."
        super().__init__(max_length=1_000, initial="100: 10, 250: 30", help_text=words)

    def clean(self, value: str | None) -> str:
        text: str = super().clean(value)
        read = bands(text)
        if len(read) > MOST_BANDS:
            raise ValidationError(f"Write at most {MOST_BANDS} bands.")
        if not any(band.gives for band in read):
            raise ValidationError("One band at least must give something.")
        for lower, band in pairwise(read):
            if band.start <= lower.start:
                start, before = base.plain(band.start), base.plain(lower.start)
                raise ValidationError(f"{start} must be more than the {before} before it.")
        return ", ".join(f"{base.plain(band.start)}: {base.plain(band.gives)}" for band in read)


def bands(text: str) -> tuple[Band, ...]:
    """The bands of a text like "100: 10, 250: 30". Raises ValidationError where it cannot be read."""
    return tuple(
        Band(_number(start, base.MoneyField), _number(gives, base.PointsField))
        for start, gives in _pairs(text, "100: 10, 250: 30")
    )


class ByCodeField(forms.CharField):
    """What some get instead of the usual points, by codes of what makes them differ."""

    #: What the codes are of, and how it is written.
    what: ClassVar[str]
    example: ClassVar[str]

    def __init__(self, label: str, whom: str) -> None:
        words = f"Other points for {whom}, by the codes of {self.what}s, like {self.example}."
        super().__init__(required=False, max_length=1_000, label=label, help_text=words)

    def clean(self, value: str | None) -> str:
        text: str = super().clean(value)
        read = rates_by_code(text, of=type(self))
        return ", ".join(f"{code}: {base.plain(points)}" for code, points in sorted(read.items()))


class ByTierField(ByCodeField):
    """What who holds a tier gets instead: "gold: 2, silver: 1.5"."""

    what, example = "tier", "gold: 2, silver: 1.5"

    def __init__(self) -> None:
        super().__init__("By tier", "who holds a tier")


class BySegmentField(ByCodeField):
    """What who is in a segment gets instead: "vip: 2, staff: 0.5"."""

    what, example = "segment", "vip: 2, staff: 0.5"

    def __init__(self) -> None:
        super().__init__("By segment", "who is in a segment")


def rates_by_code(text: str, *, of: type[ByCodeField]) -> dict[str, Fraction]:
    """{code: points} of the text of such a field. Raises ValidationError where it cannot be read."""
    found: dict[str, Fraction] = {}
    for code, points in _pairs(text, of.example) if text else ():
        if not _SLUG.fullmatch(code):
            raise ValidationError(f"“{code[:40]}” is no code of a {of.what}.")
        if code in found:
            raise ValidationError(f"“{code}” stands there twice.")
        found[code] = _number(points, base.PointsField)
        if not found[code]:
            raise ValidationError(f"{code}: must be positive.")
    return found


def _pairs(text: str, example: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind the colon in each part of a list."""
    for part in text.split(","):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not (name and colon and value):
            raise ValidationError(f"“{part.strip()[:40]}” cannot be read: write it like {example}.")
        yield name, value


def _number(text: str, field: type[base.PositiveField]) -> Fraction:
    """A number from 0 up to the largest that such a field takes, with no more places than it takes."""
    if not _NUMBER.fullmatch(text):
        raise ValidationError(f"“{text[:40]}” is no number: write digits, and a point before up to 4 places.")
    number = Decimal(text)
    if number > field.largest:
        raise ValidationError(f"{text} is too large: it must be at most {field.largest}.")
    if number != round(number, field.places):
        raise ValidationError(f"{text} has too many places: at most {field.places}.")
    return Fraction(number)
