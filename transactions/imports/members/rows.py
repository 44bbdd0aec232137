"""What does a row of a file of members mean? Texts become a Row, or a list of what is wrong with them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from loyalty_site.lib import money, notation
from loyalty_site.lib.refusals import Refusal, Refused
from members import lookup
from programs.configuration import Configuration, Currency
from programs.rounding import round_to
from transactions.imports import cells, moments
from transactions.imports.mapping import IDENTIFIERS, LOOKED_UP_AS, PERSON
from transactions.imports.members import birthdays
from transactions.imports.members.mapping import (
    CONSENTS,
    DATES,
    ENDS,
    FACTS,
    MemberMapping,
    format_of,
)
from transactions.imports.members.row import Fact, Person, Row
from transactions.imports.spreadsheets import altered

T = TypeVar("T")

_EXACT = re.compile(r"[+-]?\d{1,30}(\.\d{1,12})?", re.ASCII)
_NO = frozenset("0 n no non nein false f off unsubscribed denied declined withdrawn opted_out".split())
_YES = frozenset("1 y yes oui ja true t on x subscribed given granted accepted opted_in".split())
#: What identifies somebody: a number in its place was a name, and cannot be guessed from what is left of it.
_NAMES = (*IDENTIFIERS, "name", *PERSON)
_LONGEST_TAG = 60
_MOST_TAGS = 250


def normal(kind: str, text: str, country: str) -> str:
    """An identifier as it is stored and looked up; nothing else of this import says how.

    A phone number that names no country is one of `country`. Raises notation.NoPhone.
    """
    return lookup.normal(LOOKED_UP_AS.get(kind, kind), text, country)


class Reader:
    """Turns the texts of a file into Rows, by a mapping and the terms of a program."""

    def __init__(self, mapping: MemberMapping, configuration: Configuration, *, now: datetime) -> None:
        self.mapping, self.now = mapping, now
        self.targets = [field.target for field in mapping.fields]
        self.formats = {target: format_of(mapping, target) for target in (*DATES, "birth_date")}
        self.zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else configuration.zone
        self.country = mapping.country or configuration.country
        self.currencies, self.groups = configuration.currencies, configuration.tier_groups
        self.currency = configuration.currencies.get(mapping.currency) or configuration.primary
        self.ladder = _ladder(configuration, mapping)
        self.has_facts = bool(set(FACTS) & mapping.targets)

    def read(self, line: int, texts: Iterable[str]) -> tuple[Row | None, list[Refusal]]:
        """(Row, []) or (None, [Refusal, …]): everything that is wrong with it, not only the first."""
        values = {**self.mapping.constants, **dict(zip(self.targets, texts, strict=True))}
        problems = list(altered(values, _NAMES))

        def take(convert: Callable[..., T], name: str, *rest: str) -> T | None:
            try:
                return convert(name, values.get(name, ""), *rest) if values.get(name) else None
            except Refused as refused:
                problems.append(refused.refusal)
                return None

        written = {kind: values[kind] for kind in IDENTIFIERS if values.get(kind)}
        names, unreadable = self._names(written)
        if not names:
            problems.append(unreadable or _nobody(values.get("name", "")))
        currency = take(self._currency, "points_currency") or self.currency
        row = Row(
            line=line,
            key=self._key(names),
            currency=currency.code if currency else "",
            names=names,
            written=written,
            person=self._person(values, take),
            joined=take(self._past, "joined"),
            tags=take(_tags, "tags") or (),
            consents={channel: said for name, channel in CONSENTS.items() if (said := take(_said, name)) is not None},
            said_at=take(self._past, "consent_at"),
            fact=self._fact(values, take, problems, currency) if self.has_facts else None,
        )
        return (None, problems) if problems else (row, [])

    def who(self, texts: Iterable[str]) -> str:
        """The `key` of the row, whatever else is wrong with it; "" where it names nobody."""
        values = {**self.mapping.constants, **dict(zip(self.targets, texts, strict=True))}
        return self._key(self._names({kind: values[kind] for kind in IDENTIFIERS if values.get(kind)})[0])

    def _key(self, names: Mapping[str, str]) -> str:
        others = {kind: text for kind, text in names.items() if kind != "card"} if self.mapping.rows == "card" else {}
        return " ".join(next(iter((others or names).items()), ()))

    def _names(self, written: Mapping[str, str]) -> tuple[dict[str, str], Refusal | None]:
        """(the identifiers in the one notation, why one is left out): who has another is known without a phone."""
        names, unreadable = dict[str, str](), None
        for kind, text in written.items():
            try:
                names[kind] = normal(kind, text, self.country)
            except notation.NoPhone as error:
                unreadable = Refusal("invalid_value", str(error), field=kind)
        return {kind: text for kind, text in names.items() if text}, unreadable

    def _person(self, values: Mapping[str, str], take: cells.Take) -> Person:
        person: Person = {}
        first, last = _divided(values.get("name", ""))
        company = values.get("company_name", "")
        person["kind"] = "company" if company else "person"
        person["first_name"], person["last_name"] = values.get("first_name") or first, values.get("last_name") or last
        person["company_name"], person["language"] = company, values.get("language", "")
        person["email"], person["phone"] = values.get("email", ""), values.get("phone", "")
        born = take(self._birthday, "birth_date")
        if born:
            person["birthday"] = born.day
            if born.born:
                person["birth_date"] = born.born
        return person

    def _fact(
        self, values: Mapping[str, str], take: cells.Take, problems: list[Refusal], currency: Currency | None
    ) -> Fact:
        """What the row says for the ledger, without what it leaves open."""
        if "points" in self.mapping.targets and not values.get("points"):
            problems.append(Refusal("invalid_value", "The cell is empty; write a number.", field="points"))
        if values.get("tier_expires") and not values.get("tier"):
            problems.append(Refusal("invalid_value", "The tier whose end this is is not named.", field="tier"))
        number = partial(self._number, currency)
        points, earned = take(number, "points"), take(number, "lifetime_earned")
        spent, tier = take(number, "lifetime_redeemed"), values.get("tier", "")
        ends, until = take(self._instant, "expires"), take(self._instant, "tier_expires")
        said = {
            "points": points[0] if points else None,
            "stated": (points[1] if points else "") or None,
            "ends_at": ends,
            "never_ends": (self.mapping.without_end == "never" and not ends) or None,
            "earned_at": take(self._past, "earned"),
            "earned_before": earned[0] if earned else None,
            "redeemed_before": spent[0] if spent else None,
            "qualifying": self._qualifying(values, take, bool(earned)),
            "tier": tier or None,
            "tier_group": take(self._ladder_of, "ladder"),
            "tier_until": until if tier else None,
            "last_activity_at": take(self._past, "last_activity"),
        }
        return cast(Fact, {name: value for name, value in said.items() if value is not None})

    def _qualifying(self, values: Mapping[str, str], take: cells.Take, has_lifetime: bool) -> int | None:
        """What counts for the ladder: what is said to, else over a whole life what was earned in it."""
        counted = take(self._counted, "qualifying_points")
        if not values.get("qualifying_points") and has_lifetime and self.ladder and self.ladder[1] == "lifetime":
            counted = take(self._counted, "lifetime_earned")
        return counted[0] if counted else None

    def _currency(self, name: str, text: str) -> Currency:
        """The spendable currency of this code, in any letter case."""
        known = {code: one for code, one in self.currencies.items() if one.is_spendable}
        return known[_code(name, text, known, "currency_unknown", "no spendable currency")]

    def _ladder_of(self, name: str, text: str) -> str:
        return _code(name, text, self.groups, "tier_unknown", "no ladder of tiers")

    def _number(self, currency: Currency | None, name: str, text: str) -> tuple[int, str]:
        """(smallest units of the currency, what the file says where that had to be rounded)."""
        return self._units(name, text, currency)

    def _counted(self, name: str, text: str) -> tuple[int, str] | None:
        """The same in the qualifying currency; None where there is none."""
        return self._units(name, text, self.ladder[0]) if self.ladder else None

    def _units(self, name: str, text: str, currency: Currency | None) -> tuple[int, str]:
        mapping = self.mapping
        plain = cells.number(name, text, mapping)
        decimals = currency.decimals if currency else 0
        units = money.plain(plain, decimals)
        if units is not None and abs(units) < money.LARGEST:
            return units, ""
        if not _EXACT.fullmatch(plain):
            raise cells.Misread("Write a plain number of points, like 1500.", field=name)
        if name != "points" and plain.startswith("-"):
            raise cells.Misread("This sum is never below zero.", field=name)
        exact = Fraction(plain) * 10**decimals
        if abs(exact) >= money.LARGEST:
            most = money.render(money.LARGEST, decimals)
            raise cells.Misread(f"Only less than {most} points are possible; correct the number.", field=name)
        if exact.denominator == 1:
            return int(exact), ""
        if mapping.rounding == "refuse":
            detail = (
                f"{text} has a fraction, and the currency has {decimals} decimals. Say in the mapping how to round: "
                "rounding is currency, floor, half_up, half_even or ceil."
            )
            raise cells.Misread(detail, field=name, code="fraction_of_points")
        mode = currency.rounding if currency and mapping.rounding == "currency" else mapping.rounding
        # A debt is rounded as a balance is: what is dropped of it is dropped.
        rounded = round_to(abs(exact), "floor" if mode == "currency" else mode)
        return (rounded if exact > 0 else -rounded), text[:60]

    def _instant(self, name: str, text: str) -> datetime:
        """A date as the instant at which it begins, or as an end the first one behind it."""
        found = cells.parsed(name, text, self.formats[name], moments.read_date)
        return cells.instant(name, found, self.zone, is_end=name in ENDS)

    def _past(self, name: str, text: str) -> datetime:
        at = self._instant(name, text)
        if at > self.now:
            raise cells.Misread("The date lies in the future; correct it.", field=name, code="invalid_date")
        return at

    def _birthday(self, name: str, text: str) -> birthdays.Birthday:
        try:
            found = birthdays.read(text, self.formats[name])
        except ValueError:
            what = "1984-03-09, or 03-09 without a year" if self.formats[name] == moments.ISO else self.formats[name]
            raise cells.Misread(f"There is no such day; it is read as {what}.", field=name) from None
        if found.born and found.born > self.now.date():
            raise cells.Misread("The date lies in the future; correct it.", field=name, code="invalid_date")
        return found


def _ladder(configuration: Configuration, mapping: MemberMapping) -> tuple[Currency, str] | None:
    """(the first qualifying currency, the model) of the ladder that is meant; None where it is not clear."""
    groups = configuration.tier_groups
    group = groups.get(mapping.tier_group) if mapping.tier_group else None
    if group is None and not mapping.tier_group and len(groups) == 1:
        group = next(iter(groups.values()))
    return (configuration.currencies[group.currency], group.model) if group and group.currency else None


def _code(name: str, text: str, known: Iterable[str], refusal: str, what: str) -> str:
    """The one of the `known` codes that is `text`, in any letter case. Raises Misread."""
    found = next((code for code in known if code.casefold() == text.casefold()), None)
    if found is None:
        those = ", ".join(known) or "none"
        detail = f"The program has {what} “{text[:40]}”; it has: {those}. Add it, or leave the row out."
        raise cells.Misread(detail, field=name, code=refusal)
    return found


def _nobody(name: str) -> Refusal:
    if name:
        return by_name_only(name)
    return Refusal("member_missing", f"The row names no member ({', '.join(IDENTIFIERS)}).", field="email")


def by_name_only(name: str) -> Refusal:
    """Why somebody who only has a name cannot be brought in."""
    detail = (
        f"“{name[:60]}” is only a name, and others may have it: export the e-mail address, the phone or the id of "
        "the customer with it, and name its column in the mapping."
    )
    return Refusal("known_by_name_only", detail, field="name")


def _divided(name: str) -> tuple[str, str]:
    """(first, last) of a whole name: “Ada Lovelace” or “Lovelace, Ada”."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _tags(name: str, text: str) -> Sequence[str]:
    found = list(dict.fromkeys(tag for part in re.split(r"[,;|]", text) if (tag := " ".join(part.split()))))
    if len(found) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in found):
        raise cells.Misread(f"At most {_MOST_TAGS} tags of {_LONGEST_TAG} characters are possible.", field=name)
    return found


def _said(name: str, text: str) -> bool:
    word = text.strip().casefold().replace("-", "_").replace(" ", "_")
    if word not in _YES | _NO:
        raise cells.Misread("Write yes or no; an empty cell says nothing.", field=name)
    return word in _YES
