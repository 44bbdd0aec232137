"""How do numbers and days read in a language? By the formats and the names of months that Django brings along."""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Self

import django
from django.utils import dateformat, formats, numberformat
from django.utils.translation import to_locale

from loyalty_site.lib import instants, money

_CATALOGUES = Path(django.__file__).parent / "conf" / "locale"


@dataclass(frozen=True, slots=True)
class Speech:
    """The language in which a text is, and the zone on whose clocks its instants are."""

    language: str
    zone: tzinfo


_ENGLISH = Speech("en", UTC)
_speech: ContextVar[Speech] = ContextVar("speech")


def _language() -> str:
    return _speech.get(_ENGLISH).language


def _zone() -> tzinfo:
    return _speech.get(_ENGLISH).zone


@contextmanager
def spoken(speech: Speech) -> Iterator[None]:
    """What is written within is in this language."""
    token = _speech.set(speech)
    try:
        yield
    finally:
        _speech.reset(token)


class Points(int):
    """Points in the smallest unit of a currency with so many `decimals`; written as people read them: 1,234.50."""

    decimals: int

    def __new__(cls, units: int, decimals: int) -> Self:
        made = super().__new__(cls, units)
        made.decimals = decimals
        return made

    def __str__(self) -> str:
        return number(money.render(int(self), self.decimals))


def number(text: str) -> str:
    """A number as decimal text like "-1234.50", with the separators of the language: "-1,234.50"."""
    language = _language()
    return numberformat.format(
        text,
        formats.get_format("DECIMAL_SEPARATOR", language, use_l10n=True),
        grouping=3,
        thousand_sep=formats.get_format("THOUSAND_SEPARATOR", language, use_l10n=True),
        force_grouping=True,
        use_l10n=True,
    )


def date_of(said: str, *, ends: bool = False) -> date | None:
    """The day that a text says, of an instant that on the clocks of the zone; `ends`: the last day before it."""
    at = instants.instant(said)
    if at is None:
        return instants.day(said)
    zone = _zone()
    return instants.last_day(at, zone) if ends else at.astimezone(zone).date()


def clock_of(said: str) -> datetime | None:
    """The instant that a text says, on the clocks of the zone."""
    at = instants.instant(said)
    return at and at.astimezone(_zone())


def long_day(day: date) -> str:
    """A day in words, like "31 December 2026"; like 2026-12-31 in a language whose words are not known."""
    language = _language()
    if language.partition("-")[0] == "en":
        return instants.full_day(day)
    if not formats.get_format_modules(language):
        return day.isoformat()
    return _Day(day).format(formats.get_format("DATE_FORMAT", language, use_l10n=True))


def long_month(day: date) -> str:
    """The month of a day in words, like "December 2026"; like 2026-12 in a language whose words are not known."""
    language = _language()
    if language.partition("-")[0] == "en":
        return f"{instants.MONTHS[day.month - 1]} {day.year}"
    if not formats.get_format_modules(language):
        return f"{day:%Y-%m}"
    return _Day(day).format(formats.get_format("YEAR_MONTH_FORMAT", language, use_l10n=True))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("django", str(_CATALOGUES), [to_locale(language)], fallback=True)


class _Day(dateformat.DateFormat):
    """Writes the names of months in the language, which Django does only where it translates its own pages."""

    def F(self) -> str:
        return _catalogue(_language()).gettext(self._english())

    def E(self) -> str:
        # The form beside a day, where a language has two.
        return _catalogue(_language()).pgettext("alt. month", self._english())

    def N(self) -> str:
        return self.F()

    def _english(self) -> str:
        return instants.MONTHS[int(self.n()) - 1]
