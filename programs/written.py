"""How are the settings of a program written that a text holds? What cannot be read is refused when it is saved.

Money, languages, countries, zones, days, and lists of names, of days of the year and of balances, separated by
commas.
"""

import re
import zoneinfo
from datetime import date
from functools import cache
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.deconstruct import deconstructible

from loyalty_site.lib import money, notation
from loyalty_site.lib.instants import FIRST_YEAR, LAST_YEAR
from loyalty_site.lib.texts import listed
from partners import limits
from partners.activity import Activity

_MILESTONE = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_DAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
#: What people write between names, and what would then belong to a name.
_OTHER_SEPARATORS = re.compile(r"[;|\n\r\t]")

iso_currency = RegexValidator(r"^[A-Z]{3}\Z", "Use the three capital letters of ISO 4217, for example EUR.")


language_tag = RegexValidator(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z", "Write a language like en or pt-BR.")


def check_country(code: str) -> None:
    """Refuse what is no country whose phone numbers are known."""
    if not notation.is_country(code):
        raise ValidationError(f"“{code}” is no country; write the two capital letters of ISO 3166, like FR.")


#: Names that stand in every list of zones and name none: that of the machine, and that of one without any.
_NO_ZONES = {"localtime", "posixrules", "Factory"}


@cache
def _zones() -> set[str]:
    """Read from disk once: each look takes milliseconds."""
    return zoneinfo.available_timezones() - _NO_ZONES


def check_time_zone(name: str) -> None:
    """Refuse what is no IANA time zone."""
    if name not in _zones():
        raise ValidationError(f"“{name}” is no IANA time zone; write it like Europe/Paris.")


def check_day(day: date) -> None:
    """Refuse a day of another age, whose first instant no calendar may have."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"Write a day of the years {FIRST_YEAR} to {LAST_YEAR}.")


def is_day(text: str) -> bool:
    """Whether `text` is a day of the calendar in the notation of documents, like 2026-12-31."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def day_of(text: str | None) -> date | None:
    """The day that a *valid* document says, None where it says none."""
    return date.fromisoformat(text) if text else None


def is_day_of_year(text: str) -> bool:
    """Whether `text` is a day of the year as MM-DD; 29 February is one."""
    found = _DAY.fullmatch(text)
    if not found:
        return False
    try:
        # Of a leap year, so that 02-29 is a date.
        date(2000, int(found[1]), int(found[2]))
    except ValueError:
        return False
    return True


def check_cycle_start(text: str) -> None:
    """Refuse what is no day of every year."""
    if not is_day_of_year(text):
        raise ValidationError("Write the first day of a cycle as MM-DD, for example 01-01.")
    if text == "02-29":
        raise ValidationError(
            "A cycle cannot begin on 29 February, which most years do not have; take 02-28 or 03-01."
        )


def check_days_of_year(text: str) -> None:
    """Refuse what is no list of days of the year."""
    wrong = sorted(part for part in listed(text) if not is_day_of_year(part))
    if wrong:
        named = ", ".join(f"“{part[:20]}”" for part in wrong[:3])
        how = "write month and day as MM-DD, separated by commas, for example 06-30, 12-31"
        raise ValidationError(f"{named} is no day of the year: {how}.")
    if not listed(text):
        raise ValidationError("Name at least one day of the year as MM-DD, for example 12-31.")


def milestones(text: str) -> list[int]:
    """The balances that a list of milestones names, as they are written; what is none is left out."""
    return [int(part) for part in _parts(text) if _MILESTONE.fullmatch(part)]


def milestone_numbers(text: str) -> None:
    """Refuse what is no list of balances, each above the one before."""
    parts, found = _parts(text), milestones(text)
    if len(found) < len(parts) or not parts:
        wrong = next((part for part in parts if not _MILESTONE.fullmatch(part)), "")
        how = "write whole numbers from 1 on, separated by commas, for example 500, 1000"
        raise ValidationError(f"“{wrong[:20]}” is no milestone: {how}.")
    if any(number > money.LARGEST for number in found):
        raise ValidationError("No balance is that large: take a lower milestone.")
    if any(first >= second for first, second in pairwise(found)):
        raise ValidationError("Write each milestone once, from the lowest to the highest.")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


@deconstructible
class Names:
    """A validator of a list of names, each of at most `longest` characters; `what` is one of them."""

    def __init__(self, what: str, longest: int) -> None:
        self.what, self.longest = what, longest

    def __call__(self, text: str) -> None:
        names = listed(text)
        if not names:
            raise ValidationError(f"Name at least one {self.what}.")
        if _OTHER_SEPARATORS.search(text.strip()):
            raise ValidationError("Separate the names by commas, for example: one, two.")
        if any(len(name) > self.longest for name in names):
            raise ValidationError(f"The name of one {self.what} has at most {self.longest} characters.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and (self.what, self.longest) == (other.what, other.longest)

    def __hash__(self) -> int:
        return hash((self.what, self.longest))


activity_names = Names("activity", limits.longest(Activity, "kind"))
channel_names = Names("channel", limits.longest(Activity, "channel"))
